"""What latches, what a reset asks for, and what a start remembers."""

import pytest
from tests.edge.guard.told import CLOSED, E_STOP, KNOWN, LOCKED, WANTED, Bench, charging, stopped, trip

from chargelink.edge.guard.mark import ARMED, CLEAR, TRIPPED, Mark


def test_a_reset_when_the_cause_is_gone() -> None:
    bench = charging()
    trip(bench)
    assert bench.marks[-1] == Mark(TRIPPED, "estop", 1)
    bench.reset()
    bench.run(5)
    assert bench.guard.state == "armed"
    assert bench.marks[-1] == Mark(CLEAR, sequence=1)
    bench.charge()
    assert bench.guard.state == "permit"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"bits": LOCKED | E_STOP}, "estop"),
        ({"bits": LOCKED | CLOSED}, "contactor-closed"),
        ({"flags": WANTED | KNOWN}, "charging-wanted"),
        ({"inside": 60_000}, "output-voltage"),
        ({"inside": -60_000}, "output-voltage"),
        ({"flags": WANTED | KNOWN, "outside": 402_001}, "over-voltage"),
    ],
)
def test_a_reset_that_is_refused(change: dict[str, int], reason: str) -> None:
    bench = charging()
    trip(bench)
    for name, value in change.items():
        setattr(bench, name, value)
    bench.step()
    bench.reset()
    assert bench.guard.state == "tripped"
    assert reason in bench.reports[-1]["refused"]


def test_a_reset_while_the_stop_runs() -> None:
    bench = charging()
    bench.outside = 410_000
    bench.run(250)
    bench.outside = 380_000
    bench.flags = 0
    bench.run(250)
    bench.reset()
    assert bench.guard.state == "tripped"
    assert "stopping" in bench.guard.refused


def test_a_blind_guard_is_not_reset() -> None:
    bench = charging()
    trip(bench)
    bench.feeding = False
    bench.run(60)
    bench.reset()
    assert "stale-input" in bench.guard.refused


def test_a_session_latch_does_not_ask_for_the_output_voltage() -> None:
    bench = charging()
    bench.outside = 410_000
    bench.run(1200)
    stopped(bench)
    bench.inside = 350_000
    bench.run(210)
    bench.reset()
    assert bench.guard.state != "tripped"


@pytest.mark.parametrize("mark", [None, Mark(ARMED, sequence=6), Mark(TRIPPED, "estop", 6)])
def test_a_start_after_anything_but_an_orderly_end_is_latched(mark: Mark | None) -> None:
    bench = Bench(mark)
    bench.flags = WANTED | KNOWN
    bench.run(1000)
    assert bench.rules == ["unclean-start"]
    assert bench.guard.trips[0].sequence == (7 if mark else 1)
    assert b"P" not in bench.words()
    bench.reset()
    assert bench.guard.refused == ("charging-wanted",)
    bench.flags = 0
    bench.run(2)
    bench.reset()
    bench.charge()
    assert b"P" in bench.words()
