"""Who stays plugged in after a charge (占位), as the ledger remembers it: across restarts, and billed once.

A stay is kept when it begins and at least every minute; its end is one transaction with its record. Every function
raises LedgerError.
"""

import msgspec

from chargelink.edge.ledger import journal
from chargelink.edge.ledger.database import Database
from chargelink.edge.ledger.journal import Journal
from chargelink.edge.ledger.memory import drop, keep, value_of
from chargelink.model import Alarm, Authorisation, OccupancyEnded, SessionEnded, Tariff
from chargelink.tariff import price_occupancy

NAMED = "occupancy/"


class Stay(msgspec.Struct, frozen=True):
    """One stay: after which session, since when (UTC ms), and for how long as far as anybody saw it (ms)."""

    session_id: str
    edge_id: str
    device: str
    outlet: str | None
    tariff_id: str
    tariff_hash: str
    started_at: int
    kept_at: int  # UTC ms
    duration: int = 0
    warned: bool = False
    authorisation: Authorisation | None = None

    @property
    def name(self) -> str:
        """Its place, in the ledger's memory."""
        return NAMED + place(self.device, self.outlet)


def place(device: str, outlet: str | None) -> str:
    """A place's name."""
    return device if outlet is None else f"{device}/{outlet}"


def after(ended: SessionEnded) -> Stay:
    """The stay that begins when a session has ended."""
    return Stay(
        session_id=ended.session_id,
        edge_id=ended.edge_id,
        device=ended.device,
        outlet=ended.outlet,
        tariff_id=ended.tariff_id,
        tariff_hash=ended.tariff_hash,
        started_at=ended.at,
        kept_at=ended.at,
        authorisation=ended.authorisation,
    )


def over(stay: Stay, tariff: Tariff, now: int) -> OccupancyEnded:
    """The record of a stay that ended at `now`, UTC ms, with its bill."""
    return OccupancyEnded(
        session_id=stay.session_id,
        edge_id=stay.edge_id,
        device=stay.device,
        outlet=stay.outlet,
        tariff_id=stay.tariff_id,
        tariff_hash=stay.tariff_hash,
        started_at=stay.started_at,
        at=max(now, stay.started_at),
        duration=stay.duration,
        authorisation=stay.authorisation,
        bill=price_occupancy(tariff, stay.tariff_hash, stay.session_id, stay.duration),
    )


async def load(ledger: Journal, device: str, outlet: str | None) -> tuple[Stay, Tariff] | None:
    """The stay that was under way at a place when the edge last stopped, and its tariff."""

    def find(database: Database) -> tuple[Stay, Tariff] | None:
        value = value_of(database, NAMED + place(device, outlet))
        if value is None:
            return None
        stay = msgspec.msgpack.decode(value, type=Stay)
        row = database.execute("SELECT body FROM tariffs WHERE hash = ?", (stay.tariff_hash,)).fetchone()
        return None if row is None else (stay, msgspec.msgpack.decode(row[0], type=Tariff))

    return await ledger.writer.run(find)


async def under_way(ledger: Journal) -> list[tuple[str, str | None]]:
    """The places, device and outlet, at which a stay was under way when the edge last stopped."""

    def find(database: Database) -> list[tuple[str, str | None]]:
        rows = database.execute("SELECT value FROM memory WHERE substr(name, 1, ?) = ?", (len(NAMED), NAMED)).fetchall()
        stays = [msgspec.msgpack.decode(value, type=Stay) for (value,) in rows]
        return [(stay.device, stay.outlet) for stay in stays]

    return await ledger.writer.run(find)


async def tariff_of(ledger: Journal, ended: SessionEnded) -> Tariff | None:
    """The tariff of a session."""

    def find(database: Database) -> Tariff | None:
        row = database.execute("SELECT body FROM tariffs WHERE hash = ?", (ended.tariff_hash,)).fetchone()
        return None if row is None else msgspec.msgpack.decode(row[0], type=Tariff)

    return await ledger.writer.run(find)


async def remember(ledger: Journal, stay: Stay, told: Alarm | None = None) -> None:
    """Keep how far a stay has come, and record what its driver was told, both or neither."""

    def store(database: Database) -> None:
        keep(database, stay.name, msgspec.msgpack.encode(stay))
        if told is not None:
            journal.append(database, told, told.at)

    await ledger.writer.run(store)


async def end(ledger: Journal, stay: Stay, ended: OccupancyEnded) -> bool:
    """Record that a stay is over, once: False if that was done."""

    def store(database: Database) -> bool:
        value = value_of(database, stay.name)
        if value is None or msgspec.msgpack.decode(value, type=Stay).session_id != stay.session_id:
            return False
        drop(database, stay.name)
        journal.append(database, ended, ended.at)
        return True

    return await ledger.writer.run(store)
