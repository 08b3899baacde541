"""The commands `chargelink hub person`: whose data the hub can read. They work while the hub runs."""

import argparse
import re
from functools import partial
from typing import TYPE_CHECKING

from chargelink.cli.command import Command, CommandError, Example, Exit, Offer
from chargelink.cli.language import Text
from chargelink.cli.layout import padded
from chargelink.cli.parser import Parser
from chargelink.hub.beside import in_hub
from chargelink.hub.commands import PERSON as SUMMARY
from chargelink.hub.store_options import add_hub

if TYPE_CHECKING:
    from chargelink.hub.services.person_list import Shown


LIST = Text("persons by their random names, their data masked", "列出人员编号，信息已脱敏")
SHOW = Text("a person's sessions; the VIN in plain with --reveal", "某人的充电记录；加 --reveal 显示完整车辆识别码")
ERASE = Text("erase a person here and at the edge, for good", "在平台和网关上永久删除某人")
SIGHTS = {
    "erased": Text("erased", "已删除"),
    "no-key": Text("the edge has not told the key", "网关尚未上报密钥"),
    "damaged": Text("cannot be read", "无法读取"),
}


def _edge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--edge", metavar="ID", help=str(Text("of this edge alone", "仅限该网关")))


def configure_list(parser: argparse.ArgumentParser) -> None:
    add_hub(parser)
    _edge(parser)


def _person(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "person",
        metavar=str(Text("PERSON", "编号")),
        help=str(Text("32 hexadecimal digits, as a session shows them", "32 位十六进制编号，见充电记录")),
    )
    add_hub(parser)


def configure_show(parser: argparse.ArgumentParser) -> None:
    _person(parser)
    parser.add_argument(
        "--reveal",
        action="store_true",
        help=str(Text("in plain; that it was seen is kept", "显示明文，此次查看会被记录")),
    )


def configure_erase(parser: argparse.ArgumentParser) -> None:
    _person(parser)
    _edge(parser)


def _named(arguments: argparse.Namespace) -> str:
    person = str(arguments.person)
    if not re.fullmatch("[0-9a-f]{32}", person):
        raise CommandError(
            Text("{!r} names no person: 32 hexadecimal digits do", "{!r} 不是人员编号: 应为 32 位十六进制").format(
                person
            )
        )
    return person


def run_list(arguments: argparse.Namespace) -> int:
    """Print a line for each."""
    from chargelink.hub.services.person_list import listed

    for row in in_hub(arguments, partial(listed, edge=arguments.edge)):
        print(_line(row))
    return Exit.CLEAN


def run_show(arguments: argparse.Namespace) -> int:
    """Print a person's sessions. Raises CommandError for somebody unknown."""
    from chargelink.hub.services import person_list, persons

    person, reveal = _named(arguments), bool(arguments.reveal)

    async def show(now: int) -> list[str]:
        lines = []
        for row in await person_list.found(person):
            lines.append(_line(row))
            sessions = await person_list.sessions(row.edge, person)
            seen = await persons.vehicles(sessions)
            for session in sessions:
                one = seen[session.id]
                vin = (one.text if reveal else one.masked) or SIGHTS[one.sight]
                lines.append(f"  {session.id}  {_day(session.started)}  {padded(session.device, 14)}{vin}")
            if reveal:
                await person_list.revealed(row.edge, person, now)
        return lines

    lines = in_hub(arguments, show)
    if not lines:
        raise CommandError(Text("nobody here is called {}", "没有编号为 {} 的人员").format(person))
    print("\n".join(lines))
    return Exit.CLEAN


def run_erase(arguments: argparse.Namespace) -> int:
    """Erase, and have the running hub tell the edge. Raises CommandError for somebody unknown."""
    from chargelink.hub.services import person_list, persons

    person = _named(arguments)

    async def erase(now: int) -> list[str]:
        edges = [arguments.edge] if arguments.edge else [row.edge for row in await person_list.found(person)]
        for edge in edges:
            await persons.erase(edge, person, now, obeyed=False)
        return edges

    edges = in_hub(arguments, erase)
    if not edges:
        raise CommandError(
            Text(
                "nobody here is called {}; name the edge with --edge to have it erased there all the same",
                "没有编号为 {} 的人员；如仍需在网关上删除，请用 --edge 指明网关",
            ).format(person)
        )
    for edge in edges:
        print(
            Text(
                "{} is erased here; {} is told as soon as it is there, see `chargelink hub person list`",
                "{} 已在平台删除；{} 在线后即会收到通知，可用 chargelink hub person list 查看",
            ).format(person, edge)
        )
    return Exit.CLEAN


def _line(row: "Shown") -> str:
    if row.erased is not None:
        there = Text("at the edge too", "网关已删除") if row.obeyed else Text("the edge not yet", "网关尚未删除")
        state = f"{SIGHTS['erased']} {_day(row.erased)}, {there}"
    elif row.vehicle is None:
        state = str(Text("no session yet", "暂无充电记录"))
    else:
        state = row.vehicle.masked or str(SIGHTS[row.vehicle.sight])
    return f"{row.person}  {padded(row.edge, 20)}{_day(row.last or row.since or row.erased or 0)}  {state}"


def _day(at: int) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d")


PERSON = "0123456789abcdef0123456789abcdef"
COMMANDS = {
    "list": Command(
        "list",
        LIST,
        configure_list,
        run_list,
        (Example("chargelink hub person list --data ./hub", Text("newest first", "最新在前")),),
    ),
    "show": Command(
        "show",
        SHOW,
        configure_show,
        run_show,
        (Example(f"chargelink hub person show {PERSON} --data ./hub", Text("masked", "脱敏显示")),),
    ),
    "erase": Command(
        "erase",
        ERASE,
        configure_erase,
        run_erase,
        (
            Example(
                f"chargelink hub person erase {PERSON} --data ./hub",
                Text("bills stay, whose they were is gone", "账单保留，不再能识别个人"),
            ),
        ),
    ),
}


def configure(parser: argparse.ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    parser.offer(Offer(name, one.summary, partial(COMMANDS.__getitem__, name)) for name, one in COMMANDS.items())


COMMAND = Command(
    name="person",
    summary=SUMMARY,
    configure=configure,
    run=None,
    examples=(
        Example("chargelink hub person list --data ./hub", Text("masked", "脱敏显示")),
        Example(f"chargelink hub person erase {PERSON} --data ./hub", Text("for good", "永久删除")),
    ),
)
