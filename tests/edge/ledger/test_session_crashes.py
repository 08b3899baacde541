"""The edge dies before each statement of a story of two guns and two outlets. Each time it wakes in a state that
the table knows, has lost nothing that it told anybody, and bills every session once.
"""

import shutil
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from tests.edge.ledger.opened import open_journal

from chargelink.edge.ledger import Ending, Journal, Sessions
from chargelink.edge.ledger.database import Database
from chargelink.edge.ledger.elapsed import Moment
from chargelink.edge.ledger.session_states import OPEN, State
from chargelink.link.messages import RECORD_LANE
from chargelink.model import (
    Authorisation,
    Period,
    Reading,
    SessionEnded,
    SessionKind,
    SessionStarted,
    StartRefused,
    StopReason,
    Tariff,
    content_of,
)
from chargelink.tariff import reprice

NOW = 1_790_000_000_000
MINUTE = 60_000
ENERGY = Tariff(id="energy", version=1, periods=(Period("00:00", "24:00", "flat", 60_000, 40_000),))
USE = Tariff(id="use", version=1, per_use=200)
TARIFFS = {"energy": ENERGY, "use": USE}
PREPAID = 150


class Story:
    """What was told, and a copy of the files before each statement, with how much was told by then."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "ledger.db"
        self.told: list[SessionStarted | SessionEnded | StartRefused | str] = []
        self.deaths: list[tuple[Path, int]] = []
        self.recording = False
        self.drawn = 0
        self.ms = 0

    def entropy(self, count: int) -> bytes:
        self.drawn += 1
        return self.drawn.to_bytes(count, "big")

    def die(self) -> None:
        """What a kill at this instant would leave."""
        if not self.recording:
            return
        copy = self.folder / f"death-{len(self.deaths)}"
        copy.mkdir()
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{self.path}{suffix}", copy / f"ledger.db{suffix}")
        self.deaths.append((copy / "ledger.db", len(self.told)))

    async def live(self) -> None:
        journal = open_journal(self.path)
        sessions = self.sessions(journal)
        self.recording = True
        agreed = Authorisation(account="a", order="o-1", prepaid=PREPAID)
        begun = []
        for number, (device, outlet) in enumerate([("gun-1", None), ("gun-2", None), ("shed", "A"), ("shed", "B")]):
            socket = outlet is not None
            one = await sessions.begin(
                device,
                SessionKind.SOCKET if socket else SessionKind.DC,
                USE if socket else ENERGY,
                NOW,
                outlet=outlet,
                key=f"{number:08x}" if socket else None,
                remote_start_id=number,
                start=Reading(at=NOW, register=0),
                authorisation=None if socket else agreed,
            )
            begun.append(one.started)
            self.told.append(one.started)
        for minute in (1, 2):
            self.ms = minute * MINUTE
            for place, session in enumerate(begun):
                register = minute * 400_000 * (place + 1)
                await sessions.read(session.session_id, Reading(at=NOW + self.ms, register=register))
        await sessions.stopping(begun[1].session_id, StopReason.REMOTE, "hub")
        self.told.append(begun[1].session_id)
        refused = await sessions.refuse(9, "gun-1", None, "expired", "too late", "o-9", NOW + self.ms)
        assert isinstance(refused, StartRefused)
        self.told.append(refused)
        for place, session in enumerate(begun):
            final = Reading(at=NOW + 3 * MINUTE, register=3 * 400_000 * (place + 1))
            ending = Ending(StopReason.LOCAL, by="driver", reading=final)
            self.told.append(await sessions.end(session.session_id, NOW + 3 * MINUTE, ending))
        position = await journal.position()
        await journal.acknowledge(position.epoch, RECORD_LANE, position.last)
        self.recording = False
        await journal.close()

    def sessions(self, journal: Journal) -> Sessions:
        return Sessions(journal, "edge-1", self.entropy, elapsed=lambda: Moment("b", self.ms))


async def contents(path: Path) -> list[Any]:
    with sqlite3.connect(path) as database:
        rows = database.execute("SELECT kind, body FROM records WHERE lane = ? ORDER BY rowid", (RECORD_LANE,))
        return [content_of(kind, body) for kind, body in rows]


async def wakes(story: Story, path: Path, told: int) -> None:
    """What holds after a death, and after everything that was open has been closed."""
    journal = open_journal(path)
    sessions = story.sessions(journal)
    await sessions.load()
    before = await contents(path)
    for what in story.told[:told]:
        if isinstance(what, str):
            assert await sessions.state(what) not in (State.AUTHORISED, State.CHARGING)
        else:
            assert what in before
    for session in sessions.open:
        assert await sessions.state(session.id) in OPEN
        assert session.started in before
    registers = {"gun-1": 1_300_000, "gun-2": 2_500_000}
    await sessions.close_interrupted(NOW + 4 * MINUTE, registers, ())
    assert sessions.open == ()
    await journal.close()

    after = await contents(path)
    started = [one.session_id for one in after if isinstance(one, SessionStarted)]
    ended = [one for one in after if isinstance(one, SessionEnded)]
    assert sorted(started) == sorted(one.session_id for one in ended)  # once each
    assert max(Counter(started).values(), default=1) == 1
    numbers = [one.remote_start_id for one in after if isinstance(one, SessionStarted | StartRefused)]
    assert len(numbers) == len(set(numbers))
    for one in ended:
        assert reprice(one, TARIFFS[one.tariff_id]) == one.bill
        assert one.bill.energy == one.readings[-1].register - one.readings[0].register
        if one.authorisation is not None:
            assert one.bill.total <= PREPAID


async def test_it_dies_before_every_statement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    story = Story(tmp_path)
    for name in ("execute", "executemany"):
        works = getattr(Database, name)

        def dies(database: Database, *arguments: Any, works: Any = works) -> Any:
            story.die()
            return works(database, *arguments)

        monkeypatch.setattr(Database, name, dies)
    await story.live()
    assert len(story.deaths) > 100
    assert len({told for _, told in story.deaths}) == len(story.told) + 1
    for path, told in story.deaths:
        await wakes(story, path, told)
        shutil.rmtree(path.parent)
