"""An edge in another language, written from the page alone, and the hub as its users start it."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.hub.hub_process import PATIENCE, HubProcess, running

from chargelink.hub.serve import bound

NODE = shutil.which("node")
CLIENT = Path(__file__).with_name("client.mjs")
pytestmark = pytest.mark.skipif(NODE is None and os.environ.get("CI") != "true", reason="needs Debian's package nodejs")


class Client:
    """The process, and what it says happened."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def until(self, what: str, *skipped: str) -> dict[str, Any]:
        """The next line about this; nothing else may happen before it but what is skipped."""
        assert self.process.stdout is not None
        while True:
            line = await asyncio.wait_for(self.process.stdout.readline(), PATIENCE)
            told: dict[str, Any] = json.loads(line)
            if told["what"] == what:
                return told
            assert told["what"] in skipped, told


@asynccontextmanager
async def client(token: str) -> AsyncIterator[Client]:
    process = await asyncio.create_subprocess_exec(
        str(NODE), str(CLIENT), token, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    assert process.stderr is not None
    errors = asyncio.create_task(process.stderr.read())
    try:
        yield Client(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        sys.stderr.write((await errors).decode())


async def command(data: Path, *line: str) -> str:
    """`chargelink hub edge ...` on a hub that runs; what it printed."""
    arguments = (sys.executable, "-m", "chargelink.cli", "hub", "edge", *line, "--data", str(data))
    process = await asyncio.create_subprocess_exec(
        *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, errors = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 0, errors.decode()
    return out.decode().strip()


async def test_it_enrols_sends_records_obeys_and_is_refused_when_revoked(tmp_path: Path) -> None:
    async with running(tmp_path, plain=False) as hub, client(await command(tmp_path, "add", "node-1")) as node:
        assert (await node.until("enrolled"))["edge"] == "node-1"
        assert (await node.until("booted"))["have"] == 0
        stored = await node.until("stored")
        assert (stored["have"], stored["again"]) == (3, 3)
        assert "NotImplemented" in (await node.until("refused"))["text"]
        await node.until("ready")
        await check(hub, node)
        await command(tmp_path, "revoke", "node-1")
        end = await node.until("ended")
        assert (end["code"], end["reason"]) == (4403, "this certificate was revoked by an operator")
        assert await asyncio.wait_for(node.process.wait(), PATIENCE) == 0


async def check(hub: HubProcess, node: Client) -> None:
    """What the hub made of it: state, records without a flaw, and a start that the client obeys."""
    [known] = await hub.get("/api/edges")
    assert (known["id"], known["software"], known["connected"]) == ("node-1", "node client", True)
    async with asyncio.timeout(PATIENCE):
        while len(alarms := await hub.get("/api/alarms")) < 3:  # noqa: ASYNC110 - records are read after their answer
            await asyncio.sleep(0.02)
    assert {alarm["kind"] for alarm in alarms} == {"edge-alarm"}, alarms  # no gap, no fork, no unreadable record
    start = await hub.http.post("/api/devices/node-1/gun-1/start", json={"caps": {"minutes": 5}})
    started = await node.until("started")
    assert start.json() == {"outcome": "accepted", "session": started["transactionId"], "reason": None}
    assert (started["device"], started["caps"]["minutes"]) == ("gun-1", 5)
    assert await hub.get("/api/defects") == {"NotImplemented": 1}


async def test_it_comes_back_to_a_hub_that_was_away_and_goes_on_where_it_was(tmp_path: Path) -> None:
    with bound(0) as link, bound(0) as enroll:
        ports = [str(port.getsockname()[1]) for port in (link, enroll)]
    where = ("--port", ports[0], "--enroll-port", ports[1])
    async with (
        running(tmp_path, *where, plain=False) as hub,
        client(await command(tmp_path, "add", "node-1")) as node,
    ):
        assert (await node.until("stored", "enrolled", "booted"))["have"] == 3
        await node.until("ready", "refused")
        await hub.kill()
        await node.until("ended")
        async with running(tmp_path, *where, plain=False) as again:
            assert (await node.until("booted", "trouble", "ended"))["have"] == 3
            assert (await node.until("stored"))["have"] == 4
            await node.until("ready", "refused")
            async with asyncio.timeout(PATIENCE):
                while len(alarms := await again.get("/api/alarms")) < 4:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            assert {alarm["kind"] for alarm in alarms} == {"edge-alarm"}, alarms
