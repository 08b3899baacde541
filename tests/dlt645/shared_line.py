"""A wire with several meters on it, in jumping time: bytes take their time, and those sent at once spoil each other."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from chargelink.dlt645.meter import Meter

BITS = 11


class Master(Protocol):
    """Whatever asks."""

    @property
    def deadline(self) -> float | None: ...
    def data_to_send(self) -> bytes: ...
    def receive(self, data: bytes, now: float) -> Sequence[object]: ...
    def tick(self, now: float) -> Sequence[object]: ...


class Wire:
    """`heard` are the bytes on their way to the master, each with when it is over; `lose` and `echo` are faults.

    Nobody hears what is sent at another rate than its own.
    """

    def __init__(self, meters: Iterable[Meter], baud: int = 2400) -> None:
        self.meters = [*meters]
        self.baud = baud
        self.meters_baud = baud
        self.now = 1000.0
        self.echo = False
        self.lose: Callable[[bytes], bool] = lambda request: False
        self.asked: list[bytes] = []
        self.heard: list[tuple[float, int]] = []
        self._requests: list[tuple[float, bytes]] = []

    def say(self, data: bytes, at: float) -> None:
        """Bytes on the wire from `at` on; where others are, a 0 wins, as on a line that several drive."""
        byte_time = BITS / self.baud
        others = len(self.heard)
        for number, byte in enumerate(data):
            over = at + (number + 1) * byte_time
            for index, (other, value) in enumerate(self.heard[:others]):
                if abs(other - over) < 0.9 * byte_time:
                    self.heard[index] = (other, value & byte)
                    break
            else:
                self.heard.append((over, byte))
        self.heard.sort()

    def run(self, master: Master, seconds: float, done: Callable[[], bool] = lambda: False) -> list[object]:
        """What the master tells until then, or until it is done."""
        until = self.now + seconds
        told = list(master.tick(self.now))
        while not done():
            self._take(master.data_to_send())
            due = [self.heard[0][0]] if self.heard else []
            due += [at for at, _ in self._requests]
            due += [one.deadline for one in (master, *self.meters) if one.deadline is not None]
            if not due or min(due) > until:
                self.now = until
                break
            self.now = max(self.now, min(due))
            told += self._step(master)
        return told

    def _take(self, request: bytes) -> None:
        if not request:
            return
        self.asked.append(request)
        over = self.now + len(request) * BITS / self.baud
        if self.echo:
            self.say(request, self.now)
        if not self.lose(request) and self.baud == self.meters_baud:
            self._requests.append((over, request))

    def _step(self, master: Master) -> list[object]:
        for over, request in [*self._requests]:
            if over <= self.now:
                self._requests.remove((over, request))
                for meter in self.meters:
                    meter.receive(request, over)
        for meter in self.meters:
            meter.tick(self.now)
            if reply := meter.data_to_send():
                self.say(reply, self.now)
        arrived = bytearray()
        while self.heard and self.heard[0][0] <= self.now:
            arrived.append(self.heard.pop(0)[1])
        told = list(master.receive(bytes(arrived), self.now)) if arrived else []
        return told + list(master.tick(self.now))
