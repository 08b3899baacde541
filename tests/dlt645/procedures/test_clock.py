"""Setting a clock: by broadcast and by writing, both editions, near midnight, and clocks that do not obey."""

from datetime import datetime, timedelta

import pytest
from tests.dlt645.procedures.wire import ADDRESS, START, Device, a_master, played

from chargelink.dlt645 import ALL_METERS, Edition, ErrorWord, Frame
from chargelink.dlt645.bodies import BroadcastTime, Credentials
from chargelink.dlt645.catalogue import STANDARD
from chargelink.dlt645.forms import Form, Stamp
from chargelink.dlt645.procedures import SetTime, TimeOutcome, TimeState
from chargelink.wire import EncodeError

BY = Credentials("04", "123456", "00000001")
NOON = datetime(2026, 11, 20, 12, 0, 0, 400_000)  # a Friday
MIDNIGHT = datetime(2026, 11, 20, 23, 59, 50)


class ClockMeter(Device):
    """A clock that is `ahead` of `time`, with or without date and time in one."""

    def __init__(self, time: datetime, ahead: float, together: bool = True, edition: str = "2007") -> None:
        super().__init__({})
        self.zero = time - timedelta(seconds=START - ahead)
        self.together, self.edition = together, edition
        self.obeys = self.answers = True
        self.identifiers: list[str] = []
        self.obey = self._set

    def hear(self, data: bytes, baud: int, now: float) -> None:
        shown = self.zero + timedelta(seconds=now)
        day = (f"{shown:%Y-%m-%d}", shown.isoweekday() % 7)
        date, time = ("04000101", "04000102") if self.edition == "2007" else ("C010", "C011")
        stamps = {date: Stamp(*day), time: Stamp(f"{shown:%H:%M:%S}")}
        if self.together:
            stamps["0400010C"] = Stamp(f"{shown:%Y-%m-%d %H:%M:%S}", day[1])
        self.registers |= {name: form(name).encode(stamp) for name, stamp in stamps.items()}
        super().hear(data, baud, now)

    def _set(self, frame: Frame, now: float) -> None:
        if frame.function == 0x08:
            self._take(f"{BroadcastTime.decode(frame.data).time}", now)
            return
        size = 4 if frame.function == 0x14 else 2
        identifier = frame.data[size - 1 :: -1].hex().upper()
        self.identifiers.append(identifier)
        stamp = form(identifier).decode(frame.data[size + (8 if size == 4 else 4) :])
        assert isinstance(stamp, Stamp)
        shown = self.zero + timedelta(seconds=now)
        if len(stamp.text) == 10:  # a date alone keeps the clock's own time
            stamp = Stamp(f"{stamp.text} {shown:%H:%M:%S}", stamp.number)
        elif len(stamp.text) == 8:
            stamp = Stamp(f"{shown:%Y-%m-%d} {stamp.text}")
        else:
            assert stamp.number == datetime.fromisoformat(stamp.text).isoweekday() % 7
        self._take(stamp.text, now)
        if self.answers:
            self.meter.answer(frame, b"", now)

    def _take(self, text: str, now: float) -> None:
        if self.obeys:
            self.zero = datetime.fromisoformat(text) - timedelta(seconds=now)


def form(identifier: str) -> Form:
    item = STANDARD.find(identifier)
    assert item is not None
    return item.form


def outcome(device: Device, time: datetime = NOON, by: Credentials | None = BY, edition: str = "2007") -> TimeOutcome:
    procedure = SetTime(a_master(), ADDRESS, time, START, by, Edition(edition))
    played(procedure, device)
    assert procedure.outcome is not None
    assert procedure.outcome.words.chinese
    return procedure.outcome


