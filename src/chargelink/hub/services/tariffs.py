"""Tariffs as this hub publishes them: signed, never changed, each sent to the edges that it is for.

What is sent are bytes: the document as it was encoded once, named by its SHA-256. The hub keeps every version, so that
any session can be priced again, and knows of each edge which it holds.
"""

from collections.abc import Collection, Iterable
from typing import NamedTuple, Protocol

import msgspec
from tortoise.transactions import in_transaction

from chargelink.hub.bus import Change
from chargelink.hub.services import views
from chargelink.hub.store import keys
from chargelink.hub.store.alarms import write_alarm
from chargelink.hub.store.models import Alarm, Record
from chargelink.hub.store.models import Tariff as TariffRow
from chargelink.hub.store.tariffs import AdoptedTariff, AtEdge, EdgeTariff, PublishedTariff, TariffOffer
from chargelink.link.chain import record_hash
from chargelink.link.pricing import LARGEST_TARIFF, MOST_DEVICES, SignedTariff
from chargelink.model import Tariff, TariffAdopted, body_of
from chargelink.trust import tariffs as trust

EVERYWHERE = ""
MOST_EDGES = 500  # named in one publication; for more, publish for all


class PublishError(ValueError):
    """A tariff that cannot be published so; the message says what to do."""


class Signer(trust.Signing, Protocol):
    """The hub's key for tariffs."""

    public: bytes


class Aim(NamedTuple):
    """Whom a tariff is for: edges, none for all; devices of each of them, none for all."""

    edges: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()


class Wanted(NamedTuple):
    """A tariff that an edge should hold."""

    hash: str
    tariff: str
    version: int
    valid_from: int
    devices: tuple[str, ...]


async def publish(tariff: Tariff, aim: Aim, key: Signer, at: int) -> PublishedTariff:
    """Keep a version for ever, and offer it; the same again only adds edges. Raises PublishError."""
    body = body_of(tariff)
    digest = record_hash(body)
    if len(aim.devices) > MOST_DEVICES or len(aim.edges) > MOST_EDGES:
        raise PublishError(f"at most {MOST_DEVICES} devices and {MOST_EDGES} edges; without either it is for all")
    async with in_transaction():
        if await require_publishable(tariff):
            row = await PublishedTariff.create(
                hash=digest.hex(),
                tariff=tariff.id,
                version=tariff.version,
                name=tariff.name,
                valid_from=tariff.valid_from,
                document=body,
                signer=key.public.hex(),
                signature=trust.sign(key, digest),
                at=at,
            )
            await TariffRow.get_or_create(
                {"id": tariff.id, "document": body, "received": at},
                hash=row.hash,
            )
        else:
            row = await PublishedTariff.get(hash=digest.hex())
        for edge in aim.edges or (EVERYWHERE,):
            await _offer(row, edge, aim.devices, at)
    return row


async def require_publishable(tariff: Tariff) -> bool:
    """Whether publishing it would be news: False for the very same again. Raises PublishError."""
    body = body_of(tariff)
    if len(body) > LARGEST_TARIFF:
        raise PublishError(f"the document has {len(body)} bytes, more than {LARGEST_TARIFF}; take periods or plans out")
    if await PublishedTariff.exists(hash=record_hash(body).hex()):
        return False
    await _require_newer(tariff)
    return True


async def _require_newer(tariff: Tariff) -> None:
    """Raises PublishError for a version that is taken, or lower than one that is."""
    newest = await PublishedTariff.filter(tariff=tariff.id).order_by("-version").first()
    if newest is None or newest.version < tariff.version:
        return
    same = await PublishedTariff.exists(tariff=tariff.id, version=tariff.version)
    said = (
        f"version {tariff.version} of {tariff.id} is published already and never changes"
        if same
        else (f"{tariff.id} is published up to version {newest.version}")
    )
    raise PublishError(f"{said}; write version = {newest.version + 1}")


async def _offer(row: PublishedTariff, edge: str, devices: tuple[str, ...], at: int) -> None:
    """Raises PublishError when it was offered there for other devices: an edge that has it would not hear of them."""
    names = msgspec.json.encode(devices).decode()
    offer, made = await TariffOffer.get_or_create({"devices": names, "at": at}, hash=row.hash, edge=edge)
    if not made and offer.devices != names:
        where = edge or "all edges"
        raise PublishError(f"{where} were offered it for other devices; publish it as version {row.version + 1}")


async def wanted(edge: str, now: int) -> list[Wanted]:
    """What an edge should hold: of each tariff the version in force and those to come, not what they superseded."""
    offers = {offer.hash: offer for offer in await TariffOffer.filter(edge=EVERYWHERE)}
    offers |= {offer.hash: offer for offer in await TariffOffer.filter(edge=edge)}
    rows = await PublishedTariff.filter(hash__in=[*offers]).only("hash", "tariff", "version", "valid_from")
    offered = [
        Wanted(row.hash, row.tariff, row.version, row.valid_from, _names(offers[row.hash].devices)) for row in rows
    ]
    current = [one for one in offered if not any(_supersedes(other, one, now) for other in offered)]
    return sorted(current, key=lambda one: (one.tariff, one.version))


