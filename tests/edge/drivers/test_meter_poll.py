"""Polling a meter in time that jumps: every second, precise or coarse, doubtful, lost and back."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.dlt645.forms.number import Number
from chargelink.dlt645.forms.unit import KWH
from chargelink.dlt645.frame import Frame
from chargelink.dlt645.meter import Meter
from chargelink.dlt645.profiles import STANDARD_PROFILE
from chargelink.dlt645.timing import Timing
from chargelink.edge.drivers.meter_line import LinePoll
from chargelink.edge.drivers.meter_poll import (
    BELIEVED_AFTER,
    LOST_AFTER,
    MeterBack,
    MeterLost,
    MeterPoll,
    PollEvent,
    Quantity,
)
from chargelink.edge.drivers.reading import Quality, Reading
from chargelink.wire import EncodeError

ADDRESS = "000000000161"
PRECISE_ENERGY, COARSE_ENERGY = STANDARD_PROFILE.poll.energy
TIMING = Timing(9600)
KILOWATT_HOUR = 1_000_000  # mWh


def precise(mwh: int) -> bytes:
    return Number(5, 4, KWH).encode(mwh)


def coarse(mwh: int) -> bytes:
    return Number(4, 2, KWH).encode(mwh)


def registers(energy: int = 12_345_600) -> dict[str, bytes]:
    """378.5 V, 98 A, 37.093 kW."""
    return {
        PRECISE_ENERGY: precise(energy),
        COARSE_ENERGY: coarse(energy // 10_000 * 10_000),
        "02010100": bytes.fromhex("8537"),
        "02020100": bytes.fromhex("008009"),
        "02030000": bytes.fromhex("300937"),
    }


class Line:
    """A meter and whoever polls it, with the line between them."""

    def __init__(self, held: dict[str, bytes], address: str = ADDRESS) -> None:
        self.now = 100.0
        self.meters_poll = MeterPoll("m1", address, self.now)
        self.poll = LinePoll([self.meters_poll], TIMING)
        self.meter = Meter(ADDRESS, held)
        self.events: list[PollEvent] = []
        self.asked: list[str] = []
        self.cut = False
        self.swallows: Callable[[bytes], bool] = lambda request: False

    def run(self, seconds: float) -> list[PollEvent]:
        """What the poll says until then."""
        until = self.now + seconds
        before = len(self.events)
        self.events += self.poll.tick(self.now)
        while True:
            self._carry()
            due = [self.poll.deadline, *([self.meter.deadline] if self.meter.deadline is not None else [])]
            if min(due) > until:
                self.now = until
                return self.events[before:]
            self.now = max(self.now, min(due))
            self.meter.tick(self.now)
            self.events += self.poll.tick(self.now)

    def _carry(self) -> None:
        if request := self.poll.data_to_send():
            frame = Frame.decode(request.lstrip(b"\xfe"))
            self.asked.append(frame.data[3::-1].hex().upper())
            if not self.cut and not self.swallows(frame.data):
                self.meter.receive(request, self.now)
        answer = self.meter.data_to_send()
        if answer and not self.cut:
            self.events += self.poll.receive(answer, self.now)


def values(events: list[PollEvent], quantity: Quantity) -> list[int | None]:
    return [event.value for event in events if isinstance(event, Reading) and event.quantity == quantity]


def test_every_second_everything() -> None:
    line = Line(registers())
    events = line.run(9.9)
    assert values(events, Quantity.ENERGY) == [12_345_600] * 10
    assert values(events, Quantity.VOLTAGE) == [378_500] * 10
    assert values(events, Quantity.CURRENT) == [98_000] * 10
    assert values(events, Quantity.POWER) == [37_093_000] * 10
    assert all(isinstance(event, Reading) and event.quality is Quality.GOOD for event in events)
    assert line.asked[:4] == [PRECISE_ENERGY, "02010100", "02020100", "02030000"]


def test_a_reading_knows_its_age() -> None:
    line = Line(registers())
    (reading, *_) = line.run(0.5)
    assert isinstance(reading, Reading)
    assert reading.source == "m1"
    assert 0.4 < reading.age(line.now) < 0.5


def test_a_meter_without_the_precise_register_is_read_coarsely() -> None:
    held = registers()
    del held[PRECISE_ENERGY]  # refused with D1 02
    line = Line(held)
    events = line.run(5.9)
    assert values(events, Quantity.ENERGY) == [12_340_000] * 5
    assert line.asked.count(PRECISE_ENERGY) == 1


def test_a_meter_that_says_absent_is_read_coarsely() -> None:
    line = Line(registers() | {PRECISE_ENERGY: b"\xff" * 5})
    events = line.run(2.9)
    assert values(events, Quantity.ENERGY) == [None, 12_340_000, 12_340_000]
    assert isinstance(events[0], Reading)
    assert events[0].quality is Quality.ABSENT


def test_a_meter_that_refuses_by_silence_is_read_coarsely() -> None:
    line = Line(registers())
    line.swallows = lambda data: data == bytes.fromhex(PRECISE_ENERGY)[::-1]
    events = line.run(8.0)
    assert 12_340_000 in values(events, Quantity.ENERGY)
    assert not any(isinstance(event, MeterLost) for event in events)


def test_a_meter_that_refuses_by_silence_comes_back() -> None:
    line = Line(registers())
    line.cut = True
    line.run(20.0)
    line.cut = False
    line.swallows = lambda data: data == bytes.fromhex(PRECISE_ENERGY)[::-1]
    assert 12_340_000 in values(line.run(6.0), Quantity.ENERGY)
    assert not line.meters_poll.lost


def test_once_precise_always_precise() -> None:
    """The coarse register lags by up to 10 Wh: mixed in, the energy would run backwards."""
    held = registers()
    line = Line(held)
    line.run(2.9)
    del held[PRECISE_ENERGY]
    assert values(line.run(4.0), Quantity.ENERGY) == []
    assert COARSE_ENERGY not in line.asked


def test_lost_and_back() -> None:
    line = Line(registers())
    line.run(1.9)
    line.cut = True
    events = line.run(20.0)
    assert [type(event) for event in events] == [MeterLost]
    assert isinstance(events[0], MeterLost)
    assert events[0].silent == pytest.approx(LOST_AFTER, abs=0.01)
    assert line.meters_poll.lost
    line.cut = False
    events = line.run(5.0)
    back = [isinstance(event, MeterBack) for event in events].index(True)
    assert values(events[:back], Quantity.ENERGY) == []
    assert values(events[back : back + 2], Quantity.ENERGY) == [12_345_600]
    assert values(events, Quantity.CURRENT)
    assert not line.meters_poll.lost


def test_a_meter_that_was_never_there_is_lost() -> None:
    line = Line({})
    line.cut = True
    assert line.run(LOST_AFTER - 0.01) == []
    assert [type(event) for event in line.run(0.02)] == [MeterLost]


def test_another_meter_may_come_back() -> None:
    line = Line(registers())
    line.run(1.0)
    line.cut = True
    line.run(10.0)
    other = registers(1_000_000)
    del other[PRECISE_ENERGY]
    line.meter = Meter(ADDRESS, other)
    line.cut = False
    line.run(10.0)
    reading = line.events[-1]
    assert isinstance(reading, Reading)
    energies = [event for event in line.events if isinstance(event, Reading) and event.quantity == Quantity.ENERGY]
    assert (energies[-1].value, energies[-1].quality) == (1_000_000, Quality.GOOD)


@pytest.mark.parametrize(
    ("second", "quality", "because"),
    [
        (12_345_600, Quality.GOOD, ""),
        (12_355_600, Quality.GOOD, ""),
        (12_345_500, Quality.DOUBTFUL, "backwards"),
        (99_345_600, Quality.DOUBTFUL, "leapt"),
    ],
)
def test_a_register_beside_the_one_before(second: int, quality: Quality, because: str) -> None:
    held = registers()
    line = Line(held)
    line.run(0.9)
    held[PRECISE_ENERGY] = precise(second)
    events = [event for event in line.run(1.0) if isinstance(event, Reading) and event.quantity == Quantity.ENERGY]
    assert [(event.value, event.quality) for event in events] == [(second, quality)]
    assert because in events[0].because
    held[PRECISE_ENERGY] = precise(12_355_600)  # the doubtful one is no yardstick
    events = [event for event in line.run(1.0) if isinstance(event, Reading) and event.quantity == Quantity.ENERGY]
    assert [event.quality for event in events] == [Quality.GOOD]


def test_a_register_that_ran_over_is_believed_when_it_has_gone_on_long_enough() -> None:
    held = registers(999_999_999_900)
    line = Line(held)
    line.run(0.9)
    qualities = []
    for second in range(2 * BELIEVED_AFTER):
        held[PRECISE_ENERGY] = precise(9_900 + second * 10_000)
        events = [event for event in line.run(1.0) if isinstance(event, Reading) and event.quantity == Quantity.ENERGY]
        qualities += [event.quality for event in events]
    assert qualities == [Quality.DOUBTFUL] * (BELIEVED_AFTER - 1) + [Quality.GOOD] * (BELIEVED_AFTER + 1)


def test_registers_that_contradict_each_other_are_never_believed() -> None:
    held = registers()
    line = Line(held)
    line.run(0.9)
    for second in range(3 * BELIEVED_AFTER):
        held[PRECISE_ENERGY] = precise(9_000_000 - second * 10_000)
        events = [event for event in line.run(1.0) if isinstance(event, Reading) and event.quantity == Quantity.ENERGY]
        assert [event.quality for event in events] == [Quality.DOUBTFUL]


def test_what_is_not_bcd_is_doubtful() -> None:
    line = Line(registers() | {"02010100": bytes.fromhex("A537")})
    readings = [event for event in line.run(0.9) if isinstance(event, Reading)]
    (voltage,) = [reading for reading in readings if reading.quantity == Quantity.VOLTAGE]
    assert (voltage.value, voltage.quality) == (None, Quality.DOUBTFUL)
    assert "BCD" in voltage.because


def test_an_address_that_is_none() -> None:
    with pytest.raises(EncodeError):
        MeterPoll("m1", "12", 0.0)


def test_any_meter_on_the_line() -> None:
    line = Line(registers(), "AAAAAAAAAAAA")
    assert values(line.run(0.9), Quantity.ENERGY) == [12_345_600]


@given(st.lists(st.tuples(st.binary(max_size=40), st.floats(0.001, 2)), max_size=30))
def test_whatever_is_heard_it_goes_on(story: list[tuple[bytes, float]]) -> None:
    now = 0.0
    poll = LinePoll([MeterPoll("m1", ADDRESS, now)], TIMING)
    for data, step in story:
        poll.tick(now)
        poll.data_to_send()
        poll.receive(data, now)
        poll.data_to_send()
        now = min(now + step, max(poll.deadline, now))
    for _ in range(30):
        now = max(now, poll.deadline)
        poll.tick(now)
        poll.data_to_send()
        assert poll.deadline > now
