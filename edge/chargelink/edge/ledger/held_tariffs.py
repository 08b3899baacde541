"""The tables of tariffs, within a transaction: what was ever published to this edge, by whom, and who may.

`tariffs` has each document once, under its hash; `held_tariffs` has where it came from, in the order of adoption. A
document that a session was ever begun under is never dropped.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from chargelink.edge.ledger import journal
from chargelink.edge.ledger.database import Database
from chargelink.model import Tariff, TariffAdopted, body_of
from chargelink.tariff import tariff_hash

MOST_UNUSED = 10_000  # documents that no session was begun under; then the oldest of them go
HUB, SCREEN, FILE = "hub", "screen", "file"
COLUMNS = "h.hash, h.source, h.number, h.at, h.until, h.devices, h.signer, h.signature, h.used, t.body"


class HeldTariff(NamedTuple):
    """A tariff as it was adopted at `at` (UTC ms) from `source`; `number` counts adoptions. No `devices` are all.

    It holds no longer from `until`: the configuration has another, or it was sent again for other devices. `signer`
    and `signature` are None for one of the configuration; `used` says that a session was begun under it.
    """

    hash: str
    source: str
    number: int
    at: int
    until: int | None
    devices: tuple[str, ...]
    signer: bytes | None
    signature: bytes | None
    used: bool
    tariff: Tariff


class Adoption(NamedTuple):
    """A tariff to be adopted, checked before: `devices` at which it holds, none = all."""

    tariff: Tariff
    source: str
    devices: tuple[str, ...] = ()
    signer: bytes | None = None
    signature: bytes | None = None


def adopt(database: Database, adoption: Adoption, at: int) -> str:
    """Hold a tariff from now on, recorded with its document if that is new; its hash.

    One that is held from the same source, at the same devices, changes nothing.
    """
    digest = tariff_hash(adoption.tariff)
    devices = msgspec.msgpack.encode(adoption.devices)
    open_now = "hash = ? AND source = ? AND until IS NULL"
    row = database.execute(
        f"SELECT devices FROM held_tariffs WHERE {open_now}",  # noqa: S608
        (digest, adoption.source),
    ).fetchone()
    if row is not None and row[0] == devices:
        return digest
    used = not keep_document(database, adoption.tariff, at)  # a document that was there may have been sold by
    journal.append(database, _adopted(adoption, digest, at), at)
    database.execute(f"UPDATE held_tariffs SET until = ? WHERE {open_now}", (at, digest, adoption.source))  # noqa: S608
    database.execute(
        "INSERT INTO held_tariffs (hash, source, at, valid_from, devices, signer, signature, used)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            digest,
            adoption.source,
            at,
            adoption.tariff.valid_from,
            devices,
            adoption.signer,
            adoption.signature,
            used,
        ),
    )
    _bound(database)
    return digest


def keep_document(database: Database, tariff: Tariff, at: int) -> bool:
    """Keep a document and record it, once; whether it is new."""
    row = (tariff_hash(tariff), body_of(tariff))
    new = database.execute("INSERT OR IGNORE INTO tariffs VALUES (?, ?)", row).rowcount > 0
    if new:
        journal.append(database, tariff, at)
    return new


def use(database: Database, tariff: Tariff, at: int) -> None:
    """A session begins under a tariff: its document is recorded before the session is, and is kept for good."""
    keep_document(database, tariff, at)
    database.execute("UPDATE held_tariffs SET used = 1 WHERE hash = ? AND used = 0", (tariff_hash(tariff),))


def drop_files(database: Database, but: set[str], at: int) -> None:
    """What was configured before and is not any more holds no longer; it stays to be seen."""
    rows = database.execute("SELECT hash FROM held_tariffs WHERE source = ? AND until IS NULL", (FILE,)).fetchall()
    database.executemany(
        "UPDATE held_tariffs SET until = ? WHERE hash = ? AND source = ? AND until IS NULL",
        [(at, digest, FILE) for (digest,) in rows if digest not in but],
    )


def in_force(database: Database, device: str, now: int) -> Iterator[HeldTariff]:
    """What may hold at a device: begun by now (UTC ms), the latest beginning first, of equals the later adopted."""
    return _of(database, device, "h.until IS NULL AND h.valid_from <= ?1", now)


def was_in_force(database: Database, device: str, then: int) -> Iterator[HeldTariff]:
    """The same, as it was at a time in the past."""
    held = "h.at <= ?1 AND (h.until IS NULL OR h.until > ?1)"
    return _of(database, device, f"{held} AND h.valid_from <= ?1", then)


def _of(database: Database, device: str, where: str, time: int) -> Iterator[HeldTariff]:
    rows = database.execute(
        f"SELECT {COLUMNS} FROM held_tariffs h JOIN tariffs t ON t.hash = h.hash"  # noqa: S608
        f" WHERE {where} ORDER BY h.valid_from DESC, h.number DESC",
        (time,),
    )
    for row in rows:
        held = _held(*row)
        if not held.devices or device in held.devices:
            yield held


def all_held(database: Database, most: int) -> list[HeldTariff]:
    """The newest adopted, newest first; those of files that are configured no longer, too."""
    rows = database.execute(
        f"SELECT {COLUMNS} FROM held_tariffs h JOIN tariffs t ON t.hash = h.hash ORDER BY h.number DESC LIMIT ?",  # noqa: S608
        (most,),
    )
    return [_held(*row) for row in rows]


def sent(database: Database, most: int) -> tuple[str, ...]:
    """The hashes of what the hub sent, the newest of them, oldest first."""
    rows = database.execute(
        "SELECT hash FROM held_tariffs WHERE source = ? AND until IS NULL ORDER BY number DESC LIMIT ?", (HUB, most)
    ).fetchall()
    return tuple(digest for (digest,) in reversed(rows))


def trusted(database: Database) -> bytes | None:
    """The public key by which tariffs of the hub must be signed; None before the first."""
    row = database.execute("SELECT public FROM tariff_signers ORDER BY number DESC LIMIT 1").fetchone()
    return None if row is None else bytes(row[0])


def trust(database: Database, public: bytes, at: int, by: str) -> bool:
    """Believe this key from now on, and no other; False if it was believed already."""
    if trusted(database) == public:
        return False
    database.execute("INSERT INTO tariff_signers (public, at, by) VALUES (?, ?, ?)", (public, at, by))
    return True


def _adopted(adoption: Adoption, digest: str, at: int) -> TariffAdopted:
    return TariffAdopted(
        tariff_id=adoption.tariff.id,
        tariff_hash=digest,
        version=adoption.tariff.version,
        source=adoption.source,
        at=at,
        signer=adoption.signer,
        signature=adoption.signature,
        devices=adoption.devices,
    )


def _bound(database: Database) -> None:
    """Drop the oldest documents that no session was begun under; never one of the configuration."""
    (unused,) = database.execute("SELECT count(*) FROM held_tariffs WHERE used = 0 AND source <> ?", (FILE,)).fetchone()
    if unused <= MOST_UNUSED:
        return
    gone = database.execute(
        "SELECT hash FROM held_tariffs WHERE used = 0 AND source <> ? ORDER BY number LIMIT ?",
        (FILE, unused - MOST_UNUSED),
    ).fetchall()
    database.executemany(
        "DELETE FROM held_tariffs WHERE hash = ? AND used = 0 AND source <> ?", [(*row, FILE) for row in gone]
    )
    database.executemany(
        "DELETE FROM tariffs WHERE hash = ?1 AND NOT EXISTS (SELECT 1 FROM held_tariffs WHERE hash = ?1)", gone
    )


def _held(
    digest: str,
    source: str,
    number: int,
    at: int,
    until: int | None,
    devices: bytes,
    signer: bytes | None,
    signature: bytes | None,
    used: int,
    body: bytes,
) -> HeldTariff:
    return HeldTariff(
        hash=digest,
        source=source,
        number=number,
        at=at,
        until=until,
        devices=msgspec.msgpack.decode(devices, type=tuple[str, ...]),
        signer=signer,
        signature=signature,
        used=bool(used),
        tariff=msgspec.msgpack.decode(body, type=Tariff),
    )
