"""Curves: bounded whatever the length of a session, complete from end to end."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.hub.services.curves import FINEST, KEPT, MOST, Point, curve, forget, is_wanted, spacing, thinned
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.models import Sample
from chargelink.ids import session_id

BORN = 1_763_571_600_000
SESSION = session_id(BORN, bytes(10))
HOUR = 3_600_000


@pytest.mark.parametrize(
    ("age", "wanted"),
    [
        (-5, FINEST),
        (0, FINEST),
        (FINEST * MOST, FINEST),
        (FINEST * MOST + 1, 2 * FINEST),
        (2 * FINEST * MOST, 2 * FINEST),
        (2 * FINEST * MOST + 1, 4 * FINEST),
        (12 * HOUR, 128 * FINEST),
    ],
)
def test_spacing_doubles_with_age(age: int, wanted: int) -> None:
    assert spacing(age) == wanted


def kept(points: range) -> list[int]:
    """Which of these times of a session are kept."""
    chosen: list[int] = []
    for at in points:
        if is_wanted(SESSION, at, chosen[-1] if chosen else None):
            chosen.append(at)
    return chosen


@pytest.mark.parametrize(("hours", "most"), [(1 / 12, 301), (1, 1_550), (12, 2_600), (72, 3_500)])
def test_a_session_of_any_length_costs_few_rows(hours: float, most: int) -> None:
    points = kept(range(BORN, BORN + int(hours * HOUR), 500))
    assert len(points) <= most
    assert points[0] == BORN


def test_points_close_to_the_last_one_are_not_kept_and_a_clock_set_back_ends_no_curve() -> None:
    assert not is_wanted(SESSION, BORN + 5_000, BORN + 5_000)
    assert not is_wanted(SESSION, BORN + 4_001, BORN + 5_000)
    assert is_wanted(SESSION, BORN + 4_000, BORN + 5_000_000)
    assert is_wanted(SESSION, BORN + 6_000, BORN + 5_000)


def point(at: int) -> Point:
    return (at, 1, 2, 3, None, 4)


@given(st.lists(st.integers(0, 10**9), unique=True).map(sorted), st.integers(1, 5))
def test_what_is_drawn_is_short_and_reaches_from_end_to_end(times: list[int], repeat: int) -> None:
    points = [point(at) for at in times]
    drawn = thinned(points)
    assert len(drawn) <= MOST + 1
    assert drawn[:1] == points[:1]
    assert drawn[-1:] == points[-1:]
    assert set(drawn) <= set(points)


def test_a_long_curve_is_thinned_evenly() -> None:
    drawn = thinned(point(at) for at in range(0, 10_000_000, 1_000))
    assert MOST / 2 <= len(drawn) <= MOST + 1
    distances = {after[0] - before[0] for before, after in pairwise(drawn[:-1])}
    assert len(distances) == 1


async def test_old_points_are_forgotten(tables: Engine) -> None:
    now = BORN + 200 * 24 * HOUR
    for at in (BORN, now - KEPT - 1, now - KEPT, now):
        await Sample.create(session=SESSION, at=at, voltage=1, current=2, power=3, soc=None, energy=4)
    await forget(now - KEPT)
    assert await curve(SESSION) == [(now - KEPT, 1, 2, 3, None, 4), (now, 1, 2, 3, None, 4)]
