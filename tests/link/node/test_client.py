"""An edge in another language, which shares no code with ours and follows the pages, and the hub as users start it."""

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
PAGE = Path(__file__).parents[3] / "docs" / "protocols" / "link.md"
pytestmark = pytest.mark.skipif(NODE is None and os.environ.get("CI") != "true", reason="needs Debian's package nodejs")


class Client:
    """The process: what it is told to do, and what it says happened."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    async def tell(self, *words: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.writelines(f"{word}\n".encode() for word in words)
        await self.process.stdin.drain()

    async def until(self, event: str, *skipped: str) -> dict[str, Any]:
        """The next line about this; nothing else may happen before it but what is skipped."""
        assert self.process.stdout is not None
        while True:
            line = await asyncio.wait_for(self.process.stdout.readline(), PATIENCE)
            told: dict[str, Any] = json.loads(line)
            if told["event"] == event:
                return told
            assert told["event"] in skipped, told

    async def stored(self, record: int, telemetry: int = 0) -> None:
        """Until the hub has so much of both lanes."""
        have = {"record": 0, "telemetry": 0}
        while have["record"] < record or have["telemetry"] < telemetry:
            told = await self.until("stored", "session")
            have[told["lane"]] = told["have"]


@asynccontextmanager
async def client(folder: Path, token: str) -> AsyncIterator[Client]:
    process = await asyncio.create_subprocess_exec(
        str(NODE),
        *(str(CLIENT), str(folder), token, str(PAGE)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
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


async def command(data: Path, *line: str, exits: int = 0) -> str:
    """`chargelink hub ...` beside a hub that runs; what it printed."""
    arguments = (sys.executable, "-m", "chargelink.cli", "hub", *line, "--data", str(data))
    process = await asyncio.create_subprocess_exec(
        *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, errors = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == exits, (out, errors)
    return out.decode().strip()


async def read(hub: HubProcess, what: str, count: int) -> list[dict[str, Any]]:
    """So many of `/api/WHAT`: records are read after they were acknowledged."""
    async with asyncio.timeout(PATIENCE):
        while len(found := await hub.get(f"/api/{what}")) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert len(found) == count, found
    return list(found)


async def test_it_enrols_charges_renews_and_is_refused_when_revoked(tmp_path: Path) -> None:
    data = tmp_path / "hub"
    async with (
        running(data, plain=False) as hub,
        client(tmp_path / "edge", await command(data, "edge", "add", "node-1")) as node,
    ):
        assert (await node.until("enrolled", "ca-pinned"))["edge"] == "node-1"
        assert (await node.until("booted"))["have"] == {"record": 0, "telemetry": 0}
        await sells(hub, node)
        await obeys(hub, node)
        await node.tell("renew")
        assert (await node.until("renewed"))["compressed"] > 0
        await node.until("closed")
        assert (await node.until("booted"))["have"] == {"record": 6, "telemetry": 2}
        await node.tell("alarm")
        await node.stored(7)
        await faultless(hub, alarms=2)
        assert "all right" in await command(data, "verify")
        await command(data, "edge", "revoke", "node-1")
        refused = await node.until("refused", "closed")
        assert (refused["code"], refused["reason"]) == (4403, "this certificate was revoked by an operator")
        assert await asyncio.wait_for(node.process.wait(), PATIENCE) == 1


async def sells(hub: HubProcess, node: Client) -> None:
    """A session over the boundary of two prices, an alarm, a call that is told twice and one that nobody knows."""
    [known] = await hub.get("/api/edges")
    assert (known["id"], known["software"], known["connected"]) == ("node-1", "node client", True)
    await node.tell("session", "alarm")
    await node.stored(4, 1)
    [bill] = await read(hub, "bills", 1)
    assert (bill["settlement"], bill["edgeTotal"], bill["hubTotal"]) == ("agreed", 983, 983)
    [session] = await read(hub, "sessions", 1)
    assert (session["energy"], session["stopReason"]) == (10_344_001, "Local")
    await samples(hub, session["id"])
    await node.tell("again")
    assert (await node.until("again"))["have"] == 4
    await node.tell("nonsense")
    assert (await node.until("failed"))["code"] == "NotImplemented"
    assert await hub.get("/api/defects") == {"NotImplemented": 1}


async def samples(hub: HubProcess, session: str) -> None:
    """Each sample of the telemetry block as it was measured: [UTC ms, mV, mA, mW, 0.1 %, mWh]."""
    async with asyncio.timeout(PATIENCE):
        while not (points := (await hub.get(f"/api/sessions/{session}/samples"))["points"]):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    first = points[0][0]
    assert points == [
        [first + at * 1000, 400_000, 10_000, 4_000_000 + at % 7, None if at < 5 else 500 + at // 20, energy]
        for at in range(60)
        for energy in [(at * 4_000_000 + 1800) // 3600]
    ]


async def obeys(hub: HubProcess, node: Client) -> None:
    """The edge says that it lives; the hub starts and stops a session, and gets its end."""
    await node.tell("heartbeat")
    await node.until("heartbeat")
    start = await hub.http.post("/api/devices/node-1/gun-1/start", json={"caps": {"minutes": 5}})
    started = await node.until("start")
    assert start.json() == {"outcome": "accepted", "session": started["transactionId"], "reason": None}
    assert started["caps"]["minutes"] == 5
    await node.stored(5)
    await read(hub, "sessions", 2)
    await state(hub, "charging")
    stop = await hub.http.post(f"/api/sessions/{started['transactionId']}/stop")
    assert stop.json()["outcome"] == "accepted"
    assert (await node.until("stop", "session"))["transactionId"] == started["transactionId"]
    await node.stored(6, 2)
    await state(hub, "idle")
    bills = await read(hub, "bills", 2)
    assert {bill["settlement"] for bill in bills} == {"agreed"}


async def state(hub: HubProcess, expected: str) -> None:
    """Once the hub was told so of the gun."""
    async with asyncio.timeout(PATIENCE):
        while [device["state"] for device in await hub.get("/api/devices")] != [expected]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def faultless(hub: HubProcess, alarms: int) -> None:
    """No gap, no fork, no wrong signature, no unreadable record: only what the edge says."""
    assert {alarm["kind"] for alarm in await read(hub, "alarms", alarms)} == {"edge-alarm"}


async def test_it_comes_back_to_a_hub_that_was_away_and_goes_on_where_it_was(tmp_path: Path) -> None:
    with bound(0) as link, bound(0) as enroll:
        ports = [str(port.getsockname()[1]) for port in (link, enroll)]
    where = ("--port", ports[0], "--enroll-port", ports[1])
    data = tmp_path / "hub"
    async with (
        running(data, *where, plain=False) as hub,
        client(tmp_path / "edge", await command(data, "edge", "add", "node-1")) as node,
    ):
        await node.until("booted", "ca-pinned", "enrolled")
        await node.tell("alarm")
        await node.stored(1)
        await hub.kill()
        await node.until("closed")
        await node.tell("session", "alarm")
        await node.until("session", "closed")
        async with running(data, *where, plain=False) as again:
            assert (await node.until("booted", "closed"))["have"] == {"record": 1, "telemetry": 0}
            await node.stored(5, 1)
            [bill] = await read(again, "bills", 1)
            assert bill["settlement"] == "agreed"
            await faultless(again, alarms=2)


async def test_one_that_was_restored_from_a_backup_begins_a_new_epoch(tmp_path: Path) -> None:
    data, edge, backup = tmp_path / "hub", tmp_path / "edge", tmp_path / "backup"
    async with running(data, plain=False) as hub:
        async with client(edge, await command(data, "edge", "add", "node-1")) as node:
            await node.until("booted", "ca-pinned", "enrolled")
            await node.tell("session")
            await node.stored(3, 1)
            shutil.copytree(edge, backup)
            await node.tell("session", "alarm")
            await node.stored(6, 2)
            await node.tell("stop")
            await node.until("closed")
            assert await asyncio.wait_for(node.process.wait(), PATIENCE) == 0
        async with client(backup, "") as node:
            assert (await node.until("booted"))["have"] == {"record": 0, "telemetry": 0}
            await node.stored(1)
            await node.tell("alarm")
            await node.stored(2)
            alarms = await read(hub, "alarms", 3)
            assert sorted(alarm["kind"] for alarm in alarms) == ["edge-alarm", "edge-alarm", "journal-epoch"], alarms
            [began] = [alarm for alarm in alarms if alarm["kind"] == "journal-epoch"]
            assert began["detail"]["reason"] == "hub-ahead"
    assert "all right" in await command(data, "verify")