@pytest.mark.parametrize("ahead", [-7200.0, -3.0, 0.0, 0.4, 86_400.0])
@pytest.mark.parametrize("time", [NOON, MIDNIGHT, MIDNIGHT + timedelta(seconds=9.6)], ids=str)
@pytest.mark.parametrize(("together", "edition"), [(True, "2007"), (False, "2007"), (False, "1997")])
def test_a_clock_is_set_by_writing(ahead: float, time: datetime, together: bool, edition: str) -> None:
    device = ClockMeter(time, ahead, together, edition)
    found = outcome(device, time, edition=edition)
    assert found.state is TimeState.DONE, found
    assert found.before is not None
    assert found.after is not None
    assert abs(found.before - ahead) <= 1.5
    assert abs(found.after) <= 1.5
    written = {"2007": ["04000101", "04000102"], "1997": ["C010", "C011"]}[edition]
    assert device.identifiers == (["0400010C"] if together else written)


@pytest.mark.parametrize("hundredths", [*range(930, 955), *range(975, 1003)])
def test_midnight_never_comes_between_date_and_time(hundredths: int) -> None:
    time = MIDNIGHT + timedelta(seconds=hundredths / 100)
    found = outcome(ClockMeter(time, 0.0, together=False), time)
    assert found.state is TimeState.DONE, found
    assert found.before is not None
    assert abs(found.before) <= 1.5


def test_the_time_that_is_sent_is_the_nearest_second() -> None:
    time = NOON.replace(microsecond=900_000)
    device = ClockMeter(time, 0.0)
    sent: list[timedelta] = []
    device.obey = lambda frame, now: sent.append(
        datetime.fromisoformat(BroadcastTime.decode(frame.data).time) - (time + timedelta(seconds=now - START))
    )
    outcome(device, time, by=None)
    assert abs(sent[0].total_seconds()) <= 0.6


def test_a_clock_is_set_by_broadcast() -> None:
    device = ClockMeter(NOON, 200.0)
    found = outcome(device, by=None)
    assert (found.state, [frame.address for frame in device.commands]) == (TimeState.DONE, [ALL_METERS])


def test_a_broadcast_is_ignored() -> None:
    device = ClockMeter(NOON, 600.0)
    device.obeys = False
    found = outcome(device, by=None)
    assert found.state is TimeState.IGNORED
    assert "off by more than 5 min" in found.words.english
    assert found.after is not None
    assert abs(found.after - 600) <= 1.5


def test_a_clock_that_says_yes_and_does_not_obey() -> None:
    device = ClockMeter(NOON, 600.0)
    device.obeys = False
    found = outcome(device)
    assert (found.state, "accepted, but" in found.words.english) == (TimeState.IGNORED, True)
    device = ClockMeter(NOON, 600.0)
    device.obeys = device.answers = False
    assert outcome(device).state is TimeState.UNKNOWN


def test_only_the_answer_was_lost() -> None:
    device = ClockMeter(NOON, 600.0)
    device.answers = False
    assert outcome(device).state is TimeState.DONE


@pytest.mark.parametrize("together", [True, False])
def test_a_wrong_password_is_tried_once(together: bool) -> None:
    device = ClockMeter(NOON, 600.0, together)
    device.obey = lambda frame, now: device.meter.refuse(frame, ErrorWord.NOT_AUTHORISED, now)
    found = outcome(device)
    assert (found.state, len(device.commands)) == (TimeState.REFUSED, 1)
    assert found.words.english == "refused: password error/not authorised"


@pytest.mark.parametrize("shown", [b"", bytes.fromhex("00 00 25 05 32 13 26"), b"\xff" * 7])
def test_a_clock_that_cannot_be_read(shown: bytes) -> None:
    device = Device({"0400010C": shown} if shown else {})
    device.obey = lambda frame, now: device.meter.answer(frame, b"", now)
    found = outcome(device)
    assert (found.state, found.before, found.after) == (TimeState.UNKNOWN, None, None)


def test_what_cannot_be_sent_is_refused_at_once() -> None:
    with pytest.raises(EncodeError):
        SetTime(a_master(), "12", NOON, START)
    with pytest.raises(EncodeError):
        SetTime(a_master(), ADDRESS, NOON, START, Credentials(password="secret"))
