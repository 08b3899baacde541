"""Keys of persons at the hub: kept wrapped, shown masked, erased for good, asked for again when they are lost."""

import asyncio
import json
import os
import secrets
from pathlib import Path
from typing import Any

import pytest
from tests.hub.conftest import PATIENCE, Hub, Place
from tests.hub.fake_edge import TARIFF_BODY, FakeEdge, ended, identifier, record, started

from chargelink.hub.services import persons
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.persons import ErasedPerson
from chargelink.hub.store.persons import PersonKey as PersonKeyRow
from chargelink.hub.store.vault import Erased, Vault, VaultError, Whose, unlocked
from chargelink.link.messages import PersonKey
from chargelink.model import VEHICLE
from chargelink.trust.personal import Sealed, seal

VIN, MASKED = "LSIMULATED0000001", "LSI**********0001"
PERSON = "0123456789abcdef" * 2
KEY = bytes(range(32))
SESSION = identifier(7)
KEYS = {"keys": [{"person": PERSON, "key": KEY}]}


def vehicle(person: str = PERSON, key: bytes = KEY) -> dict[str, Any]:
    sealed: Sealed = seal(VIN, VEHICLE, person, key, secrets.token_bytes(12))
    return {"person": sealed.person, "box": sealed.box}


async def charged(edge: FakeEdge) -> None:
    """A session whose car said its VIN."""
    await edge.send(
        record(1, "tariff", TARIFF_BODY),
        record(2, "session.started", started(edge.edge, SESSION)),
        record(3, "session.ended", ended(edge.edge, SESSION, vehicle=vehicle())),
    )


async def seen(hub: Hub, sight: str) -> Any:
    """What everybody may see of the car, as soon as it is so."""

    def so(sessions: Any) -> bool:
        return bool(sessions and sessions[0]["vehicle"] and sessions[0]["vehicle"]["sight"] == sight)

    (session,) = await hub.until("/api/sessions", so)
    return session["vehicle"]


async def asked(edge: FakeEdge) -> tuple[str, dict[str, Any]]:
    return await asyncio.wait_for(edge.asked.get(), PATIENCE)


async def test_a_vin_is_shown_masked(hub: Hub) -> None:
    edge = await hub.edge()
    await edge.boot()
    assert await edge.call("PersonKeys", KEYS) == {}
    await charged(edge)
    assert await seen(hub, "known") == {"person": PERSON, "sight": "known", "masked": MASKED}
    one = await hub.get(f"/api/sessions/{SESSION}")
    assert one["session"]["vehicle"]["masked"] == MASKED
    for path in ("/api/sessions", "/api/bills", "/api/alarms", "/api/devices"):
        assert VIN not in (await hub.http.get(path)).text


async def test_no_key_lies_in_the_database(hub: Hub, place: Place) -> None:
    edge = await hub.edge()
    await edge.boot()
    await edge.call("PersonKeys", KEYS)
    ((person, wrapped),) = await place.rows("SELECT person, wrapped FROM person_key")
    assert person == PERSON
    assert KEY not in bytes(wrapped)


async def test_a_key_may_come_again_but_never_another(hub: Hub) -> None:
    edge = await hub.edge()
    await edge.boot()
    for _ in range(2):
        await edge.call("PersonKeys", KEYS)
    await edge.call("PersonKeys", {"keys": [{"person": PERSON, "key": bytes(32)}]})
    await charged(edge)
    await seen(hub, "known")  # the first
    (alarm,) = await hub.get("/api/alarms")
    assert alarm["kind"] == "person-key-changed"
    assert KEY.hex() not in json.dumps(alarm)


async def test_a_person_of_one_edge_is_nobody_at_another(hub: Hub) -> None:
    edge, other = await hub.edge(), await hub.edge("edge-2")
    await other.boot()
    await other.call("PersonKeys", {"keys": [{"person": PERSON, "key": bytes(32)}]})
    await edge.boot()
    await edge.call("PersonKeys", KEYS)
    await charged(edge)
    await seen(hub, "known")


