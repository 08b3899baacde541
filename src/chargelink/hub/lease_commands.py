"""The commands `chargelink hub lease`: money that an edge may spend without asking. They work while the hub runs."""

import argparse
from functools import partial
from typing import TYPE_CHECKING

from chargelink.cli.command import Command, CommandError, Example, Exit, Offer
from chargelink.cli.language import Text
from chargelink.cli.layout import columns
from chargelink.cli.money import amount, yuan
from chargelink.cli.parser import Parser
from chargelink.hub.commands import LEASE as SUMMARY
from chargelink.hub.money_options import add_common, asked, tell, when

if TYPE_CHECKING:
    from chargelink.hub.services.leases import Listed

GRANT = Text("hold money of an account for one edge, until a time", "从账户划出额度，供某网关离线使用")
LIST = Text("allowances, and what is left of each", "列出额度与剩余")
WITHDRAW = Text("want an allowance back; free when its edge says so", "收回额度，网关确认后释放")
RELEASE = Text("decide about an allowance whose edge does not agree", "裁定有争议的额度")
POLICY = Text("an account that always has an allowance at an edge", "为账户在某网关自动续期额度")

STATES = {
    "offered": Text("offered to the edge", "待网关接收"),
    "held": Text("held by the edge", "网关持有"),
    "doubtful": Text("needs your decision: chargelink hub lease release {}", "待裁定: chargelink hub lease release {}"),
    "closed": Text("over", "已结束"),
    "voucher": Text("a voucher of this edge", "该网关的充电券"),
    "released": Text("released by a person", "已人工释放"),
}


HEADS = (
    Text("ALLOWANCE", "额度"),
    Text("ACCOUNT", "账户"),
    Text("EDGE", "网关"),
    Text("YUAN", "金额"),
    Text("LEFT", "剩余"),
    Text("UNTIL", "有效期至"),
    Text("STATE", "状态"),
)


