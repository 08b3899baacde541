"""Arguments that several commands of the edge have, and how they ask a running one."""

import argparse
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chargelink.cli.china import CHINA
from chargelink.cli.command import CommandError
from chargelink.cli.language import Text

TIME_OF_DAY = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


def data_argument(parser: argparse.ArgumentParser) -> None:
    """The option that names a data folder."""
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("/var/lib/chargelink"),
        metavar=str(Text("DIR", "目录")),
        help=str(Text("its data folder (default: /var/lib/chargelink)", "其数据目录 (默认: /var/lib/chargelink)")),
    )


def asked(arguments: argparse.Namespace, action: str, **values: Any) -> dict[str, Any]:
    """The answer of the edge that keeps its data in `arguments.data`. Raises CommandError when it refuses, or is not
    there.
    """
    from chargelink.edge.control import ControlError, ask
    from chargelink.edge.paths import control_socket

    try:
        return ask(control_socket(arguments.data), action, **values)
    except ControlError as error:
        raise CommandError(str(error)) from None


def moment(text: str, now: datetime | None = None) -> int:
    """UTC ms of "23:00", the next there is in UTC+8, or of "2026-09-21T23:00", in UTC+8 if it does not say.

    Raises argparse.ArgumentTypeError.
    """
    now = (now or datetime.fromtimestamp(time.time(), UTC)).astimezone(CHINA)
    if match := TIME_OF_DAY.fullmatch(text):
        then = now.replace(hour=int(match[1]), minute=int(match[2]), second=0, microsecond=0)
        then += timedelta(days=then <= now)
    else:
        try:
            then = datetime.fromisoformat(text)
        except ValueError:
            problem = Text("{!r} is no time, such as 23:00 or 2026-09-21T23:00", "{!r} 不是时间，例如 23:00")
            raise argparse.ArgumentTypeError(problem.format(text)) from None
        then = then if then.tzinfo else then.replace(tzinfo=CHINA)
    milliseconds = (then - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    if milliseconds < 0:
        raise argparse.ArgumentTypeError(str(Text("a time is after 1970", "时间应在 1970 年以后")))
    return milliseconds


def local(milliseconds: int) -> str:
    """A time for people, in UTC+8."""
    try:
        return datetime.fromtimestamp(milliseconds / 1000, CHINA).strftime("%Y-%m-%d %H:%M")
    except (ValueError, OverflowError, OSError):
        return f"{milliseconds} ms"