def _supersedes(other: Wanted, one: Wanted, now: int) -> bool:
    everywhere = not other.devices or (one.devices != () and {*one.devices} <= {*other.devices})
    return other.tariff == one.tariff and other.version > one.version and other.valid_from <= now and everywhere


def _names(text: str) -> tuple[str, ...]:
    return msgspec.json.decode(text, type=tuple[str, ...])


async def lacking(edge: str, now: int, *, refused: bool) -> list[Wanted]:
    """Those that an edge should hold and does not. With `refused` also what it refused before."""
    done = {AtEdge.HELD} if refused else {AtEdge.HELD, AtEdge.REFUSED}
    states = {row.hash: row.state for row in await EdgeTariff.filter(edge=edge)}
    return [one for one in await wanted(edge, now) if states.get(one.hash) not in done]


async def signed(one: Wanted) -> SignedTariff:
    """A tariff as it is sent."""
    row = await PublishedTariff.get(hash=one.hash)
    return SignedTariff(
        document=row.document, signer=bytes.fromhex(row.signer), signature=row.signature, devices=one.devices
    )


async def note(edge: str, tariff_hash: str, state: AtEdge, now: int, reason: str = "") -> None:
    """Remember what an edge has made of a tariff."""
    values = {"state": state, "at": now, "reason": reason}
    row, made = await EdgeTariff.get_or_create(values, edge=edge, hash=tariff_hash)
    if not made and (row.state, row.reason) != (state, reason):
        await EdgeTariff.filter(id=row.id).update(**values)


async def told(edge: str, held: Collection[str], now: int) -> list[Alarm]:
    """An edge said at its boot what it holds: compare. Alarms for what it lost, and for what is none of ours."""
    rows = {row.hash: row for row in await EdgeTariff.filter(edge=edge)}
    ours = {row.hash for row in await PublishedTariff.filter(hash__in=[*held]).only("hash")}
    missing = [row for row in rows.values() if row.state == AtEdge.HELD and row.hash not in held]
    alarms = [await _lost(row, now) for row in missing]
    for one in held:
        if one in ours:
            await note(edge, one, AtEdge.HELD, now)
        elif one not in rows or rows[one].state != AtEdge.FOREIGN:
            await note(edge, one, AtEdge.FOREIGN, now)
            alarms.append(await write_alarm(edge, "tariff-foreign", one, now, {"edge": edge, "hash": one}))
    await EdgeTariff.filter(edge=edge, state=AtEdge.FOREIGN).exclude(hash__in=[*held, ""]).delete()
    return [alarm for alarm in alarms if alarm is not None]


async def _lost(row: EdgeTariff, now: int) -> Alarm | None:
    """It held this one. An edge may give up what a later version superseded long ago: that is no loss."""
    if row.hash not in {one.hash for one in await wanted(row.edge, now)}:
        await row.delete()
        return None
    await EdgeTariff.filter(id=row.id).update(state=AtEdge.LOST, at=now, drifts=row.drifts + 1)
    published = await PublishedTariff.get(hash=row.hash)
    detail: dict[str, object] = {"edge": row.edge, "tariff": published.tariff, "version": published.version}
    return await write_alarm(row.edge, "tariff-lost", f"{row.hash} {row.drifts + 1}", now, detail)


async def adopted(content: TariffAdopted, record: Record) -> list[Change]:
    """A record says that a tariff holds at an edge; an alarm when nobody whom we know signed it."""
    signed_by = await _signed_by(content, record.edge)
    names = msgspec.json.encode(content.devices).decode()
    values = {
        "tariff": content.tariff_id,
        "version": content.version,
        "source": content.source,
        "signed_by": signed_by,
        "devices": names,
    }
    await AdoptedTariff.get_or_create(values, edge=record.edge, hash=content.tariff_hash, at=content.at)
    if signed_by != "nobody" or content.source == "file":  # a file lies where the edge's own key lies
        return []
    detail: dict[str, object] = {"edge": record.edge, "tariff": content.tariff_id, "source": content.source}
    return views.alarms(await write_alarm(record.edge, "tariff-unsigned", content.tariff_hash, content.at, detail))


async def _signed_by(content: TariffAdopted, edge: str) -> str:
    """`hub`, `edge` or `nobody`."""
    if content.signer is None or content.signature is None:
        return "nobody"
    if not trust.verify(content.signer, bytes.fromhex(content.tariff_hash), content.signature):
        return "nobody"
    if await PublishedTariff.exists(hash=content.tariff_hash, signer=content.signer.hex()):
        return "hub"
    return "edge" if content.signer in await keys.accepted(edge) else "nobody"


def newest_first(rows: Iterable[PublishedTariff]) -> list[PublishedTariff]:
    """By name, the highest version first."""
    return sorted(rows, key=lambda row: (row.tariff, -row.version))
