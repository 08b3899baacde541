"""The commands `chargelink hub card`: cards, accounts and PINs, and the lists that edges hold of them."""

import argparse
import csv
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from chargelink.cli.command import Command, CommandError, Example, Exit, Offer
from chargelink.cli.language import Text
from chargelink.cli.layout import columns
from chargelink.cli.parser import Parser
from chargelink.hub.commands import CARD as SUMMARY
from chargelink.hub.money_options import add_common, asked, tell, when
from chargelink.hub.tariff_commands import moment

if TYPE_CHECKING:
    from chargelink.hub.store.money import Token

ADD = Text("enter cards of an account, one or a file of many", "录入账户的卡，单张或批量文件")
BLOCK = Text("a card is lost; edges refuse it when they have heard", "挂失，网关收到后拒绝该卡")
UNBLOCK = Text("a card is found again", "解除挂失")
REMOVE = Text("forget a card, here and at the edges", "删除卡，平台与网关同时删除")
LIST = Text("cards, their numbers masked", "列出卡，卡号已脱敏")
PIN = Text("give a card another PIN: typed unseen, or from standard input", "设置密码：输入时不回显，或取自标准输入")
ALLOW = Text("at which edges an account may charge", "账户可在哪些网关充电")
SENT = Text("which edge holds which list", "各网关持有的本地名单")

KINDS = ("card", "account")
STATES = {
    "active": Text("active", "正常"),
    "blocked": Text("blocked", "已挂失"),
    "waiting": Text("waits for its first order", "待首次订单确认"),
}
LONGEST_LINE = 32  # characters that are read of a PIN, more than any has
AT_ONCE = 200  # cards in one transaction


class Entered(NamedTuple):
    """A line of a file of cards."""

    value: str
    account: str
    pin: str | None = None


def _value(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "card", metavar=str(Text("CARD", "卡号")), help=str(Text("its number, as printed or read", "印刷或读取的卡号"))
    )
    _kind(parser)
    add_common(parser)


def _kind(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--kind",
        choices=KINDS,
        default="card",
        help=str(Text("account: a number that is typed, with a PIN (default: card)", "account: 手工输入的账号加密码")),
    )


def configure_add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("card", nargs="*", metavar=str(Text("CARD", "卡号")), help=str(Text("numbers", "卡号")))
    _kind(parser)
    parser.add_argument("--account", metavar="ID", help=str(Text("whose they are", "账户编号")))
    parser.add_argument(
        "--file",
        type=Path,
        metavar=str(Text("FILE", "文件")),
        help=str(Text("CSV with card,account[,PIN] in each line", "CSV，每行: 卡号,账户[,密码]")),
    )
    parser.add_argument(
        "--until",
        type=moment,
        metavar=str(Text("TIME", "时间")),
        help=str(Text("good until then, as 2027-12-31", "有效期至，例如 2027-12-31")),
    )
    add_common(parser)


def configure_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--account", metavar="ID", help=str(Text("of this account alone", "仅该账户")))
    add_common(parser)


