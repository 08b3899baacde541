"""Several meters on one line: who is asked when, what a mute one costs, and that no answer is taken for another."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dlt645.shared_line import Wire

from chargelink.dlt645.bodies import Credentials
from chargelink.dlt645.control import ErrorWord
from chargelink.dlt645.frame import ALL_METERS, Frame
from chargelink.dlt645.line import MOST_WISHES, MUTE_AFTER, MUTE_PART, REST, Line
from chargelink.dlt645.master import Refused, Reply, Sent, TimedOut
from chargelink.dlt645.meter import Meter
from chargelink.dlt645.request import Request, broadcast_time, read, write
from chargelink.dlt645.timing import Timing
from chargelink.wire import EncodeError

ENERGY, VOLTAGE, CURRENT = "00010000", "02010100", "02020100"
TIMING = Timing(2400)


def address(number: int) -> str:
    return f"{number:012d}"


def a_meter(number: int, delay: float = 0.02) -> Meter:
    """Every meter has its own number in its registers."""
    value = bytes.fromhex(f"{number:08d}")[::-1]
    return Meter(address(number), {ENERGY: value, VOLTAGE: value[:2], CURRENT: value[:3]}, delay=delay)


def replies(told: list[object]) -> list[Reply]:
    return [event for event in told if isinstance(event, Reply)]


def counted(told: list[object]) -> Counter[str]:
    return Counter(reply.address for reply in replies(told))


def test_each_meter_at_its_own_pace() -> None:
    wire, line = Wire([a_meter(1), a_meter(2)]), Line(TIMING)
    line.every(read(address(1), ENERGY), 1.0, wire.now)
    line.every(read(address(2), ENERGY), 10.0, wire.now)
    assert counted(wire.run(line, 59.9)) == {address(1): 60, address(2): 6}


def test_on_a_full_line_nobody_starves_and_the_hurried_are_served_more_often() -> None:
    wire, line = Wire(a_meter(number) for number in range(1, 21)), Line(TIMING)
    line.every(read(address(1), ENERGY), 1.0, wire.now)
    for number in range(2, 21):
        for identifier in (ENERGY, VOLTAGE, CURRENT):
            line.every(read(address(number), identifier), 5.0, wire.now)
    answers = counted(wire.run(line, 120.0))
    assert len(answers) == 20
    slow = [answers[address(number)] for number in range(2, 21)]
    assert max(slow) - min(slow) <= 6
    assert answers[address(1)] > min(slow)
    assert sum(answers.values()) > 120 / 0.3  # the line is never idle: an exchange takes 0.25 s


def test_what_is_urgent_comes_next() -> None:
    wire, line = Wire([a_meter(1), a_meter(2)]), Line(TIMING)
    for identifier in (ENERGY, VOLTAGE, CURRENT):
        line.ask(read(address(1), identifier), wire.now)
    wire.run(line, 0.1)
    line.ask(read(address(2), ENERGY), wire.now, urgent=True)
    line.ask(read(address(2), VOLTAGE), wire.now, urgent=True)
    told = replies(wire.run(line, 5.0))
    asked = [(reply.address, reply.request.identifier) for reply in told]
    assert asked[:3] == [(address(1), ENERGY), (address(2), ENERGY), (address(2), VOLTAGE)]
    assert len(asked) == 5


def test_mute_meters_cost_a_fifth_of_the_line_however_many_they_are() -> None:
    wire, line = Wire([a_meter(1)]), Line(TIMING)
    line.every(read(address(1), ENERGY), 0.2, wire.now)  # as often as the line can
    for number in range(2, 12):
        line.every(read(address(number), ENERGY), 1.0, wire.now)
    wire.run(line, 60.0)
    assert all(line.is_mute(address(number)) for number in range(2, 12))
    before = line.statistics[address(1)].answered
    silent = sum(line.statistics[address(number)].timed_out for number in range(2, 12))
    wire.run(line, 100.0)
    lost = sum(line.statistics[address(number)].timed_out for number in range(2, 12)) - silent
    assert 15 <= lost <= 100 / MUTE_PART / 0.7
    assert line.statistics[address(1)].answered - before > 0.7 * 100 / 0.27
    assert min(line.statistics[address(number)].timed_out for number in range(2, 12)) > MUTE_AFTER


def test_a_meter_that_comes_back_is_read_as_before() -> None:
    wire, line = Wire([a_meter(1)]), Line(TIMING)
    line.every(read(address(1), ENERGY), 1.0, wire.now)
    line.every(read(address(2), ENERGY), 1.0, wire.now)
    wire.run(line, 20.0)
    assert line.is_mute(address(2))
    wire.meters.append(a_meter(2))
    wire.run(line, 2 * MUTE_PART)
    assert counted(wire.run(line, 10.0))[address(2)] >= 9


def test_a_line_on_which_all_are_mute_goes_on_asking() -> None:
    wire, line = Wire([]), Line(TIMING)
    line.every(read(address(1), ENERGY), 1.0, wire.now)
    wire.run(line, 20.0)
    assert line.statistics[address(1)].timed_out >= 14


def test_an_urgent_request_goes_to_a_mute_meter_too() -> None:
    wire, line = Wire([a_meter(1)]), Line(TIMING)
    line.every(read(address(1), ENERGY), 0.2, wire.now)
    line.every(read(address(2), ENERGY), 1.0, wire.now)
    wire.run(line, 20.0)
    before = line.statistics[address(2)].asked
    line.ask(read(address(2), VOLTAGE), wire.now, urgent=True)
    wire.run(line, 1.0)
    assert line.statistics[address(2)].asked > before


def test_a_late_answer_is_nobodys() -> None:
    """The first meter answers when the second is being asked already."""
    late, quick = a_meter(1, delay=0.72), a_meter(2)
    wire, line = Wire([late, quick]), Line(TIMING)
    line.ask(read(address(1), ENERGY), wire.now)
    line.ask(read(address(2), ENERGY), wire.now)
    told = wire.run(line, 5.0)
    assert any(isinstance(event, TimedOut) for event in told)
    assert [reply.address for reply in replies(told)] == [address(2)]
    assert line.statistics[address(1)].unsolicited == 1


def test_a_late_refusal_is_not_taken_for_the_next_request() -> None:
    """A refusal names no identifier: the meter is left alone until it came."""
    late = Meter(address(1), {VOLTAGE: b"\x00\x22"}, delay=0.9)
    wire, line = Wire([late]), Line(TIMING)
    line.ask(read(address(1), ENERGY), wire.now)
    line.ask(read(address(1), VOLTAGE), wire.now)
    told = wire.run(line, 1.2)
    late._delay = 0.02
    told += wire.run(line, 5.0)
    assert not any(isinstance(event, Refused) for event in told)
    assert [reply.data for reply in replies(told)] == [b"\x00\x22"]
    assert line.statistics[address(1)].unsolicited == 1


def test_refusals_are_answers() -> None:
    wire, line = Wire([a_meter(1)]), Line(TIMING)
    line.every(read(address(1), "02030000"), 1.0, wire.now)
    told = wire.run(line, 5.5)
    assert [event.error for event in told if isinstance(event, Refused)] == [ErrorWord.NO_REQUESTED_DATA] * 6
    statistics = line.statistics[address(1)]
    assert (statistics.asked, statistics.refused, statistics.timed_out) == (6, 6, 0)
    assert not line.is_mute(address(1))
    assert statistics.mean == pytest.approx(0.19, abs=0.03)  # 20 bytes out, Td, 17 bytes back at 2400 baud
    assert statistics.fastest == pytest.approx(statistics.mean, abs=0.03)
    assert statistics.slowest == pytest.approx(statistics.mean, abs=0.03)


def test_an_echo_is_no_trouble() -> None:
    wire, line = Wire([a_meter(1), a_meter(2)]), Line(TIMING)
    wire.echo = True
    for number in (1, 2):
        line.every(read(address(number), ENERGY), 1.0, wire.now)
    assert counted(wire.run(line, 9.9)) == {address(1): 10, address(2): 10}
    assert line.statistics[address(1)].unsolicited == 0


def test_damaged_answers_are_counted_for_who_was_asked() -> None:
    """Two meters with one address spoil each other's answers."""
    wire, line = Wire([a_meter(1), a_meter(1), a_meter(2)]), Line(TIMING)
    wire.meters[1].registers = {ENERGY: b"\x99\x88\x77\x66"}
    line.every(read(address(1), ENERGY), 1.0, wire.now)
    line.every(read(address(2), ENERGY), 1.0, wire.now)
    wire.run(line, 10.0)
    assert line.statistics[address(1)].defects >= 3
    assert line.statistics[address(1)].answered == 0
    assert line.statistics[address(2)].defects == 0
    assert line.statistics[address(2)].answered >= 8


