"""Persons as an operator sees them by a command: random names, masked data, who was erased."""

from collections.abc import Iterable
from typing import NamedTuple

from chargelink.hub.services import persons
from chargelink.hub.services.seen import Seen
from chargelink.hub.store.alarms import write_alarm
from chargelink.hub.store.models import Session
from chargelink.hub.store.persons import ErasedPerson, PersonKey

MOST = 1_000


class Shown(NamedTuple):
    """A person: since when the key is here, when they were erased and when their edge obeyed, their last session."""

    edge: str
    person: str
    since: int | None
    erased: int | None
    obeyed: int | None
    last: int | None
    vehicle: Seen | None


async def listed(_: int, edge: str | None = None) -> list[Shown]:
    """The newest persons, those who were erased among them."""
    chosen = {} if edge is None else {"edge": edge}
    keys = await PersonKey.filter(**chosen).order_by("-id").limit(MOST)
    gone = await ErasedPerson.filter(**chosen).order_by("-id").limit(MOST)
    return await _shown({(row.edge, row.person) for row in keys} | {(row.edge, row.person) for row in gone})


async def found(person: str) -> list[Shown]:
    """Everybody of this name: one, unless two edges chose the same random name."""
    keys = {(row.edge, person) for row in await PersonKey.filter(person=person)}
    gone = {(row.edge, person) for row in await ErasedPerson.filter(person=person)}
    names = keys | gone | {(row.edge, person) for row in await Session.filter(person=person)}
    return await _shown(names)


async def sessions(edge: str, person: str) -> list[Session]:
    """Their sessions, newest first."""
    return await Session.filter(edge=edge, person=person).order_by("-started").limit(MOST)


async def revealed(edge: str, person: str, at: int) -> None:
    """Somebody has seen the data of a person in plain: keep that it was so."""
    await write_alarm(edge, "person-revealed", f"{person} {at}", at, {"edge": edge, "person": person})


async def _shown(names: Iterable[tuple[str, str]]) -> list[Shown]:
    rows = [await _one(edge, person) for edge, person in names]
    return sorted(rows, key=lambda row: (row.edge, -(row.last or row.since or row.erased or 0)))


async def _one(edge: str, person: str) -> Shown:
    key = await PersonKey.get_or_none(edge=edge, person=person)
    gone = await ErasedPerson.get_or_none(edge=edge, person=person)
    last = await Session.filter(edge=edge, person=person).order_by("-started").first()
    seen = (await persons.vehicles([last])).get(last.id) if last else None
    return Shown(
        edge,
        person,
        key.since if key else None,
        gone.at if gone else None,
        gone.obeyed if gone else None,
        last.started if last else None,
        seen,
    )