def configure_allow(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--account", required=True, metavar="ID", help=str(Text("which account", "账户编号")))
    parser.add_argument(
        "--edge",
        action="append",
        default=[],
        metavar="ID",
        help=str(Text("at this edge; may be given again (default: at all)", "可充电的网关，可多次给出 (默认: 全部)")),
    )
    add_common(parser)


def run_add(arguments: argparse.Namespace) -> int:
    """Enter cards; those of a file in many transactions. Raises CommandError."""
    from chargelink.hub.services import accounts, tokens
    from chargelink.hub.services.tokens import TokenError

    entered = [*_entered(arguments)]

    async def work(now: int) -> int:
        for account in {one.account for one in entered}:
            await accounts.found(account)
        for first in range(0, len(entered), AT_ONCE):
            rows = [tokens.New(*one) for one in entered[first : first + AT_ONCE]]
            await tokens.add_all(arguments.kind, rows, now, until=arguments.until)
        return len(entered)

    try:
        count = asked(arguments, work)
    except TokenError as error:
        raise CommandError(str(error)) from None
    tell(arguments, {"added": count}, Text("{} entered", "已录入 {} 张").format(count))
    return Exit.CLEAN


def _entered(arguments: argparse.Namespace) -> Iterator[Entered]:
    """The cards of the line, then those of the file. Raises CommandError."""
    if arguments.card and arguments.account is None:
        raise CommandError(Text("whose card is it? give --account", "请用 --account 指明账户"))
    for value in arguments.card:
        yield Entered(value, arguments.account)
    if arguments.file is None:
        if not arguments.card:
            raise CommandError(Text("name cards, or a --file of them", "请给出卡号，或用 --file 指定文件"))
        return
    try:
        with arguments.file.open(newline="", encoding="utf-8-sig") as file:
            for number, row in enumerate(csv.reader(file), 1):
                if not row:
                    continue
                if not 2 <= len(row) <= 3 or not all(cell.strip() for cell in row[:2]):
                    problem = Text("{}, line {}: card,account[,PIN]", "{} 第 {} 行: 应为 卡号,账户[,密码]")
                    raise CommandError(problem.format(arguments.file, number))
                yield Entered(row[0].strip(), row[1].strip(), (row[2].strip() or None) if len(row) == 3 else None)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CommandError(f"{arguments.file}: {error}") from None


async def _found(arguments: argparse.Namespace) -> "Token":
    from chargelink.hub.services import tokens
    from chargelink.hub.services.refused import RefusedError

    row = await tokens.find(arguments.kind, arguments.card)
    if row is None:
        raise RefusedError("there is no such card; `chargelink hub card list` shows them", "没有这张卡")
    return row


def _change(arguments: argparse.Namespace, change: str, said: Text) -> int:
    """Do something with one card. Raises CommandError."""
    from chargelink.hub.services import tokens

    async def work(_: int) -> str:
        row = await _found(arguments)
        if change == "remove":
            await tokens.remove(row)
        else:
            await tokens.block(row, blocked=change == "block")
        return row.account

    account = asked(arguments, work)
    tell(arguments, {"account": account, "done": change}, said.format(account))
    return Exit.CLEAN


HEARD = Text(
    "of account {}: done here; edges hear of it within seconds when they are there",
    "账户 {}: 已生效，在线网关数秒内更新",
)


def _typed_pin() -> str:
    from getpass import getpass

    pin = getpass(str(Text("PIN of 4 to 8 digits: ", "密码（4 至 8 位数字）: ")))
    if pin != getpass(str(Text("once more: ", "再输一次: "))):
        raise CommandError(Text("the two differ; nothing was changed", "两次输入不一致，未作更改"))
    return pin


def run_pin(arguments: argparse.Namespace) -> int:
    """Ask for a PIN, twice, without showing it, or read it from standard input. Raises CommandError."""
    from chargelink.hub.services import tokens
    from chargelink.hub.services.tokens import TokenError

    pin = _typed_pin() if sys.stdin.isatty() else sys.stdin.readline(LONGEST_LINE).strip()

    async def work(_: int) -> str:
        row = await _found(arguments)
        await tokens.set_pin(row, pin)
        return row.account

    try:
        account = asked(arguments, work)
    except TokenError as error:
        raise CommandError(str(error)) from None
    tell(arguments, {"account": account, "done": "pin"}, HEARD.format(account))
    return Exit.CLEAN


def run_list(arguments: argparse.Namespace) -> int:
    """Print cards."""
    from chargelink.hub.services import tokens

    chosen = {} if arguments.account is None else {"account": arguments.account}
    rows = asked(arguments, lambda _: tokens.listed(KINDS, **chosen))
    document = [row._asdict() for row in rows]
    heads = [
        Text("CARD", "卡号"),
        Text("ACCOUNT", "账户"),
        Text("PIN", "密码"),
        Text("UNTIL", "有效期至"),
        Text("STATE", "状态"),
    ]
    cells = [
        [
            row.masked,
            row.account,
            str(PIN_WORDS[row.pin]),
            when(row.until) if row.until else "-",
            str(STATES[row.status]),
        ]
        for row in rows
    ]
    tell(arguments, document, *columns([[*map(str, heads)], *cells]))
    return Exit.CLEAN


PIN_WORDS = {True: Text("yes", "有"), False: Text("no", "无")}


def run_allow(arguments: argparse.Namespace) -> int:
    """Say where an account may charge. Raises CommandError."""
    from chargelink.hub.services.passes import allow

    asked(arguments, lambda _: allow(arguments.account, arguments.edge))
    where = ", ".join(arguments.edge) or str(Text("all edges", "全部网关"))
    said = Text("account {} may charge at: {}", "账户 {} 可充电网关: {}").format(arguments.account, where)
    tell(arguments, {"account": arguments.account, "edges": arguments.edge}, said)
    return Exit.CLEAN


def run_sent(arguments: argparse.Namespace) -> int:
    """Print which edge holds which list; exit code 1 where one was refused."""
    from chargelink.hub.services.list_errands import sent

    rows = asked(arguments, lambda _: sent())
    heads = [Text("EDGE", "网关"), Text("SINCE", "时间"), Text("ENTRIES", "条数"), Text("STATE", "状态")]
    cells = [
        [row.edge, when(row.at) if row.at else "-", str(row.entries), _state(row.current, row.words)] for row in rows
    ]
    tell(arguments, [row._asdict() for row in rows], *columns([[*map(str, heads)], *cells]))
    return Exit.DEFECTS if any(row.words for row in rows) else Exit.CLEAN


def _state(current: bool, words: str) -> str:
    if words:
        return Text("refused: {}", "已拒绝: {}").format(words)
    return str(Text("holds the newest", "已是最新") if current else Text("waits for the edge", "等待网关"))


Run = Callable[[argparse.Namespace], int]


def _command(name: str, summary: Text, configure: Callable[..., None], run: Run, line: str, meaning: Text) -> Command:
    return Command(name, summary, configure, run, (Example(f"chargelink hub card {line} --data ./hub", meaning),))


COMMANDS = {
    one.name: one
    for one in (
        _command("add", ADD, configure_add, run_add, "add 0412A3B4 --account ACCOUNT", Text("one card", "单张")),
        _command("block", BLOCK, _value, partial(_change, change="block", said=HEARD), "block 0412A3B4", BLOCK),
        _command(
            "unblock", UNBLOCK, _value, partial(_change, change="unblock", said=HEARD), "unblock 0412A3B4", UNBLOCK
        ),
        _command("remove", REMOVE, _value, partial(_change, change="remove", said=HEARD), "remove 0412A3B4", REMOVE),
        _command("list", LIST, configure_list, run_list, "list --account ACCOUNT", LIST),
        _command("pin", PIN, _value, run_pin, "pin 0412A3B4", PIN),
        _command("allow", ALLOW, configure_allow, run_allow, "allow --account ACCOUNT --edge garage-1", ALLOW),
        _command("sent", SENT, add_common, run_sent, "sent", Text("exit code 1: look into it", "退出码 1 表示需处理")),
    )
}


def configure(parser: argparse.ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    parser.offer(Offer(name, one.summary, partial(COMMANDS.__getitem__, name)) for name, one in COMMANDS.items())


COMMAND = Command(
    name="card",
    summary=SUMMARY,
    configure=configure,
    run=None,
    examples=(
        Example("chargelink hub card add --file cards.csv --data ./hub", Text("many at once", "批量录入")),
        Example("chargelink hub card pin 0412A3B4 --data ./hub", Text("asks for the PIN", "提示输入密码")),
    ),
)
