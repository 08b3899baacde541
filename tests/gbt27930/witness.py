"""Stands beside one end of a charge, does to it whatever a test likes, and holds it to what it promises all the while.

    witness = ChargerWitness(limits)
    witness.advance(); witness.say("BEM"); witness.wait(1.0); witness.command("safe"); witness.comes_to_rest()

What is right stands here by itself, read from GB/T 27930-2015 (10.1 to 10.5, annexes A and C) and GB/T 34658-2017; only
what a state says is asked of the tables, for that nobody says anything else is the promise.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import ClassVar

from tests.gbt27930.bus import packet, rts
from tests.gbt27930.opposite import ENTRIES, MESSAGES

from chargelink.gbt27930.catalogue import BY_PGN, TRANSPORTED_ABOVE
from chargelink.gbt27930.dialogue import ADDRESSES, Dialogue, Ended, Event, Failed, Reconnecting
from chargelink.gbt27930.identifier import Identifier
from chargelink.gbt27930.transport import Endpoint, Frame
from chargelink.gbt27930.transport.frames import TP_CM, TP_DT

RTS = 0x10
MOST_TICKS = 60  # in one wait; the rest of it passes at once
MOST_FRAMES = 400  # that one act may bring about
LONGEST_WAIT = 700.0  # s: above every wait of the standard
LEAPS = 6  # waits in a row that a silent peer can leave an end in, at most
SOON = 1e-6  # s


class Watched(Dialogue):
    """Notes the states that it enters."""

    entered: ClassVar[list[StrEnum]]

    def _enter(self, state: StrEnum, now: float) -> None:
        vars(self).setdefault("entered", []).append(state)
        super()._enter(state, now)


class Witness(ABC):
    """What both ends promise."""

    resting: ClassVar[frozenset[str]]  # states in which silence lasts: it is the device's turn, or nobody's
    mute: ClassVar[frozenset[str]]  # states in which nothing is said or waited for
    errors: ClassVar[Mapping[str, str]]  # what CEM or BEM is for each timeout
    fails: ClassVar[Mapping[str, frozenset[str]]]  # the timeouts of each state
    steps: ClassVar[Mapping[str, str]]  # what comes next where all is well
    commands: ClassVar[tuple[str, ...]]
    words: ClassVar[tuple[str, ...]]  # names of the peer's messages

    def __init__(self, end: Watched) -> None:
        self.end = end
        self.now = 0.0
        self.deaf = False  # the peer answers no request to send
        self.said: list[str] = []  # by the end, in the last act
        self._peer = Endpoint(ADDRESSES[end.side.opposite], ADDRESSES[end.side], spacing=0.0)
        self._failed: str | None = None  # the last timeout
        self._attempts = 0

    def act(self, deed: Callable[[float], list[Event]]) -> list[Event]:
        """Do one thing to the end, and look at what comes of it."""
        before = self.end.state
        self.end.entered[:] = [before]
        events = deed(self.now)
        frames = self.end.data_to_send()
        assert len(frames) < MOST_FRAMES
        self.said = [*filter(None, map(self._named, frames))]
        self._check_events(before.value, events)
        self._check_words(frames)
        assert (self.end.deadline is None) is (self.end.state.value in self.mute), self.end.state
        if before.value == self.end.state.value and before.value in self.mute:
            assert not frames, "it speaks after its end"
        self.check(events)
        if not self.deaf:
            self._answer(frames)
        return events

    def frame(self, identifier: int, data: bytes) -> None:
        self.act(lambda now: self.end.receive(identifier, data, now))

    def say(self, name: str, edits: Mapping[int, int] | None = None) -> None:
        """One of the peer's messages, sound but for the `edits` of its bytes."""
        message = MESSAGES[name]
        payload = bytearray(message.encode())
        for at, value in (edits or {}).items():
            payload[at % len(payload)] = value
        entry = ENTRIES[type(message)]
        if len(payload) <= TRANSPORTED_ABOVE:
            self.frame(entry.identifier, bytes(payload))
            return
        self.frame(*rts(entry.pgn, len(payload)))
        for sequence in range(1, -(-len(payload) // 7) + 1):
            self.frame(*packet(bytes(payload), sequence))

    def advance(self) -> None:
        """What should come next."""
        for step in self.steps.get(self.end.state.value, "wait").split(", "):
            if step == "wait":
                self.wait(0.25)
            elif step in self.commands:
                self.command(step)
            else:
                self.say(step)

    def wait(self, seconds: float) -> None:
        """Let time pass, with a tick at every deadline."""
        end = self.now + seconds
        for _ in range(MOST_TICKS):
            deadline = self.end.deadline
            if deadline is None or deadline > end:
                break
            self.now = max(self.now, deadline)
            self.act(self.end.tick)
        self.now = end
        self.act(self.end.tick)

    def comes_to_rest(self) -> None:
        """Of a peer that is silent for ever every end has had enough some time."""
        for _ in range(LEAPS):
            if self.end.state.value in self.resting:
                return
            self.now += LONGEST_WAIT
            self.act(self.end.tick)
        raise AssertionError(f"still {self.end.state.value}")

    @abstractmethod
    def command(self, name: str) -> None:
        """Something that the device does."""

    @abstractmethod
    def check(self, events: list[Event]) -> None:
        """What this side alone promises."""

    def _check_events(self, before: str, events: list[Event]) -> None:
        for event in events:
            match event:
                case Failed(by=by, missing=missing) if by is self.end.side and missing[0] in self.errors:
                    assert len(missing) == 1
                    assert missing[0] in self.fails[before], (before, missing)
                    self._failed = missing[0]
                case Reconnecting(attempt):
                    self._attempts += 1
                    assert attempt == self._attempts <= 3
        assert sum(isinstance(event, Ended) for event in events) <= 1
        assert sum(isinstance(event, Failed) for event in events) <= 1
        assert any(isinstance(event, Ended) for event in events) is (self.end.over in self.end.entered[1:])

    def _check_words(self, frames: list[Frame]) -> None:
        """Nothing is said in a state whose row does not name it, and errors say what failed."""
        may = {name for state in self.end.entered for name in self.end.table[state].says}
        assert may.issuperset(self.said), (self.end.entered, self.said)
        for identifier, data in frames:
            if self._named(Frame(identifier, data)) in ("CEM", "BEM"):
                assert data.hex().upper() == self.errors[self._failed or ""]

    def _named(self, frame: Frame) -> str | None:
        """Which message a frame of the end says, or asks to send."""
        assert frame.identifier & 0xFFFF == ADDRESSES[self.end.side.opposite] << 8 | ADDRESSES[self.end.side]
        assert len(frame.data) <= 8
        pgn = Identifier.decode(frame.identifier).pgn
        if pgn == TP_CM << 8:
            return BY_PGN[int.from_bytes(frame.data[5:8], "little")].name if frame.data[0] == RTS else None
        return None if pgn == TP_DT << 8 else BY_PGN[pgn].name

    def _answer(self, frames: list[Frame]) -> None:
        """The peer's transport does its part at once."""
        for identifier, data in frames:
            self._peer.receive(identifier, data, self.now)
        for answer in self._peer.data_to_send():
            self.frame(*answer)
