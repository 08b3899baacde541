"""The register of a meter over a day: what its sessions took, and what flowed between them, which nobody pays.

What is sold by energy is the difference of two readings of a register; here it is followed from one session to the
next. A socket has no register, and neither has a gun that is only watched.
"""

from collections.abc import Sequence
from typing import NamedTuple

from chargelink.hub.services.reconciling.bills import Settled
from chargelink.hub.services.reconciling.figures import Place, Sheet, Span
from chargelink.hub.store.models import Record, Session
from chargelink.model import AuthorisedBy, SessionEnded, SessionKind, content_of
from chargelink.wire import DecodeError


class Metered(NamedTuple):
    """A session by the register: when it began to be read, and both ends."""

    at: int
    first: int
    last: int
    session: str


Chains = dict[Place, list[Metered]]


async def read(some: Sequence[Settled], sheet: Sheet, chains: Chains) -> None:
    """Read the registers of sessions out of their records, and compare each bill's energy with its own."""
    metered = [one for one in some if _has_register(one)]
    numbers = [one.row["end_record"] for one in metered if one.row["end_record"] is not None]
    records = {row.id: row for row in await Record.filter(id__in=numbers)}
    for one in metered:
        found = metered_of(records.get(one.row["end_record"]), one.session)
        figures = sheet.at(one.place)
        if found is None:
            figures.unread += 1
            continue
        chains.setdefault(one.place, []).append(found)
        figures.metered = (figures.metered or 0) + found.last - found.first
        note = f"{found.first} .. {found.last} mWh"
        sheet.compare("energy", one.place, one.session, one.bill.energy, found.last - found.first, note)


def _has_register(one: Settled) -> bool:
    return bool(one.row["kind"] == SessionKind.DC and one.row["authorised_by"] != AuthorisedBy.MONITOR)


def metered_of(record: Record | None, session: str) -> Metered | None:
    """A session by its record; None without readings, or where the record is gone."""
    if record is None:
        return None
    try:
        ended = content_of(record.kind, record.body)
    except DecodeError:
        return None
    if not isinstance(ended, SessionEnded) or not ended.readings:
        return None
    first, last = ended.readings[0], ended.readings[-1]
    return Metered(first.at, first.register, last.register, session)


async def follow(span: Span, sheet: Sheet, chains: Chains) -> None:
    """Follow each register from the last session before the span to the end of it."""
    for place, chain in chains.items():
        chain.sort()
        figures = sheet.at(place)
        figures.first_register, figures.last_register = chain[0].first, chain[-1].last
        before = await _before(place, span)
        for earlier, later in zip([before, *chain], chain, strict=False):
            if earlier is None:
                continue
            if later.first < earlier.last:
                note = f"session {earlier.session} ended at it"
                sheet.compare("register", place, later.session, later.first, earlier.last, note)
            else:
                figures.between += later.first - earlier.last


async def _before(place: Place, span: Span) -> Metered | None:
    """The last session of a device before the span."""
    row = (
        await Session.filter(edge=place.edge, device=place.device, ended__lt=span.begin, kind=SessionKind.DC)
        .exclude(authorised_by=AuthorisedBy.MONITOR)
        .order_by("-ended")
        .first()
    )
    if row is None or row.end_record is None:
        return None
    return metered_of(await Record.get_or_none(id=row.end_record), row.id)
