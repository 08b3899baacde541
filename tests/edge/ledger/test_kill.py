"""Kill -9 in the middle of writing: what was acknowledged is there, in full, and a session is there once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.edge.ledger.opened import open_journal

from chargelink.edge.ledger import Ending, Sessions
from chargelink.link.messages import RECORD_LANE
from chargelink.model import SessionEnded, SessionStarted, StopReason, content_of

WRITER = """
import asyncio, os, sys
from pathlib import Path
from chargelink.edge.ledger import Ending, Journal, Sessions
from chargelink.model import SessionKind, StopReason, Tariff
from chargelink.trust.checkpoints import JournalKey

TARIFF = Tariff(id="t", version=1, per_use=100)

async def sell(sessions, device):
    for number in range(1_000_000):
        started, _ = await sessions.begin(device, SessionKind.SOCKET, TARIFF, number, key=str(number))
        print("begun", started.session_id, flush=True)
        await sessions.end(started.session_id, number, Ending(StopReason.LOCAL, "driver"))
        print("ended", started.session_id, flush=True)

async def main():
    sessions = Sessions(Journal.open(Path(sys.argv[1]), "edge-1", JournalKey(bytes(range(32)))), "edge-1", os.urandom)
    await asyncio.gather(*(sell(sessions, f"socket-{number}") for number in range(8)))

asyncio.run(main())
"""


@pytest.mark.parametrize("lines", [1, 40, 333])
async def test_nothing_acknowledged_is_lost(tmp_path: Path, lines: int) -> None:
    path = tmp_path / "ledger.db"
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: ASYNC220 - nothing else runs
        assert process.stdout is not None
        told = [process.stdout.readline() for _ in range(lines)]
        os.kill(process.pid, signal.SIGKILL)
        told += [line for line in process.stdout if line.endswith("\n")]

    journal = open_journal(path)
    sessions = Sessions(journal, "edge-1", os.urandom)
    await sessions.load()
    records = [
        content_of(record.kind, record.body)
        for record in (await journal.pending(RECORD_LANE, 1_000_000, 1 << 30)).records
    ]
    begun = [content.session_id for content in records if isinstance(content, SessionStarted)]
    ended = [content.session_id for content in records if isinstance(content, SessionEnded)]
    assert len(set(begun)) == len(begun)
    assert len(set(ended)) == len(ended)
    assert {line.split()[1] for line in told if line.startswith("begun")} <= set(begun)
    assert {line.split()[1] for line in told if line.startswith("ended")} <= set(ended)
    assert {session.id for session in sessions.open} == set(begun) - set(ended)
    for session in sessions.open:
        await sessions.end(session.id, 0, Ending(StopReason.POWER_LOSS, "edge"))
    assert sessions.open == ()
    await journal.close()
