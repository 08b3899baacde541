"""Bills for staying plugged in after a charge (占位费), each in the transaction that reads its record."""

import msgspec

from chargelink.hub.bus import Change
from chargelink.hub.clock import now_ms
from chargelink.hub.services import payments, views
from chargelink.hub.services.sessions import SessionConflictError, alarm_of, known_tariff, of
from chargelink.hub.services.settlement import Settled, settle
from chargelink.hub.store.alarms import write_alarm
from chargelink.hub.store.models import Record, Session, Settlement
from chargelink.hub.store.money import Lease, OccupancyBill, Order
from chargelink.model import OccupancyEnded, content_of

SLACK = 600_000  # ms that the clock of an edge may be off


async def end(content: OccupancyEnded, record: Record) -> list[Change]:
    """A place was left: price it again, and settle it once. Raises SessionConflictError."""
    session = await Session.get_or_none(id=content.session_id)
    before = await OccupancyBill.get_or_none(session=content.session_id)
    for row in (session, before):
        if row is not None and row.edge != content.edge_id:
            raise SessionConflictError(f"session {content.session_id} belongs to the edge {row.edge}")
    if before is None:
        return await _settle(content, record)
    first = await Record.get_or_none(id=before.record)
    if first is None or first.hash == record.hash:
        return []
    detail: dict[str, object] = {"session": content.session_id}
    return views.alarms(await write_alarm(record.edge, "occupancy-twice", content.session_id, now_ms(), detail))


async def _settle(content: OccupancyEnded, record: Record) -> list[Change]:
    if why := await _impossible(content, record):
        settled = Settled(Settlement.UNPRICED, impossible=why)
    else:
        settled = settle(content, await known_tariff(content.tariff_hash))
    hub = settled.hub_bill
    charge = payments.Charge(f"occupancy:{content.session_id}", of(content), content.bill, hub)
    paid = await payments.settle_occupancy(charge, settled.total, now_ms())
    row = await OccupancyBill.get_or_none(session=content.session_id) or OccupancyBill(session=content.session_id)
    row.update_from_dict(
        {
            "edge": content.edge_id,
            "account": paid.account,
            "at": content.at,
            "record": record.id,
            "tariff_hash": content.tariff_hash,
            "settlement": settled.settlement,
            "total": paid.total,
            "edge_total": content.bill.total,
            "hub_total": None if hub is None else hub.total,
            "edge_bill": msgspec.json.encode(content.bill).decode(),
            "hub_bill": settled.kept,
        }
    )
    await row.save()
    return [*await alarm_of(content, settled), *views.alarms(*paid.alarms)]


async def _impossible(content: OccupancyEnded, record: Record) -> str:
    """Why nobody can have stayed so long: no longer than since the charge ended, and since its money was set aside."""
    session = await Session.get_or_none(id=content.session_id)
    known = (await _set_aside(content), 0 if session is None or session.ended is None else session.ended)
    since = max(at for at in (*known, 0) if at <= record.received)  # a later one is by a clock that is wrong
    most = record.received - since + SLACK
    return f"{content.duration} ms of staying, and it cannot be more than {most}" if content.duration > most else ""


async def _set_aside(content: OccupancyEnded) -> int:
    """When the money of a charge was set aside, by our own clock; 0 for none that is known here."""
    agreed = content.authorisation
    if agreed is None:
        return 0
    order = None if agreed.order is None else await Order.get_or_none(id=agreed.order)
    held = agreed.lease or agreed.voucher
    lease = None if held is None else await Lease.get_or_none(id=held)
    return max((row.created for row in (order, lease) if row is not None), default=0)


async def price_waiting(tariff_hash: str) -> list[Change]:
    """A tariff was recorded: price what waited for it."""
    changes: list[Change] = []
    waiting = OccupancyBill.filter(settlement=Settlement.UNPRICED, tariff_hash=tariff_hash).select_for_update()
    for bill in await waiting:  # a person may be deciding one of them
        record = await Record.get_or_none(id=bill.record)
        if record is None:
            continue  # given up since
        content = content_of(record.kind, record.body)
        assert isinstance(content, OccupancyEnded)
        changes += await _settle(content, record)
    return changes
