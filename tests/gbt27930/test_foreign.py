"""Our two machines, each against somebody else's other side: whole charges, and every timeout by the clock."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.gbt27930.foreign import CONTROL, Foreign, ForeignCharger, ForeignVehicle, Sent
from tests.gbt27930.opposite import BATTERY, DEMAND, IDENTITY, SOUND, STATUS

from chargelink.gbt27930.catalogue import Edition
from chargelink.gbt27930.causes import ChargerCause, VehicleCause
from chargelink.gbt27930.charger import Charger, ChargerLimits, Demand, VehicleAnswered, VehicleReady
from chargelink.gbt27930.dialogue import Dialogue, Ended, Event, Failed
from chargelink.gbt27930.ending import BSD
from chargelink.gbt27930.vehicle import ChargerAnswered, Vehicle

LIMITS = ChargerLimits(max_voltage=750_000, min_voltage=200_000, max_current=250_000, number=7)
LATENCY = 0.001  # s
CLOSE = 0.010  # s


class Meeting:
    """One of our machines and a foreign peer on a bus, in jumping time."""

    def __init__(self, ours: Dialogue, peer: Foreign) -> None:
        self.ours, self.peer = ours, peer
        self.now = 0.0
        self.events: list[Event] = []
        self.said: list[Sent] = []  # by ours
        self.answered: list[Sent] = []  # by the peer
        self.ready = True  # our device does what is asked
        self._under_way: list[tuple[float, bool, tuple[int, bytes]]] = []

    def run(self, until: float | Callable[[], bool], longest: float = 200.0) -> None:
        """Until the time, or until it is so."""
        while not (until() if callable(until) else self.now >= until):
            assert self.now < longest, f"{self.ours.state} after {self.now} s"
            for said, frames, to_us in (
                (self.said, self.ours.data_to_send(), False),
                (self.answered, self.peer.outgoing, True),
            ):
                for identifier, data in frames:
                    said.append(Sent(self.now, identifier, data))
                    self._under_way.append((self.now + LATENCY, to_us, (identifier, data)))
            self.peer.outgoing.clear()
            moments = [at for at, _, _ in self._under_way[:1]]
            moments += [one for one in (self.ours.deadline, self.peer.deadline) if one is not None]
            moments += [longest if callable(until) else until]
            self.now = max(self.now, min(moments))
            while self._under_way and self._under_way[0][0] <= self.now:
                _, to_us, (identifier, data) = self._under_way.pop(0)
                if to_us:
                    self._happened(self.ours.receive(identifier, data, self.now))
                else:
                    self.peer.receive(identifier, data, self.now)
            self._happened(self.ours.tick(self.now))
            self.peer.tick(self.now)

    def _happened(self, events: list[Event]) -> None:
        self.events += events
        ours = self.ours
        for event in events:
            if isinstance(ours, Charger):
                match event:
                    case VehicleAnswered():
                        ours.insulation_done(self.now)
                    case VehicleReady() if self.ready:
                        ours.ready(self.now)
                    case Demand():
                        ours.report(event.voltage, event.current, 0)
            elif isinstance(ours, Vehicle) and isinstance(event, ChargerAnswered):
                ours.ready(self.now)

    def has_said(self, name: str) -> Callable[[], bool]:
        return lambda: any(sent.name == name for sent in self.said)

    def first(self, name: str, byte: int | None = None) -> float:
        """When ours said that first."""
        return next(sent.at for sent in self.said if sent.name == name and byte in (None, sent.data[0]))


def with_our_charger(vehicle: ForeignVehicle) -> Meeting:
    charger = Charger(0.0, LIMITS)
    charger.statistics(1, 400_000)
    charger.start(0.0)
    return Meeting(charger, vehicle)


def with_our_vehicle(charger: ForeignCharger, edition: Edition = Edition.OF_2015) -> Meeting:
    vehicle = Vehicle(0.0, IDENTITY, BATTERY, 420_000, edition)
    vehicle.measure(DEMAND, STATUS, SOUND)
    vehicle.conclude(BSD(420, 3_310, 3_450, 280, 310))
    charger.start(0.0)
    return Meeting(vehicle, charger)


def has_ended(meeting: Meeting) -> Callable[[], bool]:
    return lambda: any(isinstance(event, Ended) for event in meeting.events)


VEHICLES: list[dict[str, Any]] = [
    {},
    {"packets": 1},
    {"packets": 2},
    {"packets": 7},
    {"edition": 2011, "pad": 0x00},
    {"edition": 2011, "pad": 0xFF},
]
CHARGERS: list[dict[str, Any]] = [
    {},
    {"packets": 1},
    {"packets": 2},
    {"holds": 3},
    {"edition": 2011},
    {"edition": 2011, "packets": 3},
]


@pytest.mark.parametrize("stopped_by", ["charger", "vehicle"])
@pytest.mark.parametrize("vehicle", VEHICLES, ids=str)
def test_our_charger_charges_a_foreign_vehicle(vehicle: dict[str, Any], stopped_by: str) -> None:
    meeting = with_our_charger(ForeignVehicle(**vehicle))
    meeting.run(lambda: meeting.ours.state.value == "charging")
    assert isinstance(meeting.ours, Charger)
    assert isinstance(meeting.peer, ForeignVehicle)
    meeting.run(meeting.now + 5.0)
    wanted = meeting.ours.wants
    assert (wanted.voltage, wanted.current, wanted.contactors) == (410_000, 100_000, True)
    if stopped_by == "charger":
        meeting.ours.stop(meeting.now, ChargerCause.MANUAL)
    else:
        meeting.peer.stop(meeting.now)
    meeting.run(has_ended(meeting))
    assert meeting.peer.over
    assert not any(isinstance(event, Failed) for event in meeting.events)
    old = meeting.peer.edition == 2011
    lengths = {sent.name: len(sent.data) for sent in meeting.said if sent.name}
    assert lengths == {
        "CHM": 3, "CRM": 8, "CML": 6 if old else 8, "CRO": 1, "CCS": 6 if old else 7, "CST": 4, "CSD": 5 if old else 8,
    }  # fmt: skip


@pytest.mark.parametrize("stopped_by", ["charger", "vehicle"])
@pytest.mark.parametrize("charger", CHARGERS, ids=str)
def test_our_vehicle_charges_at_a_foreign_charger(charger: dict[str, Any], stopped_by: str) -> None:
    meeting = with_our_vehicle(ForeignCharger(**charger))
    assert isinstance(meeting.ours, Vehicle)
    assert isinstance(meeting.peer, ForeignCharger)
    meeting.run(lambda: "CCS" in meeting.peer.beats)
    meeting.run(meeting.now + 5.0)
    assert meeting.ours.state.value == "charging"
    if stopped_by == "charger":
        meeting.peer.stop(meeting.now)
    else:
        meeting.ours.stop(meeting.now, VehicleCause.SOC_REACHED)
    meeting.run(has_ended(meeting))
    assert not any(isinstance(event, Failed) for event in meeting.events)
    assert len(meeting.peer.came["BRM"]) == (49 if meeting.peer.edition == 2015 else 41)
    lengths = {name: len(data) for name, data in meeting.peer.came.items() if name not in ("BHM", "BRM")}
    assert lengths == {"BCP": 13, "BRO": 1, "BCL": 5, "BCS": 9, "BSM": 7, "BST": 4, "BSD": 7}


# What the vehicle leaves out, what the wait counts from, its seconds, and CEM (GB/T 34658-2017, DN.1001 to DN.4004).
CHARGER_WAITS = [
    ("BRM", ("CRM", 0x00), 5.0, "FDF0C0FC"),
    ("BCP", ("CRM", 0xAA), 5.0, "FCF1C0FC"),
    ("BRO", ("CML", None), 5.0, "FCF4C0FC"),
    ("ready", ("CML", None), 60.0, "FCF4C0FC"),
    ("BCL", ("CRO", 0xAA), 1.0, "FCF0C4FC"),
    ("BCS", ("CRO", 0xAA), 5.0, "FCF0C1FC"),
]


@pytest.mark.parametrize(
    ("left_out", "since", "seconds", "error"), CHARGER_WAITS, ids=[row[0] for row in CHARGER_WAITS]
)
def test_our_charger_waits_as_long_as_it_has_to(
    left_out: str, since: tuple[str, int | None], seconds: float, error: str
) -> None:
    meeting = with_our_charger(ForeignVehicle(silent=[left_out]))
    meeting.run(meeting.has_said("CEM"))
    assert meeting.said[-1].data.hex().upper() == error
    assert meeting.now - meeting.first(*since) == pytest.approx(seconds, abs=CLOSE)


@pytest.mark.parametrize(
    ("stopped", "seconds", "error"), [("BCL", 1.0, "FCF0C4FC"), ("BCS", 5.0, "FCF0C1FC")], ids=["BCL", "BCS"]
)
def test_our_charger_misses_what_stops_while_charging(stopped: str, seconds: float, error: str) -> None:
    meeting = with_our_charger(ForeignVehicle())
    meeting.run(lambda: meeting.ours.state.value == "charging")
    meeting.run(meeting.now + 3.0)
    meeting.peer.hush(stopped)
    meeting.run(meeting.has_said("CEM"))
    last = max(sent.at for sent in meeting.answered if sent.name == stopped)
    late = LATENCY if stopped == "BCL" else 4 * LATENCY  # its transfer takes that long
    assert meeting.said[-1].data.hex().upper() == error
    assert meeting.now - last - late == pytest.approx(seconds, abs=CLOSE)


def test_our_charger_misses_a_vehicle_that_leaves_while_it_pre_charges() -> None:
    meeting = with_our_charger(ForeignVehicle())
    meeting.ready = False
    meeting.run(meeting.has_said("CRO"))
    meeting.run(meeting.now + 2.0)
    meeting.peer.hush()
    meeting.run(meeting.has_said("CEM"))
    last = max(sent.at for sent in meeting.answered if sent.name == "BRO")
    assert meeting.said[-1].data.hex().upper() == "FCF4C0FC"
    assert meeting.now - last - LATENCY == pytest.approx(5.0, abs=CLOSE)


@pytest.mark.parametrize(
    ("left_out", "seconds", "error"),
    [(["BST", "BSD"], 5.0, "FCF0D0FC"), (["BSD"], 10.0, "FCF0C0FD")],
    ids=["BST", "BSD"],
)
def test_our_charger_waits_for_the_answer_to_its_stop(left_out: list[str], seconds: float, error: str) -> None:
    meeting = with_our_charger(ForeignVehicle(silent=left_out))
    meeting.run(lambda: meeting.ours.state.value == "charging")
    assert isinstance(meeting.ours, Charger)
    meeting.ours.stop(meeting.now, ChargerCause.MANUAL)
    meeting.run(meeting.has_said("CEM"))
    assert meeting.said[-1].data.hex().upper() == error
    assert meeting.now - meeting.first("CST") == pytest.approx(seconds, abs=CLOSE)


# What the charger leaves out, what the wait counts from, its seconds, and BEM (annex A).
VEHICLE_WAITS = [
    (["CRM"], "BHM", 30.0, "F1F0F0FC"),
    (["recognition"], "BRM", 5.0, "F4F0F0FC"),
    (["transport"], "BRM", 5.0, "F4F0F0FC"),
    (["CML", "CTS"], "BCP", 5.0, "F0F1F0FC"),
    (["CRO"], "BRO", 5.0, "F0F4F0FC"),
    (["ready"], "BRO", 60.0, "F0F4F0FC"),
    (["CCS"], "BCL", 1.0, "F0F0F1FC"),
]


@pytest.mark.parametrize(
    ("left_out", "since", "seconds", "error"), VEHICLE_WAITS, ids=[row[0][0] for row in VEHICLE_WAITS]
)
def test_our_vehicle_waits_as_long_as_it_has_to(left_out: list[str], since: str, seconds: float, error: str) -> None:
    meeting = with_our_vehicle(ForeignCharger(silent=left_out))
    meeting.run(meeting.has_said("BEM"))
    assert meeting.said[-1].data.hex().upper() == error
    assert meeting.now - meeting.first(since) == pytest.approx(seconds, abs=CLOSE)


def test_our_vehicle_misses_ccs() -> None:
    meeting = with_our_vehicle(ForeignCharger())
    meeting.run(lambda: "CCS" in meeting.peer.beats)
    meeting.run(meeting.now + 3.0)
    meeting.peer.hush("CCS")
    meeting.run(meeting.has_said("BEM"))
    last = max(sent.at for sent in meeting.answered if sent.name == "CCS")
    assert meeting.said[-1].data.hex().upper() == "F0F0F1FC"
    assert meeting.now - last - LATENCY == pytest.approx(1.0, abs=CLOSE)


@pytest.mark.parametrize(
    ("left_out", "seconds", "error"), [(["CST"], 5.0, "F0F0F4FC"), (["CSD"], 10.0, "F0F0F0FD")], ids=["CST", "CSD"]
)
def test_our_vehicle_waits_for_the_answer_to_its_stop(left_out: list[str], seconds: float, error: str) -> None:
    meeting = with_our_vehicle(ForeignCharger(silent=left_out))
    meeting.run(lambda: "CCS" in meeting.peer.beats)
    assert isinstance(meeting.ours, Vehicle)
    meeting.ours.stop(meeting.now, VehicleCause.SOC_REACHED)
    meeting.run(meeting.has_said("BEM"))
    assert meeting.said[-1].data.hex().upper() == error
    assert meeting.now - meeting.first("BST") == pytest.approx(seconds, abs=CLOSE)


def test_our_vehicle_alone_at_a_plug_reports_after_a_minute() -> None:
    meeting = with_our_vehicle(ForeignCharger(silent=["CHM"]))
    meeting.run(meeting.has_said("BEM"))
    assert meeting.said[-1].data.hex().upper() == "F1F0F0FC"
    assert meeting.now == pytest.approx(60.0, abs=CLOSE)


def test_requests_that_come_again_within_a_transfer_replace_it() -> None:
    """SAE J1939-21, 5.10.3.1: a second RTS for the same message begins it anew, silently."""
    meeting = with_our_charger(ForeignVehicle())
    meeting.run(lambda: any(sent.name == "BRM" for sent in meeting.answered))
    request = next(sent for sent in meeting.answered if sent.name == "BRM")
    meeting.peer.outgoing.append((request.identifier, request.data))
    meeting.run(lambda: meeting.ours.state.value == "charging")
    assert not any(sent.identifier >> 16 & 0xFF == CONTROL and sent.data[0] == 0xFF for sent in meeting.said)
