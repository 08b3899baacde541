"""Confirmed relay control: accepted is not done."""

import pytest
from tests.dlt645.procedures.wire import ADDRESS, START, Device, a_master, played

from chargelink.dlt645 import ErrorWord, Frame
from chargelink.dlt645.bodies import Credentials, Relay
from chargelink.dlt645.control import AnyError, RelayAccepted, RelayError
from chargelink.dlt645.procedures import ConfirmedRelay, OperatingState, RelayOutcome, RelayState
from chargelink.dlt645.procedures.relay import STATUS_WORD_3
from chargelink.wire import EncodeError

BY = Credentials("02", "123456", "00000001")
CLOSED, COMMANDED, OPEN = 0x0000, 0x0040, 0x0050
TRIP, PERMIT, CLOSE, RETURN, ALARM, ALARM_OFF, KEEP = 0x1A, 0x1B, 0x1C, 0x1D, 0x2A, 0x2B, 0x3A


class RelayMeter(Device):
    """Answers a command by `answer` (None: silence) and shows `after` from `moves` s on, None: never."""

    def __init__(self, state: int, after: int, moves: float | None = 0.0, answer: bytes | None = b"") -> None:
        super().__init__({STATUS_WORD_3: state.to_bytes(2, "little")})
        self.after, self.moves, self.answer = after, moves, answer
        self.moved_at: float | None = None
        self.obey = self._switch

    def _switch(self, frame: Frame, now: float) -> None:
        if self.answer is not None:
            self.meter.answer(frame, self.answer, now)
        self.moved_at = None if self.moves is None else now + self.moves

    def hear(self, data: bytes, baud: int, now: float) -> None:
        if self.moved_at is not None and now >= self.moved_at:
            self.registers[STATUS_WORD_3] = self.after.to_bytes(2, "little")
        super().hear(data, baud, now)


def command(code: int) -> Relay:
    return Relay(BY, code, "2099-12-31 23:59:59")


def outcome(device: Device, code: int = TRIP) -> RelayOutcome:
    procedure = ConfirmedRelay(a_master(), ADDRESS, command(code), START)
    played(procedure, device)
    assert procedure.outcome is not None
    assert [frame for frame in device.commands if frame.function == 0x1C] == device.commands
    assert len(device.commands) <= 1  # whatever happens it is sent once
    assert procedure.outcome.words.english
    assert procedure.outcome.words.chinese
    return procedure.outcome


@pytest.mark.parametrize(
    ("code", "before", "after", "moves", "state", "words"),
    [
        (TRIP, CLOSED, OPEN, 0.0, "done", "the meter shows it"),
        (TRIP, CLOSED, OPEN, 4.0, "done", "the meter shows it"),
        (TRIP, CLOSED, OPEN, 60.0, "accepted", "has not moved"),
        (TRIP, CLOSED, OPEN, None, "accepted", "has not moved"),
        (TRIP, CLOSED, COMMANDED, 0.0, "accepted", "has not moved"),  # ordered, and it sticks
        (TRIP, OPEN, OPEN, 0.0, "done", "the meter shows it"),
        (RETURN, CLOSED, OPEN, 0.0, "done", "the meter shows it"),
        (CLOSE, OPEN, CLOSED, 0.0, "done", "the meter shows it"),
        (CLOSE, OPEN, COMMANDED, 0.0, "accepted", "has not moved"),
        (PERMIT, OPEN, 0x0010, 0.0, "accepted", "when the key on the meter is pressed"),
        (PERMIT, OPEN, CLOSED, 5.0, "done", "the meter shows it"),
        (ALARM, CLOSED, 0x0080, 0.0, "done", "the meter shows it"),
        (ALARM_OFF, 0x0080, CLOSED, 0.0, "done", "the meter shows it"),
        (KEEP, CLOSED, CLOSED, 0.0, "accepted", "no status word shows"),
        (0x55, CLOSED, CLOSED, 0.0, "accepted", "no status word shows"),
    ],
)
def test_what_the_state_shows(code: int, before: int, after: int, moves: float | None, state: str, words: str) -> None:
    found = outcome(RelayMeter(before, after, moves), code)
    assert (found.state, found.before, found.refused) == (state, before, None)
    assert words in found.words.english


