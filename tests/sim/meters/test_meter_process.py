"""`chargelink sim meter` as a process on its serial port, asked by another's software and by our own driver's means."""

import os
import select
import socket
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.sim.simulator import simulator

from chargelink.dlt645 import Frame, Scanner
from chargelink.dlt645.request import Request, read
from chargelink.dlt645.scanner import Received

ADDRESS, OTHER = "000000000161", "000000000162"
PATIENCE = 10.0  # s


@contextmanager
def opened(path: str, speed: int = termios.B9600) -> Iterator[int]:
    port = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        tty.setraw(port)
        settings = termios.tcgetattr(port)
        settings[4] = settings[5] = speed
        termios.tcsetattr(port, termios.TCSANOW, settings)
        yield port
    finally:
        os.close(port)


def asked(port: int, request: Request, patience: float = PATIENCE) -> Frame | None:
    os.write(port, request.frame().encode())
    scanner = Scanner()
    while select.select([port], [], [], patience)[0]:
        for event in scanner.receive(os.read(port, 4096), 0.0):
            if isinstance(event, Received) and isinstance(event.frame, Frame):
                return event.frame
    return None


def ordered(path: Path, line: str) -> str:
    with socket.socket(socket.AF_UNIX) as wire:
        wire.connect(str(path))
        wire.sendall(f"{line}\n".encode())
        return wire.makefile().readline().strip()


def test_several_meters_on_one_line_and_orders(tmp_path: Path) -> None:
    control = tmp_path / "control"
    line = ("--address", "161", "--meters", "2", "--energy", "5", "--baud", "2400", "--control", str(control))
    with simulator("meter", *line) as meters:
        assert meters.places["address"] == f"{ADDRESS},{OTHER}"
        assert len(set(meters.places["probe"].split(","))) == 2
        with opened(meters.places["serial"], termios.B2400) as port:
            for address in (ADDRESS, OTHER):
                answer = asked(port, read(address, "00010000"))
                assert answer is not None
                assert (answer.address, answer.data) == (address, bytes.fromhex("00000100 00050000"))
            assert ordered(control, f"{OTHER} relay trip") == "ok"
            for address, word in ((ADDRESS, "0000"), (OTHER, "5000")):
                answer = asked(port, read(address, "04000503"))
                assert answer is not None
                assert answer.data[4:].hex() == word
            assert ordered(control, "what").startswith("error ")
        with opened(meters.places["serial"], termios.B9600) as port:
            assert asked(port, read(ADDRESS, "00010000"), patience=0.2) is None


def test_another_masters_software_reads_it() -> None:
    dlt645 = pytest.importorskip("dlt645")
    with simulator("meter", "--address", "123456781012", "--energy", "123.45") as meter:
        # A pseudo-terminal keeps no parity, and to ask for it twice, as this software does, is an error there.
        client = dlt645.MeterClientService.new_rtu_client(
            port=meter.places["serial"], baudrate=9600, databits=8, stopbits=1, parity="N", timeout=5.0
        )
        # It sends an address as it is given it, where meters expect the low byte first.
        client.set_address("121078563412")
        assert client.read_00(0x00010000).value == pytest.approx(123.45)
        assert client.read_02(0x02010100).value == 0
        client.client.disconnect()
