"""Vehicles as they were recorded, against our charger: it follows to the end, or fails as it should."""

import pytest
from tests.gbt27930.bus import BCP, BCS, BMV, BRM, frame
from tests.gbt27930.sessions.tape import Replay, Tape, payload, single

from chargelink.gbt27930 import charging
from chargelink.gbt27930.catalogue import Edition, Sender
from chargelink.gbt27930.causes import ChargerCause
from chargelink.gbt27930.charger import (
    Charger,
    ChargerLimits,
    Demand,
    Ended,
    Failed,
    Reconnecting,
    Status,
    Stopped,
    Unreadable,
    VehicleStatistics,
)
from chargelink.gbt27930.faults import FaultClass

LIMITS = ChargerLimits(max_voltage=950_000, min_voltage=38_000, max_current=250_000, number=0x01010101, region="123")
BMT = 0x001600
BCP_SUT = bytes.fromhex("6D01 DC05 2E02 A510 69 0203 C90E")  # 426.1 V, 250 A: ours, for it is in no vector


def opposite(*tapes: Tape) -> tuple[Replay, Charger]:
    charger = Charger(0.0, LIMITS)
    charger.statistics(1, 400_000)
    replay = Replay(charger, *tapes)
    replay.did(charger.start(0.0))
    return replay, charger


def insulated(replay: Replay, charger: Charger, at: float) -> None:
    """The insulation was good at that time."""
    replay.until(at)
    assert charger.state.value == "insulation"
    replay.did(charger.insulation_done(at))


def closed(replay: Replay, charger: Charger, at: float) -> None:
    """K1K2 were closed at that time."""
    replay.until(at)
    assert charger.state.value == "preparing"
    replay.did(charger.ready(at))


def xpeng() -> Tape:
    """Times of candump-2023-12-25_220841.log: 16 s of handshake, ready 1.25 s after BRO(00), 30 s, a stop."""
    tape = Tape()
    tape.every(0.25, single(2), 0.02, 16.2, jitter=0.025)
    tape.long(16.276, BRM, payload(5))
    tape.long(16.354, BCP, BCP_SUT)
    tape.every(0.25, single(9), 16.385, 17.6)
    tape.every(0.25, single(10), 17.635, 17.75)
    tape.every(0.05, single(13), 17.737, 48.0, jitter=0.004)
    tape.every(0.25, single(30), 17.95, 48.0)
    tape.longs(0.262, BCS, payload(18), 17.74, 48.0)
    tape.every(0.01, single(34), 48.018, 48.118)
    tape.every(0.25, frame("181C56F4#4D4A014C013536"), 48.356, 49.6)  # BSD: ours
    return tape


@pytest.mark.parametrize("tape", [
    xpeng(),
    xpeng().changed(priority=6),  # as BST of a GreenPower recording has it
    xpeng().changed(priority=3),
    xpeng().changed(fill=b"\x00\xff\x5a\xa5\x00\x01\x02\x03"),  # as vehicles of 2011 do
], ids=["as it was", "all of priority 6", "all of priority 3", "filled to eight bytes"])  # fmt: skip
def test_a_good_session_that_the_driver_stops(tape: Tape) -> None:
    replay, charger = opposite(tape)
    insulated(replay, charger, 16.25)
    replay.until(16.39)
    assert charger.state.value == "parameters"
    assert len([said for said in replay.said if said.name == "CRM" and said.payload[0] == 0xAA]) == 1
    closed(replay, charger, 17.71)
    replay.until(20.0)
    assert (charger.state.value, charger.wants.voltage, charger.wants.current) == ("charging", 426_100, 20_000)
    assert [round(at, 2) for at in replay.times("CCS")[:2]] == [17.76, 17.81]  # the end of BCS
    replay.until(48.0)
    replay.did(charger.stop(48.0, ChargerCause.MANUAL))
    replay.until(60.0)
    stops = [event for _, event in replay.told(Stopped)]
    assert stops == [Stopped(Sender.CHARGER, ("manual_stop",))]
    assert replay.times("CST")[-1] == pytest.approx(48.356, abs=0.01)
    assert len(replay.times("CSD")) >= 4
    assert [event for _, event in replay.told(Ended)] == [Ended(None)]
    assert not replay.told(Failed)
    assert not replay.told(Unreadable)


