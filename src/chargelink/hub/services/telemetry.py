"""Telemetry as it was stored: drawn into the curves behind, and read in full resolution on demand."""

import csv
import io
from bisect import bisect_left, insort
from collections.abc import AsyncIterator, Sequence

import msgspec
import structlog
from tortoise.transactions import in_transaction

from chargelink.hub.bus import Change
from chargelink.hub.clock import now_ms
from chargelink.hub.services import curves, views
from chargelink.hub.services.curves import Point
from chargelink.hub.services.reading import Reader
from chargelink.hub.store.alarms import write_alarm
from chargelink.hub.store.models import Sample, Session
from chargelink.hub.store.progress import TELEMETRY, reach, reached
from chargelink.hub.store.telemetry import TelemetryBlock, TelemetryGap
from chargelink.ids import born_at
from chargelink.link.telemetry import unpack
from chargelink.wire import DecodeError

AT_ONCE = 20  # blocks
MOST_GAPS = 1_000  # told of one session
HEADER = ("at_ms", "voltage_mV", "current_mA", "power_mW", "soc_0.1%", "energy_mWh")

log = structlog.get_logger()


class Curves(Reader):
    """The one who draws curves from telemetry: what no live sample has shown is added, as finely as curves are kept."""

    async def read_waiting(self) -> int:
        waiting = await TelemetryBlock.filter(id__gt=await reached(TELEMETRY)).order_by("id").limit(self.at_once)
        if not waiting:
            return 0
        late = self.deadline()
        changes: list[Change] = []
        count = 0
        async with in_transaction():
            for block in waiting:
                changes += await draw(block)
                count += 1
                if late():
                    break
            await reach(TELEMETRY, waiting[count - 1].id)
        for change in changes:
            self.bus.publish(change)
        return count


async def draw(block: TelemetryBlock) -> list[Change]:
    """Add the points of a block that the curve of its session still wants."""
    try:
        points = points_of(block)
        session = await Session.get_or_none(id=block.session)
        if session is not None and session.edge != block.edge:
            raise DecodeError(f"session {session.id} belongs to the edge {session.edge}")
    except DecodeError as error:
        key = f"{block.edge}/{block.epoch}/{block.seq}"
        log.warning("unreadable telemetry", block=key, why=str(error))
        detail: dict[str, object] = {"key": key, "why": str(error)}
        return views.alarms(await write_alarm(block.edge, "telemetry-unreadable", key, now_ms(), detail))
    reach_of_one = curves.spacing(max(0, points[-1][0] - born_at(block.session)))
    near = await Sample.filter(
        session=block.session, at__gte=points[0][0] - reach_of_one, at__lte=points[-1][0] + reach_of_one
    ).values_list("at")
    wanted = missing_points(block.session, points, sorted(row[0] for row in near))
    await Sample.bulk_create([row_of(block.session, point) for point in wanted], ignore_conflicts=True)
    return []


def missing_points(session: str, points: Sequence[Point], held: list[int]) -> list[Point]:
    """Those that are far enough from every point held, oldest first. `held` are their times, sorted, and grow."""
    wanted = []
    for point in points:
        place = bisect_left(held, point[0])
        if all(curves.is_wanted(session, point[0], at) for at in held[max(0, place - 1) : place + 1]):
            insort(held, point[0])
            wanted.append(point)
    return wanted


def points_of(block: TelemetryBlock) -> list[Point]:
    """The samples of a block, oldest first. Raises DecodeError."""
    samples = unpack(block.body, block.device, block.session, block.outlet)
    points: list[Point] = [(one.at, one.voltage, one.current, one.power, one.soc, one.energy) for one in samples]
    return sorted(points, key=lambda point: point[0])


def row_of(session: str, point: Point) -> Sample:
    at, voltage, current, power, soc, energy = point
    return Sample(session=session, at=at, voltage=voltage, current=current, power=power, soc=soc, energy=energy)


async def samples_of(session: Session) -> AsyncIterator[list[Point]]:
    """A session's samples in full resolution, a block at a time, by its beginning. What cannot be read is left out."""
    begin, number = -1, 0
    while True:
        query = TelemetryBlock.filter(session=session.id, edge=session.edge, begin__gte=begin)
        rows = [
            row for row in await query.order_by("begin", "id").limit(AT_ONCE) if (row.begin, row.id) > (begin, number)
        ]
        if not rows:
            return
        for row in rows:
            begin, number = row.begin, row.id
            try:
                yield points_of(row)
            except DecodeError:
                continue


async def gaps_of(session: Session) -> list[dict[str, int | str]]:
    """What is missing of the telemetry of a session's edge while it ran."""
    query = TelemetryGap.filter(edge=session.edge, end__gte=session.started)
    if session.ended is not None:
        query = query.filter(begin__lte=session.ended)
    rows = await query.order_by("begin").limit(MOST_GAPS)
    names = ("begin", "end", "samples", "reason")
    return [{name: getattr(row, name) for name in names} for row in rows]


async def as_json(session: Session) -> AsyncIterator[bytes]:
    """{"session", "gaps", "points"}: points as in a curve, [ms, mV, mA, mW, 0.1 %, mWh]."""
    gaps = msgspec.json.encode(await gaps_of(session))
    yield b'{"session":' + msgspec.json.encode(session.id) + b',"gaps":' + gaps + b',"points":['
    comma = b""
    async for points in samples_of(session):
        yield comma + msgspec.json.encode(points)[1:-1]
        comma = b","
    yield b"]}"


async def as_csv(session: Session) -> AsyncIterator[bytes]:
    """A line each, with a header; RFC 4180."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    async for points in samples_of(session):
        writer.writerows(("" if value is None else value for value in point) for point in points)
        yield text.getvalue().encode()
        text.seek(0)
        text.truncate()
    if text.tell():
        yield text.getvalue().encode()
