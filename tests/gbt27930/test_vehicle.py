"""The vehicle's table, cell by cell, and its waits (GB/T 27930-2015, 10.5.1), with time as an argument."""

import msgspec
import pytest
from tests.gbt27930.opposite import BATTERY, DEMAND, IDENTITY, MESSAGES, SOUND, STATUS, Opposite

from chargelink.gbt27930.catalogue import Edition, Sender
from chargelink.gbt27930.causes import VehicleCause
from chargelink.gbt27930.charging import BCS2011, BMT, BMV, Cell
from chargelink.gbt27930.ending import BSD, CEM
from chargelink.gbt27930.faults import FaultClass
from chargelink.gbt27930.handshake import VERSION_2011, VERSION_2015
from chargelink.gbt27930.parameters import CML
from chargelink.gbt27930.transport import Frame
from chargelink.gbt27930.vehicle import (
    ChargerAnswered,
    ChargerStatistics,
    ChargingBegan,
    Ended,
    Failed,
    Output,
    Reconnecting,
    State,
    Stopped,
    Unreadable,
    Vehicle,
)
from chargelink.gbt27930.vehicle_table import TABLE
from chargelink.wire import EncodeError

SILENCE = "silence"
STIMULI = ("ready", "stop", "end", *(name for name in MESSAGES if name.startswith("C")), SILENCE)

# How a session gets into each state.
PATHS = {
    "waiting": "",
    "handshake": "CHM",
    "recognition": "CHM, CRM(00)",
    "parameters": "CHM, CRM(00), CRM(AA)",
    "preparing": "CHM, CRM(00), CRM(AA), CML",
    "ready": "CHM, CRM(00), CRM(AA), CML, ready",
    "charging": "CHM, CRM(00), CRM(AA), CML, ready, CRO(AA)",
    "stopping": "CHM, CRM(00), CRM(AA), CML, ready, CRO(AA), stop",
    "answering": "CHM, CRM(00), CRM(AA), CML, ready, CRO(AA), CST",
    "statistics": "CHM, CRM(00), CRM(AA), CML, ready, CRO(AA), stop, CST",
    "error": "CHM, silence",
    "interrupted": "CHM, CRM(00), CEM",
    "unanswered": "CHM, CRM(00), CRM(AA), CML, ready, CRO(AA), stop, silence",
    "ended": "end",
}

# Where each stimulus leads; a stimulus that is not named changes nothing.
CELLS: dict[str, dict[str, str]] = {
    "waiting": {"CHM": "handshake", "CRM(00)": "recognition", "silence": "error", "stop": "ended", "end": "ended"},
    "handshake": {"CRM(00)": "recognition", "silence": "error", "stop": "ended", "end": "ended"},
    "recognition": {"CRM(AA)": "parameters", "silence": "error", "stop": "ended", "end": "ended", "CEM": "interrupted"},
    "parameters": {"CML": "preparing", "silence": "error", "stop": "ended", "end": "ended", "CEM": "interrupted"},
    "preparing": {"ready": "ready", "stop": "ended", "end": "ended", "CEM": "interrupted"},
    "ready": {
        "CRO(AA)": "charging",
        "CST": "answering",
        "silence": "error",
        "stop": "ended",
        "end": "ended",
        "CEM": "interrupted",
    },
    "charging": {"stop": "stopping", "CST": "answering", "silence": "error", "end": "ended", "CEM": "interrupted"},
    "stopping": {"CST": "statistics", "silence": "unanswered", "end": "ended", "CEM": "ended"},
    "answering": {"silence": "statistics", "end": "ended", "CEM": "ended"},
    "statistics": {"CSD": "ended", "silence": "unanswered", "end": "ended", "CEM": "ended"},
    "error": {"CHM": "handshake", "CRM(00)": "recognition", "silence": "ended", "stop": "unanswered", "end": "ended"},
    "interrupted": {"CHM": "handshake", "CRM(00)": "recognition", "silence": "ended", "stop": "ended", "end": "ended"},
    "unanswered": {"CRM(00)": "ended", "silence": "ended", "end": "ended"},
    "ended": {},
}  # fmt: skip


def vehicle_in(state: str, edition: Edition = Edition.OF_2015) -> Opposite:
    charger = Opposite(Vehicle(0.0, IDENTITY, BATTERY, 420_000, edition))
    device(charger).measure(DEMAND, STATUS, SOUND)
    for stimulus in filter(None, PATHS[state].split(", ")):
        apply(charger, stimulus)
    assert charger.state == state
    return charger


