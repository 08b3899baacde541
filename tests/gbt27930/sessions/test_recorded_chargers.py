"""Chargers as they were recorded, against our vehicle: it charges and ends, or says what it misses."""

from itertools import pairwise

import pytest
from tests.gbt27930.bus import frame
from tests.gbt27930.opposite import BATTERY, DEMAND, IDENTITY, SOUND, STATUS
from tests.gbt27930.sessions.tape import Replay, Tape, single

from chargelink.gbt27930.catalogue import Edition, Sender
from chargelink.gbt27930.ending import BSD
from chargelink.gbt27930.vehicle import (
    ChargerAnswered,
    ChargerStatistics,
    ChargingBegan,
    Ended,
    Failed,
    Output,
    Reconnecting,
    Stopped,
    Unreadable,
    Vehicle,
)


def opposite(tape: Tape, edition: Edition = Edition.OF_2015, *, answers: bool = True) -> tuple[Replay, Vehicle]:
    vehicle = Vehicle(0.0, IDENTITY, BATTERY, 420_000, edition)
    vehicle.measure(DEMAND, STATUS, SOUND)
    vehicle.conclude(BSD(800, 3_310, 3_420, 280, 310))
    return Replay(vehicle, tape, answers=answers), vehicle


def closed(replay: Replay, vehicle: Vehicle, at: float) -> None:
    """K5K6 were closed at that time."""
    replay.until(at)
    assert vehicle.state.value == "preparing"
    replay.did(vehicle.ready(at))


def first(replay: Replay, *names: str) -> list[str]:
    """The order in which the vehicle said these for the first time."""
    return [name for name in replay.names() if name in names]


def sut() -> Tape:
    """Times of candump-2023-12-25_220841.log of sut4nd0/gbt27930-2015: CRM(AA) and CRO(00) were said once only."""
    tape = Tape()
    tape.every(0.25, single(1), 0.0, 16.2, jitter=0.025)
    tape.at(16.45, frame("1801F456#0001010101313233"))
    tape.at(16.546, single(4))
    tape.every(0.5, single(7), 16.58, 17.8)
    tape.every(0.25, frame("1808F456#1C257C01DC05A00F"), 16.581, 17.8)  # 950 V, 38 V, 250 A
    tape.at(17.837, frame("100AF456#00"))
    tape.at(17.906, frame("100AF456#AA"))
    tape.every(0.052, single(24), 17.96, 48.0, jitter=0.017)
    tape.every(0.012, frame("101AF456#0400F0F0"), 48.0, 48.356)
    tape.every(0.333, frame("181DF456#0000000001010101"), 48.38, 49.7)
    return tape


def test_a_good_session() -> None:
    replay, vehicle = opposite(sut())
    closed(replay, vehicle, 17.83)
    replay.until(17.83)
    assert vehicle.wants_contactors
    assert first(replay, "BHM", "BRM", "BCP", "BRO") == ["BHM", "BRM", "BCP", "BRO"]
    replay.until(48.0)
    assert [time for time, _ in replay.told(ChargingBegan)] == [17.906]
    assert {round(later - earlier, 3) for earlier, later in pairwise(replay.times("BCL"))} == {0.05}
    gaps = [later - earlier for earlier, later in pairwise(replay.times("BCS"))]
    assert sum(gaps) / len(gaps) == pytest.approx(0.25, rel=0.1)
    replay.until(60.0)
    assert replay.told(Stopped) == [(48.0, Stopped(Sender.CHARGER, ("manual_stop",)))]
    assert len(replay.times("BST")) == pytest.approx(10, abs=1)
    assert replay.times("BSD")[0] == pytest.approx(48.1, abs=0.01)
    assert len(replay.told(ChargerStatistics)) == 1
    assert [event for _, event in replay.told(Ended)] == [Ended(None)]
    assert not replay.told(Failed)
    assert not replay.told(Unreadable)
    assert not vehicle.wants_contactors


