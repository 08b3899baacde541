"""How finely a session's curve is kept.

The spacing of the points doubles with the age of the session: a short one is drawn finely, a long one from end to end.
No length costs the database more than `MOST` points for the first stretch and half as many for every doubling after it,
and the rule needs nothing remembered but the last point, so it goes on unchanged after a restart.
"""

import asyncio
from collections.abc import Iterable
from functools import lru_cache

from chargelink.hub.store.models import Sample
from chargelink.ids import born_at

FINEST = 1_000  # ms
MOST = 600  # points drawn of one session
KEPT = 92 * 24 * 3_600_000  # ms: a quarter, for whoever looks into a complaint

FORGOTTEN_AT_ONCE = 500

_born_at = lru_cache(maxsize=16_384)(born_at)  # the same sessions are asked about every second

Point = tuple[int, int, int, int, int | None, int]
"""One instant: at (ms), voltage (mV), current (mA), power (mW), SOC (0.1 %, None where unknown), energy (mWh)."""


def spacing(age: int) -> int:
    """The least distance of two points, ms, in a session that is `age` ms old: it then has at most `MOST` of them."""
    finest_stretches = max(0, age - 1) // (FINEST * MOST)
    return FINEST << finest_stretches.bit_length()


def is_wanted(session: str, at: int, last: int | None) -> bool:
    """Whether a point is far enough from the last one kept, on either side: a clock may have been set back."""
    return last is None or abs(at - last) >= spacing(at - _born_at(session))


def thinned(points: Iterable[Point]) -> list[Point]:
    """Points of a curve as many as one wants to draw, first and last among them."""
    every = list(points)
    if len(every) <= MOST:
        return every
    distance = (every[-1][0] - every[0][0]) // MOST + 1
    kept = every[:1]
    for point in every[1:-1]:
        if point[0] - kept[-1][0] >= distance:
            kept.append(point)
    return [*kept, every[-1]]


async def curve(session: str) -> list[Point]:
    """The curve of a session, oldest point first."""
    rows = (
        await Sample.filter(session=session)
        .order_by("at")
        .values_list("at", "voltage", "current", "power", "soc", "energy")
    )
    return thinned(rows)


async def forget(before: int) -> None:
    """Give up the points of long ago; what was charged and paid stays in records, sessions and bills."""
    while old := await Sample.filter(at__lt=before).order_by("at").limit(FORGOTTEN_AT_ONCE).only("id"):
        await Sample.filter(id__in=[point.id for point in old]).delete()
        await asyncio.sleep(0)
