"""A master and simulated meters at the two ends of a line, in jumping time."""

from datetime import datetime, timedelta
from typing import TypeVar

from chargelink.dlt645.forms import Value
from chargelink.dlt645.master import Master, MasterEvent, Refused, Reply, Sent, TimedOut, Unsolicited
from chargelink.dlt645.procedures import Procedure, SetRate
from chargelink.dlt645.request import Request, read
from chargelink.dlt645.timing import Timing
from chargelink.sim.cable import Probe
from chargelink.sim.meters.device import Built, Device
from chargelink.sim.meters.hands import obey
from chargelink.sim.meters.line import Line

ADDRESS = "000000000161"
NOON = datetime(2026, 11, 20, 12, 0, 30)  # a Friday
ENDS = (Reply, Refused, Sent, TimedOut)
PROBES = timedelta(seconds=0.5)
Outcome = TypeVar("Outcome")


class Bench:
    """`events` are all that the master was told."""

    def __init__(
        self, built: Built | None = None, *addresses: str, shows: datetime = NOON, baud: int = 9600, retries: int = 0
    ) -> None:
        self.now = 1000.0
        self.line = Line([Device(address, shows, self.now, built) for address in addresses or (ADDRESS,)])
        self.master = Master(Timing(baud=baud), retries)
        self.speed: int | None = None
        self.events: list[MasterEvent] = []

    @property
    def meter(self) -> Device:
        return self.line.devices[0]

    def ask(self, request: Request) -> MasterEvent:
        """How the exchange ended."""
        self.master.request(request, self.now)
        while True:
            told = self.master.receive(self.line.data_to_send(), self.now)
            self.events += told
            if ended := [event for event in told if isinstance(event, ENDS)]:
                return ended[0]
            if data := self.master.data_to_send():
                self.line.receive(data, self.now, self.speed)
            due = [time for time in (self.master.deadline, self.line.deadline) if time is not None]
            self.now = max(self.now, min(due))
            self.line.tick(self.now, self.speed)

    def play(self, procedure: Procedure[Outcome]) -> Outcome:
        """What came of a script that was begun on our master; the port follows it to other rates."""
        told = procedure.tick(self.now)
        while True:
            for event in told:
                if isinstance(event, SetRate):
                    self.speed = event.baud
            if procedure.outcome is not None:
                return procedure.outcome
            if data := procedure.data_to_send():
                self.line.receive(data, self.now, self.speed)
            due = [time for time in (procedure.deadline, self.line.deadline) if time is not None]
            self.now = max(self.now, min(due))
            self.line.tick(self.now, self.speed)
            told = procedure.receive(self.line.data_to_send(), self.now)

    def raw(self, identifier: str, besides: bytes = b"") -> bytes:
        """What an identifier holds; b"" if it is refused."""
        event = self.ask(read(self.meter.address, identifier, besides))
        return event.data if isinstance(event, Reply) else b""

    def value(self, identifier: str) -> Value | None:
        """Of one item."""
        return self.values(identifier)[0]

    def values(self, identifier: str) -> list[Value | None]:
        """Of all items under an identifier."""
        event = self.ask(read(self.meter.address, identifier))
        assert isinstance(event, Reply), event
        found = event.readings(self.meter.catalogue)
        assert not found.extra
        return [reading.value for reading in found.readings]

    def wait(self, wait: timedelta, probe: Probe | None = None) -> None:
        """Let time pass, while `probe` is measured again and again."""
        until = self.now + wait.total_seconds()
        while probe is not None and self.now < until:
            self.meter.measure(probe, self.now)
            self.now += min(PROBES.total_seconds(), until - self.now)
        while (due := self.line.deadline) is not None and due <= until:
            self.now = max(self.now, due)
            self.line.tick(self.now, self.speed)
        self.now = until
        for device in self.line.devices:
            device.pass_time(self.now)
        self.line.tick(self.now, self.speed)
        late = self.master.receive(self.line.data_to_send(), self.now)
        self.events += late

    def order(self, text: str) -> str:
        """What a tester says, and is answered."""
        return obey(self.line, text, self.now)

    @property
    def strays(self) -> list[Unsolicited]:
        """Frames that answered nothing."""
        return [event for event in self.events if isinstance(event, Unsolicited)]