def device(charger: Opposite) -> Vehicle:
    assert isinstance(charger.device, Vehicle)
    return charger.device


def apply(charger: Opposite, stimulus: str) -> None:
    vehicle = device(charger)
    match stimulus:
        case "ready":
            charger.events += vehicle.ready(charger.now)
        case "stop":
            charger.events += vehicle.stop(charger.now, VehicleCause.SOC_REACHED)
        case "end":
            charger.events += vehicle.end(charger.now)
        case "silence":
            charger.now += 1000.0
            charger.events += vehicle.tick(charger.now)
        case _:
            charger.say(stimulus)
    charger.settle()


@pytest.mark.parametrize("stimulus", STIMULI)
@pytest.mark.parametrize("state", State)
def test_every_cell(state: State, stimulus: str) -> None:
    if (state, stimulus) == (State.ANSWERING, SILENCE):
        charger = vehicle_in("answering")
        charger.run(0.1)  # longer silence would be a state further
    else:
        charger = vehicle_in(state.value)
        apply(charger, stimulus)
    assert charger.state == CELLS[state.value].get(stimulus, state.value)


def test_the_table_is_whole() -> None:
    assert set(TABLE) == set(State) == set(map(State, PATHS)) == set(map(State, CELLS))
    for state, row in TABLE.items():
        assert set(row.moves.values()) <= set(State)
        assert len({wait.name for wait in row.waits}) == len(row.waits), state
        assert all(wait.then in row.moves for wait in row.waits), state
        assert "end" in row.moves or not row.moves, state
    assert {target for row in TABLE.values() for target in row.moves.values()} == set(State) - {State.WAITING}


# State, what is said at which period meanwhile, the moment of the failure in s, and its BEM.
WAITS = [
    ("nothing", "waiting", {}, 60.0, "F1 F0 F0 FC"),
    ("CHM then nothing", "handshake", {}, 30.0, "F1 F0 F0 FC"),
    ("CHM forever", "handshake", {"CHM": 0.25}, 30.0, "F1 F0 F0 FC"),
    ("CRM(00) forever", "recognition", {"CRM(00)": 0.25}, 5.0, "F4 F0 F0 FC"),
    ("CRM(AA) forever", "parameters", {"CRM(AA)": 0.25}, 5.0, "F0 F1 F0 FC"),
    ("no CRO", "ready", {"CML": 0.25}, 5.0, "F0 F4 F0 FC"),
    ("CRO(00) forever", "ready", {"CRO(00)": 0.25}, 60.0, "F0 F4 F0 FC"),
    ("no CCS at first", "charging", {}, 1.0, "F0 F0 F1 FC"),
    ("no CCS any more", "charging", {"CRO(AA)": 0.25}, 1.0, "F0 F0 F1 FC"),
    ("no CST", "stopping", {"CCS": 0.05}, 5.0, "F0 F0 F4 FC"),
    ("no CSD", "statistics", {"CST": 0.01}, 10.0, "F0 F0 F0 FD"),
]


@pytest.mark.parametrize(("case", "state", "repeating", "moment", "bem"), WAITS, ids=[row[0] for row in WAITS])
def test_waits_end_at_their_moment(case: str, state: str, repeating: dict[str, float], moment: float, bem: str) -> None:
    charger = vehicle_in(state)
    charger.run(moment - 0.001, repeating)
    assert charger.state == state
    charger.run(0.001)
    failed = "unanswered" if state in ("stopping", "statistics") else "error"
    assert charger.state == failed
    assert not device(charger).wants_contactors
    assert isinstance(charger.events[-1], Failed)
    assert charger.events[-1].by is Sender.BMS
    said = charger.said[-1]
    assert (said.name, said.payload, round(said.at, 6)) == ("BEM", bytes.fromhex(bem), moment)
    charger.run(29.99)
    assert charger.state == failed
    charger.run(0.02)
    assert charger.events[-1:] == [Ended()]
    assert charger.device.deadline is None


def test_a_handshake_that_goes_on_for_ever_is_told_so_until_it_ends() -> None:
    """BEM goes on until CRM, not until the next CHM; a CHM after a pause is another handshake."""
    charger = vehicle_in("handshake")
    charger.run(40.1, {"CHM": 0.25})
    assert charger.state == "error"
    assert len(charger.times("BEM")) == 41
    charger.run(1.1)
    charger.say("CHM")
    assert charger.state == "handshake"