def test_what_writes_is_sent_once_and_a_broadcast_is_not_waited_for() -> None:
    wire, line = Wire([]), Line(TIMING)
    line.ask(write(address(1), "04000106", b"\x15", Credentials("02", "000000", "00000000")), wire.now)
    line.ask(broadcast_time("2026-11-20 12:00:00"), wire.now, urgent=True)
    told = wire.run(line, 10.0)
    assert [type(event) for event in told] == [Sent, TimedOut]
    assert len(wire.asked) == 2


def test_a_meter_that_is_forgotten_is_asked_no_more() -> None:
    wire, line = Wire([a_meter(1), a_meter(2)]), Line(TIMING)
    for number in (1, 2):
        line.every(read(address(number), ENERGY), 1.0, wire.now)
    wire.run(line, 3.6)
    line.forget(address(1))
    assert counted(wire.run(line, 5.0)) == {address(2): 5}
    assert [*line.statistics] == [address(2)]


def test_what_cannot_be_asked() -> None:
    line = Line(TIMING)
    with pytest.raises(EncodeError):
        line.ask(read("12", ENERGY), 0.0)
    with pytest.raises(ValueError, match="no time"):
        line.every(read(address(1), ENERGY), 0.0, 0.0)
    assert line.deadline is None
    for _ in range(MOST_WISHES):
        line.ask(read(address(1), ENERGY), 0.0)
    with pytest.raises(RuntimeError):
        line.ask(read(address(1), ENERGY), 0.0)


