"""Kill -9 while a lease is spent at eight outlets and PINs are tried: every fen stands somewhere, every try counts."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.edge.ledger.opened import open_journal

from chargelink.edge.ledger import Ending, Sessions, allowances, pins
from chargelink.link.messages import RECORD_LANE
from chargelink.model import LeaseClosed, Reading, SessionEnded, SessionStarted, StopReason, content_of

AMOUNT = 1_000_000
BEGIN = """
import asyncio, os, sys
from pathlib import Path
from chargelink.edge.ledger import Ending, Journal, Sessions, allowances, pins
from chargelink.edge.ledger.refusal import NotAuthorisedError
from chargelink.link.authorisation import Authorisation, Lease, ListEntry
from chargelink.model import Reading, SessionKind, StopReason, Tariff
from chargelink.trust.checkpoints import JournalKey

journal = Journal.open(Path(sys.argv[1]), "edge-1", JournalKey(bytes(range(32))))
"""
SELLER = f"""{BEGIN}
TARIFF = Tariff(id="t", version=1, per_use=130)
TERMS = Authorisation(lease="l-1", account="a-1", prepaid=170)

async def sell(sessions, device):
    for number in range(1, 1_000_000):
        started, _ = await sessions.begin(
            device, SessionKind.SOCKET, TARIFF, number, start=Reading(at=number, register=0), authorisation=TERMS
        )
        ending = Ending(StopReason.LOCAL, "driver", reading=Reading(at=number, register=1_000_000))
        await sessions.end(started.session_id, number, ending)
        print("ended", started.session_id, flush=True)

async def main():
    lease = Lease(id="l-1", account="a-1", amount={AMOUNT}, until=10_000_000)
    await journal.writer.run(lambda database: allowances.grant(database, [lease], 0))
    sessions = Sessions(journal, "edge-1", os.urandom, clock_trusted=lambda: True)
    await asyncio.gather(*(sell(sessions, f"socket-{{number}}") for number in range(8)))

asyncio.run(main())
"""
GUESSER = f"""{BEGIN}
ENTRY = ListEntry(token=bytes(32), kind="card", account="a-1", pin=bytes(32))

async def main():
    try:
        left = await journal.writer.run(lambda database: pins.count(database, ENTRY, 1))
    except NotAuthorisedError:
        left = "none"
    print("left", left, flush=True)
    sys.stdin.read()  # killed before anybody is told whether it was right

asyncio.run(main())
"""


def killed_after(code: str, path: Path, so_far: Callable[[list[str]], bool]) -> list[str]:
    """What a process said that was killed when it had said enough."""
    command = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told: list[str] = []
        while not so_far(told):
            told.append(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        return told + [line for line in process.stdout if line.endswith("\n")]


@pytest.mark.parametrize("lines", [1, 150])
async def test_a_lease_is_spent_to_the_fen_and_never_twice(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "ledger.db"
    told = killed_after(SELLER, path, lambda told: len(told) >= lines)
    journal = open_journal(path)
    sessions = Sessions(journal, "edge-1", os.urandom)
    still = await sessions.load()
    held = await journal.writer.run(lambda database: allowances.held(database, "l-1"))
    assert held is not None
    records = (await journal.pending(RECORD_LANE, 1_000_000, 1 << 30)).records
    contents = [content_of(record.kind, record.body) for record in records]
    ended = {one.session_id: one.bill.total for one in contents if isinstance(one, SessionEnded)}
    assert {line.split()[1] for line in told} <= set(ended)
    assert {*ended.values()} == {130}
    assert (held.spent, held.sessions, held.reserved) == (130 * len(ended), len(still), 170 * len(still))
    assert len([one for one in contents if isinstance(one, SessionStarted)]) == len(ended) + len(still)
    await journal.writer.run(lambda database: allowances.withdraw(database, "l-1", 10))
    for session in still:
        reading = Reading(at=session.started.at, register=500_000)
        await sessions.end(session.id, 20, Ending(StopReason.POWER_LOSS, "edge", reading=reading))
    records = (await journal.pending(RECORD_LANE, 1_000_000, 1 << 30)).records
    (closed,) = [content_of(record.kind, record.body) for record in records if record.kind == "lease.closed"]
    assert isinstance(closed, LeaseClosed)
    assert (closed.spent, closed.unbilled, closed.reason) == (130 * (len(ended) + len(still)), 0, "withdrawn")
    await journal.close()


async def test_five_tries_whoever_pulls_the_plug(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    said = [killed_after(GUESSER, path, bool)[0].split()[1] for _ in range(pins.TRIES + 1)]
    assert said == ["4", "3", "2", "1", "0", "none"]
