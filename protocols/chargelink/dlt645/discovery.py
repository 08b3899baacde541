"""Who is on a line: at which rate, of which edition, under which addresses. A procedure: bounded, and it tells how far
it is.

Everybody is asked at once (address AA x 6). One meter answers clearly; several spoil each other's answers, or answer
one behind the other, for each may take its time (Td 20..500 ms, DL/T 645-2007, clause 5.3.3). Where answers were
spoiled everybody whose address ends in 00, 01 .. 99 is asked, and so on pair by pair until each is alone: abbreviated
addresses have their AA in front (clause 7.2.2). An address is believed when the meter answers to it in full.

A meter of the edition of 1997 may answer AA by AA; then the number that it tells is tried, and its address is searched
pair by pair if that is none.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from chargelink.dlt645.control import Edition
from chargelink.dlt645.frame import SENDABLE_ADDRESS, Frame
from chargelink.dlt645.master import Master, MasterEvent, Reply, Unsolicited
from chargelink.dlt645.procedures.procedure import Procedure, Progress, Script, SetRate, Wait, is_there
from chargelink.dlt645.request import Request, read, read_address
from chargelink.dlt645.scanner import Defect, Noise

RATES = ((2400, "E"), (9600, "E"), (1200, "E"), (4800, "E"), (19200, "E"), (600, "E"), (9600, "N"), (2400, "N"))
"""Baud and parity in the order in which meters are likely to have them."""
MOST_QUESTIONS = 3000  # 40 minutes
SETTLES = 0.1  # s for a port to take another rate
ANSWER = 28  # bytes of an answer with its preamble, as far as it matters here
MOST_OVERHEARD = 64  # events, of one question
SPOILED = 8  # bytes that are no frame: fewer are what an adapter adds when the line turns
ENERGY = {Edition.DLT645_2007: "00010000", Edition.DLT645_1997: "9010"}  # every meter has it
NUMBER = {Edition.DLT645_2007: "04000401", Edition.DLT645_1997: "C032"}
PAIRS = [f"{pair:02d}" for pair in range(100)]


class Place(NamedTuple):
    """A meter, or where one must be: `address` has AA in front where it is not known. At which rate it answers."""

    address: str
    baud: int
    parity: str
    editions: tuple[Edition, ...]


class Discovered(NamedTuple):
    """`unresolved` are places where something answered that was never alone: two meters with one address, or noise.

    `complete` says whether all was asked that had to be.
    """

    meters: tuple[Place, ...]
    unresolved: tuple[Place, ...]
    questions: int
    complete: bool


@dataclass(frozen=True)
class Trying(Progress):
    """Next `address` is asked at this rate; what is open now takes up to `seconds` more, if nobody else is met."""

    baud: int
    parity: str
    address: str
    edition: Edition
    questions: int
    seconds: float


@dataclass(frozen=True)
class Found(Progress):
    """A meter that answers to its address."""

    meter: Place


class Discovery(Procedure[Discovered]):
    """Searches a line for its meters. Each `SetRate` that it tells is for the port."""

    def __init__(
        self,
        master: Master,
        now: float,
        rates: Iterable[tuple[int, str]] = RATES,
        most_questions: int = MOST_QUESTIONS,
    ) -> None:
        """`master` without retries: what is silent is asked again where that is worth it."""
        self._search = _Search(master, most_questions)
        super().__init__(master, self._search.line(tuple(rates)), now)

    def _overhear(self, event: MasterEvent) -> None:
        if len(self._search.overheard) < MOST_OVERHEARD:
            self._search.overheard.append(event)


class _Heard(NamedTuple):
    """What came of one question: addresses that answered, in the order in which they did; whether answers were
    spoiled; whether somebody answered by AA."""

    addresses: tuple[str, ...]
    spoiled: bool
    nameless: bool

    @property
    def somebody(self) -> bool:
        return bool(self.addresses) or self.spoiled or self.nameless


class _Search:
    """`overheard` is what was heard besides the answer to the question that is open."""

    def __init__(self, master: Master, most_questions: int) -> None:
        self.overheard: list[MasterEvent] = []
        self._master = master
        self._most = most_questions
        self._baud, self._parity = 0, ""
        self._meters: dict[str, Place] = {}
        self._unresolved: list[Place] = []
        self._questions = 0
        self._complete = True

    def line(self, rates: tuple[tuple[int, str], ...]) -> Script[Discovered]:
        """The whole search: it ends at the first rate at which anybody answers."""
        for self._baud, self._parity in rates:
            yield SetRate(self._baud, self._parity)
            yield Wait(SETTLES)
            for edition in ENERGY:
                yield from self._walk(edition)
            if self._meters or self._unresolved:
                break
        return Discovered(tuple(self._meters.values()), tuple(self._unresolved), self._questions, self._complete)

    def _walk(self, edition: Edition) -> Script[None]:
        """Everybody of one edition at one rate."""
        open_ends = [""]
        while open_ends:
            end = open_ends.pop()
            pattern = end.rjust(12, "A")
            if pattern in self._meters and edition in self._meters[pattern].editions:
                continue
            seconds = (len(open_ends) + 1) * (self._master.timing.response + self._master.timing.duration(ANSWER))
            yield Trying(self._baud, self._parity, pattern, edition, self._questions, seconds)
            heard = yield from (self._all(edition) if not end else self._asked(read(pattern, ENERGY[edition])))
            if heard is None:
                return
            if (yield from self._settled(heard, pattern, edition)):
                continue
            if len(end) == 12:
                self._unresolved.append(Place(pattern, self._baud, self._parity, (edition,)))
            else:
                open_ends += [pair + end for pair in reversed(PAIRS)]

    def _all(self, edition: Edition) -> Script[_Heard | None]:
        """Everybody; twice, for the first request may only wake them."""
        everybody = "A" * 12
        questions = [read(everybody, ENERGY[edition])] * 2
        if edition is Edition.DLT645_2007:
            questions[0] = read_address()
        heard: _Heard | None = None
        for question in questions:
            heard = yield from self._asked(question)
            if heard is None or heard.somebody:
                break
        return heard

    def _settled(self, heard: _Heard, pattern: str, edition: Edition) -> Script[bool]:
        """Whether all that answered are known now."""
        settled = not heard.spoiled
        for address in heard.addresses:
            settled = (yield from self._confirmed(address, edition)) and settled
        if heard.nameless and not heard.addresses:
            told = yield read(pattern, NUMBER[edition])
            self._questions += 1
            event = told.event
            number = event.data[::-1].hex() if isinstance(event, Reply) and len(event.data) == 6 else ""
            settled = number.isdecimal() and (yield from self._confirmed(number, edition)) and settled
        return settled

    def _confirmed(self, address: str, edition: Edition) -> Script[bool]:
        """Whether somebody answers to an address in full: spoiled answers can look like another address."""
        known = self._meters.get(address)
        if known is not None and edition in known.editions:
            return True
        told = yield read(address, ENERGY[edition])
        self._questions += 1
        # Meters may refuse the other edition's question: that is no sign of it.
        if not is_there(told.event) or (known is not None and not isinstance(told.event, Reply)):
            return known is not None
        editions = (*known.editions, edition) if known else (edition,)
        self._meters[address] = Place(address, self._baud, self._parity, editions)
        yield Found(self._meters[address])
        return True

    def _asked(self, question: Request) -> Script[_Heard | None]:
        """One question to many, and all that answer it; None if no more may be asked."""
        if self._questions >= self._most:
            self._complete = False
            return None
        self._questions += 1
        self.overheard.clear()
        event = (yield question).event
        addresses = [event.address] if isinstance(event, Reply) else []
        if is_there(event):
            # Others may take longer.
            timing = self._master.timing
            yield Wait(timing.response + timing.duration(ANSWER))
        addresses += [frame.address for frame in _answers(question, self.overheard)]
        named = [address for address in dict.fromkeys(addresses) if address.isdecimal()]
        noise = sum(len(event.raw) for event in self.overheard if isinstance(event, Noise))
        spoiled = noise >= SPOILED or any(isinstance(event, Defect) for event in self.overheard)
        return _Heard(tuple(named), spoiled, len(named) < len({*addresses}))


def _answers(question: Request, overheard: Iterable[MasterEvent]) -> Iterable[Frame]:
    """The answers of others: those that came when the exchange was over."""
    for event in overheard:
        if isinstance(event, Unsolicited):
            frame = event.frame
            answers = frame.from_meter and not frame.refused and frame.function == question.function
            if answers and SENDABLE_ADDRESS.fullmatch(frame.address):
                yield frame
