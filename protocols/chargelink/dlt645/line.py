"""Several meters on one line, asked in turn. Four verbs, time in seconds as an argument, no I/O.

    line.every(read("000000000161", "00010000"), 1.0, now)      # again and again
    line.ask(relay("000000000162", command), now, urgent=True)  # once, before all that reads
    port.write(line.data_to_send())
    for event in line.receive(port.read(), now): ...            # or line.tick(now) at line.deadline

A line is half-duplex: one exchange at a time, and what comes next is what has waited longest, measured by how soon it
is hoped for. So a meter read every second goes before one read every minute, and nobody starves: whoever waits is
served in the end. All that is urgent comes first, in the order in which it came.

A meter that does not answer costs a whole response time. Those that are mute are therefore left a fifth of the line's
time together, however many they are, as long as another answers.

A late answer is never taken for a new request: it must match in address, function and identifier, and a meter that let
a request pass is left alone until it can hardly answer any more, for a refusal names no identifier.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from chargelink.dlt645.master import Master, MasterEvent, Refused, Reply, Sent, TimedOut, Unsolicited
from chargelink.dlt645.request import Request
from chargelink.dlt645.scanner import Defect, Noise
from chargelink.dlt645.timing import USUAL, Timing

MUTE_AFTER = 2  # exchanges in a row without an answer
MUTE_PART = 5  # one part of so many is the time for all mute meters together
REST = 0.5  # s: Td once more (DL/T 645-2007, clause 5.3.3) for a meter that has let a request pass
MOST_WISHES = 4096  # 256 meters of a line, 16 identifiers each

LineEvent = MasterEvent


@dataclass
class Statistics:
    """What a meter did so far. Times in s, from the asking to the whole answer, with what both take on the wire."""

    asked: int = 0
    answered: int = 0
    refused: int = 0
    timed_out: int = 0
    defects: int = 0  # damaged frames while it was asked
    unsolicited: int = 0  # its frames that answered nothing: late, or to another master
    fastest: float | None = None
    slowest: float | None = None
    total: float = 0.0

    @property
    def mean(self) -> float | None:
        """How long an answer takes; None as long as there was none."""
        answers = self.answered + self.refused
        return self.total / answers if answers else None

    def took(self, seconds: float) -> None:
        """An answer came after that time."""
        self.total += seconds
        self.fastest = seconds if self.fastest is None else min(self.fastest, seconds)
        self.slowest = seconds if self.slowest is None else max(self.slowest, seconds)


@dataclass
class _Place:
    """A meter on the line."""

    statistics: Statistics = field(default_factory=Statistics)
    silences: int = 0  # in a row
    rests_until: float = 0.0

    @property
    def mute(self) -> bool:
        return self.silences >= MUTE_AFTER


@dataclass(frozen=True)
class _Wish:
    """What is to be asked from `since` on, hoped for `within` s, and then every `period` s or only once."""

    request: Request
    since: float
    within: float
    period: float | None = None
    urgent: bool = False

    def lateness(self, now: float) -> tuple[bool, float]:
        """The greatest is served next."""
        return self.urgent, (now - self.since) / self.within


class Line:
    """A line with any number of meters, told by their addresses. `retries` is how often a read is asked again at once;
    without, its next turn is the next attempt."""

    def __init__(self, timing: Timing = USUAL, retries: int = 0) -> None:
        self._master = Master(timing, retries)
        self._places: dict[str, _Place] = {}
        self._wishes: list[_Wish] = []
        self._asked_at = 0.0
        self._asked: _Place | None = None
        self._mute_from = 0.0  # when a mute meter may be asked again

    @property
    def statistics(self) -> Mapping[str, Statistics]:
        """By address, of every meter that was to be asked."""
        return {address: place.statistics for address, place in self._places.items()}

    def is_mute(self, address: str) -> bool:
        """Whether a meter let the last requests pass."""
        return address in self._places and self._places[address].mute

    def ask(self, request: Request, now: float, *, within: float = 1.0, urgent: bool = False) -> None:
        """Ask once, when its turn comes; Reply, Refused, Sent or TimedOut with this request ends it.

        Raises EncodeError for what cannot be sent, ValueError for a time that is none, RuntimeError if too much waits.
        """
        self._wish(_Wish(request, now, within, urgent=urgent))

    def every(self, request: Request, period: float, now: float) -> None:
        """Ask now and every `period` s, until `forget`; what was missed is not made up for. Raises as `ask`."""
        self._wish(_Wish(request, now, period, period))

    def forget(self, address: str) -> None:
        """Ask a meter nothing more; an exchange that is under way ends as it does."""
        self._wishes = [wish for wish in self._wishes if wish.request.address != address]
        self._places.pop(address, None)

    def data_to_send(self) -> bytes:
        """What is to be written to the line now; b"" if nothing."""
        return self._master.data_to_send()

    @property
    def deadline(self) -> float | None:
        """When `tick` is due; None while nothing is awaited or to be asked."""
        due = [] if self._master.deadline is None else [self._master.deadline]
        if not self._master.busy:
            due += self._turns(self._wishes)
        return min(due, default=None)

    def receive(self, data: bytes, now: float) -> list[LineEvent]:
        """Take bytes that came in at `now`."""
        return self._go_on(self._master.receive(data, now), now)

    def tick(self, now: float) -> list[LineEvent]:
        """Let time pass."""
        return self._go_on(self._master.tick(now), now)

    def _wish(self, wish: _Wish) -> None:
        wish.request.frame().encode()
        if not wish.within > 0:
            raise ValueError(f"{wish.within} s is no time to wait")
        if len(self._wishes) >= MOST_WISHES:
            raise RuntimeError(f"{MOST_WISHES} requests wait for this line")
        self._wishes.append(wish)
        self._places.setdefault(wish.request.address, _Place())

    def _go_on(self, events: list[LineEvent], now: float) -> list[LineEvent]:
        for event in events:
            self._count(event, now)
        if not self._master.busy:
            self._ask_next(now)
        return events

    def _ask_next(self, now: float) -> None:
        turns = [wish for wish, turn in zip(self._wishes, self._turns(self._wishes), strict=True) if turn <= now]
        if not turns:
            return
        wish = max(turns, key=lambda one: one.lateness(now))
        self._wishes.remove(wish)
        if wish.period is not None:
            self._wishes.append(replace(wish, since=max(wish.since + wish.period, now)))
        self._asked = self._places[wish.request.address]
        self._asked.statistics.asked += 1
        self._asked_at = now
        self._master.request(wish.request, now)

    def _turns(self, wishes: Iterable[_Wish]) -> list[float]:
        """When each may be asked, as things are."""
        answering = any(not place.mute for place in self._places.values())
        turns = []
        for wish in wishes:
            place = self._places[wish.request.address]
            held = place.mute and answering and not wish.urgent
            turns.append(max(wish.since, place.rests_until, self._mute_from if held else wish.since))
        return turns

    def _count(self, event: LineEvent, now: float) -> None:
        match event:
            case Unsolicited(frame) if frame.from_meter and frame.address in self._places:
                self._places[frame.address].statistics.unsolicited += 1
            case Defect() if self._asked is not None:
                self._asked.statistics.defects += 1
            case Noise() | Defect() | Unsolicited():
                pass
            case Reply() | Refused() | Sent() | TimedOut() if self._asked is not None:
                self._ended(event, self._asked, now - self._asked_at, now)
                self._asked = None

    def _ended(self, event: Reply | Refused | Sent | TimedOut, place: _Place, took: float, now: float) -> None:
        if isinstance(event, TimedOut):
            place.statistics.timed_out += 1
            place.silences += 1
            place.rests_until = now + REST
            if place.mute:
                self._mute_from = now + took * (MUTE_PART - 1)
        elif not isinstance(event, Sent):
            place.silences = 0
            place.statistics.answered += isinstance(event, Reply)
            place.statistics.refused += isinstance(event, Refused)
            place.statistics.took(took)
