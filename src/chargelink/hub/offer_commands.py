"""The commands `chargelink hub vin`, `voucher` and `pass`. They work while the hub runs."""

import argparse
from collections.abc import Mapping
from functools import partial

from chargelink.cli.command import Command, CommandError, Example, Exit, Offer
from chargelink.cli.language import Text
from chargelink.cli.layout import columns
from chargelink.cli.money import amount, yuan
from chargelink.cli.parser import Parser
from chargelink.hub.commands import PASS, VIN, VOUCHER
from chargelink.hub.money_options import add_common, asked, tell, when
from chargelink.hub.tariff_commands import moment

BIND = Text("a car may charge by its VIN, once one order has confirmed it", "绑定车辆识别码，首个订单确认后生效")
CONFIRM = Text("an order that a person confirmed has charged this very car", "以本人确认的订单确认绑定")
VINS = Text("cars that are bound, their VINs masked", "列出已绑定车辆，识别码已脱敏")
UNBIND = Text("forget a car, here and at the edges", "解除绑定")
MAKE = Text("print new codes, each shown once", "制作充电券并打印券码，仅显示一次")
VOUCHERS = Text("vouchers, and what is left of each", "列出充电券与余额")
SELL = Text("sell a pass of a tariff from an account's wallet", "从账户余额售卖包月")
PASSES = Text("passes that hold, and the uses of each edge", "列出有效包月与各网关次数")
CODE = Text("17 letters and digits", "17 位车辆识别码")


