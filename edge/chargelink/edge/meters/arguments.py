"""What the commands about meters have in common: the port, the meter, and what can go wrong with both."""

import argparse
import asyncio
from typing import TypeVar

from chargelink.cli.command import CommandError
from chargelink.cli.language import Text
from chargelink.dlt645.control import Words
from chargelink.dlt645.master import Master
from chargelink.dlt645.timing import Timing
from chargelink.edge.meters.played import Begin, Tell, nobody, played
from chargelink.edge.ports.address import Address, LinkError
from chargelink.wire import ChargelinkError

Outcome = TypeVar("Outcome")


def meter_address(text: str) -> str:
    """Twelve digits, or fewer with the zeros left out. Raises ValueError."""
    if not text.isascii() or not text.isdecimal() or len(text) > 12:
        raise ValueError(text)
    return text.zfill(12)


def port_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--port",
        required=True,
        metavar=str(Text("PORT", "端口")),
        help=str(
            Text(
                "serial:/dev/ttyUSB0?baud=9600&parity=E; an edge that uses it must be stopped",
                "serial:/dev/ttyUSB0?baud=9600&parity=E；使用该端口的网关须先停止",
            )
        ),
    )


def address_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--address",
        required=True,
        type=meter_address,
        metavar=str(Text("ADDRESS", "地址")),
        help=str(Text("of the meter, up to twelve digits", "电能表通信地址，最多 12 位数字")),
    )


def port_of(arguments: argparse.Namespace) -> Address:
    """Raises CommandError."""
    try:
        address = Address.parse(arguments.port)
    except ChargelinkError as error:
        raise CommandError(str(error)) from None
    if address.scheme != "serial":
        raise CommandError(Text("{!r} is no serial:/dev/DEVICE", "{!r} 不是 serial:/dev/设备").format(arguments.port))
    return address


def a_master(port: Address, retries: int = 2) -> Master:
    """Raises CommandError for a rate that is none."""
    try:
        return Master(Timing(port.number("baud", 9600, 300, 4_000_000)), retries)
    except ChargelinkError as error:
        raise CommandError(str(error)) from None


def play(begin: Begin[Outcome], port: Address, tell: Tell = nobody) -> Outcome:
    """Raises CommandError for a port that cannot be opened or is gone, and for what cannot be asked."""
    try:
        return asyncio.run(played(begin, port, tell))
    except LinkError as error:
        remedy = Text("somebody uses this port: stop the edge first", "端口被占用：请先停止网关")
        raise CommandError(f"{error}; {remedy}" if "lock port" in str(error) else str(error)) from None
    except ChargelinkError as error:
        raise CommandError(str(error)) from None


def said(words: Words) -> str:
    """In the language chosen."""
    return str(Text(words.english, words.chinese))
