"""What GB/T 34658-2017 asks of a charger, and what it tells its device, with time as an argument."""

from datetime import datetime

import msgspec
import pytest
from tests.gbt27930.charger_states import LIMITS, PATHS, apply, charger_in, charger_of
from tests.gbt27930.opposite import BATTERY, DEMAND, IDENTITY, MESSAGES, SOUND, Opposite

from chargelink.gbt27930.catalogue import Sender
from chargelink.gbt27930.charger import (
    Charger,
    ChargerLimits,
    Demand,
    Ended,
    Failed,
    Parameters,
    Status,
    Stopped,
    Unreadable,
    VehicleAnswered,
    VehicleIdentified,
    VehiclePermits,
    VehicleReady,
    VehicleStatistics,
)
from chargelink.gbt27930.charging import BCL, BSM
from chargelink.gbt27930.contradictions import Conflict
from chargelink.gbt27930.ending import BST
from chargelink.gbt27930.faults import FaultClass
from chargelink.gbt27930.parameters import BCP
from chargelink.gbt27930.transport import Frame
from chargelink.wire import EncodeError

# State, what is said at which period meanwhile, the moment of the failure in s, and its CEM.
WAITS = [
    ("DN.1001", "recognition", {}, 5.0, "FD F0 C0 FC"),
    ("DN.1003", "recognition", {"BHM": 0.25}, 5.0, "FD F0 C0 FC"),
    ("DN.1004", "recognised", {"BRM": 0.25}, 5.0, "FC F1 C0 FC"),
    ("DN.2001", "recognised", {}, 5.0, "FC F1 C0 FC"),
    ("DN.2003", "parameters", {}, 5.0, "FC F4 C0 FC"),
    ("DN.2005", "parameters", {"BRO(00)": 0.25}, 60.0, "FC F4 C0 FC"),
    ("DN.2005, invalid", "parameters", {"BRO(FF)": 0.25}, 60.0, "FC F4 C0 FC"),
    ("DN.2006", "parameters", {"BCP": 0.5}, 5.0, "FC F4 C0 FC"),
    ("DN.2007", "preparing", {}, 5.0, "FC F4 C0 FC"),
    ("DN.2008", "preparing", {"BRO(FF)": 0.25}, 5.0, "FC F4 C0 FC"),
    ("DN.2010", "ready", {"BRO(AA)": 0.25}, 1.0, "FC F0 C4 FC"),
    ("DN.3001", "ready", {"BCL": 0.05}, 5.0, "FC F0 C1 FC"),
    ("DN.3002", "ready", {"BCS": 0.25}, 1.0, "FC F0 C4 FC"),
    ("DN.3005", "charging", {"BCL": 0.05}, 5.0, "FC F0 C1 FC"),
    ("DN.3006", "charging", {"BCS": 0.25}, 1.0, "FC F0 C4 FC"),
    ("DN.3006, paused", "paused", {"BCS": 0.25}, 1.0, "FC F0 C4 FC"),
    ("DN.3009", "stopping", {}, 5.0, "FC F0 D0 FC"),
    ("DN.3010", "stopping", {"BCL": 0.05, "BCS": 0.25}, 5.0, "FC F0 D0 FC"),
    ("DN.4001", "stopped", {}, 10.0, "FC F0 C0 FD"),
    ("DN.4002", "stopped", {"BST": 0.01}, 10.0, "FC F0 C0 FD"),
]


@pytest.mark.parametrize(("case", "state", "repeating", "moment", "cem"), WAITS, ids=[row[0] for row in WAITS])
def test_waits_end_at_their_moment(case: str, state: str, repeating: dict[str, float], moment: float, cem: str) -> None:
    tester = charger_in(state)
    tester.run(moment - 0.001, repeating)
    assert tester.state == state
    assert not [event for event in tester.events if isinstance(event, Failed)]
    tester.run(0.001)
    (failed,) = [event for event in tester.events if isinstance(event, Failed)]
    assert failed.by is Sender.CHARGER
    over = state in ("stopping", "stopped")
    assert tester.state == ("unanswered" if over else "error")
    said = tester.said[-1]
    assert (said.name, said.payload, round(said.at, 6)) == ("CEM", bytes.fromhex(cem), moment)
    assert not charger_of(tester).wants.contactors
    tester.run(20.0)
    assert tester.events[-1] == Ended(FaultClass.B)
    assert tester.device.deadline is None
    assert len(tester.times("CEM")) == (20 if over else 44)  # 5 s of it, or until nobody says that the output is safe


