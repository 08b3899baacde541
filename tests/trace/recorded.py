"""Recordings of our own charger and vehicle against each other, in jumping time, and what the wire does to them."""

from collections.abc import Callable, Iterable

from tests.gbt27930.opposite import BATTERY, DEMAND, IDENTITY, SOUND, STATUS

from chargelink.gbt27930.catalogue import Edition
from chargelink.gbt27930.causes import ChargerCause
from chargelink.gbt27930.charger import Charger, ChargerLimits, Demand, VehicleAnswered, VehicleReady
from chargelink.gbt27930.dialogue import Dialogue, Event
from chargelink.gbt27930.ending import BSD
from chargelink.gbt27930.transport import Frame
from chargelink.gbt27930.vehicle import ChargerAnswered, Vehicle
from chargelink.trace.sessions.analyser import Analyser
from chargelink.trace.sessions.model import Session

LIMITS = ChargerLimits(max_voltage=750_000, min_voltage=200_000, max_current=250_000, number=7)
LATENCY = 0.001  # s
Fault = Callable[[float, Frame], Frame | None]  # what becomes of a frame on the wire, None: nothing
Recording = list[tuple[float, Frame]]


def as_it_is(now: float, frame: Frame) -> Frame | None:
    return frame


class Wire:
    """Both ends, each with a device that does at once what its end asks for. `fault` is what the wire does."""

    def __init__(self, edition: Edition = Edition.OF_2015, fault: Fault = as_it_is, start: float = 0.0) -> None:
        self.now = start
        self.charger = Charger(start, LIMITS)
        self.vehicle = Vehicle(start, IDENTITY, BATTERY, 420_000, edition)
        self.vehicle.measure(DEMAND, STATUS, SOUND)
        self.vehicle.conclude(BSD(420, 3_310, 3_450, 280, 310))
        self.charger.statistics(1, 400_000)
        self.recording: Recording = []
        self._fault = fault
        self._under_way: list[tuple[float, Frame, Dialogue]] = []
        self.charger.start(start)

    def run(self, until: float) -> "Wire":
        """Until nothing moves any more, or that time."""
        while True:
            self._send()
            moments = [end.deadline for end in (self.charger, self.vehicle) if end.deadline is not None]
            moments += [at for at, _, _ in self._under_way]
            if not moments or min(moments) > until:
                self.now = until
                return self
            self.now = max(self.now, min(moments))
            arrived = [one for one in self._under_way if one[0] <= self.now]
            self._under_way = [one for one in self._under_way if one[0] > self.now]
            for _, frame, receiver in arrived:
                self._happened(receiver, receiver.receive(*frame, self.now))
            for end in (self.charger, self.vehicle):
                self._happened(end, end.tick(self.now))

    def _send(self) -> None:
        ends: tuple[tuple[Dialogue, Dialogue], ...] = ((self.charger, self.vehicle), (self.vehicle, self.charger))
        for sender, receiver in ends:
            for sent in sender.data_to_send():
                frame = self._fault(self.now, sent)
                if frame is not None:
                    self.recording.append((self.now, frame))
                    self._under_way.append((self.now + LATENCY, frame, receiver))

    def _happened(self, end: Dialogue, events: list[Event]) -> None:
        for event in events:
            match event:
                case VehicleAnswered():
                    self.charger.insulation_done(self.now)
                case ChargerAnswered():
                    self.vehicle.ready(self.now)
                case VehicleReady():
                    self.charger.ready(self.now)
                case Demand():
                    self.charger.report(380_000, event.current, 0)


def analysed(recording: Iterable[tuple[float | None, Frame]], channel: str = "can0") -> list[Session]:
    """The sessions of a recording."""
    analyser = Analyser()
    for time, (identifier, data) in recording:
        analyser.take(time, channel, identifier, data)
    return [*analyser.finished(), *analyser.close()]


def good_session(edition: Edition = Edition.OF_2015, start: float = 0.0) -> Recording:
    """A whole session: 30 s of charge, ended by somebody at the charger."""
    wire = Wire(edition, start=start)
    wire.run(start + 45.0 if edition is Edition.OF_2011 else start + 35.0)
    wire.charger.stop(wire.now, ChargerCause.MANUAL)
    return wire.run(start + 60.0).recording
