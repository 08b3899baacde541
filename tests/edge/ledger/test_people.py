"""Keys of persons: one each, found again, told to the hub until it has them; erased so that nothing is left."""

import shutil
import sqlite3
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.edge.ledger.opened import kinds_waiting, open_journal

from chargelink.edge.ledger import Journal, People, PeopleError
from chargelink.edge.ledger.people import KeyFile
from chargelink.link.messages import PersonKey
from chargelink.trust.personal import Sealed, unseal
from chargelink.wire import DecodeError

VIN, OTHER = "LSIMULATED0000001", "LSIMULATED0000002"
FIELD = "vehicle"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.db"


@pytest.fixture
async def people(path: Path, journal: Journal) -> AsyncIterator[People]:
    people = await People.open(path, journal)
    yield people
    await people.close()


async def keys_of(people: People) -> dict[str, bytes]:
    """As a hub would have them that is told everything."""
    people.tell_again()
    return {key.person: key.key for key in await people.untold()}


async def read(people: People, sealed: Sealed) -> str:
    return unseal(sealed, FIELD, (await keys_of(people))[sealed.person])


def kept(folder: Path) -> bytes:
    """Every byte of people.db and of what SQLite keeps beside it."""
    return b"".join(file.read_bytes() for file in sorted(folder.glob("people.db*")))


def spoil(path: Path) -> None:
    path.write_bytes(b"not a database" * 100)


async def test_who_comes_again_is_the_same_person(path: Path, people: People, journal: Journal) -> None:
    first, other, again = [await people.seal(vin, FIELD) for vin in (VIN, OTHER, VIN)]
    assert first.person == again.person != other.person
    assert first.box != again.box
    assert [await read(people, sealed) for sealed in (first, other)] == [VIN, OTHER]
    await people.close()
    assert VIN.encode() not in kept(path.parent)
    people._keys = KeyFile(path)  # as after a restart
    assert (await people.seal(VIN, FIELD)).person == first.person


async def test_another_edge_calls_the_same_car_otherwise(path: Path, people: People, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    journal = open_journal(tmp_path / "other" / "ledger.db")
    elsewhere = await People.open(tmp_path / "other" / "people.db", journal)
    assert (await elsewhere.seal(VIN, FIELD)).person != (await people.seal(VIN, FIELD)).person
    await elsewhere.close()
    await journal.close()


def test_the_file_is_for_its_owner_alone(path: Path) -> None:
    KeyFile(path).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_nothing_of_an_erased_person_is_left(path: Path, people: People) -> None:
    """Among so many others that their pages were split and balanced."""
    vins = [f"LSIMULATED{number:07}" for number in range(400)]
    sealed = [await people.seal(vin, FIELD) for vin in vins]
    file = sqlite3.connect(path)
    secrets = {row[0]: row[1:] for row in file.execute("SELECT person, key, known_by FROM people")}
    file.close()
    before = kept(path.parent)
    gone = [one.person for one in sealed[::40]]
    assert all(secret in before for person in gone for secret in secrets[person])
    for person in gone:
        assert await people.erase(person, at=7)
    after = kept(path.parent)
    assert not any(secret in after for person in gone for secret in (*secrets[person], person.encode()))
    assert await read(people, sealed[1]) == vins[1]


async def test_who_was_erased_and_comes_again_is_somebody_new(people: People) -> None:
    first = await people.seal(VIN, FIELD)
    await people.erase(first.person, at=7)
    again = await people.seal(VIN, FIELD)
    assert again.person != first.person
    with pytest.raises(DecodeError):
        unseal(Sealed(person=first.person, box=first.box), FIELD, (await keys_of(people))[again.person])


async def test_an_erasure_is_recorded_once_also_of_somebody_unknown(people: People, journal: Journal) -> None:
    sealed = await people.seal(VIN, FIELD)
    for person in (sealed.person, sealed.person, "0" * 32):
        await people.erase(person, at=7)
    assert await kinds_waiting(journal) == ["person.erased", "person.erased"]
    assert not await people.erase(sealed.person, at=8)


async def test_an_erasure_goes_on_after_the_edge_died_in_between(path: Path, people: People, journal: Journal) -> None:
    """The ledger knows it, the key is still there: what a copy of people.db that was put back looks like, too."""
    sealed = await people.seal(VIN, FIELD)
    key = (await keys_of(people))[sealed.person]
    await people.close()
    shutil.copy(path, path.with_name("copy"))
    people._keys = KeyFile(path)
    await people.erase(sealed.person, at=7)
    await people.close()
    path.with_name("copy").replace(path)
    assert key in kept(path.parent)
    again = await People.open(path, journal)
    assert key not in kept(path.parent)
    assert await keys_of(again) == {}
    people._keys = again._keys


async def test_a_scrub_that_was_cut_short_is_made_up_for(path: Path) -> None:
    file = KeyFile(path)
    sealed, _ = file.seal(VIN, FIELD)
    (key,) = file.untold()
    with file._database as database:  # deleted, and the edge died
        database.execute("UPDATE edge SET unscrubbed = 1")
        database.execute("DELETE FROM people WHERE person = ?", (sealed.person,))
    file.close()
    KeyFile(path).close()
    assert key.key not in kept(path.parent)


async def test_somebody_who_reads_the_file_holds_an_erasure_up_and_it_can_be_repeated(
    path: Path, people: People
) -> None:
    sealed = await people.seal(VIN, FIELD)
    key = (await keys_of(people))[sealed.person]
    reader = sqlite3.connect(path)
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM people").fetchall()
    with pytest.raises(PeopleError):
        await people.erase(sealed.person, at=7)
    reader.close()
    await people.erase(sealed.person, at=7)
    assert key not in kept(path.parent)


async def test_keys_are_told_until_the_hub_has_them(people: People) -> None:
    told: list[int] = []
    people.on_change = lambda: told.append(1)
    first, second = [(await people.seal(vin, FIELD)).person for vin in (VIN, OTHER)]
    assert len(told) == 2
    assert {key.person for key in await people.untold()} == {first, second}
    await people.told([first])
    assert [key.person for key in await people.untold()] == [second]
    await people.told([second])
    assert await people.untold() == ()
    assert not people.waiting
    await people.seal(VIN, FIELD)
    assert not people.waiting  # the hub has it already
    people.tell_again()
    assert {key.person for key in await people.untold()} == {first, second}


async def test_a_key_is_a_key(people: People) -> None:
    await people.seal(VIN, FIELD)
    (key,) = await people.untold()
    assert isinstance(key, PersonKey)
    assert len(key.key) == 32


async def test_a_damaged_file_is_set_aside_and_alarmed(path: Path, journal: Journal) -> None:
    spoil(path)
    people = await People.open(path, journal)
    sealed = await people.seal(VIN, FIELD)
    assert await read(people, sealed) == VIN
    assert await kinds_waiting(journal) == ["alarm"]
    assert kept(path.parent).startswith(b"SQLite")
    assert b"not a database" in kept(path.parent)
    await people.erase(sealed.person, at=7)
    assert b"not a database" not in kept(path.parent)
    await people.close()


async def test_a_file_of_a_newer_version_is_left_alone(path: Path, journal: Journal) -> None:
    KeyFile(path).close()
    file = sqlite3.connect(path)
    file.execute("PRAGMA user_version = 99")
    file.close()
    with pytest.raises(PeopleError, match="newer version"):
        await People.open(path, journal)
    assert kept(path.parent)
