"""A damaged ledger is set aside, never deleted; a new one begins with what it still says. A full disk is no damage."""

import asyncio
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from tests.edge.ledger.opened import open_journal
from tests.edge.ledger.past import alarm

from chargelink.edge.ledger import Journal, LedgerError, Memory, Sessions, aside, schema
from chargelink.edge.ledger import opening as opening_module
from chargelink.edge.ledger.verify import verify
from chargelink.link.messages import RECORD_LANE
from chargelink.model import Alarm, Content, JournalEpoch, SessionKind, SessionStarted, Tariff, content_of

TARIFF = Tariff(id="t", version=1, per_use=100)
BIG = 200  # records: several pages of them
Damage = Callable[[Path], None]


async def full_of(path: Path) -> None:
    """A ledger with 200 records, half of them with the hub, an open session and what drivers remember."""
    journal = open_journal(path)
    await asyncio.gather(*(journal.append(alarm(number), number) for number in range(BIG)))
    await journal.acknowledge((await journal.position()).epoch, RECORD_LANE, BIG // 2)
    await Sessions(journal, "edge-1", os.urandom).begin("gun-1", SessionKind.DC, TARIFF, BIG)
    await Memory(journal).reserve("counter", 7)
    await journal.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "ledger.db"
    asyncio.run(full_of(path))
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    shutil.copy(whole, tmp_path)
    return tmp_path / "ledger.db"


async def waiting(journal: Journal) -> list[Content]:
    records = (await journal.pending(RECORD_LANE, 1000, 1 << 20)).records
    return [content_of(record.kind, record.body) for record in records]


def overwrite(offset: int, data: bytes) -> Damage:
    def damage(path: Path) -> None:
        with path.open("r+b") as file:
            file.seek(offset)
            file.write(data)

    return damage


def statement(text: str) -> Damage:
    def damage(path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("PRAGMA writable_schema = ON")
            database.execute(text)

    return damage


def page_of(table: str) -> Damage:
    def damage(path: Path) -> None:
        with closing(sqlite3.connect(path)) as database:
            ((page,),) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchall()
        overwrite(4096 * (page - 1), bytes(4096))(path)

    return damage


def another_file(path: Path) -> None:
    path.write_bytes(b"not a database at all, but long enough to be read as one" * 100)


DAMAGES: dict[str, tuple[Damage, int | None]] = {  # and how many records can be carried over, if that is certain
    "another file": (another_file, 0),
    "no header": (overwrite(0, bytes(100)), 0),
    "no page of lanes": (page_of("lanes"), 0),
    "no page of sessions": (page_of("sessions"), 102),
    "no page of records": (page_of("records"), 0),
    "a schema of nonsense": (
        statement("UPDATE sqlite_master SET sql = 'NONSENSE' WHERE name = 'records'"),
        None,
    ),
    "no table of lanes": (statement("DROP TABLE lanes"), 0),
    "a record changed": (statement("UPDATE records SET body = x'80' WHERE seq = 151"), 50),
    "a record gone": (statement("DELETE FROM records WHERE seq = 121"), 20),
    "the last record gone": (statement("DELETE FROM records WHERE seq = 202"), 101),
    "half of it": (lambda path: os.truncate(path, path.stat().st_size // 8192 * 4096), None),
}


@pytest.mark.parametrize(("damage", "carried"), DAMAGES.values(), ids=DAMAGES)
async def test_a_damaged_ledger_is_set_aside(path: Path, damage: Damage, carried: int | None) -> None:
    damage(path)
    as_found = path.read_bytes()  # noqa: ASYNC240 - nothing else runs
    journal = open_journal(path)
    first, *others, last = await waiting(journal)
    assert isinstance(first, JournalEpoch)
    assert first.reason == "damaged"
    assert isinstance(last, Alarm)
    assert last.code == "ledger-damaged"
    (old,) = aside.set_aside(path)
    assert old.name in last.text
    assert old.read_bytes() == as_found
    assert carried in (None, len(others))
    assert others[:50] == [alarm(number) for number in range(100, 100 + len(others[:50]))]
    await journal.append(alarm(1), 1)
    await journal.close()
    journal = open_journal(path)
    await journal.close()
    assert len(aside.set_aside(path)) == 1
    assert verify(path).fault is None


async def test_sessions_and_numbers_are_carried_over(path: Path) -> None:
    statement("DELETE FROM records WHERE seq = 121")(path)
    journal = open_journal(path)
    (session,) = await Sessions(journal, "edge-1", os.urandom).load()
    assert (session.started.at, session.tariff) == (BIG, TARIFF)
    assert await Memory(journal).reserve("counter", 1) > 7
    await journal.close()


async def test_an_open_session_without_its_tariff_is_left(path: Path) -> None:
    statement("UPDATE tariffs SET body = x'80'")(path)
    statement("DELETE FROM records WHERE seq = 202")(path)
    journal = open_journal(path)
    assert await Sessions(journal, "edge-1", os.urandom).load() == ()
    assert not any(isinstance(content, SessionStarted) for content in await waiting(journal))
    await journal.close()


@pytest.mark.parametrize("seed", range(40))
async def test_whatever_is_flipped_it_opens_or_says_why(path: Path, seed: int) -> None:
    chance = Random(seed)
    size = os.stat(path).st_size
    for _ in range(chance.choice((1, 10))):
        offset = chance.choice((chance.randrange(100), chance.randrange(size)))
        overwrite(offset, chance.randbytes(chance.choice((1, 4, 400))))(path)
    try:
        journal = open_journal(path)
    except LedgerError as error:
        why = str(error)
    else:
        why = ""
    if why:
        assert "newer version" in why  # the one thing that only its own version can judge
        return
    await journal.append(alarm(1), 1)
    await journal.close()


@pytest.mark.parametrize("garbage", [b"\xff" * 5000, b"\x37\x7f\x06\x82" + bytes(9000)])
async def test_garbage_in_place_of_the_wal(path: Path, garbage: bytes) -> None:
    path.with_name("ledger.db-wal").write_bytes(garbage)
    path.with_name("ledger.db-shm").write_bytes(garbage)
    journal = open_journal(path)
    assert len(await waiting(journal)) == 102
    await journal.close()
    assert verify(path).fault is None


async def test_a_disk_that_is_full_is_no_damage(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    monkeypatch.setattr(schema, "check_file", fail)
    with pytest.raises(LedgerError, match="full"):
        open_journal(path)
    assert aside.set_aside(path) == []


async def test_a_lock_is_no_damage(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LedgerError, match="locked"):
            open_journal(path)
    assert aside.set_aside(path) == []


@pytest.mark.parametrize("step", ["salvage.carry_over", "aside.replace", "aside.finish"])
async def test_a_power_cut_while_it_is_set_aside(path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    statement("DELETE FROM records WHERE seq = 121")(path)
    module, name = step.split(".")
    look = aside.finish

    def cut(*_: object) -> None:
        if name != "finish" or not path.exists():
            raise KeyboardInterrupt
        look(path)

    with monkeypatch.context() as power:
        power.setattr(getattr(opening_module, module), name, cut)
        with pytest.raises(KeyboardInterrupt):
            open_journal(path)
    journal = open_journal(path)
    assert len(await waiting(journal)) == 22
    assert len(aside.set_aside(path)) == 1
    await journal.close()