async def test_an_edge_that_erased_somebody_says_so_in_a_record(hub: Hub, place: Place) -> None:
    edge = await hub.edge()
    await edge.boot()
    await edge.call("PersonKeys", KEYS)
    await charged(edge)
    await seen(hub, "known")
    await edge.send(record(4, "person.erased", {"person": PERSON, "at": 7}))
    assert await seen(hub, "erased") == {"person": PERSON, "sight": "erased", "masked": None}
    assert await place.rows("SELECT person FROM person_key") == []
    (bill,) = await hub.get("/api/bills")
    assert bill["total"] == 700  # stays


async def test_an_edge_that_tells_the_key_of_an_erased_person_is_told_to_erase_it(hub: Hub, place: Place) -> None:
    """It was restored from a backup."""
    edge = await hub.edge()
    await edge.boot()
    edge.answers["ErasePerson"] = {"status": "Accepted"}
    await edge.send(record(1, "person.erased", {"person": PERSON, "at": 7}))
    async with asyncio.timeout(PATIENCE):
        while not await place.rows("SELECT person FROM erased_person"):  # noqa: ASYNC110 - asking is the condition
            await asyncio.sleep(0.01)
    await edge.call("PersonKeys", KEYS)
    assert await asked(edge) == ("ErasePerson", {"person": PERSON})
    assert await place.rows("SELECT person FROM person_key") == []


async def test_a_hub_that_lacks_a_key_asks_for_it(hub: Hub) -> None:
    edge = await hub.edge()
    await edge.boot()
    await charged(edge)
    await seen(hub, "no-key")
    again = await hub.edge()
    again.answers["TriggerMessage"] = {"status": "Accepted"}
    await again.boot()
    assert await asked(again) == ("TriggerMessage", {"requestedMessage": "PersonKeys"})
    await again.call("PersonKeys", KEYS)
    await seen(hub, "known")


async def test_whom_the_list_names_stays_erased_in_a_database_from_a_backup(tables: Engine, place: Place) -> None:
    with unlocked(place.directory):
        await persons.keep("edge-1", [PersonKey(person=PERSON, key=KEY)], at=1)
        assert await persons.erase("edge-1", PERSON, 2, obeyed=True)
        assert not await persons.erase("edge-1", PERSON, 3, obeyed=True)
        await ErasedPerson.all().delete()
        await persons.keep("edge-1", [PersonKey(person=PERSON, key=KEY)], at=1)  # as the backup has it
        await persons.make_up()
        assert await PersonKeyRow.all() == []
        (row,) = await ErasedPerson.all()
        assert (row.edge, row.person, row.at, row.obeyed) == ("edge-1", PERSON, 2, None)


async def test_keys_of_another_hub_are_dropped_and_asked_for(tables: Engine, place: Place) -> None:
    with unlocked(place.directory):
        await persons.keep("edge-1", [PersonKey(person=PERSON, key=KEY)], at=1)
    (place.directory / "persons.key").unlink()
    with unlocked(place.directory):
        await persons.make_up()
        assert await PersonKeyRow.all() == []


def test_a_torn_line_of_the_list_is_passed_over(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.note(Erased("edge-1", PERSON, 7))
    with (tmp_path / "erased.jsonl").open("ab") as file:
        file.write(b'\xff\n{"edge": "edge-1", "per')
    vault.note(Erased("edge-2", PERSON, 8))
    assert [line.edge for line in vault.noted()] == ["edge-1", "edge-2"]


def test_a_key_file_that_cannot_be_used_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "persons.key"
    path.write_text("5f")
    path.chmod(0o600)
    with pytest.raises(VaultError, match="no key"):
        Vault(tmp_path)
    path.chmod(0o644)
    with pytest.raises(VaultError, match="chmod 600"):
        Vault(tmp_path)


def test_a_wrapped_key_is_bound_to_its_person(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    whose = Whose("edge-1", PERSON)
    wrapped = vault.wrap(KEY, whose)
    assert Vault(tmp_path).unwrap(wrapped, whose) == KEY
    assert vault.unwrap(wrapped, whose._replace(edge="edge-2")) is None
    assert vault.unwrap(os.urandom(60), whose) is None
    assert vault.unwrap(b"", whose) is None
    assert oct((tmp_path / "persons.key").stat().st_mode)[-3:] == "600"
    assert KEY not in wrapped