@pytest.mark.parametrize("name", ["BRM", "BCP"])
def test_long_messages_count_only_by_transport(name: str) -> None:
    """DN.1002, DN.2002."""
    tester = charger_in("recognition" if name == "BRM" else "recognised")
    before = tester.state
    tester.say_frame(Frame(0x1C0056F4 | (0x02 if name == "BRM" else 0x06) << 16, MESSAGES[name].encode()[:8]))
    assert tester.state == before


def test_waits_of_two_states_go_on() -> None:
    """BSD within 10 s of the first CST, however late BST comes (DN.4003)."""
    tester = charger_in("stopping")
    tester.run(4.0)
    tester.say("BST")
    tester.run(5.99)
    assert tester.state == "stopped"
    tester.run(0.02)
    assert tester.state == "unanswered"


def test_the_longest_pause_is_10_minutes() -> None:
    """DP.3005."""
    repeating = {"BCL": 0.05, "BCS": 0.25, "BSM forbids": 0.25}
    tester = charger_in("paused")
    assert tester.said[-1].payload[6] == 0xFC
    tester.run(599.999, repeating)
    assert tester.state == "paused"
    tester.run(0.001, repeating)
    assert tester.state == "stopping"
    assert tester.said[-1].payload == bytes.fromhex("01 00 F0 F0")


def test_a_pause_is_told_once_and_ends() -> None:
    tester = charger_in("charging")
    tester.say("BSM", "BSM forbids", "BSM forbids", "BSM", "BSM")
    assert [event for event in tester.events if isinstance(event, VehiclePermits)] == [
        VehiclePermits(False),
        VehiclePermits(True),
    ]
    assert tester.said[-1].payload[6] == 0xFD


@pytest.mark.parametrize(
    ("state", "said"), [("ready", "BSM forbids"), ("preparing", "BSM forbids"), ("preparing", "BSM fault")]
)
def test_what_the_battery_forbids_before_the_charge_begins_never_flows(state: str, said: str) -> None:
    """BSM comes with the first BCL; the long BCS that begins the charge is complete a while after both."""
    tester = charger_in(state)
    charger = charger_of(tester)
    tester.say(said)
    apply(tester, "ready")
    tester.say("BCL", "BCS")
    assert (tester.state, charger.wants.contactors, charger.wants.current) == ("paused", True, 0)
    assert tester.said[-1].payload[6] == 0xFC
    assert VehiclePermits(False) in tester.events
    tester.say("BSM")
    assert (tester.state, charger.wants.current) == ("charging", 100_000)


BSM_FAULTS = [
    ("cell_voltage_state", 1, "stopping", "10 00 F4 F0"),
    ("cell_voltage_state", 2, "stopping", "10 00 F4 F0"),
    ("soc_state", 1, "stopping", "10 00 F4 F0"),
    ("soc_state", 2, "stopping", "10 00 F4 F0"),
    ("over_current", 1, "stopping", "10 00 F4 F0"),
    ("over_temperature", 1, "stopping", "10 00 F4 F0"),
    ("insulation", 1, "stopping", "10 00 F4 F0"),
    ("output_connector", 1, "stopping", "10 04 F0 F0"),
    ("over_current", 2, "charging", ""),
    ("over_temperature", 2, "charging", ""),
    ("insulation", 2, "charging", ""),
    ("output_connector", 2, "charging", ""),
    ("over_temperature", 3, "charging", ""),
    ("charge_permission", 2, "charging", ""),
    ("charge_permission", 3, "charging", ""),
]


@pytest.mark.parametrize(("field", "value", "state", "cst"), BSM_FAULTS)
def test_what_the_battery_state_asks_for(field: str, value: int, state: str, cst: str) -> None:
    """DP.3003, DP.3004."""
    tester = charger_in("charging")
    values = {name: getattr(SOUND, name) for name in SOUND.__struct_fields__ if name != "flaws"}
    tester.say_frame(Frame(0x181356F4, BSM(**values | {field: value}).encode(checked=False)))
    assert tester.state == state
    if cst:
        assert (tester.said[-1].name, tester.said[-1].payload) == ("CST", bytes.fromhex(cst))