def test_what_cannot_be_said_is_refused_at_once() -> None:
    for identity, battery, limit in [
        (msgspec.structs.replace(IDENTITY, rated_voltage=50), BATTERY, 420_000),
        (IDENTITY, msgspec.structs.replace(BATTERY, soc=1_001), 420_000),
        (IDENTITY, BATTERY, 420_050),
    ]:
        with pytest.raises(EncodeError):
            Vehicle(0.0, identity, battery, limit)
    vehicle = device(vehicle_in("charging"))
    with pytest.raises(EncodeError):
        vehicle.measure(msgspec.structs.replace(DEMAND, voltage_demand=410_050))
    with pytest.raises(EncodeError):
        vehicle.conclude(BSD(1_010, 3_310, 3_420, 280, 310))


def test_bms_statistics_within_10_s_of_the_first_bst() -> None:
    charger = vehicle_in("stopping")
    charger.run(4.0)
    charger.say("CST")
    charger.run(5.99)
    assert charger.state == "statistics"
    charger.run(0.02)
    assert charger.state == "unanswered"


@pytest.mark.parametrize("state", ["error", "interrupted"])
def test_it_is_recognised_anew_three_times(state: str) -> None:
    """Annex C, note 2; with BEM until CRM comes, or after CEM in silence."""
    charger = vehicle_in(state)
    for attempt in (1, 2, 3):
        charger.run(1.0)
        charger.say("CRM(00)")
        assert (charger.state, charger.events[-1]) == ("recognition", Reconnecting(attempt))
        charger.run(0.2)
        assert charger.said[-1].name == "BRM"
        charger.say("CEM")
        assert charger.state == "interrupted"
    charger.say("CRM(00)")
    assert charger.events[-1] == Ended(FaultClass.B)
    assert len(charger.times("BEM")) == (5 if state == "error" else 0)


def test_contactors_are_wanted_from_the_charger_s_limits_to_the_end() -> None:
    wanted = {state.value for state in State if device(vehicle_in(state.value)).wants_contactors}
    assert wanted == {"preparing", "ready", "charging"}


def test_a_vehicle_that_gave_up_on_silence_is_asked_as_in_2011() -> None:
    charger = vehicle_in("waiting")
    charger.run(61.0)
    charger.say("CRM(00)")
    charger.run(0.2)
    assert (charger.said[-1].name, len(charger.said[-1].payload)) == ("BRM", 41)


def test_events_of_a_charge() -> None:
    charger = vehicle_in("charging")
    charger.say("CCS", "CST")
    charger.run(0.2)
    charger.say("CSD")
    assert charger.events == [
        ChargerAnswered(MESSAGES["CML"]),  # type: ignore[arg-type]
        ChargingBegan(),
        Output(MESSAGES["CCS"]),  # type: ignore[arg-type]
        Stopped(Sender.CHARGER, ("manual_stop",)),
        ChargerStatistics(MESSAGES["CSD"]),  # type: ignore[arg-type]
        Ended(),
    ]


def test_what_it_says_at_which_periods() -> None:
    charger = vehicle_in("ready")
    device(charger).measure(BMV((Cell(3_400, 0),) * 104), BMT((310,) * 16))
    charger.say("CRO(AA)")
    charger.run(19.9, {"CCS": 0.05})
    counts = {name: len(charger.times(name)) for name in charger.names()}
    assert counts["BCL"] == pytest.approx(400, abs=2)
    assert counts["BSM"] == pytest.approx(80, abs=2)
    assert counts["BCS"] == pytest.approx(80, abs=4)  # long ones wait for each other
    assert counts["BMV"] == counts["BMT"] == 2


def test_the_answer_to_a_stop_is_ten_frames() -> None:
    charger = vehicle_in("answering")
    device(charger).conclude(BSD(800, 3_310, 3_420, 280, 310))
    charger.run(0.5)
    assert len(charger.times("BST")) == pytest.approx(10, abs=1)
    assert charger.said[-1].name == "BSD"
    assert bytes.fromhex("40 00 00 F0") == next(said.payload for said in charger.said if said.name == "BST")


