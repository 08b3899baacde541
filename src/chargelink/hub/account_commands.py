"""The commands `chargelink hub account`: what customers paid in and have not used. They work while the hub runs."""

import argparse
from functools import partial
from typing import TYPE_CHECKING, Any

from chargelink.cli.command import Command, Example, Exit, Offer
from chargelink.cli.language import Text
from chargelink.cli.layout import columns
from chargelink.cli.money import amount, yuan
from chargelink.cli.parser import Parser
from chargelink.hub.commands import ACCOUNT as SUMMARY
from chargelink.hub.money_options import add_common, add_limit, add_reference, asked, tell, when

if TYPE_CHECKING:
    from chargelink.hub.services.accounts import Standing
    from chargelink.hub.store.money import Account

STATES = {"open": Text("open", "正常"), "closed": Text("closed", "已销户")}


def configure_create(parser: argparse.ArgumentParser) -> None:
    add_common(parser)
    _group(parser)
    add_reference(
        parser,
        Text("your own number for this; the same again gives the same account", "业务号；重复提交得到同一账户"),
        required=False,
    )


def configure_list(parser: argparse.ArgumentParser) -> None:
    add_common(parser)
    add_limit(parser)


def configure_show(parser: argparse.ArgumentParser) -> None:
    _account(parser)
    add_limit(parser)


def configure_group(parser: argparse.ArgumentParser) -> None:
    _account(parser)
    _group(parser)


def configure_top_up(parser: argparse.ArgumentParser) -> None:
    _account(parser)
    _amount(parser)
    add_reference(
        parser,
        Text("the payment at your merchant number; it counts once", "商户号中的支付单号；同一单号只入账一次"),
    )


def configure_refund(parser: argparse.ArgumentParser) -> None:
    _account(parser)
    how_much = parser.add_mutually_exclusive_group(required=True)
    how_much.add_argument(
        "--amount", type=amount, metavar=str(Text("YUAN", "元")), help=str(Text("so much of it", "退款金额"))
    )
    how_much.add_argument("--all", action="store_true", help=str(Text("all that is unused", "退还全部余额")))
    parser.add_argument(
        "--to",
        metavar=str(Text("REF", "支付单号")),
        help=str(Text("back to this payment alone (default: the oldest first)", "仅退回该支付单 (默认: 先充先退)")),
    )
    add_reference(parser, Text("your number of the refund; it counts once", "退款单号；同一单号只退一次"))


def configure_close(parser: argparse.ArgumentParser) -> None:
    _account(parser)


def _account(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "account",
        metavar=str(Text("ACCOUNT", "账户")),
        help=str(Text("as `hub account list` shows it", "见 hub account list")),
    )
    add_common(parser)


def _amount(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--amount",
        type=amount,
        required=True,
        metavar=str(Text("YUAN", "元")),
        help=str(Text("yuan, such as 50 or 12.34", "金额 (元)，例如 50 或 12.34")),
    )


def _group(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--group",
        type=_name,
        metavar=str(Text("GROUP", "客户组")),
        help=str(Text("the customer group that tariffs and discounts go by", "客户组，资费与折扣据此确定")),
    )


def _name(text: str) -> str:
    import msgspec

    from chargelink.link.quantities import Name

    try:
        return msgspec.convert(text, Name)
    except msgspec.ValidationError:
        problem = Text("{!r}: 1 to 64 letters, digits, . _ : -", "{!r}: 应为 1 至 64 位字母、数字或 . _ : -")
        raise argparse.ArgumentTypeError(problem.format(text)) from None


def run_create(arguments: argparse.Namespace) -> int:
    """Open one, and print its id."""
    from chargelink.hub.services import accounts

    row = asked(arguments, lambda now: accounts.create(now, group=arguments.group, reference=arguments.reference))
    tell(arguments, {"account": row.id, "state": row.state, "group": row.group}, row.id)
    return Exit.CLEAN


