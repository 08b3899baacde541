"""Whom a socket's clock believes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.lora_socket.clock import FRESH, MOST_BY_BEACON, NetworkClock

NOON = 1_795_000_000.0


def joined() -> NetworkClock:
    clock = NetworkClock()
    clock.joined(NOON, 0.0)
    return clock


def test_a_clock_that_was_never_set_is_not_set_by_a_beacon() -> None:
    clock = NetworkClock()
    clock.beacon(NOON, 0.0)
    assert clock.time(0.0) is None
    assert not clock.known
    assert not clock.synchronised


@pytest.mark.parametrize(
    ("step", "moved", "doubted"),
    [
        (0.5, 0.5, False),
        (2.0, 2.0, False),
        (2.1, 0.0, True),
        (-1.9, 0.0, False),
        (-2.1, 0.0, True),
        (-3600.0, 0.0, True),
        (3600.0, 0.0, True),
    ],
)
def test_a_beacon_moves_it_a_little_and_never_back(step: float, moved: float, doubted: bool) -> None:
    clock = joined()
    clock.beacon(NOON + 10.0 + step, 10.0)
    assert clock.time(10.0) == NOON + 10.0 + moved
    assert clock.doubted is doubted
    assert clock.synchronised is not doubted
    assert clock.known  # commands are judged by it all the same


@given(st.lists(st.tuples(st.floats(0.0, 1_000.0), st.floats(-1e7, 1e7))))
def test_whatever_beacons_say_it_goes_ahead_by_two_seconds_at_most(beacons: list[tuple[float, float]]) -> None:
    clock, now, last = joined(), 0.0, NOON
    for wait, step in beacons:
        now += wait
        clock.beacon(NOON + now + step, now)
        told = clock.time(now)
        assert told is not None
        assert last - 1e-6 <= told <= NOON + now + MOST_BY_BEACON + 1e-6
        last = told


@pytest.mark.parametrize("step", [-86_400.0, 86_400.0])
def test_the_edge_alone_with_it_sets_it_either_way(step: float) -> None:
    clock = joined()
    clock.beacon(NOON + step, 0.0)
    clock.answered(70_001, 1.0)
    assert clock.told(NOON + step, 70_001 & 0xFFFF, 1.5)
    assert clock.time(1.5) == NOON + step
    assert clock.synchronised
    clock.beacon(NOON + step + 2.0, 1.5)  # and beacons may move it again
    assert clock.time(1.5) == NOON + step + 2.0


@pytest.mark.parametrize(("acknowledges", "at"), [(None, 1.0), (6, 1.0), (5, 1.1 + FRESH)])
def test_a_time_that_answers_nothing_or_comes_late_is_not_believed(acknowledges: int | None, at: float) -> None:
    clock = joined()
    clock.answered(5, 1.0)
    assert not clock.told(NOON - 600.0, acknowledges, at)
    assert clock.time(at) == NOON + at


def test_one_answer_sets_it_once() -> None:
    clock = NetworkClock()
    assert not clock.told(NOON, 0, 0.0)
    clock.answered(5, 1.0)
    assert clock.told(NOON, 5, 1.0)
    assert not clock.told(NOON - 60.0, 5, 1.0)
    assert clock.time(1.0) == NOON
