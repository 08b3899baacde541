"""Published tariffs as an operator sees them: the versions, and which edge holds what."""

from typing import NamedTuple

from chargelink.hub.services import tariffs
from chargelink.hub.store.models import Edge
from chargelink.hub.store.tariffs import AdoptedTariff, AtEdge, EdgeTariff, PublishedTariff, TariffOffer

WAITING = "waiting"  # not sent yet: the edge is away, has not answered, or takes no tariffs
SUPERSEDED = "superseded"
MOST = 1_000


class Listed(NamedTuple):
    """A version that was published. No edges: all of them."""

    tariff: str
    version: int
    name: str
    hash: str
    valid_from: int
    published: int
    edges: tuple[str, ...]


class Sent(NamedTuple):
    """A tariff at an edge: one that it was offered, or that it says it holds. `since` is None before it answered."""

    edge: str
    tariff: str | None
    version: int | None
    hash: str
    state: str
    since: int | None
    reason: str
    drifts: int


class Adopted(NamedTuple):
    """What an edge's records say began to hold there."""

    edge: str
    tariff: str
    version: int
    hash: str
    source: str
    signed_by: str
    at: int


async def listed(_: int) -> list[Listed]:
    """Every version that was published, by name, the newest first."""
    rows = await PublishedTariff.all().only("hash", "tariff", "version", "name", "valid_from", "at")
    edges: dict[str, set[str]] = {}
    for offer in await TariffOffer.all():
        edges.setdefault(offer.hash, set()).add(offer.edge)
    return [
        Listed(
            row.tariff,
            row.version,
            row.name,
            row.hash,
            row.valid_from,
            row.at,
            () if tariffs.EVERYWHERE in edges[row.hash] else tuple(sorted(edges[row.hash])),
        )
        for row in tariffs.newest_first(rows)
    ]


async def found(name: str) -> PublishedTariff | None:
    """By name (its newest version), by `NAME@VERSION`, or by the first digits of its hash, at least 8."""
    tariff, at, version = name.partition("@")
    if at:
        number = int(version) if version.isascii() and version.isdigit() else -1
        return await PublishedTariff.get_or_none(tariff=tariff, version=number)
    newest = await PublishedTariff.filter(tariff=name).order_by("-version").first()
    if newest is not None or len(name) < 8:
        return newest
    rows = await PublishedTariff.filter(hash__startswith=name.lower()).limit(2)
    return rows[0] if len(rows) == 1 else None


async def sent(now: int, edge: str | None = None) -> list[Sent]:
    """Which edge holds what of that which it should, and what it holds besides."""
    known = {row.id for row in await Edge.all().only("id")}
    known |= {row.edge for row in await TariffOffer.exclude(edge=tariffs.EVERYWHERE).only("edge")}
    names = sorted(one for one in known if edge is None or one == edge)
    return [row for name in names for row in await _of(name, now)]


async def _of(edge: str, now: int) -> list[Sent]:
    wanted = {one.hash: one for one in await tariffs.wanted(edge, now)}
    rows = {row.hash: row for row in await EdgeTariff.filter(edge=edge)}
    told = await PublishedTariff.filter(hash__in=[*rows]).only("hash", "tariff", "version")
    titles = {row.hash: (row.tariff, row.version) for row in told}
    titles |= {one.hash: (one.tariff, one.version) for one in wanted.values()}
    found = []
    for digest in wanted.keys() | rows.keys():
        tariff, version = titles.get(digest, (None, None))
        row = rows.get(digest)
        if row is None:
            found.append(Sent(edge, tariff, version, digest, WAITING, None, "", 0))
            continue
        old = digest not in wanted and row.state != AtEdge.FOREIGN
        state = SUPERSEDED if old else row.state
        found.append(Sent(edge, tariff, version, digest, state, row.at, row.reason, row.drifts))
    return sorted(found, key=lambda row: (row.tariff or "", -(row.version or 0)))


async def adopted(edge: str | None = None) -> list[Adopted]:
    """What edges said in records that began to hold, the newest first."""
    chosen = {} if edge is None else {"edge": edge}
    rows = await AdoptedTariff.filter(**chosen).order_by("-at", "-id").limit(MOST)
    return [Adopted(row.edge, row.tariff, row.version, row.hash, row.source, row.signed_by, row.at) for row in rows]