def run_list(arguments: argparse.Namespace) -> int:
    """Print a line for each, newest first."""
    from chargelink.hub.services import accounts
    from chargelink.hub.store.money import Account

    async def look(_: int) -> "list[tuple[Account, Standing]]":
        rows = await Account.all().order_by("-created", "id").limit(arguments.limit)
        return [(row, await accounts.standing(row.id)) for row in rows]

    found = asked(arguments, look)
    head = [str(text) for text in (Text("account", "账户"), Text("state", "状态"), Text("group", "客户组"))]
    head += [str(text) for text in (Text("unused", "余额"), Text("held", "冻结"), Text("owed", "欠费"))]
    rows = [[row.id, str(STATES[row.state]), row.group or "-", *map(yuan, has)] for row, has in found]
    tell(arguments, [shown(*one) for one in found], *columns([head, *rows]))
    return Exit.CLEAN


def shown(row: "Account", has: "Standing") -> dict[str, Any]:
    """An account as JSON; amounts in fen, times UTC ms."""
    plain = {"account": row.id, "state": row.state, "group": row.group, "created": row.created, "closed": row.closed}
    return {**plain, **has._asdict()}


def run_show(arguments: argparse.Namespace) -> int:
    """Print an account, its payments and what happened to its money. Raises CommandError for an unknown one."""
    from chargelink.hub.services import accounts, books
    from chargelink.hub.store.money import TopUp

    async def look(_: int) -> tuple[dict[str, Any], list[str]]:
        row = await accounts.found(arguments.account)
        has = await accounts.standing(row.id)
        paid = await TopUp.filter(account=row.id).order_by("id")
        names = [books.wallet(row.id), books.owed(row.id)]
        moved = [line for name in names for line in await books.lines("account", name, arguments.limit)]
        moved.sort(key=lambda line: line.at)
        document = shown(row, has) | {
            "topUps": [{"reference": one.reference, "fen": one.fen, "refunded": one.refunded} for one in paid],
            "ledger": [line._asdict() for line in moved],
        }
        lines = [
            f"{row.id}  {STATES[row.state]}  {row.group or ''}".rstrip(),
            Text("unused {}, held {}, owed {} yuan", "余额 {} 元，冻结 {} 元，欠费 {} 元").format(*map(yuan, has)),
            *(
                Text("  paid in by {}: {} yuan, {} of them went back", "  充值 {}: {} 元，已退 {} 元").format(
                    one.reference, yuan(one.fen), yuan(one.refunded)
                )
                for one in paid
            ),
            *(f"  {when(line.at)}  {yuan(line.fen):>12}  {line.kind:<10}  {line.key}" for line in moved),
        ]
        return document, lines

    document, lines = asked(arguments, look)
    tell(arguments, document, *lines)
    return Exit.CLEAN


def run_group(arguments: argparse.Namespace) -> int:
    """Put an account into another customer group, or into none."""
    from chargelink.hub.services import accounts

    row = asked(arguments, lambda _: accounts.regroup(arguments.account, arguments.group))
    tell(arguments, {"account": row.id, "group": row.group})
    return Exit.CLEAN


def run_top_up(arguments: argparse.Namespace) -> int:
    """Write a payment into the wallet, once."""
    from chargelink.hub.services import accounts

    async def work(now: int) -> "tuple[bool, Standing]":
        new = await accounts.top_up(arguments.account, arguments.amount, arguments.reference, now)
        return new, await accounts.standing(arguments.account)

    new, has = asked(arguments, work)
    said = Text("{} has {} yuan", "账户 {} 余额 {} 元").format(arguments.account, yuan(has.wallet))
    if not new:
        said += str(Text("; this payment was written down before", "；该支付单此前已入账"))
    tell(arguments, {"account": arguments.account, "new": new, **has._asdict()}, said)
    return Exit.CLEAN


def run_refund(arguments: argparse.Namespace) -> int:
    """Take it out of the wallet, and print to which payments it is to be paid back."""
    from chargelink.hub.services import accounts

    fen = None if arguments.all else arguments.amount
    parts = asked(
        arguments,
        lambda now: accounts.refund(arguments.account, fen, arguments.reference, now, origin=arguments.to),
    )
    document = {
        "account": arguments.account,
        "reference": arguments.reference,
        "parts": [{"origin": part.origin, "fen": part.fen} for part in parts],
    }
    line = Text("pay back {} yuan to payment {} at your merchant number", "请在商户号将 {} 元退回支付单 {}")
    tell(arguments, document, *(line.format(yuan(part.fen), part.origin) for part in parts))
    return Exit.CLEAN


