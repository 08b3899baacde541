"""The command `chargelink edge start`: the price is shown first, then it begins, now or later, at that price."""

import argparse
import sys
from typing import Any

from chargelink.cli.command import CommandError, Exit
from chargelink.cli.language import Text
from chargelink.edge import claim_arguments
from chargelink.edge.arguments import asked, data_argument, local, moment

MOST = 100_000  # kWh or minutes that a session can be limited to
YES = ("y", "yes", "是")


def amount(text: str) -> float:
    """More than nothing, and some number. Raises ValueError."""
    value = float(text)
    if not 0 < value <= MOST:
        raise ValueError(text)
    return value


def percent(text: str) -> int:
    """A state of charge in whole percent, as 0.1 %. Raises ValueError."""
    value = int(text)
    if not 1 <= value <= 100:
        raise ValueError(text)
    return value * 10


def configure(parser: argparse.ArgumentParser) -> None:
    data_argument(parser)
    parser.add_argument("device", metavar=str(Text("DEVICE", "设备")), help=str(Text("gun or socket", "充电枪或插座")))
    parser.add_argument(
        "outlet",
        nargs="?",
        metavar=str(Text("OUTLET", "插座口")),
        help=str(Text("A or B of a socket", "插座的 A 或 B 口")),
    )
    for name, unit in (("energy", "kWh"), ("minutes", "min")):
        parser.add_argument(
            f"--{name}",
            type=amount,
            metavar=unit,
            help=str(Text(f"stop after so many {unit}", f"达到该 {unit} 后停止")),
        )
    parser.add_argument(
        "--soc",
        type=percent,
        metavar="%",
        help=str(Text("stop a car at this state of charge", "车辆达到该SOC后停止")),
    )
    claim_arguments.configure(parser)
    parser.add_argument(
        "--at",
        type=moment,
        metavar=str(Text("TIME", "时间")),
        help=str(Text("begin then: 23:00, or 2026-09-21T23:00; UTC+8", "预约开始时间: 23:00 或 2026-09-21T23:00")),
    )
    parser.add_argument(
        "--cheap-until",
        type=moment,
        metavar=str(Text("TIME", "时间")),
        help=str(Text("in the cheapest hours before then; with --minutes", "在此时间前的最低价时段充电；需 --minutes")),
    )
    parser.add_argument("--yes", action="store_true", help=str(Text("do not ask", "不再询问")))


def run(arguments: argparse.Namespace) -> int:
    """Show the price, then start; print the session's id, or the plan's and its time."""
    who = claim_arguments.shown(arguments)
    price = shown(arguments)
    if not (arguments.yes or agreed()):
        raise CommandError(str(Text("nothing was started", "未启动")))
    answer = asked(
        arguments,
        "start",
        device=arguments.device,
        outlet=arguments.outlet,
        caps={
            "energy": None if arguments.energy is None else max(1, round(arguments.energy * 1_000_000)),
            "minutes": None if arguments.minutes is None else max(1, round(arguments.minutes)),
            "money": arguments.money,
            "soc": arguments.soc,
        },
        tariffHash=price["hash"],
        at=arguments.at,
        cheapUntil=arguments.cheap_until,
        **who,
        **claim_arguments.pin(arguments),
    )
    if "plan" in answer:
        print(Text("{} begins at {}", "{} 将于 {} 开始").format(answer["plan"], local(answer["due"])))
    else:
        print(answer["session"])
    return Exit.CLEAN


def shown(arguments: argparse.Namespace) -> dict[str, Any]:
    """The price at which it would begin, said on standard error: the output is the session's id alone."""
    from chargelink.edge.price_control import document_of
    from chargelink.tariff import quote

    answer = asked(arguments, "quote", device=arguments.device, at=arguments.at)
    (price,) = answer["prices"]
    for line in quote(document_of(price), answer["at"]):
        print(line, file=sys.stderr)
    return dict(price)


def agreed() -> bool:
    """Whether somebody at a terminal says yes; a program has decided before it called."""
    if not sys.stdin.isatty():
        return True
    print(Text("start at this price? [y/N] ", "按此价格启动? [y/N] "), end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in YES
