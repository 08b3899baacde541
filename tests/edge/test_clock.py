"""The edge's clock: never backwards, forward at once, and every step told with both times."""

import asyncio
import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.edge.ledger.opened import open_journal

from chargelink.edge import clock as room
from chargelink.edge.clock import RELEASED, Clock, Step, last_record, tell, tell_steps
from chargelink.edge.time_sources import Kernel, kernel
from chargelink.link.messages import RECORD_LANE
from chargelink.model import Alarm, content_of

NOW = RELEASED + 1_000_000_000
HOUR = 3_600_000


class System:
    """A system clock that can be set, and what passes whatever it says."""

    def __init__(self, says: int = NOW) -> None:
        self.says = says
        self.passed = 0

    def clock(self, last: int = 0) -> Clock:
        return Clock(last, lambda: self.says, lambda: self.passed)

    def wait(self, ms: int) -> None:
        self.says += ms
        self.passed += ms


@pytest.mark.parametrize(
    ("system", "last", "begins"),
    [
        (NOW, 0, NOW),
        (NOW, NOW - HOUR, NOW),
        (NOW, NOW + HOUR, NOW + HOUR),  # the last record is later than the battery's clock
        (0, 0, RELEASED),  # no battery, no record: 1970
        (0, RELEASED + 5, RELEASED + 5),
        (-5, 0, RELEASED),
    ],
)
def test_it_begins_at_the_latest_of_three(system: int, last: int, begins: int) -> None:
    clock = System(system).clock(last)
    assert clock.now() == begins
    assert list(clock.steps) == ([Step(begins, system, begins)] if begins != system else [])


def test_it_runs_with_the_system() -> None:
    system = System()
    clock = system.clock()
    for _ in range(1000):
        system.wait(77)
        assert clock.now() == system.says
    assert not clock.steps


def test_set_forward_it_follows_at_once() -> None:
    system = System()
    clock = system.clock()
    system.wait(10)
    system.says += HOUR
    assert clock.now() == NOW + HOUR + 10
    assert clock.steps.popleft() == Step(NOW + 10, NOW + HOUR + 10, NOW + HOUR + 10)
    system.wait(5)
    assert clock.now() == NOW + HOUR + 15
    assert not clock.steps


def test_set_back_it_goes_on_a_little_slower_until_the_other_has_caught_up() -> None:
    system = System()
    clock = system.clock()
    system.says -= HOUR
    assert clock.now() == NOW
    assert list(clock.steps) == [Step(NOW, NOW - HOUR, NOW)]
    system.wait(HOUR)
    assert clock.now() == NOW + HOUR * 9 // 10
    assert clock.ahead == HOUR * 9 // 10
    system.wait(9 * HOUR)
    assert clock.now() == system.says == NOW + 9 * HOUR
    system.wait(1)
    assert (clock.now(), clock.ahead) == (system.says, 0)
    assert len(clock.steps) == 1


def test_asked_every_millisecond_it_does_not_stand_still() -> None:
    system = System()
    clock = system.clock()
    system.says -= HOUR
    clock.now()
    for _ in range(1000):
        system.wait(1)
        clock.now()
    assert clock.now() == NOW + 900


def test_set_back_twice_and_forward_again() -> None:
    system = System()
    clock = system.clock()
    for _ in range(2):
        system.says -= HOUR
        clock.now()
        system.wait(1000)
    assert clock.now() == NOW + 1800
    system.says += 3 * HOUR
    assert clock.now() == system.says
    assert len(clock.steps) == 3


def test_a_discipline_that_slews_is_no_step() -> None:
    system = System()
    clock = system.clock()
    for _ in range(1000):
        system.wait(1000)
        system.says -= 1  # 1000 ppm: twice what ntpd does
        before = clock.now()
        assert clock.now() >= before
    assert not clock.steps
    assert clock.ahead <= 1


def test_a_person_may_set_it_back() -> None:
    system = System(NOW + 365 * 24 * HOUR)
    clock = system.clock()
    system.says = NOW
    clock.now()
    step = clock.follow()
    assert step.ours == clock.now() == NOW
    system.wait(10)
    assert clock.now() == NOW + 10


@given(st.lists(st.tuples(st.integers(0, 10 * HOUR), st.integers(-HOUR, HOUR))))
def test_it_never_runs_backwards(moves: list[tuple[int, int]]) -> None:
    system = System()
    clock = system.clock()
    last = clock.now()
    for passed, step in moves:
        system.wait(passed)
        system.says += step
        now = clock.now()
        assert now >= max(last, system.says)
        assert now - last >= passed * 9 // 10 - 1
        last = now
    assert len(clock.steps) <= room.MOST_STEPS


def unsure(_: int = 0) -> Kernel | None:
    return None