def test_a_rest_is_over_in_time() -> None:
    wire, line = Wire([]), Line(TIMING)
    line.every(read(address(1), ENERGY), 0.1, wire.now)
    wire.run(line, 0.85)  # the request takes 0.09 s, the answer may take 0.7 s
    assert (line.statistics[address(1)].timed_out, line.statistics[address(1)].asked) == (1, 1)
    wire.run(line, REST)
    assert line.statistics[address(1)].asked == 2


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.binary(max_size=300), st.floats(0.0, 1.5)), max_size=8),
    st.booleans(),
)
def test_back_in_step_after_any_noise(story: list[tuple[bytes, float]], echo: bool) -> None:
    """Whatever is heard: half a second after it ends the next exchange succeeds, and nothing has grown."""
    wire, line = Wire([a_meter(1), a_meter(2)], 9600), Line(Timing(9600))
    wire.echo = echo
    for number in (1, 2):
        line.every(read(address(number), ENERGY), 0.5, wire.now)
    for noise, pause in story:
        wire.say(noise, wire.now)
        wire.run(line, pause)
    while wire.heard:
        wire.run(line, 0.1)
    wire.run(line, 0.5)
    # One exchange of each may have been spoiled, and they take turns.
    spoiled = 2 * (TIMING.response + REST + 0.1)
    answers = counted(wire.run(line, spoiled + 1.5))
    assert min(answers[address(1)], answers[address(2)]) >= 1
    assert len(line._wishes) == 2
    scanner = line._master._scanner
    assert len(scanner._held) + len(scanner._dropped) <= 600


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_an_answer_is_always_that_of_who_was_asked(data: st.DataObject) -> None:
    """Meters of any slowness, requests and bytes lost: no value ever comes from another meter or register."""
    delays = data.draw(st.lists(st.sampled_from([0.02, 0.3, 0.5, 0.69, 0.9, 1.15]), min_size=3, max_size=3))
    wire = Wire([a_meter(number, delay) for number, delay in enumerate(delays, 1)], 9600)
    line = Line(Timing(9600))
    lost = data.draw(st.sets(st.integers(0, 40)))
    wire.lose = lambda request: len(wire.asked) in lost
    requests: list[Request] = [
        read(address(number), identifier) for number in (1, 2, 3) for identifier in (ENERGY, VOLTAGE, CURRENT)
    ]
    for request in requests:
        line.every(request, 1.0, wire.now)
    for reply in replies(wire.run(line, 30.0)):
        assert reply.address == reply.request.address
        number = bytes.fromhex(f"{int(reply.address):08d}")[::-1]
        assert reply.data == number[: len(reply.data)]
        assert len(reply.data) == {ENERGY: 4, VOLTAGE: 2, CURRENT: 3}[reply.request.identifier]


def test_a_frame_of_the_scanner_is_what_the_wire_carries() -> None:
    """The wire itself: two that speak at once are not understood."""
    wire = Wire([])
    frame = Frame(ALL_METERS, 0x11, b"\x00" * 4).encode(0)
    wire.say(frame, wire.now)
    assert bytes(byte for _, byte in wire.heard) == frame
    wire.say(bytes(len(frame)), wire.now)
    assert bytes(byte for _, byte in wire.heard) == bytes(len(frame))