@pytest.mark.parametrize(
    ("before", "after", "moves", "state", "words"),
    [
        (CLOSED, OPEN, 0.0, "done", "the meter shows it"),  # only the answer was lost
        (CLOSED, OPEN, None, "unknown", "does not show it yet"),
        (OPEN, OPEN, None, "unknown", "as it was before"),
    ],
)
def test_no_answer_to_the_command(before: int, after: int, moves: float | None, state: str, words: str) -> None:
    found = outcome(RelayMeter(before, after, moves, answer=None))
    assert found.state == state
    assert words in found.words.english


@pytest.mark.parametrize(
    ("error", "english", "chinese"),
    [
        (ErrorWord.NOT_AUTHORISED, "password error/not authorised", "密码错/未授权"),
        (RelayError.DEADLINE_INVALID, "deadline invalid", "有效时间无效"),
        (RelayError.POWER_KEPT | RelayError.SUSPENDED, "meter suspended, power is kept", "电能表挂起、保电中"),
        (ErrorWord(0), "no reason given", "未说明原因"),
    ],
)
def test_a_refusal_in_words(error: AnyError, english: str, chinese: str) -> None:
    device = Device({STATUS_WORD_3: bytes(2)})
    device.obey = lambda frame, now: device.meter.refuse(frame, error, now)
    found = outcome(device)
    assert found.state is RelayState.REFUSED
    assert found.refused is not None
    assert found.refused.error == error
    assert english in found.words.english
    assert chinese in found.words.chinese


def test_what_a_meter_with_esam_says_that_it_will_do() -> None:
    assert outcome(RelayMeter(CLOSED, OPEN, answer=b"\x04\x00")).accepted is RelayAccepted.DIRECT_TRIP


def test_a_meter_without_a_state() -> None:
    found = outcome_without_state(b"")
    assert (found.state, found.before, found.after) == (RelayState.ACCEPTED, None, None)
    assert "cannot be read" in found.words.english
    assert outcome_without_state(None).state is RelayState.UNKNOWN


def outcome_without_state(answer: bytes | None) -> RelayOutcome:
    device = RelayMeter(CLOSED, CLOSED, answer=answer, moves=None)
    device.registers.clear()
    return outcome(device)


def test_an_absent_state_is_none() -> None:
    assert outcome(RelayMeter(0xFFFF, 0xFFFF)).before is None


def test_a_mute_meter_costs_bounded_time() -> None:
    device = RelayMeter(CLOSED, OPEN)
    device.mute = True
    procedure = ConfirmedRelay(a_master(), ADDRESS, command(TRIP), START)
    _, over = played(procedure, device)
    assert procedure.outcome is not None
    assert procedure.outcome.state is RelayState.UNKNOWN
    assert over - START < 20


def test_it_is_over_as_soon_as_it_is_shown() -> None:
    _, over = played(ConfirmedRelay(a_master(), ADDRESS, command(TRIP), START), RelayMeter(CLOSED, OPEN))
    assert over - START < 1


def test_other_bits_do_not_matter() -> None:
    found = outcome(RelayMeter(CLOSED | 0x0409, OPEN | 0x0409))
    assert found.state is RelayState.DONE
    assert found.after is not None
    assert OperatingState.PROGRAMMING in found.after


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("12", command(TRIP)),
        ("AAAAAAAA0161", command(TRIP)),
        ("999999999999", command(TRIP)),
        (ADDRESS, Relay(BY, TRIP, "soon")),
        (ADDRESS, command(300)),
    ],
)
def test_what_cannot_be_sent_is_refused_at_once(address: str, body: Relay) -> None:
    with pytest.raises(EncodeError):
        ConfirmedRelay(a_master(), address, body, START)


def test_a_master_in_use_is_refused() -> None:
    master = a_master()
    ConfirmedRelay(master, ADDRESS, command(TRIP), START)
    with pytest.raises(RuntimeError):
        ConfirmedRelay(master, ADDRESS, command(TRIP), START)
