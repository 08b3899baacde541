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
COLUMNS = "h.hash, h.source, h.number, h.at, h.devices, h.signer, h.signature, h.used, t.body"


class HeldTariff(NamedTuple):
    """A tariff as it was adopted at `at` (UTC ms) from `source`; `number` counts adoptions. No `devices` are all.

    `signer` and `signature` are None for one of the configuration; `used` says that a session was begun under it.
    """

    hash: str
    source: str
    number: int
    at: int
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
    row = database.execute(
        "SELECT devices FROM held_tariffs WHERE hash = ? AND source = ? AND dropped = 0", (digest, adoption.source)
    ).fetchone()
    if row is not None and row[0] == devices:
        return digest
    used = not keep_document(database, adoption.tariff, at)  # a document that was there may have been sold by
    journal.append(database, _adopted(adoption, digest, at), at)
    (number,) = database.execute("SELECT coalesce(max(number), 0) + 1 FROM held_tariffs").fetchone()
    database.execute(
        "INSERT INTO held_tariffs (hash, source, number, at, valid_from, devices, signer, signature, used, dropped)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT (hash, source) DO UPDATE SET"
        " number = excluded.number, at = excluded.at, devices = excluded.devices, signer = excluded.signer,"
        " signature = excluded.signature, dropped = 0",
        (
            digest,
            adoption.source,
            number,
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


def drop_files(database: Database, but: set[str]) -> None:
    """What was configured before and is not any more holds no longer; it stays to be seen."""
    rows = database.execute("SELECT hash FROM held_tariffs WHERE source = ? AND dropped = 0", (FILE,)).fetchall()
    gone = [(digest, FILE) for (digest,) in rows if digest not in but]
    database.executemany("UPDATE held_tariffs SET dropped = 1 WHERE hash = ? AND source = ?", gone)


def in_force(database: Database, device: str, now: int) -> Iterator[HeldTariff]:
    """What may hold at a device: begun by now (UTC ms), the latest beginning first, of equals the later adopted."""
    rows = database.execute(
        f"SELECT {COLUMNS} FROM held_tariffs h JOIN tariffs t ON t.hash = h.hash"  # noqa: S608
        " WHERE h.dropped = 0 AND h.valid_from <= ? ORDER BY h.valid_from DESC, h.number DESC",
        (now,),
    )
    for row in rows:
        devices = msgspec.msgpack.decode(row[4], type=tuple[str, ...])
        if not devices or device in devices:
            yield _held(*row)


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
        "SELECT hash FROM held_tariffs WHERE source = ? ORDER BY number DESC LIMIT ?", (HUB, most)
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
        devices=msgspec.msgpack.decode(devices, type=tuple[str, ...]),
        signer=signer,
        signature=signature,
        used=bool(used),
        tariff=msgspec.msgpack.decode(body, type=Tariff),
    )
