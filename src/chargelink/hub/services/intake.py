"""Stored records become sessions, bills, tariffs and alarms: each record once, in the order stored.

What cannot be read is quarantined with the reason and the next one is read: nothing blocks a lane.
"""

import hashlib
from collections.abc import Awaitable, Callable

import structlog
from tortoise.transactions import in_transaction

from chargelink.hub.bus import Change
from chargelink.hub.clock import now_ms
from chargelink.hub.services import authorising, leases, occupancy, persons, tariffs, views, vouchers
from chargelink.hub.services.evidence import shown
from chargelink.hub.services.reading import Reader
from chargelink.hub.services.sessions import end_session, keep_tariff, start_session
from chargelink.hub.store.alarms import write_alarm
from chargelink.hub.store.models import Quarantine, Record
from chargelink.hub.store.progress import RECORDS, reach, reached
from chargelink.hub.store.trouble import is_trouble
from chargelink.link.messages import RECORD_LANE
from chargelink.model import (
    Alarm,
    Content,
    JournalEpoch,
    LeaseClosed,
    OccupancyEnded,
    PersonErased,
    SessionEnded,
    SessionStarted,
    StartRefused,
    Tariff,
    TariffAdopted,
    Trip,
    content_of,
)
from chargelink.wire import DecodeError

log = structlog.get_logger()


class UnreadableError(Exception):
    """A record that says nothing we can use; the message is for the person who will look at it."""


class Intake(Reader):
    """The one who reads records."""

    async def read_waiting(self) -> int:
        waiting = await Record.filter(id__gt=await reached(RECORDS)).order_by("id").limit(self.at_once)
        if not waiting:
            return 0
        late = self.deadline()
        changes: list[Change] = []
        async with in_transaction():
            count = 0
            for record in waiting:
                changes += await self.read(record)
                count += 1
                if late():
                    break
            await reach(RECORDS, waiting[count - 1].id)
        for change in changes:
            self.bus.publish(change)
        return count

    async def read(self, record: Record) -> list[Change]:
        """Read one record, all of it or nothing; what changed is to be published after the commit."""
        if record.lane != RECORD_LANE:
            return []  # kept as it came: not for us to read
        try:
            async with in_transaction():
                content = understood(record)
                return await READERS[type(content)](record, content)
        except Exception as failure:  # whatever it is, it must not stop the records behind it
            if is_trouble(failure):
                raise  # the database's, not the record's
            return await self.quarantine(record, str(failure) or type(failure).__name__)

    async def quarantine(self, record: Record, why: str) -> list[Change]:
        """Put a record where a person will find it."""
        log.warning("quarantined", record=key_of(record), why=why)
        await Quarantine.update_or_create({"why": why, "at": now_ms()}, record=record.id)
        detail: dict[str, object] = {"key": key_of(record), "why": why}
        return views.alarms(await write_alarm(record.edge, "quarantined", key_of(record), now_ms(), detail))


def key_of(record: Record) -> str:
    """A record's key as people read it."""
    return f"{record.edge}/{record.epoch}/{record.lane}/{record.seq}"


def understood(record: Record) -> Content:
    """What a record says. Raises UnreadableError."""
    if (actual := hashlib.sha256(record.body).hexdigest()) != record.hash:
        raise UnreadableError(f"the bytes are not the ones that were hashed: {actual}, not {record.hash}")
    try:
        content = content_of(record.kind, record.body)
    except DecodeError as error:
        raise UnreadableError(str(error)) from None
    speaker = getattr(content, "edge_id", record.edge)
    if speaker != record.edge:
        raise UnreadableError(f"speaks for the edge {speaker}")
    return content


async def read_started(record: Record, content: Content) -> list[Change]:
    assert isinstance(content, SessionStarted)
    return await start_session(content)


async def read_ended(record: Record, content: Content) -> list[Change]:
    assert isinstance(content, SessionEnded)
    return await end_session(content, record)


async def read_tariff(record: Record, content: Content) -> list[Change]:
    assert isinstance(content, Tariff)
    return [*await keep_tariff(content, record), *await occupancy.price_waiting(record.hash)]


async def read_adopted(record: Record, content: Content) -> list[Change]:
    assert isinstance(content, TariffAdopted)
    return await tariffs.adopted(content, record)


async def read_lease(record: Record, content: Content) -> list[Change]:
    assert isinstance(content, LeaseClosed)
    return await leases.closed(content, record)


async def read_refused(record: Record, content: Content) -> list[Change]:
    assert isinstance(content, StartRefused)
    return views.alarms(*await authorising.refused(content, now_ms()))


async def read_occupancy(record: Record, content: Content) -> list[Change]:
    assert isinstance(content, OccupancyEnded)
    return await occupancy.end(content, record)


async def read_trip(record: Record, content: Content) -> list[Change]:
    assert isinstance(content, Trip)
    detail: dict[str, object] = {
        "device": content.device,
        "rule": content.rule,
        "values": shown(content.values),
        "session": content.session_id,
    }
    return views.alarms(await write_alarm(record.edge, "trip", record.hash, content.at, detail))


async def read_alarm(record: Record, content: Content) -> list[Change]:
    assert isinstance(content, Alarm)
    detail: dict[str, object] = {
        "code": content.code,
        "text": content.text,
        "device": content.device,
        "session": content.session_id,
    }
    return views.alarms(await write_alarm(record.edge, "edge-alarm", record.hash, content.at, detail))


async def read_epoch(record: Record, content: Content) -> list[Change]:
    assert isinstance(content, JournalEpoch)
    await leases.void(record.edge)
    await vouchers.void(record.edge)
    detail: dict[str, object] = {"edge": record.edge, "reason": content.reason, "previous": content.previous}
    return views.alarms(await write_alarm(record.edge, "journal-epoch", record.hash, content.at, detail))


async def read_erased(record: Record, content: Content) -> list[Change]:
    assert isinstance(content, PersonErased)
    await persons.erase(record.edge, content.person, content.at, obeyed=True)
    return []


READERS: dict[type[Content], Callable[[Record, Content], Awaitable[list[Change]]]] = {
    SessionStarted: read_started,
    SessionEnded: read_ended,
    Tariff: read_tariff,
    TariffAdopted: read_adopted,
    LeaseClosed: read_lease,
    StartRefused: read_refused,
    OccupancyEnded: read_occupancy,
    Trip: read_trip,
    Alarm: read_alarm,
    JournalEpoch: read_epoch,
    PersonErased: read_erased,
}
