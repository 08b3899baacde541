"""What REST and the event stream show of each thing: one shape, one way to make it from its row."""

from collections.abc import Iterable
from typing import Any

import msgspec

from chargelink.hub.bus import Change
from chargelink.hub.services.accounts import Standing
from chargelink.hub.services.curves import Point
from chargelink.hub.services.seen import Seen
from chargelink.hub.services.words import words
from chargelink.hub.store import models
from chargelink.hub.store.money import Account, Order
from chargelink.link.messages import LARGEST_DETAIL
from chargelink.model import Device, Sample


class View(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of what is shown: camelCase, integers with the units of the record it was made from."""


class EdgeView(View, frozen=True):
    """An edge, and whether its link is up."""

    id: str
    software: str
    epoch: str
    connected: bool
    last_seen: int


class DeviceView(View, frozen=True):
    """A device of an edge."""

    edge: str
    id: str
    kind: str
    state: str
    at: int
    detail: msgspec.Raw


class DevicesView(View, frozen=True):
    """All devices that an edge still has."""

    edge: str
    ids: list[str]


class VehicleView(View, frozen=True):
    """Whose car it was, as far as everybody may see: `masked` is the VIN; `sight` says why there is none."""

    person: str
    sight: str
    masked: str | None


class SessionView(View, frozen=True):
    """A session; running while `ended` is null."""

    id: str
    edge: str
    device: str
    outlet: str | None
    kind: str
    authorised_by: str
    remote_start_id: int | None
    started: int
    ended: int | None
    stop_reason: str | None
    stopped_by: str | None
    energy: int | None
    soc_start: int | None
    soc_end: int | None
    trip: msgspec.Raw
    vehicle: VehicleView | None


class BillView(View, frozen=True):
    """What a session cost, and who pays. `bill` is the one that settles, or the edge's where none does yet."""

    session: str
    edge: str
    account: str | None
    at: int
    settlement: str
    total: int | None
    edge_total: int
    hub_total: int | None
    bill: msgspec.Raw


class OrderView(View, frozen=True):
    """An order; amounts in fen."""

    id: str
    account: str
    edge: str
    device: str
    outlet: str | None
    mode: str
    group: str | None
    tariff_hash: str | None
    prepaid: int
    minimum: int
    state: str
    remote_start_id: int | None
    session: str | None
    created: int
    changed: int
    reason: str


class AccountView(View, frozen=True):
    """An account and its money, fen."""

    id: str
    state: str
    group: str | None
    wallet: int
    held: int
    owed: int


class AlarmView(View, frozen=True):
    """Something a person should know, in both languages."""

    id: int
    at: int
    edge: str
    kind: str
    subject: str
    detail: msgspec.Raw
    words: dict[str, str]


class SampleView(View, frozen=True):
    """Where a running session is now."""

    session: str
    point: Point


def raw(text: str) -> msgspec.Raw:
    """JSON from a column, to be sent as it stands."""
    return msgspec.Raw(text.encode() if text else b"null")


def edge(row: models.Edge, connected: bool) -> EdgeView:
    return EdgeView(id=row.id, software=row.software, epoch=row.epoch, connected=connected, last_seen=row.last_seen)


def device(row: models.Device) -> DeviceView:
    return DeviceView(edge=row.edge, id=row.device, kind=row.kind, state=row.state, at=row.at, detail=raw(row.detail))


def device_of(edge: str, device: Device) -> DeviceView:
    """A device as its edge just told it. Raises ValueError for a detail that JSON cannot hold, or a large one."""
    try:
        detail = msgspec.Raw(msgspec.json.encode(device.detail))
    except (TypeError, RecursionError) as error:
        raise ValueError(f"detail of {device.id}: {error}") from None
    if len(bytes(detail)) > LARGEST_DETAIL:
        raise ValueError(f"detail of {device.id}: {len(bytes(detail))} bytes, {LARGEST_DETAIL} are allowed")
    return DeviceView(edge=edge, id=device.id, kind=device.kind, state=device.state, at=device.at, detail=detail)


def sample(sample: Sample) -> SampleView:
    point = (sample.at, sample.voltage, sample.current, sample.power, sample.soc, sample.energy)
    return SampleView(session=sample.session_id, point=point)


def session(row: models.Session, seen: Seen | None = None) -> SessionView:
    """`seen` is what `persons.vehicles` says of it."""
    vehicle = None if seen is None else VehicleView(person=row.person or "", sight=seen.sight, masked=seen.masked)
    plain = ("id", "edge", "device", "outlet", "kind", "authorised_by", "remote_start_id", "started", "ended")
    ending = ("stop_reason", "stopped_by", "energy", "soc_start", "soc_end")
    return SessionView(**{name: getattr(row, name) for name in plain + ending}, trip=raw(row.trip), vehicle=vehicle)


def bill(row: models.Bill) -> BillView:
    settles = row.hub_bill if row.hub_bill and row.hub_total == row.total else row.edge_bill
    plain = ("session", "edge", "account", "at", "settlement", "total", "edge_total", "hub_total")
    return BillView(**{name: getattr(row, name) for name in plain}, bill=raw(settles))


def order(row: Order) -> OrderView:
    return OrderView(**{name: getattr(row, name) for name in OrderView.__struct_fields__})


def account(row: Account, has: Standing) -> AccountView:
    return AccountView(id=row.id, state=row.state, group=row.group, **has._asdict())


def alarm(row: models.Alarm) -> AlarmView:
    detail: dict[str, Any] = msgspec.json.decode(row.detail)
    return AlarmView(
        id=row.id,
        at=row.at,
        edge=row.edge,
        kind=row.kind,
        subject=row.subject,
        detail=raw(row.detail),
        words=words(row.kind, detail),
    )


def change(topic: str, view: View) -> Change:
    """A view on its way to those who watch."""
    return Change(topic, msgspec.json.encode(view))


def alarms(*rows: models.Alarm | None) -> list[Change]:
    """New alarms as changes, to be published once they are committed; None stands for one that was told before."""
    return [change("alarm", alarm(row)) for row in rows if row is not None]


def encoded(views: Iterable[View]) -> bytes:
    """Views as a JSON array."""
    return msgspec.json.encode(list(views))