@pytest.mark.parametrize("priority", [3, 7])
def test_a_charger_with_priorities_of_its_own(priority: int) -> None:
    replay, vehicle = opposite(sut().changed(priority=priority))
    closed(replay, vehicle, 17.83)
    replay.until(60.0)
    assert [event for _, event in replay.told(Ended)] == [Ended(None)]
    assert replay.told(ChargerStatistics)


def lost() -> Tape:
    """The recording of tyu05/C-Code-for-GB-T27930-2015-Protocol: CRO(AA) at once, CCS of 8 bytes, and then none."""
    tape = Tape()
    tape.every(0.25, single(1), 0.0, 1.0)
    tape.at(1.0, frame("1801F456#0001FFFFFFFFFFFF"))
    tape.at(1.1, frame("1801F456#AA01FFFFFFFFFFFF"))
    tape.every(0.5, frame("1807F456#36240816051520"), 1.16, 1.7)
    tape.every(0.25, single(87), 1.17, 1.7)
    tape.every(0.25, single(90), 1.68, 2.0)
    tape.every(0.05, single(98), 1.95, 18.65)
    return tape


def test_a_charger_that_falls_silent_while_charging() -> None:
    """BEM 3905 a second after its last CCS, contactors open at once; after 30 s it is over."""
    replay, vehicle = opposite(lost())
    closed(replay, vehicle, 1.6)
    replay.until(18.6)
    assert vehicle.state.value == "charging"
    replay.until(70.0)
    last = max(time for time, _ in replay.told(Output))
    assert replay.told(Failed) == [(round(last + 1.0, 3), Failed(Sender.BMS, ("ccs_timeout",)))]
    assert {bytes(said.payload) for said in replay.said if said.name == "BEM"} == {bytes.fromhex("F0F0F1FC")}
    assert replay.times("BEM")[0] == pytest.approx(last + 1.0)
    assert replay.told(Ended) == [(round(last + 31.0, 3), Ended(None))]


def test_a_charger_that_answers_no_request() -> None:
    """candump2.log of ru5t/gbt27930-CAN-parser: BEM 3902, CRM(00) again, CRM(AA) without a BRM, BEM 3903."""
    tape = Tape()
    tape.every(0.25, single(38), 0.0, 2.0)
    tape.every(0.25, single(70), 2.1, 12.0)
    tape.every(0.25, single(71), 12.0, 18.0)
    tape.every(0.25, single(75), 30.0, 32.0)
    replay, vehicle = opposite(tape, answers=False)
    replay.until(7.2)
    assert replay.told(Failed) == [(7.1, Failed(Sender.BMS, ("crm_aa_timeout",)))]
    replay.until(12.0)
    assert [event for _, event in replay.told(Reconnecting)] == [Reconnecting(1)]
    assert vehicle.state.value == "parameters"
    replay.until(17.1)
    assert replay.told(Failed)[1:] == [(17.0, Failed(Sender.BMS, ("cts_cml_timeout",)))]
    said = [bytes(said.payload).hex().upper() for said in replay.said if said.name == "BEM"]
    assert [*dict.fromkeys(said)] == ["F4F0F0FC", "F0F1F0FC"]  # as that vehicle said it
    replay.until(60.0)
    assert [time for time, _ in replay.told(Ended)] == [47.0]


def test_limits_that_cross_are_no_limits() -> None:
    """The CML of that charger: at least 280 A, at most 50 A."""
    tape = lost()
    tape.frames = [entry for entry in tape.frames if entry[1].identifier != 0x1808F456]
    tape.every(0.25, single(75), 1.17, 9.0)
    replay, _ = opposite(tape)
    replay.until(7.0)
    assert {type(event) for _, event in replay.told(Unreadable)} == {Unreadable}
    assert [event for _, event in replay.told(Failed)] == [Failed(Sender.BMS, ("cts_cml_timeout",))]


