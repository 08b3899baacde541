"""Stories of the guard without I/O: it starts in fault-hold, permits, stops, trips."""

import gc
import itertools

import pytest
from tests.edge.guard.told import (
    CLOSED,
    E_STOP,
    KNOWN,
    LOCKED,
    MS,
    WANTED,
    Bench,
    charging,
    facts,
    inputs,
    stopped,
    trip,
)

from chargelink.edge.guard.mark import ARMED, CLEAR, Mark
from chargelink.edge.guard.state import State


def test_it_starts_in_fault_hold_and_says_open() -> None:
    bench = Bench()
    bench.tick()
    assert bench.guard.state == "fault-hold"
    assert bench.words() == b"O"


def test_armed_gives_no_permit_by_itself() -> None:
    bench = Bench()
    bench.run(100)
    assert bench.guard.state == "armed"
    assert b"P" not in bench.words()


def test_no_permit_before_the_mark_is_durable() -> None:
    bench = Bench()
    bench.run(5)
    bench.writing = False
    bench.flags = WANTED | KNOWN
    bench.run(50)
    assert bench.guard.state == "armed"
    assert (asked := bench.guard.mark_to_write(bench.now)) == Mark(ARMED)
    assert asked
    bench.run(50)
    assert b"P" not in bench.words()
    bench.guard.mark_written(True, bench.now)
    bench.tick()
    assert bench.guard.state == "permit"
    assert bench.said[-1] == (bench.now, b"P")


def test_no_permit_while_another_word_is_on_its_way_to_the_disk() -> None:
    """The disk still says armed, and is about to say clear."""
    bench = Bench()
    bench.charge()
    bench.writing = False
    bench.flags, bench.bits, bench.current = 0, LOCKED, 0
    bench.run(10)
    assert bench.guard.mark_to_write(bench.now) == Mark(CLEAR)
    since = bench.now
    bench.flags = WANTED | KNOWN
    bench.run(50)
    assert b"P" not in bench.words(since)
    bench.guard.mark_written(True, bench.now)
    assert bench.guard.mark_to_write(bench.now) == Mark(ARMED)


def test_a_mark_that_cannot_be_written_is_tried_again_each_second() -> None:
    bench = Bench()
    bench.run(5)
    bench.writing = False
    bench.flags = WANTED | KNOWN
    bench.run(10)
    for _ in range(3):
        assert bench.guard.mark_to_write(bench.now)
        bench.guard.mark_written(False, bench.now)
        bench.run(999)
        assert not bench.guard.mark_to_write(bench.now)
        bench.run(1)
    assert b"P" not in bench.words()


@pytest.mark.parametrize("flags", [WANTED, 0])
def test_no_permit_without_a_limit_or_a_wish(flags: int) -> None:
    bench = Bench()
    bench.flags = flags
    bench.run(300)
    assert b"P" not in bench.words()
    assert not bench.rules


def test_pulses_come_every_20_ms() -> None:
    bench = charging()
    bench.said.clear()
    bench.run(1000)
    times = [at for at, word in bench.said if word == b"P"]
    assert {later - earlier for earlier, later in itertools.pairwise(times)} == {20 * MS}
    assert len(times) == 50


def test_it_wakes_by_itself_for_the_cycle_and_the_pulse() -> None:
    bench = charging()
    bench.feeding = bench.telling = False
    began = bench.now
    while not bench.rules:
        assert 0 < bench.guard.deadline - bench.now <= 10 * MS
        bench.step(bench.guard.deadline - bench.now)
    assert bench.now - began <= 60 * MS


def test_s0_opens_and_takes_the_modules_off_at_once() -> None:
    bench = charging()
    bench.bits |= E_STOP
    bench.step()
    since = bench.now
    bench.run(500)
    assert set(bench.words(since)) == set(b"O")


def test_a_button_let_go_before_anybody_looked_was_pressed() -> None:
    bench = charging()
    bench.guard.receive_inputs(inputs(bench.counter + 1, bench.bits | E_STOP), bench.now)
    bench.guard.receive_inputs(inputs(bench.counter + 2, bench.bits), bench.now)
    bench.counter += 2
    bench.step()
    assert bench.rules == ["estop"]


def test_s1_takes_the_modules_off_and_opens_at_5_a() -> None:
    bench = charging()
    bench.telling = False
    bench.run(501)
    tripped = bench.now
    assert bench.words(tripped) == b"MP"
    bench.run(100)
    bench.current = 5_001
    bench.run(50)
    assert b"O" not in bench.words(tripped)
    bench.current = -5_000
    bench.step()
    assert bench.said[-1] == (bench.now, b"O")
    bench.run(100)
    assert set(bench.words(bench.now - 100 * MS)) == set(b"O")


@pytest.mark.parametrize(("rule", "delay"), [("stale-daemon", 0), ("over-voltage", 200)])
def test_s1_opens_within_its_second_whatever_the_current_does(rule: str, delay: int) -> None:
    """The second counts from when the cause began; 100 ms of it are the contactor's."""
    bench = charging()
    if rule == "stale-daemon":
        bench.telling = False
        bench.run(500)
    else:
        bench.outside = 410_000
    began = bench.now
    bench.run(1000)
    assert bench.rules[0] == rule
    assert 890 * MS <= bench.first(b"O", began) - began <= 902 * MS
    assert bench.guard.trips[0].at - began <= (delay + 2) * MS


def test_s0_overtakes_s1() -> None:
    bench = charging()
    bench.outside = 410_000
    bench.run(300)
    assert bench.rules == ["over-voltage"]
    bench.bits |= E_STOP
    bench.step()
    assert bench.said[-1] == (bench.now, b"O")
    assert bench.rules == ["over-voltage", "estop"]
    assert [trip.sequence for trip in bench.guard.trips] == [1, 2]