def test_the_vehicle_is_silent_after_the_stop() -> None:
    """candump3.log of ru5t/gbt27930-CAN-parser ends so: CST 04 00 F0 F0, and nothing of the vehicle any more."""
    tape = Tape()
    tape.frames = [entry for entry in xpeng().frames if entry[0] < 48.0]
    replay, charger = opposite(tape)
    insulated(replay, charger, 16.25)
    closed(replay, charger, 17.71)
    replay.until(48.0)
    replay.did(charger.stop(48.0, ChargerCause.MANUAL))
    assert next(said.payload for said in replay.said if said.name == "CST") == payload(67)
    replay.until(70.0)
    assert replay.told(Failed) == [(53.0, Failed(Sender.CHARGER, ("bst_timeout",)))]
    assert replay.told(Ended) == [(58.0, Ended(FaultClass.B))]


def formula_student(until: float, errors: float) -> Tape:
    """Times of the recording of tyu05/C-Code-for-GB-T27930-2015-Protocol; at `until` BEM begins."""
    tape = Tape()
    tape.every(0.25, single(81), 0.05, 1.0)
    tape.long(1.03, BRM, payload(5))
    tape.long(1.12, BCP, payload(85))
    tape.every(0.25, single(88), 1.16, 1.6)
    tape.every(0.25, single(89), 1.66, 2.0)
    tape.every(0.05, single(91), 1.9, until)
    tape.every(0.25, single(104), 1.95, until)
    tape.longs(0.25, BCS, payload(93), 1.91, until - 0.9)
    tape.every(0.25, frame("081E56F4#F0F0F1FC"), until, errors)
    return tape


def test_a_vehicle_that_misses_ccs_for_eleven_seconds() -> None:
    """It says so, so the charger opens without a CEM of its own, and asks in vain whether it may begin anew."""
    replay, charger = opposite(formula_student(18.0, 29.0))
    insulated(replay, charger, 1.02)
    replay.until(1.66)
    closed(replay, charger, 1.67)  # this charger said CRO(AA) at once
    replay.until(17.9)
    assert (charger.state.value, charger.wants.voltage, charger.wants.current) == ("charging", 597_000, 3_000)
    replay.until(18.0)
    assert replay.told(Failed) == [(18.0, Failed(Sender.BMS, ("ccs_timeout",)))]
    assert not charger.wants.contactors
    assert not replay.times("CEM")
    while charger.state.value != "ended":
        replay.until(replay.now + 0.5)
        replay.did(charger.safe(replay.now))
    assert [event for _, event in replay.told(Reconnecting)] == [Reconnecting(1), Reconnecting(2), Reconnecting(3)]
    assert replay.told(Ended)[-1][1] == Ended(FaultClass.B)
    assert {bytes(said.payload).hex() for said in replay.said if said.name == "CEM"} == {"fdf0c0fc"}


def stale() -> Tape:
    """As a charger logged it (bedreamer/ontom, testing/1.txt): BST and BEM of the last charge at the next one."""
    tape = Tape()
    tape.every(0.01, single(207), 0.0, 1.1)
    tape.every(0.25, single(205), 0.0, 1.1)
    return tape


def test_what_a_vehicle_still_says_of_its_last_charge_ends_no_handshake() -> None:
    replay, charger = opposite(formula_student(10.0, 0.0), stale())
    insulated(replay, charger, 1.02)
    closed(replay, charger, 1.67)
    replay.until(8.0)
    assert charger.state.value == "charging"
    assert not replay.told(Failed)
    assert not replay.told(Stopped)


def of_2011(*, demand: int = 118, cells: bool = False, fill: bytes = b"", padding: int = 0xFF) -> Tape:
    """A vehicle that knows no CHM: timing of 222222.txt (hybtalented/gbt27930), which ends while charging.

    BRM, BCP, BMV, BMT and the end are those of other vehicles of that time (bedreamer/ontom).
    """
    tape = Tape()
    tape.long(12.05, BRM, payload(198), padding=padding)
    tape.long(12.18, BCP, payload(206), padding=padding)
    tape.every(0.25, single(114), 12.23, 14.0)
    tape.every(0.05, single(demand), 14.0, 30.0)
    tape.every(0.25, single(122), 14.02, 30.0)
    long = [(BMV, payload(184)), (BMT, payload(185))] if cells else []
    for second in range(14, 29):
        tape.longs(0.25, BCS, payload(124), second + 0.01, second + 0.3, padding=padding)
        for pgn, values in long if second % 2 else []:
            tape.long(second + (0.35 if pgn == BMV else 0.8), pgn, values, padding=padding)
    tape.every(0.01, single(187), 30.0, 30.4)
    tape.every(0.25, frame("181C56F4#2C4A014C013536"), 30.4, 31.5)  # BSD: ours
    return tape.changed(fill=fill)


