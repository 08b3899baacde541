"""The command `chargelink edge backup`."""

import argparse
from pathlib import Path

from chargelink.cli.command import Command, CommandError, Example, Exit
from chargelink.cli.language import Text
from chargelink.edge.arguments import data_argument
from chargelink.edge.ledger.backup import backup
from chargelink.wire import ChargelinkError


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        type=Path,
        metavar=str(Text("FILE", "文件")),
        help=str(Text("to write; best on another disk", "要写入的文件；最好在另一块磁盘上")),
    )
    data_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Save and say what was. Raises CommandError."""
    try:
        verdict, files = backup(arguments.data, arguments.file)
    except ChargelinkError as error:
        raise CommandError(str(error)) from None
    print(
        Text("{}: {} records of the edge {}", "{}：{} 条记录，网关 {}").format(
            arguments.file, verdict.records, verdict.edge
        )
    )
    if files:
        keys = Text(
            "it holds keys ({}): mode 0600, keep it as you keep them", "其中含有密钥 ({})：权限 0600，请妥善保管"
        )
        print(keys.format(", ".join(files)))
    if verdict.fault is None:
        return Exit.CLEAN
    print(
        Text("the ledger is NOT as it was written: {}: {}", "账本与写入时不符：{}：{}").format(
            verdict.fault.key, verdict.fault.text
        )
    )
    return Exit.DEFECTS


COMMAND = Command(
    name="backup",
    summary=Text("save ledger and keys in one file", "将账本与密钥保存为一个文件"),
    configure=configure,
    run=run,
    examples=(
        Example("chargelink edge backup /mnt/edge-1.backup", Text("also while the edge runs", "网关运行时也可执行")),
    ),
)