def test_the_first_out_keeps_what_was_seen() -> None:
    bench = charging()
    bench.bits |= E_STOP
    bench.step()
    at = bench.now
    bench.outside, bench.current = 0, 0
    bench.run(600)
    report = bench.reports[-1]
    assert (report["state"], report["rule"]) == ("tripped", "estop")
    assert report["values"]["current_ma"] == 100_000
    assert report["values"]["outside_mv"] == 380_000
    assert report["values"]["session"] == 0xC0FFEE
    assert report["trips"][0]["at_ns"] == at


@pytest.mark.parametrize("current", [100_000, 4_000])
def test_an_orderly_end_takes_the_modules_off_first_too(current: int) -> None:
    bench = charging(current)
    since = bench.now + MS
    bench.flags = 0
    bench.run(100)
    if current > 5_000:
        assert b"O" not in bench.words(since)
        bench.current = 3_000
        bench.run(20)
    assert bench.first(b"O", since)
    assert bench.guard.state == "armed"
    assert not bench.rules
    assert bench.marks[-1] == Mark(ARMED), "not clear before the feedback says open"
    stopped(bench)
    bench.run(5)
    assert bench.marks[-1] == Mark(CLEAR)


def test_a_wish_that_comes_back_during_the_stop_is_no_new_permit() -> None:
    """Nothing recloses by itself: the wish has to be seen gone while the contactor is open."""
    bench = charging()
    bench.flags = 0
    bench.run(20)
    bench.flags = WANTED | KNOWN
    since = bench.now
    bench.run(1000)
    opened = bench.first(b"O", since)
    assert opened - since <= 900 * MS
    bench.bits, bench.current = LOCKED, 0
    bench.run(1000)
    assert b"P" not in bench.words(opened)
    bench.flags = 0
    bench.run(5)
    bench.flags = WANTED | KNOWN
    bench.run(5)
    assert bench.guard.state == "permit"


def test_a_guard_that_starts_into_a_wish_waits_for_a_new_one() -> None:
    bench = Bench()
    bench.flags = WANTED | KNOWN
    bench.run(500)
    assert bench.guard.state == "armed"
    assert not bench.marks


def test_no_permit_on_a_contactor_that_is_closed_already() -> None:
    bench = Bench()
    bench.run(5)
    bench.bits, bench.flags = LOCKED | CLOSED, WANTED | KNOWN
    bench.run(500)
    assert b"P" not in bench.words()


def test_a_missing_daemon_or_input_is_not_latched_while_nothing_is_permitted() -> None:
    bench = Bench()
    bench.run(10)
    bench.telling = bench.feeding = False
    bench.run(1000)
    assert bench.guard.state == "fault-hold"
    assert bench.said[-1][1] == b"O"
    bench.telling = bench.feeding = True
    bench.run(210)  # what was unknown has to be known for as long as a rule's delay
    assert bench.guard.state == "armed"


def test_an_end_during_a_charge_stops_it_first() -> None:
    bench = charging()
    since = bench.now + MS
    bench.guard.end()
    bench.run(50)
    assert not bench.guard.ended
    assert b"M" in bench.words(since)
    bench.current = 0
    bench.run(5)
    assert b"O" in bench.words(since)
    assert not bench.guard.ended
    bench.bits = LOCKED
    bench.run(5)
    assert bench.guard.ended
    assert bench.marks[-1] == Mark(CLEAR)


def test_old_and_repeated_datagrams_do_not_count() -> None:
    bench = Bench(now=1000 * MS)
    bench.charge()
    ignored = dict(bench.guard.ignored)
    now = bench.now
    bench.guard.receive_inputs(inputs(bench.counter), now)
    bench.guard.receive_inputs(inputs(bench.counter - 3), now)
    bench.guard.receive_facts(facts(bench.counter, now), now)
    bench.guard.receive_facts(facts(bench.counter + 1, now + 1), now)
    bench.guard.receive_facts(facts(bench.counter + 1, now - 501 * MS), now)
    bench.guard.receive_facts(facts(bench.counter + 1, now, KNOWN, limit=0), now)
    assert bench.guard.ignored == {"inputs": ignored["inputs"] + 2, "facts": ignored["facts"] + 4}


def test_counters_run_over() -> None:
    bench = Bench()
    bench.counter = 2**32 - 20
    bench.charge()
    bench.run(2 * 65536 // 100)
    assert bench.guard.state == "permit"
    assert not any(bench.guard.ignored.values())


def test_a_sender_that_starts_anew_is_heard_once_the_old_word_is_stale() -> None:
    bench = Bench()
    bench.counter = 5000
    bench.run(10)
    bench.feeding = bench.telling = False
    bench.run(501)
    bench.feeding = bench.telling = True
    bench.counter = 0
    bench.run(5)
    assert bench.guard.state == "armed"


def test_reports_come_every_500_ms_and_on_a_change() -> None:
    bench = charging()
    bench.reports.clear()
    bench.run(5000)
    assert len(bench.reports) == 10
    trip(bench)
    assert bench.reports[-1]["state"] == "tripped"


def test_the_loop_makes_nothing_for_a_collector() -> None:
    bench = charging()
    gc.collect()
    gc.disable()
    try:
        bench.run(500)
        trip(bench)
        bench.reset()
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_every_state_is_told_in_these_stories() -> None:
    bench = Bench()
    bench.tick()
    bench.charge()
    trip(bench)
    bench.run(1)
    assert {report["state"] for report in bench.reports} == set(State)
