"""The command `chargelink hub export-metering`: what edges sealed for the supervisor, in a file that needs no trust."""

import argparse
from pathlib import Path

from chargelink.cli.command import Command, CommandError, Example, Exit
from chargelink.cli.language import Text
from chargelink.hub.beside import in_hub
from chargelink.hub.commands import EXPORT
from chargelink.hub.store_options import add_hub


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("edge", metavar=str(Text("EDGE", "网关")), help=str(Text("its id", "网关编号")))
    parser.add_argument(
        "file",
        type=Path,
        metavar=str(Text("FILE", "文件")),
        help=str(Text("one JSON object a line; replaced", "每行一个 JSON 对象，覆盖写入")),
    )
    add_hub(parser)


def run(arguments: argparse.Namespace) -> int:
    """Write the whole lane. Raises CommandError for an edge that has none."""
    from chargelink.hub.services.lane_file import lines
    from chargelink.link.messages import METERING_LANE
    from chargelink.trust.exported import Entry, line_of

    async def write(_: int) -> int:
        count = 0
        with arguments.file.open("wb") as file:
            async for line in lines(arguments.edge, METERING_LANE):
                count += isinstance(line, Entry)
                file.write(line_of(line))
        return count

    count = in_hub(arguments, write)
    if not count:
        arguments.file.unlink()
        raise CommandError(
            Text("{} has sealed nothing for a supervisor", "{} 没有加密的计量数据").format(arguments.edge)
        )
    print(Text("{}: {} records", "{}：{} 条记录").format(arguments.file, count))
    return Exit.CLEAN


COMMAND = Command(
    name="export-metering",
    summary=EXPORT,
    configure=configure,
    run=run,
    examples=(
        Example(
            "chargelink hub export-metering site-0001 site-0001.jsonl --data ./hub",
            Text("then: chargelink metering read", "随后使用 chargelink metering read"),
        ),
    ),
)
