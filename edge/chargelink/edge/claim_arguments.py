"""What somebody shows who wants to charge, as arguments of `chargelink edge start`; a PIN never stands among them."""

import argparse
import getpass
import sys
from typing import Any

from chargelink.cli.command import CommandError
from chargelink.cli.language import Text
from chargelink.cli.money import fen_of

KINDS = {
    "card": (Text("NUMBER", "卡号"), Text("by a card", "刷卡")),
    "account": (Text("ACCOUNT", "账户"), Text("by an account", "按账户")),
    "voucher": (Text("CODE", "券码"), Text("by a voucher", "使用充电券")),
}
MODES = ("scan", "remote")
MOST = 10_000_000  # fen
LONGEST_PIN = 64  # characters that are read
VIN_TIMEOUT = 75.0  # s: until a vehicle has woken up and said it, and the hub has answered


def money(text: str) -> int:
    """Yuan with at most two decimals, as fen. Raises ValueError."""
    fen = fen_of(text)
    if not 0 < fen <= MOST:
        raise ValueError(text)
    return fen


def configure(parser: argparse.ArgumentParser) -> None:
    """The arguments."""
    who = parser.add_mutually_exclusive_group()
    for kind, (name, summary) in KINDS.items():
        who.add_argument(f"--{kind}", metavar=str(name), help=str(summary))
    who.add_argument(
        "--vin",
        action="store_true",
        help=str(Text("by the VIN of the vehicle that is plugged in", "按已插枪车辆的VIN")),
    )
    parser.add_argument(
        "--pin",
        action="store_true",
        help=str(Text("ask for the PIN, or read it from standard input", "提示输入密码，或从标准输入读取")),
    )
    parser.add_argument(
        "--mode",
        choices=MODES,
        help=str(Text("how an account was told, if not on site", "账户的来源方式 (非现场时)")),
    )
    parser.add_argument(
        "--money",
        type=money,
        metavar=str(Text("YUAN", "元")),
        help=str(Text("spend at most so much", "最多消费金额")),
    )


def shown(arguments: argparse.Namespace) -> dict[str, Any]:
    """What is shown, for the daemon; nothing where a person on site starts. Raises CommandError."""
    kind = next((kind for kind in KINDS if getattr(arguments, kind) is not None), None)
    if arguments.mode is not None and kind != "account":
        raise CommandError(str(Text("--mode goes with --account", "--mode 须与 --account 一起使用")))
    if arguments.pin and kind not in ("card", "account"):
        raise CommandError(str(Text("--pin goes with --card or --account", "--pin 须与 --card 或 --account 一起使用")))
    if arguments.vin:
        return {"vin": True, "timeout": VIN_TIMEOUT}
    if kind is None:
        return {}
    mode = {"mode": arguments.mode} if arguments.mode else {}
    return {"kind": kind, "token": getattr(arguments, kind), **mode}


def pin(arguments: argparse.Namespace) -> dict[str, Any]:
    """The PIN, for the daemon: typed without being seen, or the first line of standard input."""
    if not arguments.pin:
        return {}
    if sys.stdin.isatty():
        return {"pin": getpass.getpass(str(Text("PIN: ", "密码：")))}
    return {"pin": sys.stdin.readline(LONGEST_PIN).strip()}