def _vin(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("vin", metavar="VIN", help=str(CODE))
    add_common(parser)


def configure_bind(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--account", required=True, metavar="ID", help=str(Text("who pays", "付费账户")))
    parser.add_argument(
        "--consent",
        action="store_true",
        help=str(
            Text(
                "they agree now that it charges on plug-in; else each start is confirmed",
                "同意即插即充；否则每次需确认",
            )
        ),
    )
    _vin(parser)


def configure_confirm(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--order", required=True, metavar="ID", help=str(Text("the order", "订单号")))
    _vin(parser)


def configure_make(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--count", type=int, default=1, metavar="N", help=str(Text("how many (default: 1)", "张数 (默认: 1)"))
    )
    parser.add_argument(
        "--yuan", type=amount, required=True, metavar=str(Text("YUAN", "元")), help=str(Text("worth each", "面额"))
    )
    parser.add_argument(
        "--edge",
        metavar="ID",
        help=str(
            Text(
                "good at this edge alone, also offline (default: at all, online)",
                "仅限该网关，可离线使用 (默认: 在线通用)",
            )
        ),
    )
    parser.add_argument(
        "--until", type=moment, metavar=str(Text("TIME", "时间")), help=str(Text("good until then", "有效期至"))
    )
    parser.add_argument(
        "--reference",
        metavar=str(Text("REF", "业务号")),
        help=str(Text("the payment that they were bought with (default: given away)", "购券支付单号 (默认: 赠送)")),
    )
    add_common(parser)


def configure_sell(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--account", required=True, metavar="ID", help=str(Text("who buys", "购买账户")))
    parser.add_argument(
        "--tariff",
        required=True,
        metavar=str(Text("NAME", "名称")),
        help=str(Text("published, with a monthly pass", "已发布且含包月的资费")),
    )
    parser.add_argument(
        "--edge",
        action="append",
        default=[],
        metavar="ID[=N]",
        help=str(
            Text(
                "honoured at this edge, N times a month (default: an even part); may be given again",
                "可用网关及每月次数 (默认: 平均分配)，可多次给出",
            )
        ),
    )
    parser.add_argument(
        "--reference",
        required=True,
        metavar=str(Text("REF", "业务号")),
        help=str(Text("it is sold once", "同一业务号只售一次")),
    )
    add_common(parser)


def configure_passes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--account", metavar="ID", help=str(Text("of this account alone", "仅该账户")))
    add_common(parser)


def run_bind(arguments: argparse.Namespace) -> int:
    """Bind a VIN. Raises CommandError."""
    from chargelink.hub.services.bindings import bind

    row = asked(arguments, lambda now: bind(arguments.vin, arguments.account, now, consent=arguments.consent))
    said = (
        Text(
            "bound; it counts when an order of this account has charged that car",
            "已绑定，待该账户订单为此车充电后生效",
        )
        if row.status == "waiting"
        else Text("bound already, and confirmed", "已绑定且已确认")
    )
    tell(arguments, {"account": row.account, "status": row.status, "consent": row.consent}, str(said))
    return Exit.CLEAN


def run_confirm(arguments: argparse.Namespace) -> int:
    """Confirm a binding. Raises CommandError."""
    from chargelink.hub.services.bindings import confirm

    row = asked(arguments, lambda _: confirm(arguments.vin, arguments.order))
    said = Text("account {} charges by this VIN from now on", "账户 {} 可凭该识别码充电").format(row.account)
    tell(arguments, {"account": row.account, "status": row.status}, said)
    return Exit.CLEAN


def run_vins(arguments: argparse.Namespace) -> int:
    """Print bindings."""
    from chargelink.hub.card_commands import STATES
    from chargelink.hub.services import tokens

    rows = asked(arguments, lambda _: tokens.listed(("vin",)))
    consent = {True: Text("on plug-in", "即插即充"), False: Text("each start confirmed", "每次确认")}
    cells = [[row.masked, row.account, str(consent[row.consent]), str(STATES[row.status])] for row in rows]
    heads = [Text("VIN", "识别码"), Text("ACCOUNT", "账户"), Text("STARTS", "启动方式"), Text("STATE", "状态")]
    tell(arguments, [row._asdict() for row in rows], *columns([[*map(str, heads)], *cells]))
    return Exit.CLEAN


def run_unbind(arguments: argparse.Namespace) -> int:
    """Forget a binding. Raises CommandError."""
    from chargelink.hub.services import tokens
    from chargelink.hub.services.refused import RefusedError

    async def work(_: int) -> str:
        row = await tokens.find("vin", arguments.vin)
        if row is None:
            raise RefusedError("nobody bound this VIN", "该车辆识别码尚未绑定")
        await tokens.remove(row)
        return row.account

    account = asked(arguments, work)
    tell(arguments, {"account": account}, str(Text("forgotten", "已解除")))
    return Exit.CLEAN


def run_make(arguments: argparse.Namespace) -> int:
    """Make vouchers and print their codes. Raises CommandError."""
    from chargelink.hub.services.vouchers import make

    options = {"edge": arguments.edge, "until": arguments.until, "reference": arguments.reference}
    made = asked(arguments, lambda now: make(arguments.count, arguments.yuan, now, **options))
    tell(arguments, [one._asdict() for one in made], *(one.code for one in made))
    return Exit.CLEAN


def run_vouchers(arguments: argparse.Namespace) -> int:
    """Print vouchers."""
    from chargelink.hub.services.vouchers import listed

    rows = asked(arguments, lambda _: listed())
    anywhere = str(Text("all, online", "在线通用"))
    cells = [
        [row.masked, row.account, row.edge or anywhere, yuan(row.left), when(row.until) if row.until else "-"]
        for row in rows
    ]
    heads = [
        Text("CODE", "券码"),
        Text("ACCOUNT", "账户"),
        Text("EDGE", "网关"),
        Text("LEFT", "余额"),
        Text("UNTIL", "有效期至"),
    ]
    tell(arguments, [row._asdict() for row in rows], *columns([[*map(str, heads)], *cells]))
    return Exit.CLEAN


def _shares(names: list[str]) -> Mapping[str, int | None]:
    """`garage-1` or `garage-1=20`. Raises CommandError."""
    shares: dict[str, int | None] = {}
    for name in names:
        edge, equals, uses = name.partition("=")
        if not edge or (equals and not (uses.isascii() and uses.isdigit())):
            raise CommandError(Text("{!r}: write EDGE or EDGE=USES", "{!r}: 请写 网关 或 网关=次数").format(name))
        shares[edge] = int(uses) if equals else None
    return shares


def run_sell(arguments: argparse.Namespace) -> int:
    """Sell a pass. Raises CommandError."""
    from chargelink.hub.services import passes
    from chargelink.hub.services.refused import RefusedError
    from chargelink.hub.services.tariff_list import found
    from chargelink.hub.store.lists import MonthlyPass

    shares = _shares(arguments.edge)

    async def work(now: int) -> MonthlyPass:
        tariff = await found(arguments.tariff)
        if tariff is None:
            raise RefusedError(
                f"no published tariff is called {arguments.tariff}; `chargelink hub tariff list` shows them",
                f"没有名为 {arguments.tariff} 的已发布资费",
            )
        row, _ = await passes.sell(arguments.account, tariff, arguments.reference, now, shares)
        return row

    row = asked(arguments, work)
    document = {"pass": row.id, "price": row.price, "from": row.start, "until": row.until}
    said = Text("{} for {} yuan, from {} until {}", "{}: {} 元，{} 至 {}")
    tell(arguments, document, said.format(row.id, yuan(row.price), when(row.start), when(row.until)))
    return Exit.CLEAN


def run_passes(arguments: argparse.Namespace) -> int:
    """Print passes."""
    from chargelink.hub.services.passes import listed

    rows = asked(arguments, lambda now: listed(account=arguments.account, since=now))
    cells = [
        [
            row.id,
            row.account,
            yuan(row.price),
            when(row.until),
            " ".join(f"{edge}={uses}" for edge, uses in row.shares.items()) or "-",
        ]
        for row in rows
    ]
    heads = [
        Text("PASS", "包月"),
        Text("ACCOUNT", "账户"),
        Text("YUAN", "金额"),
        Text("UNTIL", "有效期至"),
        Text("USES", "次数"),
    ]
    tell(arguments, [row._asdict() for row in rows], *columns([[*map(str, heads)], *cells]))
    return Exit.CLEAN


def _group(name: str, summary: Text, commands: tuple[Command, ...]) -> Command:
    by_name = {one.name: one for one in commands}

    def configure(parser: argparse.ArgumentParser) -> None:
        assert isinstance(parser, Parser)
        parser.offer(Offer(one.name, one.summary, partial(by_name.__getitem__, one.name)) for one in commands)

    return Command(name, summary, configure, None, tuple(example for one in commands for example in one.examples))


def _example(line: str, meaning: Text) -> tuple[Example, ...]:
    return (Example(f"chargelink hub {line} --data ./hub", meaning),)


COMMANDS = {
    "vin": _group(
        "vin",
        VIN,
        (
            Command("bind", BIND, configure_bind, run_bind, _example("vin bind VIN --account ACCOUNT --consent", BIND)),
            Command(
                "confirm", CONFIRM, configure_confirm, run_confirm, _example("vin confirm VIN --order ORDER", CONFIRM)
            ),
            Command("list", VINS, add_common, run_vins, _example("vin list", VINS)),
            Command("unbind", UNBIND, _vin, run_unbind, _example("vin unbind VIN", UNBIND)),
        ),
    ),
    "voucher": _group(
        "voucher",
        VOUCHER,
        (
            Command(
                "make",
                MAKE,
                configure_make,
                run_make,
                _example(
                    "voucher make --count 50 --yuan 5 --edge garage-1", Text("50 for one edge", "某网关专用 50 张")
                ),
            ),
            Command("list", VOUCHERS, add_common, run_vouchers, _example("voucher list", VOUCHERS)),
        ),
    ),
    "pass": _group(
        "pass",
        PASS,
        (
            Command(
                "sell",
                SELL,
                configure_sell,
                run_sell,
                _example(
                    "pass sell --account ACCOUNT --tariff ebikes --edge garage-1 --reference 2026-03-17",
                    Text("for one month, at one edge", "一个月，限一处"),
                ),
            ),
            Command("list", PASSES, configure_passes, run_passes, _example("pass list", PASSES)),
        ),
    ),
}
