"""A script of several exchanges, played on a master. Four verbs, time in seconds as an argument, no I/O.

A script is a generator: it yields what it wants (a `Request`, a `Wait`, another rate) and is sent how it went, which
reads as if it waited. It returns the outcome.

    procedure = ConfirmedRelay(master, "000000000161", command, now)
    port.write(procedure.data_to_send())
    for event in procedure.receive(port.read(), now): ...   # or procedure.tick(now) at procedure.deadline
    procedure.outcome
"""

from collections.abc import Generator
from dataclasses import replace
from typing import Generic, NamedTuple, TypeVar

from chargelink.dlt645.control import Words
from chargelink.dlt645.frame import ALL_METERS
from chargelink.dlt645.master import Master, MasterEvent, Refused, Reply, Sent, TimedOut
from chargelink.dlt645.request import Request
from chargelink.wire import EncodeError

Outcome = TypeVar("Outcome", covariant=True)
Ended = Reply | Refused | Sent | TimedOut


class Wait(NamedTuple):
    """Let time pass before the next step, in s."""

    seconds: float


class SetRate(NamedTuple):
    """The line goes on at another rate, and with `parity` "E" or "N". As an event: set the port to it before anything
    more is written."""

    baud: int
    parity: str = "E"


class Progress:
    """What a script tells on its way: an event of the procedure, and nothing else."""


class Told(NamedTuple):
    """How the last step ended: the end of an exchange, None for the other steps; and when."""

    event: Ended | None
    now: float


class Finished(NamedTuple):
    """The script is over; `Procedure.outcome` has what came of it. The master is free again."""


Script = Generator[Request | Wait | SetRate | Progress, Told, Outcome]
ProcedureEvent = MasterEvent | SetRate | Progress | Finished


def ask(request: Request) -> Script[Ended]:
    """One exchange within a script."""
    told = yield request
    assert told.event is not None
    return told.event


def is_there(event: Ended | None) -> bool:
    """Whether a meter answered, be it by a refusal."""
    return isinstance(event, Reply | Refused)


def refused_words(refused: Refused) -> Words:
    """A refusal and its reasons."""
    reasons = refused.words or [Words("no reason given", "未说明原因")]
    return Words(
        "refused: " + ", ".join(reason.english for reason in reasons),
        "被拒绝：" + "、".join(reason.chinese for reason in reasons),
    )


def require_whole(address: str) -> None:
    """Raises EncodeError unless `address` names one meter: an abbreviated one can change several."""
    if len(address) != 12 or not (address.isascii() and address.isdecimal()) or address == ALL_METERS:
        raise EncodeError(f"{address!r} does not name one meter in full: write its 12 digits")


class Procedure(Generic[Outcome]):
    """A script on a master that has no exchange under way; until it is `Finished` the master is the procedure's."""

    def __init__(self, master: Master, script: Script[Outcome], now: float) -> None:
        """Raises RuntimeError if the master is busy."""
        if master.busy:
            raise RuntimeError("an exchange is under way")
        self.outcome: Outcome | None = None
        self._master = master
        self._script = script
        self._until: float | None = None
        self._begun = False
        self._events: list[ProcedureEvent] = []  # of the beginning
        self._step(None, now, self._events)

    @property
    def running(self) -> bool:
        """Whether there is more to come."""
        return self.outcome is None

    def data_to_send(self) -> bytes:
        """What is to be written to the line now; b"" if nothing."""
        return self._master.data_to_send()

    @property
    def deadline(self) -> float | None:
        """When `tick` is due; None once it is over and nothing is awaited."""
        due = [self._master.deadline, self._until]
        return min((time for time in due if time is not None), default=None)

    def receive(self, data: bytes, now: float) -> list[ProcedureEvent]:
        """Take bytes that came in at `now`."""
        return self._go_on(self._master.receive(data, now), now)

    def tick(self, now: float) -> list[ProcedureEvent]:
        """Let time pass."""
        return self._go_on(self._master.tick(now), now)

    def _go_on(self, heard: list[MasterEvent], now: float) -> list[ProcedureEvent]:
        events, self._events = self._events, []
        for event in heard:
            events.append(event)
            if isinstance(event, Ended):
                if self.running:
                    self._step(event, now, events)
            else:
                self._overhear(event)
        if self._until is not None and now >= self._until:
            self._until = None
            self._step(None, now, events)
        return events

    def _overhear(self, event: MasterEvent) -> None:
        """What ends no exchange: most scripts take no notice of it."""

    def _step(self, ended: Ended | None, now: float, events: list[ProcedureEvent]) -> None:
        """Tell the script how its step ended, until it wants something that takes time."""
        try:
            step = self._script.send(Told(ended, now)) if self._begun else next(self._script)
            self._begun = True
            while isinstance(step, SetRate | Progress):
                if isinstance(step, SetRate):
                    self._master.timing = replace(self._master.timing, baud=step.baud)
                events.append(step)
                step = self._script.send(Told(None, now))
        except StopIteration as stop:
            self.outcome = stop.value
            events.append(Finished())
            return
        if isinstance(step, Wait):
            self._until = now + step.seconds
        else:
            self._master.request(step, now)