def test_crossed_limits_are_not_obeyed_but_zeros_are() -> None:
    charger = vehicle_in("parameters")
    charger.say_message(CML(750_000, 200_000, -50_000, -280_000))
    assert isinstance(charger.events[-1], Unreadable)
    assert charger.state == "parameters"
    charger.say_message(CML(200_000, 750_000, -50_000, 0))
    assert charger.state == "parameters"
    flawed = CML(750_000, 200_000, 10_000, 0).encode(checked=False)
    charger.say_frame(Frame(0x1808F456, flawed))
    assert charger.events[-1] == Unreadable("CML", flawed, "max_output_current_A is above its range")
    charger.say_message(CML(0, 0, 0, 0))
    assert charger.state == "preparing"


def test_a_charger_of_2011_is_answered_as_in_2011() -> None:
    charger = Opposite(Vehicle(0.0, IDENTITY, BATTERY, 420_000))
    device(charger).measure(DEMAND, STATUS, SOUND)
    charger.say("CRM(00)")
    charger.run(0.2)
    charger.say("CRM(AA)")
    charger.say_frame(Frame(0x1808F456, bytes.fromhex("1C257C01DC05")))
    apply(charger, "ready")
    charger.say("CRO(AA)")
    charger.run(0.2)
    said = {said.name: said.payload for said in charger.said}
    assert "BHM" not in said
    assert (len(said["BRM"]), said["BRM"][:3].hex()) == (41, "000100")
    assert said["BCS"][5] >> 4 == 1  # group 1 is 1, counted from 1: one raw less than in 2015 would be
    charger.say_frame(Frame(0x101AF456, bytes.fromhex("04000000")))
    assert charger.events[-1] == Stopped(Sender.CHARGER, ("manual_stop",))


def test_a_vehicle_of_2011_does_not_know_chm() -> None:
    charger = vehicle_in("waiting", Edition.OF_2011)
    charger.say("CHM")
    assert charger.state == "waiting"
    assert not charger.said


def test_readiness_is_said_when_the_contactors_are_closed() -> None:
    charger = vehicle_in("preparing")
    charger.run(0.3)
    assert {said.payload for said in charger.said if said.name == "BRO"} == {b"\x00"}
    apply(charger, "ready")
    assert charger.said[-1].payload == b"\xaa"


def test_an_error_of_the_charger_interrupts_it_if_it_says_one() -> None:
    charger = vehicle_in("charging")
    charger.say_message(CEM(0, 0, 0, 0, 0, 0, 2))  # untrusted is none (annex C)
    assert charger.state == "charging"
    charger.say("CEM")
    assert charger.events[-1] == Failed(Sender.CHARGER, ("bcl_timeout",))
    charger.say("CRM(00)")  # of the same charger, so of 2015
    charger.run(0.2)
    assert len(next(said.payload for said in reversed(charger.said) if said.name == "BRM")) == 49


def test_statistics_before_the_end_are_none() -> None:
    charger = vehicle_in("charging")
    charger.say("CSD")
    assert not any(isinstance(event, ChargerStatistics) for event in charger.events)


def test_it_says_the_version_that_it_speaks() -> None:
    """Whatever stands in its identity."""
    charger = Opposite(Vehicle(0.0, msgspec.structs.replace(IDENTITY, protocol_version=VERSION_2011), BATTERY, 420_000))
    charger.say("CHM", "CRM(00)")
    charger.run(0.2)
    assert charger.said[-1].payload[:3] == VERSION_2015


def test_a_least_current_out_of_range_is_no_matter() -> None:
    charger = vehicle_in("parameters")
    charger.say_frame(Frame(0x1808F456, CML(750_000, 200_000, -50_000, 10_000).encode(checked=False)))
    assert charger.state == "preparing"


def test_few_cells_fit_one_full_frame() -> None:
    """J1939-21, 5.10.5.2: what is shorter than a transfer travels in one frame of eight bytes."""
    charger = vehicle_in("ready")
    device(charger).measure(BMV((Cell(3_400, 0),) * 3))
    charger.say("CRO(AA)")
    assert [said.payload for said in charger.said if said.name == "BMV"] == [bytes.fromhex("540154015401FFFF")]


def test_a_status_of_2011_is_said_as_one() -> None:
    charger = vehicle_in("charging", Edition.OF_2011)
    device(charger).measure(BCS2011(380_000, -99_000, 3_460, 7, 420, 38))
    charger.run(0.8, {"CCS": 0.05})
    assert [said.payload for said in charger.said if said.name == "BCS"][-1] == bytes.fromhex("D80EC20B5A612A2600")