def _account(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    parser.add_argument("--account", required=required, metavar="ID", help=str(Text("whose money", "账户编号")))
    parser.add_argument("--edge", required=required, metavar="ID", help=str(Text("which edge", "网关编号")))


def _amount(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    parser.add_argument(
        "--yuan", type=amount, required=required, metavar=str(Text("YUAN", "元")), help=str(Text("how much", "金额"))
    )
    parser.add_argument(
        "--hours",
        type=int,
        required=required,
        metavar=str(Text("HOURS", "小时")),
        help=str(Text("for how long", "时长")),
    )


def configure_grant(parser: argparse.ArgumentParser) -> None:
    _account(parser)
    _amount(parser)
    add_common(parser)


def configure_list(parser: argparse.ArgumentParser) -> None:
    _account(parser, required=False)
    parser.add_argument("--all", action="store_true", help=str(Text("those that are over, too", "包括已结束的")))
    add_common(parser)


def _lease(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("lease", metavar=str(Text("LEASE", "额度")), help=str(Text("its name", "额度编号")))
    add_common(parser)


def configure_release(parser: argparse.ArgumentParser) -> None:
    _lease(parser)
    parser.add_argument("--reason", required=True, help=str(Text("why; it is kept", "理由，将留存")))
    parser.add_argument(
        "--force",
        action="store_true",
        help=str(Text("also one that its edge may still spend: it is gone for good", "网关已报废，仍可释放其额度")),
    )


def configure_policy(parser: argparse.ArgumentParser) -> None:
    _account(parser)
    _amount(parser, required=False)
    parser.add_argument("--end", action="store_true", help=str(Text("renew no more", "不再续期")))
    add_common(parser)


def run_grant(arguments: argparse.Namespace) -> int:
    """Grant a lease, and print its name. Raises CommandError."""
    from chargelink.hub.services.leases import HOUR, grant

    async def work(now: int) -> str:
        until = now + arguments.hours * HOUR
        return (await grant(arguments.account, arguments.edge, arguments.yuan, until, now)).id

    lease = asked(arguments, work)
    tell(arguments, {"lease": lease}, lease)
    return Exit.CLEAN


def run_list(arguments: argparse.Namespace) -> int:
    """Print a table, or JSON; exit code 1 where one needs a decision."""
    from chargelink.hub.services.leases import listed

    chosen = {"edge": arguments.edge, "account": arguments.account, "all_of_them": arguments.all}
    rows = asked(arguments, lambda _: listed(**chosen))
    tell(arguments, [row._asdict() for row in rows], *columns([[*map(str, HEADS)], *map(_cells, rows)]))
    return Exit.DEFECTS if any(row.state == "doubtful" for row in rows) else Exit.CLEAN


def _cells(row: "Listed") -> list[str]:
    state = STATES[row.state].format(row.id)
    if row.withdrawal is not None and row.state in ("offered", "held"):
        state += str(Text(", wanted back", "，收回中"))
    if row.words:
        state += Text("; the edge says: {}", "；网关: {}").format(row.words)
    return [row.id, row.account, row.edge, yuan(row.amount), yuan(row.left), when(row.until), state]


def run_withdraw(arguments: argparse.Namespace) -> int:
    """Want it back. Raises CommandError."""
    from chargelink.hub.services.leases import withdraw

    state = asked(arguments, partial(withdraw, arguments.lease))
    said = (
        Text("{} is over: no edge had it; its money is back in the wallet", "{} 已结束，尚未下发，金额已退回余额")
        if state == "closed"
        else Text(
            "{} is wanted back; its money is free when the edge's record says that it is over there",
            "{} 正在收回；网关上报结束记录后释放",
        )
    )
    tell(arguments, {"lease": arguments.lease, "state": state}, said.format(arguments.lease))
    return Exit.CLEAN


def run_release(arguments: argparse.Namespace) -> int:
    """Decide. Raises CommandError."""
    from getpass import getuser

    from chargelink.hub.services.leases import release

    async def work(now: int) -> int:
        return await release(arguments.lease, getuser(), arguments.reason, now, force=arguments.force)

    fen = asked(arguments, work)
    said = Text("{} yuan went back to the wallet", "已退回余额 {} 元").format(yuan(fen))
    tell(arguments, {"lease": arguments.lease, "returned": fen}, said)
    return Exit.CLEAN


def run_policy(arguments: argparse.Namespace) -> int:
    """Set or end a policy. Raises CommandError."""
    from chargelink.hub.services.leases import HOUR, end_policy, set_policy

    where = (arguments.account, arguments.edge)
    if arguments.end:
        if not asked(arguments, lambda _: end_policy(*where)):
            raise CommandError(Text("no such policy", "没有该续期设置"))
        said = str(Text("no allowance is renewed any more; those granted stay", "不再续期，已授予的额度不变"))
        tell(arguments, {"renewed": False}, said)
        return Exit.CLEAN
    if arguments.yuan is None or arguments.hours is None:
        raise CommandError(Text("say --yuan and --hours, or --end", "请给出 --yuan 和 --hours，或 --end"))
    asked(arguments, lambda now: set_policy(*where, arguments.yuan, arguments.hours * HOUR, now))
    said = Text(
        "granted while {} is connected, and anew when half of it is spent or half of its time is over",
        "{} 在线时授予，用去一半或过去一半时间后续期",
    ).format(arguments.edge)
    tell(arguments, {"renewed": True}, said)
    return Exit.CLEAN


COMMANDS = {
    "grant": Command(
        "grant",
        GRANT,
        configure_grant,
        run_grant,
        (
            Example(
                "chargelink hub lease grant --account ACCOUNT --edge garage-1 --yuan 20 --hours 48 --data ./hub",
                Text("prints the name of the allowance", "输出额度编号"),
            ),
        ),
    ),
    "list": Command(
        "list",
        LIST,
        configure_list,
        run_list,
        (Example("chargelink hub lease list --edge garage-1 --data ./hub", Text("of one edge", "某网关的额度")),),
    ),
    "withdraw": Command(
        "withdraw",
        WITHDRAW,
        _lease,
        run_withdraw,
        (Example("chargelink hub lease withdraw LEASE --data ./hub", Text("before its time", "提前收回")),),
    ),
    "release": Command(
        "release",
        RELEASE,
        configure_release,
        run_release,
        (
            Example(
                "chargelink hub lease release LEASE --reason 'gateway burnt, records read from its disk' --data ./hub",
                Text("what is left goes back to the wallet", "剩余退回余额"),
            ),
        ),
    ),
    "policy": Command(
        "policy",
        POLICY,
        configure_policy,
        run_policy,
        (
            Example(
                "chargelink hub lease policy --account ACCOUNT --edge garage-1 --yuan 20 --hours 48 --data ./hub",
                Text("20 yuan, renewed by itself", "20 元，自动续期"),
            ),
        ),
    ),
}


def configure(parser: argparse.ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    parser.offer(Offer(name, one.summary, partial(COMMANDS.__getitem__, name)) for name, one in COMMANDS.items())


COMMAND = Command(
    name="lease",
    summary=SUMMARY,
    configure=configure,
    run=None,
    examples=(
        *COMMANDS["grant"].examples,
        Example("chargelink hub lease list --data ./hub", Text("exit code 1: decide", "退出码 1 表示待裁定")),
    ),
)
