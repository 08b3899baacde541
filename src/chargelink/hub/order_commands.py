"""The commands `chargelink hub order`: what is frozen for whom, how far it has come. They work while the hub runs."""

import argparse
from functools import partial
from typing import Any

from chargelink.cli.command import Command, Example, Exit, Offer
from chargelink.cli.language import Text
from chargelink.cli.layout import columns
from chargelink.cli.money import yuan
from chargelink.cli.parser import Parser
from chargelink.hub.commands import ORDER as SUMMARY
from chargelink.hub.money_options import add_common, add_limit, add_person, asked, person_of, tell, when

STATES = {
    "asked": Text("asked", "已下发"),
    "authorised": Text("authorised", "已授权"),
    "planned": Text("planned", "已预约"),
    "running": Text("running", "充电中"),
    "rejected": Text("rejected", "网关拒绝，待确认"),
    "unknown": Text("unknown", "无应答，待确认"),
    "waiting": Text("waiting", "待结算"),
    "settled": Text("settled", "已结算"),
    "released": Text("released", "已解冻"),
}


def configure_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--account", metavar=str(Text("ACCOUNT", "账户")), help=str(Text("of this one", "仅该账户")))
    parser.add_argument(
        "--state",
        choices=[*STATES],
        action="append",
        help=str(Text("in this state; may be given again", "仅该状态；可多次给出")),
    )
    add_common(parser)
    add_limit(parser)


def configure_show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("order", metavar=str(Text("ORDER", "订单")), help=str(Text("its id", "订单编号")))
    add_common(parser)


def configure_release(parser: argparse.ArgumentParser) -> None:
    configure_show(parser)
    add_person(parser)


def run_list(arguments: argparse.Namespace) -> int:
    """Print a line for each, newest first."""
    from chargelink.hub.services import views
    from chargelink.hub.store.money import Order

    async def look(_: int) -> list[Order]:
        query = Order.all() if arguments.account is None else Order.filter(account=arguments.account)
        query = query.filter(state__in=arguments.state) if arguments.state else query
        return await query.order_by("-created", "id").limit(arguments.limit)

    found = asked(arguments, look)
    head = [Text("order", "订单"), Text("at", "时间"), Text("account", "账户"), Text("where", "位置")]
    head += [Text("prepaid", "预付"), Text("state", "状态"), Text("session", "充电过程")]
    rows = [[row.id, when(row.created), row.account, _where(row), yuan(row.prepaid)] for row in found]
    states = [[str(STATES[row.state]), row.session or "-"] for row in found]
    table = columns([[*map(str, head)], *(row + state for row, state in zip(rows, states, strict=True))])
    tell(arguments, [_plain(views.order(row)) for row in found], *table)
    return Exit.CLEAN


def _where(row: Any) -> str:
    return "/".join(part for part in (row.edge, row.device, row.outlet) if part)


def _plain(view: Any) -> dict[str, Any]:
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(view)
    return plain


def run_show(arguments: argparse.Namespace) -> int:
    """Print an order, its ledger, and the bill with both computations. Raises CommandError for an unknown one."""
    from chargelink.hub import bill_commands
    from chargelink.hub.services import books, views
    from chargelink.hub.services.orders import locked
    from chargelink.hub.store.money import Order

    async def look(_: int) -> tuple[Order, list[books.Line], dict[str, Any], list[str]]:
        row = await Order.get_or_none(id=arguments.order) or await locked(arguments.order)
        document, lines = await bill_commands.both(row.session) if row.session else ({}, [])
        return row, await books.lines("order", row.id), document, lines

    row, moved, document, lines = asked(arguments, look)
    head = Text("{}  {}  {} yuan of {} at {}, by {}", "{}  {}  预付 {} 元，账户 {}，{}，方式 {}")
    told = head.format(row.id, STATES[row.state], yuan(row.prepaid), row.account, _where(row), row.mode)
    why = [f"  {row.reason}"] if row.reason else []
    ledger = [f"  {when(one.at)}  {yuan(one.fen):>12}  {one.account}" for one in moved]
    tell(
        arguments,
        {**_plain(views.order(row)), "ledger": [one._asdict() for one in moved], "bill": document},
        told,
        *why,
        *ledger,
        *lines,
    )
    return Exit.CLEAN


def run_release(arguments: argparse.Namespace) -> int:
    """Free what is frozen. Raises CommandError for one that is over."""
    from chargelink.hub.services import orders

    who, why = person_of(arguments)
    fen = asked(arguments, lambda now: orders.release(arguments.order, who, why, now))
    line = Text(
        "{} yuan of order {} are back in the wallet; if it charges all the same, its bill is taken from there",
        "订单 {1} 已解冻 {0} 元；若该订单仍产生充电，账单将从余额扣除",
    )
    tell(arguments, {"order": arguments.order, "released": fen}, line.format(yuan(fen), arguments.order))
    return Exit.CLEAN


ID = "o0123456789abcdef"
COMMANDS = {
    one.name: one
    for one in (
        Command(
            "list",
            Text("orders, newest first", "列出订单，最新在前"),
            configure_list,
            run_list,
            (
                Example(
                    "chargelink hub order list --data ./hub --state unknown --state rejected",
                    Text("of which nobody knows whether they began", "是否已开始尚不确定的订单"),
                ),
            ),
        ),
        Command(
            "show",
            Text("an order, its money, and what each end reckoned", "订单、资金与两端计价"),
            configure_show,
            run_show,
            (Example(f"chargelink hub order show {ID} --data ./hub", Text("all of it", "全部明细")),),
        ),
        Command(
            "release",
            Text("free what is frozen for an order that never ends by itself", "人工解冻迟迟未结束的订单"),
            configure_release,
            run_release,
            (
                Example(
                    f'chargelink hub order release {ID} --data ./hub --reason "the edge was scrapped"',
                    Text("kept with who decided", "记录操作人与原因"),
                ),
            ),
        ),
    )
}


def configure(parser: argparse.ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    parser.offer(Offer(name, one.summary, partial(COMMANDS.__getitem__, name)) for name, one in COMMANDS.items())


COMMAND = Command(
    name="order",
    summary=SUMMARY,
    configure=configure,
    run=None,
    examples=(Example("chargelink hub order list --data ./hub", Text("newest first", "最新在前")),),
)
