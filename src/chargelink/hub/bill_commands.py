"""The commands `chargelink hub bill`: what sessions cost, as both ends reckon it, and what a person decides."""

import argparse
import json
from functools import partial
from typing import Any

from chargelink.cli.command import Command, Example, Exit, Offer
from chargelink.cli.language import Text
from chargelink.cli.layout import columns, padded
from chargelink.cli.money import fen_of, yuan
from chargelink.cli.parser import Parser
from chargelink.hub.commands import BILL as SUMMARY
from chargelink.hub.money_options import add_common, add_limit, add_person, add_reference, asked, person_of, tell, when

SETTLEMENTS = {
    "agreed": Text("agreed", "一致"),
    "lower": Text("the lower of two", "取低者"),
    "decided": Text("decided by a person", "人工裁定"),
    "unpriced": Text("not priced yet", "未计价"),
}
WHAT = {
    "energy": Text("electricity", "电费"),
    "service": Text("service", "服务费"),
    "occupancy": Text("staying", "占位费"),
    "use": Text("use", "按次"),
}


def configure_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--settlement",
        choices=[*SETTLEMENTS],
        help=str(Text("with this outcome: what is lower or unpriced waits for a person", "仅该结算结果")),
    )
    add_common(parser)
    add_limit(parser)


def configure_show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("session", metavar=str(Text("SESSION", "充电过程")), help=str(Text("its id", "充电过程编号")))
    add_common(parser)


def configure_collected(parser: argparse.ArgumentParser) -> None:
    configure_show(parser)
    add_reference(
        parser, Text("the payment at your merchant number; it counts once", "商户号中的支付单号；同一单号只入账一次")
    )


def configure_decide(parser: argparse.ArgumentParser) -> None:
    configure_show(parser)
    parser.add_argument(
        "--occupancy",
        action="store_true",
        help=str(Text("the bill for staying, not that of the charge", "针对占位费账单，而非充电账单")),
    )
    price = parser.add_mutually_exclusive_group(required=True)
    price.add_argument("--edge", action="store_true", help=str(Text("what the edge reckoned", "按网关计价")))
    price.add_argument("--hub", action="store_true", help=str(Text("what the hub reckoned", "按平台计价")))
    price.add_argument(
        "--amount",
        type=_amount,
        metavar=str(Text("YUAN", "元")),
        help=str(Text("so much; never more than the edge showed and was prepaid", "指定金额；不得高于网关所示及预付")),
    )
    add_person(parser)


def _amount(text: str) -> int:
    try:
        return fen_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def run_list(arguments: argparse.Namespace) -> int:
    """Print a line for each, newest first."""
    from chargelink.hub.store.models import Bill

    async def look(_: int) -> list[Bill]:
        query = Bill.all() if arguments.settlement is None else Bill.filter(settlement=arguments.settlement)
        return await query.order_by("-at").limit(arguments.limit)

    found = asked(arguments, look)
    head = [Text("session", "充电过程"), Text("at", "时间"), Text("account", "账户"), Text("edge", "网关计价")]
    head += [Text("hub", "平台计价"), Text("due", "应付"), Text("settlement", "结算")]
    rows = [
        [row.session, when(row.at), row.account or "-", *_prices(row), str(SETTLEMENTS[row.settlement])]
        for row in found
    ]
    tell(arguments, [_summary(row) for row in found], *columns([[*map(str, head)], *rows]))
    return Exit.CLEAN


def _prices(row: Any) -> list[str]:
    return ["-" if fen is None else yuan(fen) for fen in (row.edge_total, row.hub_total, row.total)]


def _summary(row: Any) -> dict[str, Any]:
    plain = {name: getattr(row, name) for name in ("session", "edge", "account", "at", "settlement", "total")}
    return {**plain, "edgeTotal": row.edge_total, "hubTotal": row.hub_total}


async def both(session: str) -> tuple[dict[str, Any], list[str]]:
    """The bills of a session as JSON, and as lines with both computations side by side; beside an open database."""
    from chargelink.hub.services import books, decisions
    from chargelink.hub.store.money import Decision

    document: dict[str, Any] = {}
    lines: list[str] = []
    for kind in (decisions.CHARGE, decisions.OCCUPANCY):
        row = await kind.table.get_or_none(session=session)
        if row is None:
            continue
        edge, hub = json.loads(row.edge_bill), json.loads(row.hub_bill) if row.hub_bill else None
        document[kind.key] = {**_summary(row), "edgeBill": edge, "hubBill": hub}
        lines += _side_by_side(row, edge, hub)
    moved = await books.lines("session", session)
    decided = await Decision.filter(subject=session).order_by("id")
    document["ledger"] = [one._asdict() for one in moved]
    document["decisions"] = [
        {"at": one.at, "before": one.before, "after": one.after, "who": one.who, "why": one.why} for one in decided
    ]
    to = Text("  {}  decided by {}: {} yuan instead of {}; {}", "  {}  {} 裁定: {} 元，原 {} 元；{}")
    for one in decided:
        before = "-" if one.before is None else yuan(one.before)
        lines.append(to.format(when(one.at), one.who, yuan(one.after or 0), before, one.why))
    return document, lines


