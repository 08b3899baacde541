"""Finding the meters of a line: alone, spoiling each other, one behind the other, nameless, at any rate."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dlt645.shared_line import Wire

from chargelink.dlt645.control import Edition
from chargelink.dlt645.discovery import RATES, Discovered, Discovery, Found, Trying
from chargelink.dlt645.frame import Frame
from chargelink.dlt645.master import Master
from chargelink.dlt645.meter import Meter
from chargelink.dlt645.procedures import SetRate
from chargelink.dlt645.timing import Timing

MODERN, OLD = Edition.DLT645_2007, Edition.DLT645_1997
VALUE = b"\x78\x56\x34\x12"


def register(address: str) -> bytes:
    """No two meters have counted the same."""
    return bytes.fromhex(f"{int(address) * 7919 % 99_999_989:08d}")


class Meter2007(Meter):
    """Is silent to the edition that it does not speak."""

    function = 0x11

    def receive(self, data: bytes, now: float) -> list[object]:  # type: ignore[override]
        frame = Frame.decode(data)
        if frame.function not in (self.function, 0x13 if self.function == 0x11 else self.function):
            return []
        return [*super().receive(data, now)]


class Meter1997(Meter2007):
    function = 0x01


class Nameless(Meter1997):
    """Answers AA by AA."""

    def receive(self, data: bytes, now: float) -> list[object]:  # type: ignore[override]
        heard = super().receive(data, now)
        if self._reply and "AA" in Frame.decode(data).address:
            reply = Frame.decode(self._reply)
            self._reply = Frame(Frame.decode(data).address, reply.control, reply.data).encode()
        return heard


def modern(address: str, delay: float = 0.02) -> Meter:
    return Meter2007(address, {"00010000": register(address)}, delay=delay)


def old(address: str, delay: float = 0.02) -> Meter:
    return Meter1997(address, {"9010": register(address)}, delay=delay)


def searched(
    wire: Wire, most_questions: int = 3000, rates: tuple[tuple[int, str], ...] = ((2400, "E"),)
) -> tuple[Discovered, list[object]]:
    master = Master(Timing(wire.baud), retries=0)
    discovery = Discovery(master, wire.now, rates, most_questions)
    told: list[object] = []
    while discovery.running:
        told += wire.run(discovery, 0.05, lambda: not discovery.running)  # less than a port has to settle
        wire.baud = next((event.baud for event in reversed(told) if isinstance(event, SetRate)), wire.baud)
    assert discovery.outcome is not None
    return discovery.outcome, told


def addresses(outcome: Discovered) -> list[str]:
    return sorted(meter.address for meter in outcome.meters)


def test_one_meter() -> None:
    outcome, told = searched(Wire([modern("000000000161")]))
    assert [(meter.address, meter.editions) for meter in outcome.meters] == [("000000000161", (MODERN,))]
    assert outcome.complete
    assert outcome.unresolved == ()
    assert outcome.questions <= 5
    assert [event.meter.address for event in told if isinstance(event, Found)] == ["000000000161"]


def test_nobody() -> None:
    outcome, told = searched(Wire([]))
    assert outcome == Discovered((), (), 4, True)
    assert all(event.seconds < 2 for event in told if isinstance(event, Trying))


def test_meters_that_answer_at_once_are_told_apart() -> None:
    both = ["202208110063", "202208110163", "000000611668"]
    outcome, told = searched(Wire([modern(address) for address in both]))
    assert addresses(outcome) == sorted(both)
    assert outcome.unresolved == ()
    assert outcome.complete
    assert outcome.questions < 320
    assert max(event.seconds for event in told if isinstance(event, Trying)) > 60


def test_meters_that_answer_one_behind_the_other() -> None:
    outcome, _ = searched(Wire([modern("000000000161"), modern("000000000162", 0.4)]))
    assert addresses(outcome) == ["000000000161", "000000000162"]
    assert outcome.questions < 10


def test_both_editions_on_a_line() -> None:
    outcome, _ = searched(Wire([modern("000000000161"), old("000000000262")]))
    assert {meter.address: meter.editions for meter in outcome.meters} == {
        "000000000161": (MODERN,),
        "000000000262": (OLD,),
    }


def test_a_meter_of_both_editions_is_one() -> None:
    outcome, _ = searched(Wire([Meter("000000000161", {"00010000": VALUE, "9010": VALUE})]))
    assert [meter.editions for meter in outcome.meters] == [(MODERN, OLD)]


def test_a_refusal_of_the_other_edition_is_no_sign_of_it() -> None:
    outcome, _ = searched(Wire([Meter("000000000161", {"00010000": VALUE})]))
    assert [meter.editions for meter in outcome.meters] == [(MODERN,)]


@pytest.mark.parametrize("number", [bytes.fromhex("620200000000"), b"\x99" * 6, None])
def test_a_meter_that_does_not_tell_its_address(number: bytes | None) -> None:
    """Its number is its address, or is not, or is not told."""
    registers = {"9010": VALUE} | ({"C032": number} if number else {})
    outcome, _ = searched(Wire([Nameless("000000000262", registers)]))
    assert addresses(outcome) == ["000000000262"]
    assert outcome.complete


def test_two_with_one_address_are_told_as_such() -> None:
    twins = [modern("000000000161"), modern("000000000161")]
    twins[1].registers = {"00010000": b"\x99\x87\x65\x43"}
    wire = Wire([*twins, modern("000000000262")])
    outcome, _ = searched(wire)
    assert "000000000262" in addresses(outcome)
    assert [place.address for place in outcome.unresolved] == ["000000000161"]


def test_the_rate_is_found() -> None:
    wire = Wire([modern("000000000161")])
    wire.meters_baud = 1200
    outcome, told = searched(wire, rates=RATES)
    assert [(meter.address, meter.baud, meter.parity) for meter in outcome.meters] == [("000000000161", 1200, "E")]
    rates = [event for event in told if isinstance(event, SetRate)]
    assert rates == [SetRate(2400), SetRate(9600), SetRate(1200)]


def test_no_more_is_asked_than_may_be() -> None:
    outcome, _ = searched(Wire([modern("000000000161"), modern("000000000261")]), most_questions=50)
    assert not outcome.complete
    assert outcome.questions <= 52


def test_noise_all_the_time_ends_too() -> None:
    wire = Wire([])
    for tenth in range(600):
        wire.heard.append((wire.now + tenth / 10, 0x55))
    outcome, _ = searched(wire, most_questions=50)
    assert addresses(outcome) == []
    assert not outcome.complete


def test_an_echo_is_nobody() -> None:
    wire = Wire([modern("000000000161")])
    wire.echo = True
    outcome, _ = searched(wire)
    assert addresses(outcome) == ["000000000161"]
    assert outcome.questions <= 5


@settings(max_examples=6, deadline=None)
@given(
    st.sets(st.integers(0, 99_999_999_999), min_size=1, max_size=4),
    st.lists(st.sampled_from([0.02, 0.025, 0.1, 0.3, 0.5]), min_size=4, max_size=4),
)
def test_whoever_is_there_is_found(numbers: set[int], delays: list[float]) -> None:
    wanted = [f"{number:012d}" for number in sorted(numbers)]
    outcome, _ = searched(Wire(modern(one, delay) for one, delay in zip(wanted, delays, strict=False)))
    assert addresses(outcome) == wanted
    assert outcome.complete