def test_a_demand_out_of_range_is_never_obeyed_and_feeds_nothing() -> None:
    """-10 I - 400 instead of 4000 - 10 I, as an LFP bus of 2015 has it."""
    wrong = Frame(0x181056F4, bytes.fromhex("0410ECFC02"))
    tester = charger_in("charging")
    before = len(tester.events)
    tester.run(0.5)
    tester.say_frame(wrong)
    assert tester.events[before:] == [Unreadable("BCL", wrong.data, "current_demand_A is above its range")]
    tester.run(0.5)
    assert tester.state == "error"


def test_a_current_that_was_never_set_is_not_obeyed() -> None:
    """Raw 0 says -400 A, from a battery that takes 250 A."""
    tester = charger_in("charging")
    tester.say_frame(Frame(0x181056F4, bytes.fromhex("0410000002")))
    assert isinstance(tester.events[-1], Unreadable)


@pytest.mark.parametrize(
    ("demand", "why"),
    [
        (BCL(420_100, -100_000, 2), "voltage demand 420.1 V (BCL), the battery may take 420.0 V at most (BCP)"),
        (BCL(410_000, -250_100, 2), "current demand 250.1 A (BCL), the battery may take 250.0 A at most (BCP)"),
    ],
)
def test_more_than_the_battery_may_take_is_never_obeyed(demand: BCL, why: str) -> None:
    """Nor does it feed the wait: a vehicle that goes on with it has no demand."""
    tester = charger_in("charging")
    charger = charger_of(tester)
    before = charger.wants
    tester.say_message(demand)
    assert tester.events[-1] == Unreadable("BCL", demand.encode(), why)
    assert charger.wants == before
    assert charger.unread["BCL"] == 1
    assert charger.doubts
    tester.run(1.0)
    assert tester.state == "error"


def test_what_is_only_odd_is_counted_and_obeyed() -> None:
    """A battery above its own limit is for the cut-offs; a demand above CML gets what the charger has."""
    tester = Opposite(Charger(0.0, msgspec.structs.replace(LIMITS, max_current=90_000, max_voltage=405_000)))
    for stimulus in PATHS["charging"].split(", "):
        apply(tester, stimulus)
    charger = charger_of(tester)
    assert set(charger.doubts) == {Conflict.DEMAND_ABOVE_CHARGER_VOLTAGE, Conflict.DEMAND_ABOVE_CHARGER_CURRENT}
    assert (charger.wants.voltage, charger.wants.current) == (405_000, 90_000)


@pytest.mark.parametrize("data", ["", "04", "0410ECFC"])
def test_what_lacks_bytes_is_told(data: str) -> None:
    tester = charger_in("charging")
    tester.say_frame(Frame(0x181056F4, bytes.fromhex(data)))
    assert isinstance(tester.events[-1], Unreadable)


def test_events_of_a_charge() -> None:
    tester = charger_in("statistics")
    told = [event for event in tester.events if not isinstance(event, Status)]
    assert told == [
        VehicleAnswered(420_000),
        VehicleIdentified(IDENTITY),
        Parameters(BATTERY),
        VehicleReady(),
        Demand(410_000, 100_000, DEMAND.charge_mode),
        Stopped(Sender.BMS, ("soc_target_reached",)),
        VehicleStatistics(MESSAGES["BSD"]),  # type: ignore[arg-type]
    ]
    tester.run(0.749)
    assert tester.state == "statistics"
    tester.run(0.001)
    assert tester.events[-1] == Ended()


@pytest.mark.parametrize(
    ("minutes", "energy", "said"),
    [(-1, -1, "0000 0000 07000000"), (601, 1_000_100_000, "5802 1027 07000000")],
)
def test_statistics_are_clipped_to_what_can_be_said(minutes: int, energy: int, said: str) -> None:
    """A meter may run back; the end of a charge must not fail for it."""
    tester = charger_in("stopped")
    charger_of(tester).statistics(minutes, energy)
    tester.say("BSD")
    assert tester.said[-1].payload == bytes.fromhex(said)


def test_a_battery_above_its_own_limit_is_not_precharged_to_that() -> None:
    tester = charger_in("recognised")
    tester.say_message(msgspec.structs.replace(BATTERY, battery_voltage=430_000))
    tester.say("BRO(AA)")
    assert charger_of(tester).wants.voltage == BATTERY.max_total_voltage


def test_statistics_are_said_when_they_are_known() -> None:
    tester = charger_in("statistics")
    assert not tester.times("CSD")
    assert isinstance(tester.device, Charger)
    tester.device.statistics(12, 3_456_789)
    tester.run(0.25, {"BSD": 0.25})
    assert tester.said[-1].payload == bytes.fromhex("0C00 2200 07000000")


