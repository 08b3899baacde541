"""What the commands of money have in common: `--json`, references, refusals in the language of who asks."""

import argparse
import getpass
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from chargelink.cli.command import CommandError
from chargelink.cli.language import Text
from chargelink.hub.beside import in_hub
from chargelink.hub.store_options import add_hub

Result = TypeVar("Result")
LONGEST_WORDS, LONGEST_NAME = 400, 64  # characters
LOCAL = timedelta(hours=8)  # tariffs and people live in UTC+8


def add_common(parser: argparse.ArgumentParser) -> None:
    """The hub's folder, and `--json`."""
    add_hub(parser)
    parser.add_argument(
        "--json",
        action="store_true",
        help=str(Text("one JSON document instead of text; amounts in fen", "输出 JSON 而非文字；金额单位为分")),
    )


def add_reference(parser: argparse.ArgumentParser, what: Text, *, required: bool = True) -> None:
    """`--reference`, by which the same thing is done once however often it is asked for."""
    parser.add_argument("--reference", required=required, metavar=str(Text("REF", "业务号")), help=str(what))


def add_person(parser: argparse.ArgumentParser) -> None:
    """`--reason`, and `--by` for who decides."""
    parser.add_argument(
        "--reason",
        required=True,
        type=_words,
        metavar=str(Text("WHY", "原因")),
        help=str(Text("kept with the decision", "随决定一并记录")),
    )
    parser.add_argument(
        "--by",
        type=_words,
        metavar=str(Text("NAME", "姓名")),
        help=str(Text("who decides (default: the name logged in with)", "决定人 (默认: 当前登录名)")),
    )


def _words(text: str) -> str:
    if not text.strip() or not text.isprintable() or len(text) > LONGEST_WORDS:
        problem = Text("{!r}: 1 to {} printable characters", "{!r}: 应为 1 至 {} 个可见字符")
        raise argparse.ArgumentTypeError(problem.format(text[:40], LONGEST_WORDS))
    return text.strip()


def person_of(arguments: argparse.Namespace) -> tuple[str, str]:
    """Who decides, and why."""
    who = arguments.by or getpass.getuser()
    return str(who)[:LONGEST_NAME], str(arguments.reason)


def add_limit(parser: argparse.ArgumentParser) -> None:
    """`--limit`."""
    parser.add_argument(
        "--limit",
        type=_limit,
        default=50,
        metavar="N",
        help=str(Text("at most so many, newest first (default: 50)", "最多列出条数，最新在前 (默认: 50)")),
    )


def _limit(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 10_000:
        raise ValueError(number)
    return number


def asked(arguments: argparse.Namespace, work: Callable[[int], Awaitable[Result]]) -> Result:
    """Do something beside a hub. Raises CommandError, also for what the hub refuses."""
    from chargelink.hub.services.books import BooksError
    from chargelink.hub.services.refused import RefusedError

    async def do(now: int) -> Result:
        try:
            return await work(now)
        except RefusedError as refusal:
            raise CommandError(str(refusal.text)) from None
        except BooksError as error:
            raise CommandError(Text("the ledger refuses: {}", "账本拒绝: {}").format(error)) from None

    return in_hub(arguments, do)


def tell(arguments: argparse.Namespace, document: Any, *lines: str) -> None:
    """Print the document with `--json`, the lines without."""
    if arguments.json:
        print(json.dumps(document, ensure_ascii=False, indent=1))
    elif lines:
        print("\n".join(lines))


def when(at: int) -> str:
    """A time of UTC+8 to the minute."""
    return (datetime.fromtimestamp(at / 1000, UTC) + LOCAL).strftime("%Y-%m-%d %H:%M")