def old(*, until: float, gap: float = 0.0) -> Tape:
    """2015年4月24日 EV150 of bedreamer/ontom: CRO(AA) 0.27 s before BRO(AA), a wrong clock, CCS of 6 bytes, pauses."""
    tape = Tape()
    tape.every(0.25, single(109), 1.0, 1.1)
    tape.every(0.25, single(110), 1.15, 1.4)
    tape.every(0.5, single(162), 1.4, 3.0)
    tape.every(0.25, single(160), 1.41, 3.0)
    tape.every(0.25, single(161), 1.73, 2.5)
    tape.every(0.069, single(175), 2.45, until)
    tape.every(0.069, single(177), until + gap, until + gap + 3.0)
    return tape


@pytest.mark.parametrize("edition", Edition)
def test_a_charger_of_2011(edition: Edition) -> None:
    replay, vehicle = opposite(old(until=20.0, gap=0.9), edition)
    closed(replay, vehicle, 2.0)
    replay.until(22.8)
    assert vehicle.edition is Edition.OF_2011
    lengths = {said.name: len(said.payload) for said in replay.said}
    assert lengths == {"BRM": 41, "BCP": 13, "BRO": 1, "BCL": 5, "BCS": 9, "BSM": 7}
    assert [time for time, _ in replay.told(ChargingBegan)] == [2.23]
    assert vehicle.state.value == "charging"
    assert not replay.told(Failed)


def test_a_busy_charger_that_pauses_longer_than_a_second() -> None:
    """The vehicle of that recording cut it off, too."""
    replay, vehicle = opposite(old(until=20.0, gap=1.3))
    closed(replay, vehicle, 2.0)
    replay.until(22.8)
    last = max(time for time, _ in replay.told(Output))
    assert replay.told(Failed) == [(round(last + 1.0, 3), Failed(Sender.BMS, ("ccs_timeout",)))]
    assert not vehicle.wants_contactors


def test_a_simulator_that_says_zeros_only() -> None:
    """国轩高科BMS抓取.txt of bedreamer/ontom: CML, CCS and CRM without a number are zero, and the charge goes on."""
    tape = Tape()
    tape.at(1.0, frame("1801F456#0000000000000000"))
    tape.every(0.25, single(212), 1.15, 1.4)
    tape.every(0.25, single(215), 1.4, 3.0)
    tape.every(0.25, single(217), 2.2, 2.5)
    tape.every(0.05, single(220), 2.4, 30.0)
    tape.every(0.01, single(190), 30.0, 30.4)
    replay, vehicle = opposite(tape)
    closed(replay, vehicle, 2.0)
    replay.until(29.9)
    assert vehicle.state.value == "charging"
    assert [event for _, event in replay.told(ChargerAnswered)]
    replay.until(30.2)
    assert replay.told(Stopped) == [(30.0, Stopped(Sender.CHARGER, ("connector_fault", "current_mismatch")))]


def test_a_charger_that_pauses_at_first_and_has_no_number() -> None:
    """input.txt of hybtalented/gbt27930: CRO(00) for long, CCS that forbids before it permits, CSD of FF."""
    tape = Tape()
    tape.every(0.25, single(1), 0.0, 1.0)
    tape.at(1.0, single(136))
    tape.at(1.1, single(137))
    tape.every(0.5, single(141), 1.16, 2.6)
    tape.every(0.25, single(140), 1.17, 2.6)
    tape.every(0.25, single(143), 2.7, 7.0)
    tape.every(0.25, single(144), 7.0, 7.3)
    tape.every(0.02, single(149), 7.1, 8.0)
    tape.every(0.02, single(150), 8.0, 12.0)
    tape.every(0.011, frame("101AF456#0400F0F0"), 12.0, 12.5)
    tape.every(0.25, single(155), 12.5, 13.5)
    replay, vehicle = opposite(tape)
    closed(replay, vehicle, 2.65)
    replay.until(20.0)
    outputs = [event.message.charging_permitted for _, event in replay.told(Output) if isinstance(event, Output)]
    assert outputs == [0] * outputs.count(0) + [1] * outputs.count(1)
    assert all(outputs.count(permission) > 40 for permission in (0, 1))
    assert [event for _, event in replay.told(Ended)] == [Ended(None)]