def test_the_output_is_clipped_to_what_can_be_said() -> None:
    tester = charger_in("charging")
    assert isinstance(tester.device, Charger)
    for (voltage, current, minutes), said in {
        (380_049, 99_951, 12): "D80E B80B 0C00 FD",
        (-30, -20, 0): "0000 A00F 0000 FD",
        (2_000_000, 900_000, 999): "983A 0000 5802 FD",
        (0, -900_000, 0): "0000 8813 0000 FD",
    }.items():
        tester.device.report(voltage, current, minutes)
        tester.run(0.05, {"BCL": 0.05})
        assert tester.said[-1].payload == bytes.fromhex(said)
    tester.device.report(0, 0, 0, permitted=False)
    tester.run(0.05)
    assert tester.said[-1].payload[6] == 0xFC


def test_readiness_taken_back_ends_it() -> None:
    """DN.2009."""
    tester = charger_in("preparing")
    tester.say("BRO(00)")
    assert tester.events[-2:] == [Failed(Sender.CHARGER, ("bro_withdrawn",)), Ended(FaultClass.B)]


def test_an_error_of_the_vehicle_interrupts_it_without_cem() -> None:
    tester = charger_in("charging")
    tester.say("BEM")
    assert tester.events[-1] == Failed(Sender.BMS, ("cts_cml_timeout",))
    assert not tester.times("CEM")
    assert not charger_of(tester).wants.contactors


def test_a_vehicle_that_wakes_late_is_heard() -> None:
    tester = charger_in("handshake")
    tester.run(11.0)
    tester.say("BHM")
    assert tester.events == [VehicleAnswered(None), VehicleAnswered(420_000)]
    apply(tester, "insulation done")
    assert tester.said[-1].payload == bytes.fromhex("00 07000000 434E31")  # CRM as 2015 has it


def test_a_vehicle_of_2011_is_spoken_to_in_its_layouts() -> None:
    tester = charger_in("handshake")
    tester.run(10.0)
    apply(tester, "insulation done")
    assert tester.said[-1].payload == bytes.fromhex("00 06 43 4E 31 20 20 20")
    old = IDENTITY.encode()[3:41]
    tester._endpoint.send(0x0200, b"\x00\x01\x00" + old, tester.now)
    tester.settle()
    for stimulus in ("BCP", "BRO(AA)", "ready", "BCL", "BCS"):
        apply(tester, stimulus)
    lengths = {said.name: len(said.payload) for said in tester.said}
    assert lengths == {"CHM": 3, "CRM": 8, "CML": 6, "CRO": 1, "CCS": 6}
    tester.say_frame(Frame(0x101956F4, bytes.fromhex("00 00 04 00")))
    assert tester.events[-1] == Stopped(Sender.BMS, ("other_fault",))
    assert tester.said[-1].payload == bytes.fromhex("C0 00 F0 F0")


def test_times_are_told_when_they_are_known() -> None:
    tester = Opposite(Charger(0.0, LIMITS))
    assert isinstance(tester.device, Charger)
    tester.device.start(0.0, datetime(2015, 12, 31, 23, 59, 58))
    for stimulus in PATHS["parameters"].split(", ")[1:]:
        apply(tester, stimulus)
    tester.run(2.0)
    assert [said.payload.hex() for said in tester.said if said.name == "CTS"][::4] == [
        "58592331121520",
        "00000001011620",
    ]


def test_what_cannot_be_said_is_refused_at_once() -> None:
    with pytest.raises(EncodeError):
        Charger(0.0, ChargerLimits(max_voltage=750_050, min_voltage=0, max_current=100_000))
    with pytest.raises(EncodeError):
        Charger(0.0, msgspec.structs.replace(LIMITS, region="CN12"))


def test_a_faulty_parameter_is_not_obeyed() -> None:
    tester = charger_in("recognised")
    values = {name: getattr(BATTERY, name) for name in BATTERY.__struct_fields__ if name != "flaws"}
    tester._endpoint.send(0x0600, BCP(**values | {"max_total_voltage": 6_000_000}).encode(checked=False), tester.now)
    tester.settle()
    assert isinstance(tester.events[-1], Unreadable)
    assert tester.state == "recognised"


def test_names_of_causes_travel() -> None:
    tester = charger_in("charging")
    tester.say_message(BST(*(1,) * 14))
    assert isinstance(tester.events[-1], Stopped)
    assert len(tester.events[-1].causes) == 14
