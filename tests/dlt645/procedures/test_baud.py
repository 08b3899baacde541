"""Another rate, and the way back."""

import pytest
from tests.dlt645.procedures.wire import ADDRESS, START, Device, a_master, played

from chargelink.dlt645 import ErrorWord, Frame
from chargelink.dlt645.control import BAUD_RATES
from chargelink.dlt645.procedures import BaudChange, BaudOutcome, BaudState, SetRate
from chargelink.wire import EncodeError


class RateMeter(Device):
    """Echoes `echo` (None: silence; "" the word) and speaks at `goes_to` once it has: None stays."""

    def __init__(self, goes_to: int | None, echo: bytes | None = b"", answers: bool = True) -> None:
        super().__init__({"00010000": bytes(4)} if answers else {})
        self.goes_to, self.echo = goes_to, echo
        self.obey = self._change

    def _change(self, frame: Frame, now: float) -> None:
        if self.echo is not None:
            self.meter.answer(frame, self.echo or frame.data, now)
        else:
            self._switch()

    def _switch(self) -> None:
        if self.goes_to is not None:
            self.baud = self.goes_to

    def hear(self, data: bytes, baud: int, now: float) -> None:
        if not data and self.commands and self.meter.deadline is None:
            self._switch()  # its answer has left
        super().hear(data, baud, now)


def changed(device: Device, baud: int = 9600) -> tuple[BaudOutcome, list[int]]:
    master = a_master()
    procedure = BaudChange(master, ADDRESS, baud, START)
    told, _ = played(procedure, device)
    assert procedure.outcome is not None
    assert len(device.commands) <= 1
    rates = [event.baud for event in told if isinstance(event, SetRate)]
    assert procedure.outcome.baud == master.timing.baud == (rates or [2400])[-1]  # where the line is left
    assert procedure.outcome.words.english
    assert procedure.outcome.words.chinese
    return procedure.outcome, rates


@pytest.mark.parametrize("baud", BAUD_RATES.values())
def test_a_new_rate_is_proven_by_a_read(baud: int) -> None:
    outcome, rates = changed(RateMeter(baud), baud)
    assert (outcome.state, outcome.baud) == (BaudState.CHANGED, baud)
    assert rates == [baud]


@pytest.mark.parametrize(
    ("device", "state", "baud", "words"),
    [
        (RateMeter(None), "unchanged", 2400, "2400 baud only"),  # says yes and stays
        (RateMeter(9600, echo=None), "changed", 9600, "answers at 9600"),  # only its answer was lost
        (RateMeter(None, echo=None), "unchanged", 2400, "2400 baud only"),
        (RateMeter(4800, echo=b"\x10"), "changed", 4800, "went to 4800 baud instead of 9600"),
        (RateMeter(19200), "unreachable", 2400, "answers at none of 2400, 9600 baud; the line is back at 2400"),
        (RateMeter(9600, echo=b"\x55"), "changed", 9600, "answers at 9600"),  # an echo that is no rate
        (RateMeter(9600, answers=False), "changed", 9600, "answers at 9600"),  # a refusal proves as much
    ],
)
def test_where_the_meter_is_found(device: Device, state: str, baud: int, words: str) -> None:
    outcome, _ = changed(device)
    assert (outcome.state, outcome.baud) == (state, baud)
    assert words in outcome.words.english


def test_a_meter_that_does_not_change_its_rate() -> None:
    device = Device({})
    device.obey = lambda frame, now: device.meter.refuse(frame, ErrorWord.BAUD_CANNOT_CHANGE, now)
    outcome, rates = changed(device)
    assert (outcome.state, rates) == (BaudState.REFUSED, [])
    assert outcome.words.english == "refused: baud cannot change"


def test_a_mute_meter_is_looked_for_at_both_rates_and_given_up() -> None:
    device = Device({})
    device.mute = True
    outcome, rates = changed(device)
    assert outcome.state is BaudState.UNREACHABLE
    assert rates == [2400, 9600, 2400, 9600, 2400]


def test_a_rate_without_a_word() -> None:
    with pytest.raises(EncodeError, match="600, 1200, 2400"):
        BaudChange(a_master(), ADDRESS, 115_200, START)
