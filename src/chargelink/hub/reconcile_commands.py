"""The commands `chargelink hub reconcile` and `chargelink hub shares`: does it add up, and who gets what of it."""

import argparse
import os
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from chargelink.cli.china import CHINA
from chargelink.cli.command import Command, CommandError, Example, Exit
from chargelink.cli.language import Text
from chargelink.cli.layout import columns
from chargelink.cli.money import yuan
from chargelink.hub.commands import RECONCILE, SHARES
from chargelink.hub.money_options import add_common, asked, tell

if TYPE_CHECKING:
    from chargelink.hub.services.reconciling import Difference, Figures, Report
    from chargelink.hub.services.reconciling.figures import Span

LIMIT = "CHARGELINK_SHARE_LIMIT"  # the environment's word for `--limit`
ENERGY = ("energy", "register")  # differences in mWh
WHAT = {
    "electricity fee": Text("electricity fee, bill and ledger", "电费: 账单与账本"),
    "service fee": Text("service fee, bill and ledger", "服务费: 账单与账本"),
    "occupancy fee": Text("occupancy fee, bill and ledger", "占位费: 账单与账本"),
    "fees": Text("fees as decided, and ledger", "裁定费用与账本"),
    "without a bill": Text("ledger without a bill", "有账无单"),
    "energy": Text("energy, bill and meter", "电量: 账单与电能表"),
    "register": Text("register below that of the session before", "示数低于上一次结束示数"),
    "held for nothing": Text("held for no order or allowance", "冻结金额无对应订单或额度"),
    "held too long": Text("held though it is over", "已结束但仍冻结"),
}
AGES = {
    "hour": Text("up to an hour", "一小时内"),
    "day": Text("up to a day", "一天内"),
    "week": Text("up to a week", "一周内"),
    "older": Text("older", "超过一周"),
}
HELD = {"frozen": Text("frozen for orders", "订单冻结"), "leased": Text("leased to edges", "离线额度")}


def span(text: str) -> "Span":
    """A day as 2026-03-01, or a month as 2026-03, in UTC+8. Raises ValueError."""
    from chargelink.hub.services.reconciling.figures import Span

    if len(text) == 7:
        begin = datetime.strptime(text, "%Y-%m").replace(tzinfo=CHINA)
        end = (begin + timedelta(days=31)).replace(day=1)
    else:
        begin = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=CHINA)
        end = begin + timedelta(days=1)
    return Span(int(begin.timestamp()) * 1000, int(end.timestamp()) * 1000)


def _day(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--day",
        type=span,
        metavar=str(Text("DAY", "日期")),
        help=str(
            Text(
                "a day as 2026-03-01 or a month as 2026-03 (default: yesterday)",
                "日 2026-03-01 或月 2026-03 (默认: 昨天)",
            )
        ),
    )


def configure_reconcile(parser: argparse.ArgumentParser) -> None:
    _day(parser)
    add_common(parser)


def _chosen(arguments: argparse.Namespace) -> "Span":
    day: Span | None = arguments.day
    return day or span(f"{datetime.now(CHINA) - timedelta(days=1):%Y-%m-%d}")


def run_reconcile(arguments: argparse.Namespace) -> int:
    """Print the report; exit code 1 where something differs."""
    from chargelink.hub.services.reconciling import reconcile

    chosen = _chosen(arguments)
    report = asked(arguments, lambda now: reconcile(chosen, now))
    tell(arguments, _document(report), *_lines(report))
    return Exit.CLEAN if report.agrees else Exit.DEFECTS


def _document(report: "Report") -> dict[str, object]:
    from dataclasses import asdict

    return {
        "begin": report.span.begin,
        "end": report.span.end,
        "agrees": report.agrees,
        "places": [{**place._asdict(), **asdict(figures)} for place, figures in report.places],
        "total": asdict(report.total),
        "differences": [{**one._asdict(), "by": one.by} for one in report.differences],
        "waiting": report.waiting,
        "held": [one._asdict() for one in report.ages],
        "ledger": report.ledger,
    }


def _lines(report: "Report") -> list[str]:
    heads = [
        Text("EDGE", "网关"),
        Text("DEVICE", "设备"),
        Text("SESSIONS", "次数"),
        Text("kWh", "电量 kWh"),
        Text("METER kWh", "电能表 kWh"),
        Text("BETWEEN kWh", "未计量 kWh"),
        Text("ELECTRICITY", "电费"),
        Text("SERVICE", "服务费"),
        Text("OCCUPANCY", "占位费"),
        Text("LEDGER", "账本"),
        Text("WAITING", "待处理"),
    ]
    rows = [_cells(*place, figures) for place, figures in report.places]
    rows.append(_cells(str(Text("in all", "合计")), "", report.total))
    lines = columns([[*map(str, heads)], *rows])
    if report.total.given_away:
        given = Text("given away beyond what was prepaid: {} kWh, {} yuan", "超出预付免费赠送: {} kWh，{} 元")
        lines.append(given.format(kwh(report.total.given_away), yuan(report.total.given_away_amount)))
    for aged in report.ages:
        text = Text("{}, {}: {} yuan in {}", "{}，{}: {} 元，共 {} 笔")
        lines.append(text.format(HELD[aged.what], AGES[aged.age], yuan(aged.fen), aged.number))
    if report.waiting:
        lines.append(Text("waits for a person: {}", "待人工处理: {}").format(" ".join(report.waiting)))
    lines += [_difference(one) for one in report.differences]
    lines += [Text("ledger: {}", "账本: {}").format(problem) for problem in report.ledger]
    agreed = Text("ledger, bills and meters agree", "账本、账单与电能表一致")
    differ = Text("{} differences", "{} 处差异")
    lines.append(str(agreed) if report.agrees else differ.format(len(report.differences) + len(report.ledger)))
    return lines


