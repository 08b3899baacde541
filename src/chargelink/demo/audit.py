"""Whether edge, hub and registers agree: read from the edge's ledger, asked of the hub, asked of the meter itself."""

import os
import select
import sqlite3
import termios
import time
import tty
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chargelink.demo.crew import DemoError
from chargelink.dlt645 import Frame, Readings, Received, Scanner, readings
from chargelink.dlt645.request import read
from chargelink.model import SessionEnded, SessionKind, content_of

PRECISE_ENERGY = "00600000"  # forward active energy to 0.1 Wh
ANSWER_WITHIN = 3.0  # s


def edge_sessions(ledger: Path) -> list[SessionEnded]:
    """The sessions in the record lane of a ledger, in order."""
    with sqlite3.connect(f"file:{ledger}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT kind, body FROM records WHERE kind = 'session.ended' ORDER BY seq")
        contents = [content_of(kind, body) for kind, body in rows]
    database.close()
    return [content for content in contents if isinstance(content, SessionEnded)]


def meter_register(serial: str, address: str) -> int:
    """The register of a meter on a line that nobody else uses now, in mWh. Raises DemoError."""
    question = read(address, PRECISE_ENERGY)
    line = os.open(serial, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        tty.setraw(line)
        termios.tcflush(line, termios.TCIOFLUSH)
        os.write(line, question.frame().encode())
        scanner, until = Scanner(), time.monotonic() + ANSWER_WITHIN
        while select.select([line], [], [], max(0, until - time.monotonic()))[0]:
            for event in scanner.receive(os.read(line, 512), time.monotonic()):
                if not isinstance(event, Received) or not isinstance(event.frame, Frame):
                    continue
                if question.is_answered_by(event.frame):  # else it is what the edge asked for last
                    return _energy(readings(PRECISE_ENERGY, question.value_of(event.frame)))
    finally:
        os.close(line)
    raise DemoError("the meter does not answer")


def _energy(answer: Readings) -> int:
    value = answer.readings[0].value if answer.readings else None
    if not isinstance(value, int):
        raise DemoError(f"the meter does not say its register: {answer}")
    return value


def differences(
    sessions: list[SessionEnded], bills: Mapping[str, Mapping[str, Any]], before: int, after: int
) -> Iterator[str]:
    """What does not agree: bills of edge and hub, readings, and the meter's register `before` and `after` (mWh)."""
    for session in sessions:
        bill = bills.get(session.session_id)
        if bill is None:
            yield f"{session.session_id}: the hub has no bill"
        elif not (bill["total"] == bill["edgeTotal"] == bill["hubTotal"] == session.bill.total):
            amounts = f"edge {session.bill.total} fen, hub {bill['hubTotal']}, settles {bill['total']}"
            yield f"{session.session_id}: {amounts}"
        used = session.readings[-1].register - session.readings[0].register if session.readings else 0
        if used != session.bill.energy:
            yield f"{session.session_id}: readings say {used} mWh, the bill {session.bill.energy}"
    for unknown in sorted(bills.keys() - {session.session_id for session in sessions}):
        yield f"{unknown}: the hub has a bill, the edge has not"
    charged = [session for session in sessions if session.kind is SessionKind.DC and session.readings]
    if not charged:
        yield "no session was read from the meter"
        return
    registers = [reading.register for session in charged for reading in session.readings]
    if registers != sorted(registers):
        yield "the register ran backwards"
    if sum(session.bill.energy for session in charged) != after - before:
        yield f"the meter counted {after - before} mWh, the bills {sum(s.bill.energy for s in charged)}"
