"""What takes several exchanges, against simulated meters that do it, refuse it, or only say that they do it."""

from datetime import timedelta

import pytest
from tests.sim.meters.bench import ADDRESS, NOON, Bench

from chargelink.dlt645 import Edition
from chargelink.dlt645.bodies import Credentials, Relay
from chargelink.dlt645.discovery import Discovery
from chargelink.dlt645.procedures import (
    BaudChange,
    BaudState,
    ConfirmedRelay,
    EditionDetection,
    RelayState,
    SetTime,
    TimeState,
)
from chargelink.sim.meters.device import BOTH, Built

BY = Credentials("02", "000000", "12345678")
TRIP = Relay(BY, 0x1A, "2026-12-31 23:59:59")


@pytest.mark.parametrize(
    ("orders", "state"),
    [
        ((), RelayState.DONE),
        (("relay trip",), RelayState.DONE),
        (("fault relay-stuck",), RelayState.ACCEPTED),
        (("clock 2027-01-01T00:00:00",), RelayState.REFUSED),
        (("fault mute",), RelayState.UNKNOWN),
    ],
)
def test_a_relay_that_is_confirmed(orders: tuple[str, ...], state: RelayState) -> None:
    bench = Bench()
    for order in orders:
        assert bench.order(order) == "ok"
    outcome = bench.play(ConfirmedRelay(bench.master, ADDRESS, TRIP, bench.now))
    assert outcome.state is state
    # A mute meter obeys too: that is why its state is unknown.
    assert bench.meter.relay.open is (state in (RelayState.DONE, RelayState.UNKNOWN))


@pytest.mark.parametrize(("baud", "left_at"), [(2400, 2400), (19200, 19200), (600, 600)])
def test_a_rate_that_is_changed(baud: int, left_at: int) -> None:
    bench = Bench(Built(baud=9600))
    bench.speed = 9600
    outcome = bench.play(BaudChange(bench.master, ADDRESS, baud, bench.now))
    assert (outcome.state, outcome.baud, bench.meter.baud) == (BaudState.CHANGED, left_at, left_at)
    assert bench.speed == left_at


@pytest.mark.parametrize(
    ("behind", "by", "state"),
    [(100, None, TimeState.DONE), (1000, None, TimeState.IGNORED), (1000, BY, TimeState.DONE)],
)
def test_a_clock_that_is_set(behind: int, by: Credentials | None, state: TimeState) -> None:
    bench = Bench(Built(unlocked=True), shows=NOON - timedelta(seconds=behind))
    outcome = bench.play(SetTime(bench.master, ADDRESS, NOON, bench.now, by))
    assert outcome.state is state
    assert outcome.before == pytest.approx(-behind, abs=1.5)


def test_a_clock_whose_key_nobody_pressed() -> None:
    bench = Bench()
    assert bench.play(SetTime(bench.master, ADDRESS, NOON, bench.now, BY)).state is TimeState.REFUSED


@pytest.mark.parametrize("editions", [{Edition.DLT645_2007}, {Edition.DLT645_1997}, BOTH])
def test_editions_that_are_found_out(editions: set[Edition]) -> None:
    bench = Bench(Built(editions=frozenset(editions)))
    detected = bench.play(EditionDetection(bench.master, bench.now))
    assert set(detected.editions) == editions
    assert detected.address == ADDRESS


@pytest.mark.parametrize("addresses", [("000000000161", "000000000162", "123456789161"), ("999999999998",)])
def test_all_meters_of_a_line_are_found_at_their_rate(addresses: tuple[str, ...]) -> None:
    bench = Bench(Built(baud=9600), *addresses)
    found = bench.play(Discovery(bench.master, bench.now, [(2400, "E"), (9600, "E")]))
    assert found.complete
    assert found.unresolved == ()
    assert sorted(place.address for place in found.meters) == sorted(addresses)
    assert {place.baud for place in found.meters} == {9600}