def test_nobody_is_trusted_before_somebody_agrees() -> None:
    clock = System().clock()
    assert clock.quality == (False, None, {})
    assert clock.right is None


@pytest.mark.parametrize(
    ("off", "within", "trusted"),
    [
        (0, 0, True),
        (5_000, 0, True),
        (5_001, 0, False),
        (4_000, 1_001, False),
        (-4_000, 1_000, True),
        (0, 9_000, False),
    ],
)
def test_who_agrees_within_five_seconds_is_believed(off: int, within: int, trusted: bool) -> None:
    system = System()
    clock = system.clock()
    clock.hear("hub", NOW + off, within)
    assert (clock.trusted, clock.quality.source) == (trusted, "hub" if trusted else None)
    assert clock.quality.off == {"hub": -off}


def test_what_the_kernel_says_counts_while_it_is_synchronised() -> None:
    system = System()
    clock = system.clock()
    clock.look(lambda: Kernel(False, 16_000))
    assert not clock.trusted
    clock.look(lambda: Kernel(True, 20))
    assert clock.quality == (True, "ntp", {"ntp": 0})
    clock.look(lambda: None)  # the daemon of NTP went away: what it said holds until a step
    assert clock.quality == (True, "ntp", {})
    system.says += HOUR
    assert not clock.trusted


def test_a_step_away_from_what_was_said_ends_the_trust_and_a_step_to_it_gives_it() -> None:
    system = System()
    clock = system.clock()
    system.says -= HOUR
    clock.hear("hub", NOW, 10)
    assert clock.trusted  # ours goes on
    system.says += 3 * HOUR
    assert not clock.trusted
    assert clock.quality.off == {"hub": 2 * HOUR}
    system.says -= 2 * HOUR
    clock.follow()
    assert clock.quality == (True, "person", {"hub": 0, "person": 0})


def test_two_who_differ_leave_nobody_sure() -> None:
    clock = System().clock()
    clock.look(lambda: Kernel(True, 5))
    clock.hear("hub", NOW + HOUR, 100)
    assert clock.quality.off == {"ntp": 0, "hub": -HOUR}
    clock.look(lambda: Kernel(True, 5))
    assert not clock.trusted
    clock.hear("hub", NOW + 100, 100)
    assert clock.quality == (True, "ntp", {"ntp": 0, "hub": -100})


def test_what_is_right_is_the_best_word_until_it_is_too_old() -> None:
    system = System()
    clock = system.clock()
    clock.hear("hub", NOW + HOUR, 200)
    assert clock.right == NOW + HOUR
    system.wait(HOUR)
    clock.look(lambda: Kernel(True, 10))
    assert clock.right == NOW
    clock.look(unsure)
    assert clock.right == NOW + HOUR
    system.wait(24 * HOUR)
    assert clock.right is None


def test_a_word_that_is_less_exact_than_we_are_corrects_nothing() -> None:
    clock = System().clock()
    clock.hear("hub", NOW + 3_000, 3_000)
    assert clock.right == NOW
    clock.hear("hub", NOW + 3_001, 3_000)
    assert clock.right == NOW + 3_001


def test_the_kernel_of_this_machine_can_be_asked() -> None:
    said = kernel()
    assert said is None or said.within >= 0


async def test_a_step_is_recorded_with_both_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "LOOK_EVERY", 0.001)
    system = System()
    clock = system.clock()
    journal = open_journal(tmp_path / "ledger.db")
    telling = asyncio.create_task(tell_steps(clock, journal))
    system.says += HOUR
    async with asyncio.timeout(20):
        while not (records := (await journal.pending(RECORD_LANE, 10, 10_000)).records):  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    for _ in range(100):  # a clock that is stepped all the time does not fill the journal
        system.says += HOUR
        clock.now()
        await asyncio.sleep(0)
    telling.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await telling
    [record] = records
    alarm = content_of(record.kind, record.body)
    assert isinstance(alarm, Alarm)
    assert (alarm.code, alarm.at) == ("clock-stepped", NOW + HOUR)
    assert room.shown(NOW) in alarm.text
    assert room.shown(NOW + HOUR) in alarm.text
    assert (await journal.position()).last == 1
    await journal.close()


async def test_the_last_record_is_found_in_any_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    assert last_record(path) == 0
    journal = open_journal(path)
    assert last_record(path) == 0
    await tell(journal, Step(1, 2, 3), NOW)
    await tell(journal, Step(1, 2, 3), NOW - HOUR)  # after a person set it back
    assert last_record(path) == NOW - HOUR
    await journal.close()
    assert last_record(path) == NOW - HOUR
    path.write_bytes(b"damaged" * 1000)
    assert last_record(path) == 0
