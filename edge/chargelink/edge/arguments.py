"""Arguments that several commands of the edge have."""

import argparse
from pathlib import Path

from chargelink.cli.language import Text


def data_argument(parser: argparse.ArgumentParser) -> None:
    """The option that names a data folder."""
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("/var/lib/chargelink"),
        metavar=str(Text("DIR", "目录")),
        help=str(Text("its data folder (default: /var/lib/chargelink)", "其数据目录 (默认: /var/lib/chargelink)")),
    )