def run_collect(arguments: argparse.Namespace) -> int:
    """Take what is owed out of the wallet."""
    from chargelink.hub.services import accounts

    fen = asked(arguments, lambda now: accounts.collect(arguments.account, now))
    line = Text("{} yuan of what was owed are paid", "已收欠费 {} 元").format(yuan(fen))
    tell(arguments, {"account": arguments.account, "collected": fen}, line)
    return Exit.CLEAN


def run_close(arguments: argparse.Namespace) -> int:
    """Close for good; bills stay. Raises CommandError while there is money."""
    from chargelink.hub.services import accounts

    cut = asked(arguments, lambda now: accounts.close(arguments.account, now))
    line = Text(
        "{} is closed; {} cards and codes are forgotten, bills stay", "账户 {} 已销户；删除凭证 {} 个，账单保留"
    )
    tell(arguments, {"account": arguments.account, "forgotten": cut}, line.format(arguments.account, cut))
    return Exit.CLEAN


ID = "a0123456789abcdef"
PAID = Text("50 yuan, as your merchant number says", "商户号收到 50 元")
COMMANDS = {
    one.name: one
    for one in (
        Command(
            "create",
            Text("open an account; its id says nothing of who it is", "开户；账户编号不含个人信息"),
            configure_create,
            run_create,
            (Example("chargelink hub account create --data ./hub --group staff", Text("for staff", "员工账户")),),
        ),
        Command(
            "list",
            Text("accounts and their money", "列出账户与余额"),
            configure_list,
            run_list,
            (Example("chargelink hub account list --data ./hub --json", Text("for a program", "供程序读取")),),
        ),
        Command(
            "show",
            Text("an account, its payments, its ledger", "账户、充值与流水"),
            configure_show,
            run_show,
            (Example(f"chargelink hub account show {ID} --data ./hub", Text("all of it", "全部明细")),),
        ),
        Command(
            "group",
            Text("put it into a customer group, or into none", "设置或清除客户组"),
            configure_group,
            run_group,
            (Example(f"chargelink hub account group {ID} --data ./hub --group vip", Text("from now on", "此后生效")),),
        ),
        Command(
            "top-up",
            Text("write down a payment that has arrived", "登记已到账的充值"),
            configure_top_up,
            run_top_up,
            (Example(f"chargelink hub account top-up {ID} --data ./hub --amount 50 --reference WX-4711", PAID),),
        ),
        Command(
            "refund",
            Text("unused money back to where it came from", "余额原路退回"),
            configure_refund,
            run_refund,
            (
                Example(
                    f"chargelink hub account refund {ID} --data ./hub --all --reference R-12",
                    Text("says which payments to pay back", "给出应退回的支付单"),
                ),
            ),
        ),
        Command(
            "collect",
            Text("pay what is owed out of the wallet", "以余额抵扣欠费"),
            configure_close,
            run_collect,
            (Example(f"chargelink hub account collect {ID} --data ./hub", Text("as far as it reaches", "以余额为限")),),
        ),
        Command(
            "close",
            Text("close it for good; cards are forgotten, bills stay", "销户；凭证删除，账单保留"),
            configure_close,
            run_close,
            (Example(f"chargelink hub account close {ID} --data ./hub", Text("after the refund", "退款之后")),),
        ),
    )
}


def configure(parser: argparse.ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    parser.offer(Offer(name, one.summary, partial(COMMANDS.__getitem__, name)) for name, one in COMMANDS.items())


COMMAND = Command(
    name="account",
    summary=SUMMARY,
    configure=configure,
    run=None,
    examples=(
        Example("chargelink hub account create --data ./hub", Text("open one", "开户")),
        Example(f"chargelink hub account top-up {ID} --data ./hub --amount 50 --reference WX-4711", PAID),
    ),
)
