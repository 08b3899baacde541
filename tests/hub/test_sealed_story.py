"""From the plug to the erasure, and what the supervisor reads: edge, hub and commands as their users have them."""

import asyncio
import json
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.edge.ledger.opened import KEY, open_journal
from tests.hub.hub_process import HubProcess, running
from tests.hub.test_backup import command, until
from tests.metering.lane import SUPERVISOR

from chargelink.cli.main import main
from chargelink.edge.board import Board
from chargelink.edge.ledger import Ending, People, Sessions, Supervision
from chargelink.edge.uplink import Command, Uplink
from chargelink.link.shape import Shape
from chargelink.model import VEHICLE, Period, Reading, SessionKind, StopReason, Tariff

TARIFF = Tariff(id="t", version=1, periods=(Period(start="00:00", end="24:00", name="flat", energy_price=60_000),))
NOW = 1_763_571_600_000
VINS = ("LSIMULATED0000001", "LSIMULATED0000002")


async def nothing(_: Command, __: float) -> Shape:
    raise NotImplementedError


class Site:
    """An edge that seals: for persons, and for the supervisor."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = open_journal(folder / "ledger.db")
        supervision = Supervision("edge-1", SUPERVISOR.public, {"gun-1": "000000000161"})
        self.sessions = Sessions(self.journal, "edge-1", os.urandom, supervision)

    async def open(self, link: str) -> None:
        self.people = await People.open(self.folder / "people.db", self.journal)
        uplink = Uplink(link, "edge-1", "test", self.journal, Board(), nothing, lambda: NOW, people=self.people)
        self.uplink, self.task = uplink, asyncio.create_task(uplink.run(), name="uplink")

    async def charge(self, number: int) -> str:
        """A car of each VIN in turn."""
        at, register = NOW + number * 3_600_000, number * 10_000_000
        start = Reading(at=at, register=register)
        begun = await self.sessions.begin("gun-1", SessionKind.DC, TARIFF, at, start=start)
        session = begun.started.session_id
        await self.sessions.identify(session, await self.people.seal(VINS[number % 2], VEHICLE))
        end = Reading(at=at + 1_800_000, register=register + 10_000_000)
        await self.sessions.end(session, end.at, Ending(StopReason.EV_DISCONNECTED, by="vehicle", reading=end))
        return session

    async def close(self) -> None:
        self.uplink.end()
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task
        await self.people.close()
        await self.journal.close()


async def vehicles(hub: HubProcess, *sights: str) -> list[Any]:
    """The cars of all sessions, the first charged first, as soon as they can be seen so far."""

    def so(sessions: Any) -> bool:
        return [one["vehicle"] and one["vehicle"]["sight"] for one in reversed(sessions)] == [*sights]

    return [one["vehicle"] for one in reversed(await until(hub, "/api/sessions", so))]


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name in ("hub", "edge"):
        (tmp_path / name).mkdir()
    key = tmp_path / "supervisor.key"
    key.write_text(SUPERVISOR.private.hex())
    key.chmod(0o600)
    return tmp_path


def key_of(file: Path, person: str) -> bytes:
    with closing(sqlite3.connect(file)) as database:
        (key,) = database.execute("SELECT key FROM people WHERE person = ?", (person,)).fetchone()
    return bytes(key)


def anywhere(folder: Path, secret: bytes) -> list[str]:
    return [str(file) for file in folder.rglob("*") if file.is_file() and secret in file.read_bytes()]


async def test_erasable_and_provable_at_once(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, site = files / "hub", Site(files / "edge")
    async with running(data) as hub:
        await site.open(hub.link)
        for number in range(3):
            await site.charge(number)
        first, second, third = await vehicles(hub, "known", "known", "known")
        assert first["person"] == third["person"] != second["person"]
        assert [one["masked"] for one in (first, second)] == ["LSI**********0001", "LSI**********0002"]
        person = first["person"]
        key = key_of(files / "edge" / "people.db", person)

        code, said = await command("person", "show", person, "--data", str(data))
        assert (code, VINS[0] in said, said.count("LSI**********0001")) == (0, False, 3)
        code, said = await command("person", "show", person, "--data", str(data), "--reveal")
        assert said.count(VINS[0]) == 2
        (alarm,) = await until(hub, "/api/alarms", lambda alarms: alarms)
        assert alarm["kind"] == "person-revealed"
        code, _ = await command("backup", str(files / "hub.backup"), "--data", str(data))
        assert code == 0

        code, _ = await command("person", "erase", person, "--data", str(data))
        assert code == 0
        await vehicles(hub, "erased", "known", "erased")
        async with asyncio.timeout(60):
            while "at the edge too" not in (await command("person", "list", "--data", str(data)))[1]:
                pass
        assert anywhere(files / "edge", key) == []
        assert [bill["total"] for bill in await hub.get("/api/bills")] == [600] * 3
        assert (await command("verify", "--data", str(data)))[0] == 0

        file = files / "metering.jsonl"
        code, said = await command("export-metering", "edge-1", str(file), "--data", str(data))
        assert (code, "3 records" in said) == (0, True)
        assert (await command("export-metering", "edge-2", str(files / "none"), "--data", str(data)))[0] == 2
    await site.close()

    for vin in VINS:
        assert anywhere(files, vin.encode()) == []
    line = ["metering", "read", str(file), "--key", str(files / "supervisor.key"), "--edge-key", KEY.public.hex()]
    capsys.readouterr()
    assert await asyncio.to_thread(main, [*line, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [one["end"]["register"] for one in told["opened"]] == [10_000_000, 20_000_000, 30_000_000]
    assert (told["signed"], told["findings"]) == (3, [])
    await put_back(files, person, site.folder)


async def put_back(files: Path, person: str, folder: Path) -> None:
    """The backup of before the erasure is restored: nobody comes back, and nobody else is lost."""
    data = files / "hub"
    code, said = await command("restore", str(files / "hub.backup"), "--data", str(data), "--force")
    assert code == 0, said
    site = Site(folder)
    async with running(data) as hub:
        await site.open(hub.link)
        seen = await vehicles(hub, "erased", "known", "erased")
        assert seen[0]["person"] == person
    await site.close()
    elsewhere = files / "elsewhere"  # without the list and without persons.key: the edge's records erase again
    assert (await command("restore", str(files / "hub.backup"), "--data", str(elsewhere)))[0] == 0
    site = Site(folder)
    async with running(elsewhere) as hub:
        await site.open(hub.link)
        await vehicles(hub, "erased", "known", "erased")
    await site.close()