def charging_of_2011(tape: Tape) -> tuple[Replay, Charger]:
    replay, charger = opposite(tape)
    insulated(replay, charger, 12.0)
    assert charger.edition is Edition.OF_2011
    closed(replay, charger, 13.9)
    return replay, charger


@pytest.mark.parametrize(
    ("fill", "padding"), [(b"", 0xFF), (bytes(8), 0x00), (b"\x01\x02\x03\x04\x05\x06\x07\x08", 0x5A)]
)
@pytest.mark.parametrize("cells", [False, True])
def test_a_vehicle_of_2011(cells: bool, fill: bytes, padding: int) -> None:
    """Short frames of eight bytes, zeros or what was there before behind the data, 36 packets of cell voltages."""
    replay, charger = charging_of_2011(of_2011(cells=cells, fill=fill, padding=padding))
    replay.until(29.9)
    assert (charger.state.value, charger.wants.voltage, charger.wants.current) == ("charging", 370_000, 3_000)
    told = [event.message for _, event in replay.told(Status) if isinstance(event, Status)]
    assert charging.BCS2011 in {type(message) for message in told}
    assert sum(isinstance(message, charging.BMV) for message in told) == (7 if cells else 0)
    replay.until(40.0)
    assert [event for _, event in replay.told(Stopped)] == [Stopped(Sender.BMS, ("other_fault",))]
    assert replay.told(VehicleStatistics)
    assert not replay.told(Failed)
    assert [event for _, event in replay.told(Ended)] == [Ended(FaultClass.B)]


@pytest.mark.parametrize("number", [164, 192])
def test_a_current_that_is_coded_wrongly_is_no_demand(number: int) -> None:
    """-10 I - 400 (EV150, BEV150): nothing flows, and a second after CRO(AA) the charger says what it lacks."""
    replay, charger = charging_of_2011(of_2011(demand=number))
    replay.until(14.89)
    assert charger.state.value == "ready"
    assert not replay.told(Demand)
    replay.until(14.95)
    assert replay.told(Failed) == [(14.9, Failed(Sender.CHARGER, ("bcl_timeout",)))]
    assert replay.said[-1].payload == bytes.fromhex("FCF0C4FC")


def test_nothing_measured_yet_is_no_fault() -> None:
    """BCS of raw zeros, -400 A, before the current flows (Gotion)."""
    tape = of_2011()
    tape.frames = [entry for entry in tape.frames if entry[0] < 14.0]
    tape.every(0.05, single(118), 14.0, 30.0)
    tape.longs(0.25, BCS, payload(218), 14.01, 30.0)
    replay, charger = charging_of_2011(tape)
    replay.until(29.0)
    assert charger.state.value == "charging"
    assert not replay.told(Unreadable)
    assert not replay.told(Failed)


def test_a_stop_without_a_cause() -> None:
    """BST 00 00 00 00 (input.txt of hybtalented/gbt27930): it stops all the same, and it is no fault."""
    tape = xpeng()
    tape.frames = [entry for entry in tape.frames if entry[0] < 48.0]
    tape.every(0.01, single(153), 30.0, 30.2)
    tape.every(0.25, frame("181C56F4#4D4A014C013536"), 30.2, 31.0)
    replay, charger = opposite(tape)
    insulated(replay, charger, 16.25)
    closed(replay, charger, 17.71)
    replay.until(30.1)
    assert replay.told(Stopped) == [(30.0, Stopped(Sender.BMS, ()))]
    assert replay.said[-1].payload == bytes.fromhex("4000F0F0")
    replay.until(40.0)
    assert [event for _, event in replay.told(Ended)] == [Ended(None)]


def test_readiness_before_anything_else_was_said_again() -> None:
    """BRM once more after CRM(AA) (candump3.log), BRO(AA) at the first CML (222222.txt)."""
    tape = Tape()
    tape.every(0.25, single(2), 0.02, 2.0)
    tape.longs(0.25, BRM, payload(5), 2.05, 2.5)
    tape.long(2.6, BCP, BCP_SUT)
    tape.every(0.25, single(10), 2.4, 3.0)
    tape.every(0.05, single(13), 3.0, 10.0)
    tape.longs(0.25, BCS, payload(18), 3.0, 10.0)
    replay, charger = opposite(tape)
    insulated(replay, charger, 2.0)
    closed(replay, charger, 2.95)
    replay.until(9.9)
    assert charger.state.value == "charging"
    assert not replay.told(Failed)
