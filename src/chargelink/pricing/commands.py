"""The command `chargelink tariff`: says what a tariff means, and prices a session by it."""

import argparse
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chargelink.cli.china import CHINA
from chargelink.cli.command import Command, CommandError, Example, Exit, Offer
from chargelink.cli.language import Text
from chargelink.cli.parser import Parser

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from chargelink.cli.strict import Problem
    from chargelink.model import SessionEnded, Tariff
    from chargelink.pricing.session_file import Session

CHECK = Text("say what a tariff means, and what looks like a slip", "说明资费的含义，并指出疑似笔误")
PRICE = Text("price a session by a tariff, and show why", "按资费为一次充电计价，并说明原因")
LARGEST = 1 << 20  # bytes of a file
SESSION = Text(
    'the session in JSON: {"readings": [{"at": "2026-03-01T21:30:00+08:00", "kWh": 100}, '
    '{"at": "2026-03-01T22:15:00+08:00", "kWh": 130.5}]}; more keys: kind ("dc", "socket"), '
    'usage ({"minutes": 45, "tierBounds": [200000], "tierMinutes": [40, 5]}), measured, '
    'authorisation ({"group": "owners", "minimum": 100, "prepaid": 5000, "passId": "p"}), caps ({"money": 5000}), '
    "fault (true), occupiedMinutes; amounts in fen, powers in mW. Or a record session.ended. - is the standard input",
    '充电数据，JSON：{"readings": [{"at": "2026-03-01T21:30:00+08:00", "kWh": 100}, '
    '{"at": "2026-03-01T22:15:00+08:00", "kWh": 130.5}]}；其他键：kind（"dc"、"socket"）、'
    'usage（{"minutes": 45, "tierBounds": [200000], "tierMinutes": [40, 5]}）、measured、'
    'authorisation（{"group": "owners", "minimum": 100, "prepaid": 5000, "passId": "p"}）、caps（{"money": 5000}）、'
    "fault（true）、occupiedMinutes；金额为分，功率为 mW。也可以是一条 session.ended 记录。- 为标准输入",
)


def configure_check(parser: argparse.ArgumentParser) -> None:
    _add_file(parser)
    parser.add_argument(
        "--week",
        metavar=str(Text("DAY", "日期")),
        help=str(
            Text(
                "show the week of this day, as 2026-10-01; by default this week",
                "显示该日所在周，如 2026-10-01；默认本周",
            )
        ),
    )
    _add_json(parser)


def configure_price(parser: argparse.ArgumentParser) -> None:
    _add_file(parser)
    parser.add_argument("session", type=Path, metavar=str(Text("SESSION.json", "充电.json")), help=str(SESSION))
    _add_json(parser)


def _add_file(parser: argparse.ArgumentParser) -> None:
    told = Text("the tariff's file (TOML), see docs/tariffs.md", "资费文件（TOML），见 docs/tariffs.zh.md")
    parser.add_argument("file", type=Path, metavar=str(Text("FILE", "文件")), help=str(told))


def _add_json(parser: argparse.ArgumentParser) -> None:
    told = Text("one JSON object, for programs", "输出一个 JSON 对象，供程序使用")
    parser.add_argument("--json", action="store_true", help=str(told))


def run_check(arguments: argparse.Namespace) -> int:
    """Print what the tariff means; DEFECTS if it is none. Raises CommandError for a file that cannot be read."""
    from chargelink.tariff import doubts, explain, read_text, tariff_hash, week
    from chargelink.tariff.meaning import monday_of

    day = _day(arguments.week)
    tariff = read_text(_text(arguments.file))
    if isinstance(tariff, list):
        return _refused(arguments.file, tariff)
    warnings = [*doubts(tariff)]
    if arguments.json:
        _print_json(
            {
                "id": tariff.id,
                "version": tariff.version,
                "hash": tariff_hash(tariff),
                "means": [str(line) for line in explain(tariff)],
                "warnings": [str(line) for line in warnings],
            }
        )
        return Exit.CLEAN
    heading = Text("{} version {}", "{} 版本 {}").format(tariff.id, tariff.version)
    print(f"{heading} {tariff.name}".rstrip())
    print(f"SHA-256 {tariff_hash(tariff)}")
    for line in explain(tariff):
        print(line)
    if tariff.periods:
        monday = monday_of(day)
        print(Text("the week of {}, yuan per kWh, both fees:", "{} 起一周，元/kWh，两费合计：").format(monday))
        for line in week(tariff, monday):
            print(f"  {line}")
    for line in warnings:
        print(f"! {line}")
    return Exit.CLEAN


def run_price(arguments: argparse.Namespace) -> int:
    """Print the bill; DEFECTS if file or session are none, or nothing can be priced. Raises CommandError."""
    from chargelink.pricing.session_file import read_session
    from chargelink.tariff import TariffError, read_text

    if arguments.file == arguments.session:
        raise CommandError(Text("two files are needed", "需要两个不同的文件"))
    tariff = read_text(_text(arguments.file))
    if isinstance(tariff, list):
        return _refused(arguments.file, tariff)
    session = read_session(_json(arguments.session))
    if isinstance(session, list):
        return _refused(arguments.session, session)
    try:
        _show(tariff, session, arguments.json)
    except TariffError as error:
        print(Text("cannot be priced: {}", "无法计价：{}").format(error))
        return Exit.DEFECTS
    return Exit.CLEAN


