"""The command `chargelink edge meters relay`: trip or close, confirmed by a person before and by the meter after."""

import argparse
import getpass
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from chargelink.cli.command import Command, CommandError, Example, Exit
from chargelink.cli.language import Text
from chargelink.dlt645.bodies import Credentials, Relay
from chargelink.dlt645.procedures import ConfirmedRelay, RelayState
from chargelink.edge.meters.arguments import a_master, address_argument, play, port_argument, port_of, said
from chargelink.edge.meters.summaries import SUMMARIES

COMMANDS = {"trip": 0x1A, "permit": 0x1B, "close": 0x1C}
PASSWORD = "CHARGELINK_METER_PASSWORD"  # noqa: S105 - the name of a variable
VALID = timedelta(minutes=10)  # by the meter's clock, which runs on Beijing time
BEIJING = timedelta(hours=8)


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "command",
        choices=[*COMMANDS],
        help=str(
            Text(
                "trip, permit closing by the key on the meter, or close at once",
                "trip 跳闸，permit 允许按键合闸，close 直接合闸",
            )
        ),
    )
    port_argument(parser)
    address_argument(parser)
    parser.add_argument(
        "--level", default="02", help=str(Text("of the password, 00..09 (default: 02)", "密码级别 00..09 (默认: 02)"))
    )
    parser.add_argument(
        "--confirm",
        action="store_true",
        help=str(Text("a person has looked whom it switches off; asked otherwise", "已有人确认断电影响；否则将询问")),
    )


def run(arguments: argparse.Namespace) -> int:
    """Send once, and say whether the meter shows it. Raises CommandError."""
    port = port_of(arguments)
    _confirmed(arguments)
    until = datetime.now(UTC).replace(tzinfo=None) + BEIJING + VALID
    credentials = Credentials(arguments.level, _password())
    command = Relay(credentials, COMMANDS[arguments.command], f"{until:%Y-%m-%d %H:%M:%S}")
    outcome = play(lambda now: ConfirmedRelay(a_master(port), arguments.address, command, now), port)
    print(f"{arguments.address}  {said(outcome.words)}")
    return Exit.CLEAN if outcome.state is RelayState.DONE else Exit.DEFECTS


def _confirmed(arguments: argparse.Namespace) -> None:
    """A person says so. Raises CommandError."""
    if arguments.confirm:
        return
    if not sys.stdin.isatty():
        raise CommandError(Text("nobody is here to confirm it: add --confirm", "无人可确认：请加 --confirm"))
    question = Text("{}: {}? Type the meter's address: ", "{}：{}？请输入电能表地址以确认：")
    try:
        typed = input(question.format(arguments.address, arguments.command)).strip()
    except EOFError:
        typed = ""
    if typed.zfill(12) != arguments.address:
        raise CommandError(Text("not confirmed, nothing was sent", "未确认，未发送任何命令"))


def _password() -> str:
    """Six digits, from the environment or asked for: an argument would be seen by everybody on this machine."""
    password = os.environ.get(PASSWORD)
    if password is None and sys.stdin.isatty():
        with suppress(EOFError):
            password = getpass.getpass(str(Text("password of the meter (6 digits): ", "电能表密码（6 位）：")))
    if password is None:
        raise CommandError(Text("no password: set {}", "缺少密码：请设置 {}").format(PASSWORD))
    if len(password) != 6 or not password.isascii() or not password.isdecimal():
        raise CommandError(Text("the password has six digits", "密码应为 6 位数字"))
    return password


COMMAND = Command(
    name="relay",
    summary=SUMMARIES["relay"],
    configure=configure,
    run=run,
    examples=(
        Example(
            "chargelink edge meters relay trip --port serial:/dev/ttyUSB0?baud=2400 --address 161 --confirm",
            Text(f"password from {PASSWORD}, or asked for", f"密码取自 {PASSWORD}，或现场输入"),
        ),
    ),
)
