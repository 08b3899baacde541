"""Meters on one pair of wires: bytes take their time, and where two meters speak at once zeros win."""

from bisect import insort
from typing import NamedTuple

from chargelink.dlt645.timing import BITS
from chargelink.sim.meters.device import Device

USUAL_BAUD = 9600  # of the wire, if every meter hears any rate
STEP = 0.010  # s; bytes are handed on in steps no shorter
MOST_ON_THE_WAY = 1 << 11  # bytes; what a babbling master makes waits no longer


class OnTheWay(NamedTuple):
    """A byte whose last bit comes at `ends`."""

    ends: float
    byte: int


class Line:
    """The master's four verbs for all meters together. Times in s.

    Meters hear a master at any rate unless they were told one; `speed` is what the master's port is set to, where
    that is known.
    """

    def __init__(self, devices: list[Device]) -> None:
        self.devices = devices
        self._on_the_way: list[OnTheWay] = []
        self._speaks_at: dict[int, float] = {}  # by device: no byte begins before the last one has ended
        self._outgoing = b""

    @property
    def deadline(self) -> float | None:
        """When `tick` is due; None while nobody speaks or means to."""
        due = [device.deadline for device in self.devices]
        if self._on_the_way:
            due.append(min(self._on_the_way[-1].ends, self._on_the_way[0].ends + STEP))
        return min((time for time in due if time is not None), default=None)

    def receive(self, data: bytes, now: float, speed: int | None = None) -> None:
        """Take what a master sends."""
        for device in self.devices:
            device.receive(data, now, speed)
        if any(device.faults.active("echo", now) for device in self.devices):
            self._outgoing += data  # it was on the wire already when it came here
        self.tick(now, speed)

    def tick(self, now: float, speed: int | None = None) -> None:
        """Let time pass."""
        for number, device in enumerate(self.devices):
            device.tick(now)
            baud = device.baud  # a new rate holds after the answer that promises it
            if data := device.data_to_send():
                raw, later = device.faults.answered(data, now)
                if baud is None or speed in (None, baud):
                    self._put(raw, now + later, number, baud or speed or USUAL_BAUD)
                else:  # the master's port takes it for something else
                    self._put(bytes(len(raw)), now + later, number, baud)
        ended = next((at for at, byte in enumerate(self._on_the_way) if byte.ends > now), len(self._on_the_way))
        self._outgoing += bytes(byte.byte for byte in self._on_the_way[:ended])
        del self._on_the_way[:ended]

    def data_to_send(self) -> bytes:
        """What has arrived at the master."""
        outgoing, self._outgoing = self._outgoing, b""
        return outgoing

    def _put(self, raw: bytes, begins: float, speaker: int, baud: int) -> None:
        character = BITS / baud
        ends = max(begins, self._speaks_at.get(speaker, begins))
        for byte in raw[: MOST_ON_THE_WAY - len(self._on_the_way)]:
            ends += character
            self._add(OnTheWay(ends, byte), character)
        self._speaks_at[speaker] = ends

    def _add(self, coming: OnTheWay, character: float) -> None:
        """A driver that sends a zero pulls the line down whatever others send: bytes that overlap become one."""
        for at, other in enumerate(self._on_the_way):
            if abs(other.ends - coming.ends) < character * 0.999:  # its own neighbour is a whole one away
                self._on_the_way[at] = other._replace(byte=other.byte & coming.byte)
                return
        insort(self._on_the_way, coming)
