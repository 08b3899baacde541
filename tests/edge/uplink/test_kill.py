"""Kill -9 of an edge that sells and tells: its next life gives the hub every session that was acknowledged, once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.edge.uplink.hub import FakeHub
from tests.edge.uplink.test_uplink import Edge

SELLER = """
import asyncio, os, sys
from pathlib import Path
from chargelink.edge.board import Board
from chargelink.edge.ledger import Ending, Journal, Sessions
from chargelink.edge.uplink import Uplink
from chargelink.model import SessionKind, StopReason, Tariff
from chargelink.trust.checkpoints import JournalKey

async def sell(sessions, device):
    tariff = Tariff(id="t", version=1, per_use=100)
    for number in range(1_000_000):
        started, _ = await sessions.begin(device, SessionKind.SOCKET, tariff, number)
        await sessions.end(started.session_id, number, Ending(StopReason.LOCAL, "driver"))
        print("sold", started.session_id, flush=True)

async def main():
    ledger = Journal.open(Path(sys.argv[1]), "edge-1", JournalKey(bytes(range(32))))
    sessions = Sessions(ledger, "edge-1", os.urandom)
    async with asyncio.TaskGroup() as group:
        uplink = Uplink(sys.argv[2], "edge-1", "0.1", ledger, Board(), None, lambda: 0)
        group.create_task(uplink.run())
        for number in range(4):
            group.create_task(sell(sessions, f"socket-{number}"))

asyncio.run(main())
"""


async def test_every_session_arrives_once(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    hub = FakeHub()
    async with hub.serving():
        command = [sys.executable, "-c", SELLER, str(path), f"ws://127.0.0.1:{hub.port}"]
        with (tmp_path / "told").open("w+") as told:
            process = subprocess.Popen(command, stdout=told, stderr=subprocess.DEVNULL)  # noqa: ASYNC220 - returns at once
            try:
                await hub.until(lambda: len(hub.store) > 200)
            finally:
                os.kill(process.pid, signal.SIGKILL)
                process.wait()
            told.seek(0)
            acknowledged = {line.split()[1] for line in told if line.startswith("sold ") and line.endswith("\n")}
        edge = Edge(path)
        async with edge.running(hub):
            last = (await edge.ledger.position()).last
            await hub.until(lambda: len(hub.store) == last)
    (epoch,) = {boot["epoch"] for boot in hub.boots}
    ended = [body["sessionId"] for body in hub.bodies(epoch) if "bill" in body]
    assert acknowledged <= set(ended)
    assert len(set(ended)) == len(ended)
    assert hub.conflicts == 0
