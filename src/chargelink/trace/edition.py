"""The argument `--edition` of commands that read recordings of GB/T 27930."""

import argparse

from chargelink.cli.language import Text
from chargelink.gbt27930.catalogue import Edition

AUTOMATIC = "auto"


def add_edition_argument(parser: argparse.ArgumentParser) -> None:
    """`--edition`."""
    parser.add_argument(
        "--edition",
        choices=[AUTOMATIC, *(edition.value for edition in Edition)],
        default=AUTOMATIC,
        help=str(
            Text(
                "edition of the standard both sides speak (default: auto, from handshake, version and lengths)",
                "双方使用的标准版本 (默认 auto: 根据握手、版本号和长度判断)",
            )
        ),
    )


def edition_of(arguments: argparse.Namespace) -> Edition | None:
    """The edition that was asked for; None where it is to be found out."""
    return None if arguments.edition == AUTOMATIC else Edition(arguments.edition)
