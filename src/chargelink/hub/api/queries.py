"""What is asked of the database for the page and the API: newest first, and never without a limit."""

from collections.abc import Iterable

from chargelink.hub.clock import now_ms
from chargelink.hub.services import persons, views
from chargelink.hub.services.live import Live
from chargelink.hub.services.views import (
    AlarmView,
    BillView,
    DeviceView,
    EdgeView,
    OrderView,
    SampleView,
    SessionView,
    View,
)
from chargelink.hub.store import models
from chargelink.hub.store.money import Order

MOST_RUNNING = 200
MOST_BILLS = 20
MOST_ALARMS = 50
MOST_DEVICES = 1_000


class Snapshot(View, frozen=True):
    """Everything that the page shows, as it is now."""

    now: int
    edges: list[EdgeView]
    devices: list[DeviceView]
    sessions: list[SessionView]  # running, and those of the bills
    samples: list[SampleView]
    bills: list[BillView]
    alarms: list[AlarmView]


async def edges(live: Live) -> list[EdgeView]:
    """Edges by name, as they are now."""
    await live.write()
    rows = await models.Edge.all().order_by("id").limit(MOST_DEVICES)
    return [views.edge(row, row.id in live.connected) for row in rows]


async def devices(live: Live, limit: int = MOST_DEVICES) -> list[DeviceView]:
    """Devices by edge and name; what has not been written down yet comes first."""
    await live.write()
    rows = await models.Device.all().order_by("edge", "device").limit(limit)
    return [views.device(row) for row in rows]


async def sessions(limit: int, running: bool | None = None) -> list[SessionView]:
    """The newest sessions; with `running` only those that have ended or only those that have not."""
    query = models.Session.all() if running is None else models.Session.filter(ended__isnull=running)
    rows = await query.order_by("-started").limit(limit)
    seen = await persons.vehicles(rows)
    return [views.session(row, seen.get(row.id)) for row in rows]


async def bills(limit: int) -> list[BillView]:
    rows = await models.Bill.all().order_by("-at").limit(limit)
    return [views.bill(row) for row in rows]


async def orders(limit: int, account: str | None = None) -> list[OrderView]:
    """The newest orders, of an account or of all."""
    query = Order.all() if account is None else Order.filter(account=account)
    return [views.order(row) for row in await query.order_by("-created", "id").limit(limit)]


async def alarms(limit: int) -> list[AlarmView]:
    rows = await models.Alarm.all().order_by("-at", "-id").limit(limit)
    return [views.alarm(row) for row in rows]


def last_samples(live: Live, sessions: Iterable[SessionView]) -> list[SampleView]:
    """Where these sessions are now, as far as this process has heard of them."""
    heard = (live.heard.get(session.id) for session in sessions)
    return [views.sample(one.sample) for one in heard if one is not None]


async def snapshot(live: Live) -> Snapshot:
    """Everything that the page shows."""
    running = await sessions(MOST_RUNNING, running=True)
    billed = await bills(MOST_BILLS)
    ended = await models.Session.filter(id__in=[bill.session for bill in billed])
    return Snapshot(
        now=now_ms(),
        edges=await edges(live),
        devices=await devices(live),
        sessions=[*running, *map(views.session, ended)],
        samples=last_samples(live, running),
        bills=billed,
        alarms=await alarms(MOST_ALARMS),
    )
