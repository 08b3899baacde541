"""A hub in one file and back again, by the command, with a real edge."""

import asyncio
import stat
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.hub.conftest import PATIENCE, Place
from tests.hub.hub_process import HubProcess, running
from tests.hub.saved import journal, saved
from tests.hub.test_real_edge import RealEdge

from chargelink.hub.store.address import DATABASE

__all__ = ["journal", "saved"]


@pytest.fixture(autouse=True)
def _where(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the database is, for every command."""
    if place.url is not None:
        monkeypatch.setenv(DATABASE, place.url)


async def command(*line: str) -> tuple[int, str]:
    """Run `chargelink hub ...` as its users do; its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chargelink.cli", "hub", *line, "--lang", "en"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    return process.returncode or 0, said.decode()


async def until(hub: HubProcess, path: str, good: Callable[[Any], Any]) -> Any:
    async with asyncio.timeout(PATIENCE):
        while not good(json := await hub.get(path)):  # noqa: ASYNC110 - asking again is the condition
            await asyncio.sleep(0.01)
    return json


async def charge(hub: HubProcess, edge: RealEdge) -> str:
    """A session from its start to its bill."""
    before = len(await hub.get("/api/bills"))
    session: str = (await hub.http.post("/api/devices/edge-1/gun-1/start")).json()["session"]
    await edge.end(session)
    await until(hub, "/api/bills", lambda bills: len(bills) == before + 1)
    return session


async def test_what_came_after_a_backup_comes_again_and_everything_is_there_once(tmp_path: Path, place: Place) -> None:
    data, file = place.directory, tmp_path / "hub.backup"
    async with running(data) as hub:
        ports = ("--port", hub.link.rpartition(":")[2], "--web-port", hub.web.rpartition(":")[2])
        edge = RealEdge(tmp_path, hub.link)
        await until(hub, "/api/devices", len)
        first = await charge(hub, edge)
        assert (await command("backup", "--data", str(data), str(file)))[0] == 0
        second = await charge(hub, edge)
        code, said = await command("restore", "--data", str(data), "--force", str(file))
        assert (code, "another hub is using" in said) == (2, True)
        assert await hub.stop() == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    code, said = await command("restore", "--data", str(data), str(file))
    assert (code, "--force" in said) == (2, True)
    code, said = await command("restore", "--data", str(data), "--force", str(file))
    assert (code, "all right" in said) == (0, True), said
    async with running(data, *ports) as hub:
        bills = await until(hub, "/api/bills", lambda bills: len(bills) == 2)
        assert {bill["session"] for bill in bills} == {first, second}
        assert {bill["settlement"] for bill in bills} == {"agreed"}
        assert len(await hub.get("/api/sessions")) == 2
        third = await charge(hub, edge)
        assert [alarm["kind"] for alarm in await hub.get("/api/alarms")] == []
        assert await hub.stop() == 0
    await edge.close()
    code, said = await command("verify", "--data", str(data))
    assert (code, "all right" in said) == (0, True), said
    rows = await place.rows("SELECT count(*), count(DISTINCT seq) FROM record")
    assert rows[0][0] == rows[0][1]
    assert (await place.rows("SELECT count(*) FROM bill"))[0][0] == len({first, second, third})


async def test_the_keys_of_the_hub_are_in_it_and_those_of_persons_are_not(saved: Path, tmp_path: Path) -> None:
    with tarfile.open(saved) as archive:
        assert sorted(archive.getnames()) == ["hub.db", "identity/ca.pem", "manifest.json"]
    target = tmp_path / "elsewhere"
    code, said = await command("restore", "--data", str(target), "--force", str(saved))
    assert (code, "1 lanes, 12 records, 1 signatures: all right" in said) == (0, True), said
    key = target / "identity" / "ca.pem"
    assert (key.read_text(), stat.S_IMODE(key.stat().st_mode)) == ("the key of the hub", 0o600)
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    assert (await command("verify", "--data", str(target)))[0] == 0