def _cells(edge: str, device: str, figures: "Figures") -> list[str]:
    ledger = figures.ledger_energy_fee + figures.ledger_service_fee + figures.ledger_occupancy_fee
    return [
        edge,
        device,
        str(figures.sessions),
        kwh(figures.energy),
        "-" if figures.metered is None else kwh(figures.metered),
        kwh(figures.between),
        yuan(figures.energy_fee),
        yuan(figures.service_fee),
        yuan(figures.occupancy_fee),
        yuan(ledger),
        str(figures.waiting),
    ]


def _difference(one: "Difference") -> str:
    show = kwh if one.what in ENERGY else yuan
    where = " ".join(part for part in (one.edge, one.device, one.session) if part)
    said = Text("! {}: {} {} and {}, by {}", "! {}: {} {} 与 {}，差 {}")
    line = said.format(WHAT[one.what], where, show(one.bills), show(one.other), show(one.by))
    return f"{line}  ({one.note})" if one.note else line


def kwh(energy: int) -> str:
    """mWh as kWh with every digit that is not 0, at least three."""
    sign, energy = "-" if energy < 0 else "", abs(energy)
    text = f"{energy // 1_000_000}.{energy % 1_000_000:06d}"
    return sign + text[:-3] + text[-3:].rstrip("0")


def percentage(text: str) -> int:
    """`60` or `33.33` percent in 1/100 %. Raises ValueError."""
    try:
        portion = Decimal(text) * 100
    except InvalidOperation:
        raise ValueError(f"{text!r} is no percentage of up to two decimals") from None
    if not (portion.is_finite() and 0 <= portion <= 10_000 and portion == int(portion)):
        raise ValueError(f"{text!r} is no percentage of up to two decimals")
    return int(portion)


def portions(text: str) -> dict[str, int]:
    """`property=60,city=35,rest=5`. Raises ValueError."""
    pairs = [part.partition("=") for part in text.split(",")]
    names = [name.strip() for name, _, _ in pairs]
    if not all(names) or len({*names}) < len(names):
        raise ValueError(f"{text!r} does not name each party once, with its percentage")
    return {name: percentage(said) for name, (_, _, said) in zip(names, pairs, strict=True)}


def configure_shares(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--edge",
        action="append",
        default=[],
        metavar="ID",
        help=str(Text("of this edge; may be given again (default: of all)", "网关，可多次给出 (默认: 全部)")),
    )
    parser.add_argument(
        "--portions",
        type=portions,
        required=True,
        metavar=str(Text("NAME=PERCENT,...", "名称=百分比,...")),
        help=str(Text("who gets how much; 100 % together", "各方比例，合计 100 %")),
    )
    parser.add_argument(
        "--limit",
        type=percentage,
        default=os.environ.get(LIMIT),
        metavar=str(Text("PERCENT", "百分比")),
        help=Text(
            "what your provider shares out at most to one party; the variable {} says the same",
            "分账服务商对单方的最高比例；也可用环境变量 {}",
        ).format(LIMIT),
    )
    _day(parser)
    add_common(parser)


def run_shares(arguments: argparse.Namespace) -> int:
    """Print the statement. Raises CommandError."""
    from chargelink.hub.services.reconciling import statement

    chosen = _chosen(arguments)
    said = asked(arguments, lambda _: statement(arguments.edge, chosen, arguments.portions, limit=arguments.limit))
    if not said.sessions and not said.passes:
        raise CommandError(Text("nothing was sold there then", "该时段没有收入"))
    lines = [
        Text("service fee of {} sessions: {} yuan", "{} 次充电服务费: {} 元").format(
            said.sessions, yuan(said.service_fee)
        ),
        Text("{} passes: {} yuan, of which electricity {}", "包月 {} 份: {} 元，其中电费 {}").format(
            said.passes, yuan(said.passes_price), yuan(said.passes_electricity)
        ),
        Text("shared: {} yuan", "分成基数: {} 元").format(yuan(said.shared)),
        *columns([[f"  {name}", yuan(fen)] for name, fen in said.parts.items()]),
        str(
            Text(
                "a statement; no money moves by it, and electricity is never shared",
                "仅为对账单，不发生资金划转；电费不参与分成",
            )
        ),
    ]
    tell(arguments, {**said._asdict(), "span": said.span._asdict()}, *lines)
    return Exit.CLEAN


COMMANDS = {
    "reconcile": Command(
        "reconcile",
        RECONCILE,
        configure_reconcile,
        run_reconcile,
        (
            Example("chargelink hub reconcile --day 2026-03-01 --data ./hub", Text("one day", "某日")),
            Example(
                "chargelink hub reconcile --day 2026-03 --json --data ./hub",
                Text("a month, for programs", "某月，JSON"),
            ),
        ),
    ),
    "shares": Command(
        "shares",
        SHARES,
        configure_shares,
        run_shares,
        (
            Example(
                "chargelink hub shares --portions property=60,city=35,rest=5 --day 2026-03 --data ./hub",
                Text("a month of all edges", "全部网关一个月"),
            ),
        ),
    ),
}