def _side_by_side(row: Any, edge: dict[str, Any], hub: dict[str, Any] | None) -> list[str]:
    ends = [(Text("the edge", "网关"), edge), (Text("the hub", "平台"), hub)]
    chinese = {line["because"]: line.get("becauseChinese") for line in (hub or {"lines": ()})["lines"]}
    lines = []
    for name, bill in ends:
        if bill is None:
            lines.append(f"{name}: " + str(Text("no price", "无法计价")))
            continue
        whole, rest = divmod(bill["energy"], 1_000_000)
        lines.append(f"{padded(f'{name}:', 14)}{yuan(bill['total']):>8}  {whole}.{rest:06d} kWh")
        lines += [_line(one, chinese.get(one["because"])) for one in bill["lines"]]
    due = "-" if row.total is None else yuan(row.total)
    said = Text("due: {} yuan ({}), account {}", "应付: {} 元 ({})，账户 {}")
    return [*lines, said.format(due, SETTLEMENTS[row.settlement], row.account or "-")]


def _line(one: dict[str, Any], chinese: str | None) -> str:
    why = Text(one["because"], chinese or one["because"])
    return f"  {padded(str(WHAT[one['what']]), 12)}{yuan(one['amount']):>8}  {why}"


def run_show(arguments: argparse.Namespace) -> int:
    """Print the bills of a session. Raises CommandError for one without."""
    from chargelink.hub.services import decisions

    async def look(_: int) -> tuple[dict[str, Any], list[str]]:
        document, lines = await both(arguments.session)
        if not {"charge", "occupancy"} & document.keys():
            await decisions.found(decisions.CHARGE, arguments.session)
        moved = document["ledger"]
        return document, [
            *lines,
            *(f"  {when(one['at'])}  {yuan(one['fen']):>12}  {one['account']}" for one in moved),
        ]

    document, lines = asked(arguments, look)
    tell(arguments, document, *lines)
    return Exit.CLEAN


def run_decide(arguments: argparse.Namespace) -> int:
    """Say what is due. Raises CommandError for more than the customer was shown."""
    from chargelink.hub.services import decisions

    kind = decisions.OCCUPANCY if arguments.occupancy else decisions.CHARGE
    wanted = "edge" if arguments.edge else "hub" if arguments.hub else arguments.amount
    person = decisions.Person(*person_of(arguments))

    async def work(now: int) -> tuple[int | None, int]:
        before = await decisions.decide(kind, arguments.session, wanted, person, now)
        row = await kind.table.get(session=arguments.session)
        return before, row.total or 0

    before, after = asked(arguments, work)
    line = Text("{} yuan are due, {} were", "应付 {} 元，原为 {} 元")
    told = line.format(yuan(after), "-" if before is None else yuan(before))
    tell(arguments, {"session": arguments.session, "before": before, "total": after}, told)
    return Exit.CLEAN


def run_collected(arguments: argparse.Namespace) -> int:
    """Write down that it was paid on site. Raises CommandError where nothing is to be collected."""
    from chargelink.hub.services import decisions

    fen = asked(arguments, lambda now: decisions.collected(arguments.session, arguments.reference, now))
    line = Text("{} yuan of session {} were paid on site", "充电过程 {1} 现场收款 {0} 元")
    tell(arguments, {"session": arguments.session, "collected": fen}, line.format(yuan(fen), arguments.session))
    return Exit.CLEAN


ID = "0198aaaa-bbbb-7ccc-8ddd-eeeeffff0000"
COMMANDS = {
    one.name: one
    for one in (
        Command(
            "list",
            Text("bills, newest first", "列出账单，最新在前"),
            configure_list,
            run_list,
            (
                Example(
                    "chargelink hub bill list --data ./hub --settlement lower",
                    Text("where both ends disagree", "两端计价不一致的账单"),
                ),
            ),
        ),
        Command(
            "show",
            Text("what each end reckoned, line by line, and where the money went", "两端计价明细与资金去向"),
            configure_show,
            run_show,
            (Example(f"chargelink hub bill show {ID} --data ./hub", Text("side by side", "对照显示")),),
        ),
        Command(
            "collected",
            Text("it was paid on site, by somebody without an account", "登记现场收款 (无账户用户)"),
            configure_collected,
            run_collected,
            (
                Example(
                    f"chargelink hub bill collected {ID} --data ./hub --reference WX-4712",
                    Text("all that is open of the session", "该充电过程的全部未收款项"),
                ),
            ),
        ),
        Command(
            "decide",
            Text("say what is due where prices differ, or there is none", "裁定两端不一致或无法计价的账单"),
            configure_decide,
            run_decide,
            (
                Example(
                    f'chargelink hub bill decide {ID} --data ./hub --amount 6.50 --reason "meter was changed"',
                    Text("posts the difference", "补记差额"),
                ),
            ),
        ),
    )
}


def configure(parser: argparse.ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    parser.offer(Offer(name, one.summary, partial(COMMANDS.__getitem__, name)) for name, one in COMMANDS.items())


COMMAND = Command(
    name="bill",
    summary=SUMMARY,
    configure=configure,
    run=None,
    examples=(Example("chargelink hub bill list --data ./hub --settlement lower", Text("to be looked at", "待处理")),),
)
