"""Keys of persons: kept when an edge tells them, used to show a masked field, gone when somebody is erased."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import structlog
from tortoise.transactions import in_transaction

from chargelink.hub.services.seen import Seen, Sight
from chargelink.hub.store.alarms import write_alarm
from chargelink.hub.store.models import Alarm, Session
from chargelink.hub.store.persons import ErasedPerson
from chargelink.hub.store.persons import PersonKey as KeyRow
from chargelink.hub.store.statements import fetched
from chargelink.hub.store.vault import Erased, Whose, vault
from chargelink.link.messages import PersonKey
from chargelink.model import VEHICLE
from chargelink.trust.personal import Sealed, unseal
from chargelink.wire import DecodeError

AT_ONCE = 500  # rows in one statement

LACKING = """
    SELECT DISTINCT s."edge" FROM "session" s WHERE s."edge" IN ({}) AND s."person" IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM "person_key" k WHERE k."edge" = s."edge" AND k."person" = s."person")
    AND NOT EXISTS (SELECT 1 FROM "erased_person" e WHERE e."edge" = s."edge" AND e."person" = s."person")
"""

log = structlog.get_logger()


async def keep(edge: str, keys: Iterable[PersonKey], at: int) -> list[Alarm]:
    """Store what an edge told, durably when this returns; alarms for what contradicts.

    A person who was erased stays erased: the edge has the key from a backup, and is told again to erase it.
    """
    told = {key.person: key.key for key in keys}
    async with in_transaction():
        erased = await ErasedPerson.filter(edge=edge, person__in=[*told]).values_list("person", flat=True)
        await ErasedPerson.filter(edge=edge, person__in=[*told]).update(obeyed=None)
        rows = {row.person: row for row in await KeyRow.filter(edge=edge, person__in=[*told])}
        fresh = told.keys() - {*map(str, erased)}
        alarms = [await _keep(edge, person, told[person], rows.get(person), at) for person in fresh]
    return [alarm for alarm in alarms if alarm is not None]


async def _keep(edge: str, person: str, key: bytes, row: KeyRow | None, at: int) -> Alarm | None:
    whose = Whose(edge, person)
    if row is None:
        await KeyRow.create(edge=edge, person=person, wrapped=vault().wrap(key, whose), since=at)
        return None
    held = vault().unwrap(row.wrapped, whose)
    if held is None:  # wrapped by a hub that this one is no more
        await KeyRow.filter(id=row.id).update(wrapped=vault().wrap(key, whose))
        return None
    if held == key:
        return None
    return await write_alarm(edge, "person-key-changed", person, at, {"edge": edge, "person": person})


async def erase(edge: str, person: str, at: int, *, obeyed: bool) -> bool:
    """Erase a person; whether that is news. `obeyed` says that the edge has done it; else it is told to.

    First the list has it, then the database: whatever happens in between, the next start goes on.
    """
    before = await ErasedPerson.get_or_none(edge=edge, person=person)
    if before is None:
        await asyncio.to_thread(vault().note, Erased(edge, person, at))
    elif obeyed and before.obeyed is None:
        await ErasedPerson.filter(id=before.id).update(obeyed=at)
    async with in_transaction():
        await KeyRow.filter(edge=edge, person=person).delete()
        if before is None:
            row = {"at": at, "obeyed": at if obeyed else None}
            await ErasedPerson.get_or_create(row, edge=edge, person=person)
    return before is None


async def make_up() -> None:
    """At the start: what a database from a backup does not know, or holds that is of no use any more.

    Whom the list names is erased, and their edges are told again. Keys that were wrapped by another hub go: the edges
    are asked for them.
    """
    count = 0
    for line in await asyncio.to_thread(lambda: [*vault().noted()]):
        if not await ErasedPerson.exists(edge=line.edge, person=line.person):
            count += 1
            async with in_transaction():
                await KeyRow.filter(edge=line.edge, person=line.person).delete()
                await ErasedPerson.create(edge=line.edge, person=line.person, at=line.at, obeyed=None)
    if count:
        log.warning("persons erased again: the database is from a backup", persons=count)
    useless = [row.id for row in await KeyRow.all() if vault().unwrap(row.wrapped, Whose(row.edge, row.person)) is None]
    for first in range(0, len(useless), AT_ONCE):
        await KeyRow.filter(id__in=useless[first : first + AT_ONCE]).delete()
    if useless:
        log.warning("keys of persons do not open with persons.key; their edges are asked for them", keys=len(useless))


async def lacking_keys(edges: Collection[str]) -> set[str]:
    """Those of the edges of which a session holds a field whose key is not here, though nobody erased it."""
    names, found = sorted(edges), set[str]()
    for first in range(0, len(names), AT_ONCE):
        some = names[first : first + AT_ONCE]
        rows = await fetched(LACKING.format(", ".join("?" * len(some))), some)
        found |= {str(row["edge"]) for row in rows}
    return found


async def vehicles(sessions: Iterable[Session]) -> Mapping[str, Seen]:
    """The VIN of each of these sessions that has one, as far as it can be seen, by the session's id."""
    rows = [session for session in sessions if session.person]
    if not rows:
        return {}
    persons = {row.person for row in rows}
    wrapped = {(row.edge, row.person): row.wrapped for row in await KeyRow.filter(person__in=[*persons])}
    erased = set(await ErasedPerson.filter(person__in=[*persons]).values_list("edge", "person"))
    return {row.id: _seen(row, wrapped, erased) for row in rows}


def _seen(session: Session, wrapped: Mapping[tuple[str, str], bytes], erased: Collection[Any]) -> Seen:
    whose = Whose(session.edge, session.person or "")
    if whose in erased:
        return Seen(Sight.ERASED)
    key = vault().unwrap(wrapped[whose], whose) if whose in wrapped else None
    if key is None:
        return Seen(Sight.NO_KEY)
    try:
        return Seen(Sight.KNOWN, unseal(Sealed(person=whose.person, box=session.vehicle or b""), VEHICLE, key))
    except DecodeError:
        return Seen(Sight.DAMAGED)