def _show(tariff: "Tariff", session: "Session", as_json: bool) -> None:
    """Print the bills of a session, each line with its reason. Raises TariffError."""
    from chargelink.model import AuthorisedBy
    from chargelink.pricing.bill import told
    from chargelink.tariff import explained, explained_occupancy, tariff_hash

    if session.ended is not None:
        _show_again(tariff, session.ended, as_json)
        return
    name = tariff_hash(tariff)
    consumption = session.consumption
    bills = [explained(tariff, name, consumption)]
    if session.occupied is not None:
        owes = not consumption.fault and consumption.authorised_by is not AuthorisedBy.MONITOR
        bills.append(explained_occupancy(tariff, name, consumption.session_id, session.occupied, not owes))
    if as_json:
        import msgspec

        named = ("bill", "occupancy")
        print(msgspec.json.encode({key: bill for key, (bill, _) in zip(named, bills, strict=False)}).decode())
        return
    for bill, reasons in bills:
        for line in told(bill, reasons):
            print(line)


def _show_again(tariff: "Tariff", ended: "SessionEnded", as_json: bool) -> None:
    """Price a record by the rules of its own bill, and say whether that comes to the same. Raises TariffError."""
    import msgspec

    from chargelink.pricing.bill import told
    from chargelink.tariff import Consumption, explained, tariff_hash
    from chargelink.tariff.words import yuan

    rules = ended.bill.rules_version
    bill, reasons = explained(tariff, ended.tariff_hash, Consumption.of(ended), rules)
    if as_json:
        print(msgspec.json.encode({"bill": bill}).decode())
        return
    for line in told(bill, reasons):
        print(line)
    was = ended.bill
    if (was.total, was.energy) == (bill.total, bill.energy):
        print(Text("the recorded bill comes to the same", "与记录中的账单一致"))
    else:
        print(Text("! the recorded bill is {} yuan", "! 记录中的账单为 {} 元").format(yuan(was.total)))
    if ended.tariff_hash != tariff_hash(tariff):
        other = Text("! it was sold by another tariff: SHA-256 {}", "! 当时所用的是另一份资费：SHA-256 {}")
        print(other.format(ended.tariff_hash))


def _text(path: Path) -> str:
    """The text of a file, or of the standard input. Raises CommandError."""
    import sys

    try:
        with sys.stdin.buffer if str(path) == "-" else path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise CommandError(Text("{}: {}", "{}：{}").format(path, error.strerror)) from None
    if len(data) > LARGEST:
        raise CommandError(Text("{}: more than {} bytes", "{}：超过 {} 字节").format(path, LARGEST))
    try:
        return data.decode()
    except UnicodeDecodeError:
        told = Text("{}: is not UTF-8; save it as UTF-8", "{}：不是 UTF-8，请以 UTF-8 保存")
        raise CommandError(told.format(path)) from None


def _json(path: Path) -> dict[str, Any]:
    """The JSON object of a file. Raises CommandError."""
    import json
    from decimal import Decimal, DecimalException

    try:
        document = json.loads(_text(path), parse_float=Decimal)
    except (ValueError, RecursionError, DecimalException) as error:
        raise CommandError(Text("{}: is not JSON: {}", "{}：不是 JSON：{}").format(path, error)) from None
    if not isinstance(document, dict):
        raise CommandError(Text("{}: is no JSON object", "{}：不是 JSON 对象").format(path))
    return document


def _day(text: str | None) -> "date":
    """The day that was asked for, by default today in China. Raises CommandError."""
    from datetime import date, datetime

    if text is None:
        return datetime.now(CHINA).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        told = Text("--week: {} is no day; write it as 2026-10-01", "--week：{} 不是日期，请写如 2026-10-01")
        raise CommandError(told.format(text)) from None


def _refused(path: Path, problems: "Sequence[Problem]") -> int:
    for problem in problems:
        print(f"{path}: {problem}")
    return Exit.DEFECTS


def _print_json(document: dict[str, Any]) -> None:
    import json

    print(json.dumps(document, ensure_ascii=False))


CHECKED = Example(
    "chargelink tariff check edge/config/tariff.toml", Text("what the prices of the sample are", "样例资费的含义")
)
PRICED = Example("chargelink tariff price tariff.toml session.json", Text("the bill and its reasons", "账单及原因"))


def offers() -> list[Offer]:
    """The commands below `chargelink tariff`."""
    return [
        Offer("check", CHECK, partial(Command, "check", CHECK, configure_check, run_check, (CHECKED,))),
        Offer("price", PRICE, partial(Command, "price", PRICE, configure_price, run_price, (PRICED,))),
    ]


def configure(parser: argparse.ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    parser.offer(offers())


COMMAND = Command(
    "tariff",
    Text("what a tariff means, what a session costs", "说明资费，为充电计价"),
    configure,
    run=None,
    examples=(CHECKED, PRICED),
)
