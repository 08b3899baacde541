"""The command `chargelink edge restore`."""

import argparse
import time
from pathlib import Path

from chargelink.cli.command import Command, CommandError, Example, Exit
from chargelink.cli.language import Text
from chargelink.edge.arguments import data_argument
from chargelink.edge.ledger.backup import restore
from chargelink.wire import ChargelinkError


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        type=Path,
        metavar=str(Text("FILE", "文件")),
        help=str(Text("a backup; it is verified first", "备份文件；会先核验")),
    )
    data_argument(parser)
    parser.add_argument(
        "--force",
        action="store_true",
        help=str(Text("set a ledger that is there aside", "将已有账本搁置一旁")),
    )


def run(arguments: argparse.Namespace) -> int:
    """Lay it down and say what was. Raises CommandError."""
    try:
        restored = restore(arguments.file, arguments.data, lambda: time.time_ns() // 1_000_000, force=arguments.force)
    except ChargelinkError as error:
        raise CommandError(str(error)) from None
    print(
        Text("edge {} is restored and begins the epoch {}", "网关 {} 已恢复，启用新纪元 {}").format(
            restored.edge, restored.epoch
        )
    )
    if restored.files:
        print(Text("with {}", "同时恢复 {}").format(", ".join(restored.files)))
    if restored.aside is not None:
        print(Text("the ledger of before is now {}", "原账本现为 {}").format(restored.aside))
    return Exit.CLEAN


COMMAND = Command(
    name="restore",
    summary=Text("lay a backup down in a data folder", "将备份恢复到数据目录"),
    configure=configure,
    run=run,
    examples=(
        Example("chargelink edge restore /mnt/edge-1.backup", Text("when the edge does not run", "网关未运行时")),
    ),
)
