"""Sessions and their bills, made from records; each function runs in the transaction that reads the record.

Start and end may come in either order, twice, or alone (a start from before an edge's journal was lost): a session is
what its records together say, and its bill is made once.
"""

from functools import lru_cache

import msgspec

from chargelink.hub.bus import Change
from chargelink.hub.clock import now_ms
from chargelink.hub.services import payments, persons, views
from chargelink.hub.services.evidence import shown
from chargelink.hub.services.orders import Told
from chargelink.hub.services.registers import follow
from chargelink.hub.services.settlement import Settled, settle
from chargelink.hub.store.alarms import write_alarm
from chargelink.hub.store.models import Bill, Record, Session, Settlement, Tariff
from chargelink.model import OccupancyEnded, SessionEnded, SessionStarted, content_of
from chargelink.model import Tariff as TariffDocument


class SessionConflictError(Exception):
    """A record speaks of a session that belongs to somebody else."""


async def start_session(started: SessionStarted) -> list[Change]:
    """A session was authorised. Raises SessionConflictError."""
    row = await known(started)
    if row is not None:
        return []
    row = Session(**beginning(started, started.at))
    await row.save(force_create=True)
    first = () if started.start is None else (started.start,)
    told = [views.change("session", views.session(row)), *await follow(started, first)]
    return [*told, *views.alarms(*await payments.begun(of(started), now_ms()))]


async def end_session(ended: SessionEnded, record: Record) -> list[Change]:
    """A session is over: keep how it ended, and settle its bill. Raises SessionConflictError."""
    row = await known(ended)
    if row is not None and row.ended is not None:
        return await ended_before(row, record)
    row = row or Session(**beginning(ended, ended.started_at))
    row.ended = ended.at
    row.end_record = record.id
    row.stop_reason = ended.stop_reason
    row.stopped_by = ended.stopped_by
    row.energy = ended.bill.energy
    row.soc_start = ended.soc_start
    row.soc_end = ended.soc_end
    row.trip = "" if ended.trip is None else msgspec.json.encode(shown(ended.trip)).decode()
    if ended.vehicle is not None:
        row.person, row.vehicle = ended.vehicle.person, ended.vehicle.box
    await row.save()
    told = await follow(ended, ended.readings)
    seen = (await persons.vehicles([row])).get(row.id)
    return [views.change("session", views.session(row, seen)), *told, *await settle_session(ended)]


async def ended_before(row: Session, record: Record) -> list[Change]:
    """A second end of a session: harmless when it says the same, else for a person to look at."""
    first = await Record.get_or_none(id=row.end_record)
    if first is None or first.hash == record.hash:  # none: given up since, the session is what stays
        return []
    return views.alarms(await write_alarm(row.edge, "ended-twice", row.id, now_ms(), {"session": row.id}))


async def known(content: SessionStarted | SessionEnded) -> Session | None:
    """The session as other records told it. Raises SessionConflictError when it is another edge's."""
    row = await Session.get_or_none(id=content.session_id)
    if row is not None and row.edge != content.edge_id:
        raise SessionConflictError(f"session {row.id} belongs to the edge {row.edge}")
    return row


def beginning(content: SessionStarted | SessionEnded, at: int) -> dict[str, str | int | None]:
    """The columns that start and end of a session both tell."""
    return {
        "id": content.session_id,
        "edge": content.edge_id,
        "device": content.device,
        "outlet": content.outlet,
        "kind": content.kind,
        "authorised_by": content.authorised_by,
        "remote_start_id": content.remote_start_id,
        "started": at,
    }


async def settle_session(ended: SessionEnded) -> list[Change]:
    """Price an ended session; made once, and again only when it could not be priced before."""
    settled = settle(ended, await known_tariff(ended.tariff_hash))
    hub = settled.hub_bill
    charge = payments.Charge(f"charge:{ended.session_id}", of(ended), ended.bill, hub)
    paid = await payments.settle(charge, settled.total, now_ms())
    row = await Bill.get_or_none(session=ended.session_id) or Bill(session=ended.session_id)
    row.update_from_dict(
        {
            "edge": ended.edge_id,
            "at": ended.at,
            "tariff_hash": ended.tariff_hash,
            "account": paid.account,
            "settlement": settled.settlement if paid.total == settled.total else Settlement.LOWER,
            "total": paid.total,
            "edge_total": ended.bill.total,
            "hub_total": None if hub is None else hub.total,
            "edge_bill": msgspec.json.encode(ended.bill).decode(),
            "hub_bill": settled.kept,
        }
    )
    await row.save()
    return [views.change("bill", views.bill(row)), *await alarm_of(ended, settled), *views.alarms(*paid.alarms)]


def of(content: SessionStarted | SessionEnded | OccupancyEnded) -> Told:
    """What a record says of who pays."""
    number = None if isinstance(content, OccupancyEnded) else content.remote_start_id
    return Told(content.edge_id, content.session_id, content.authorisation, number)


async def alarm_of(ended: SessionEnded | OccupancyEnded, settled: Settled) -> list[Change]:
    """What a person should hear of a settlement; nothing where both agree."""
    detail: dict[str, object] = {"session": ended.session_id}
    if settled.settlement is Settlement.AGREED and not settled.split:
        return []
    if settled.split:
        kind = "other-fees"
        detail["total"] = settled.total
    elif settled.hub_bill is not None:
        kind = "lower-price"
        detail |= {"edge": ended.bill.total, "hub": settled.hub_bill.total}
    elif settled.impossible:
        kind = "impossible-readings"
        detail["why"] = settled.impossible
    else:
        kind = "unknown-tariff"
        detail["tariff"] = ended.tariff_id
    subject = ended.session_id if isinstance(ended, SessionEnded) else f"{ended.session_id} occupancy"
    return views.alarms(await write_alarm(ended.edge_id, kind, subject, now_ms(), detail))


async def keep_tariff(tariff: TariffDocument, record: Record) -> list[Change]:
    """A tariff was recorded: price what waited for it. Its name is the hash of the bytes by which it was recorded."""
    await Tariff.get_or_create(
        {"id": tariff.id, "document": record.body, "received": record.received},
        hash=record.hash,
    )
    changes: list[Change] = []
    waiting = Bill.filter(settlement=Settlement.UNPRICED, tariff_hash=record.hash).select_for_update()
    for bill in await waiting:  # a person may be deciding one of them
        session = await Session.get(id=bill.session)
        end = await Record.get_or_none(id=session.end_record)
        if end is None:
            continue  # given up since
        ended = content_of(end.kind, end.body)
        assert isinstance(ended, SessionEnded)
        changes += await settle_session(ended)
    return changes


async def known_tariff(name: str) -> TariffDocument | None:
    """The tariff of this name, which is its hash, if it was recorded or published here."""
    row = await Tariff.get_or_none(hash=name)
    return None if row is None else document(row.hash, row.document)


@lru_cache(maxsize=256)
def document(_: str, body: bytes) -> TariffDocument:
    """The document of a tariff that was read before, by its hash and bytes."""
    tariff = content_of("tariff", body)
    assert isinstance(tariff, TariffDocument)
    return tariff
