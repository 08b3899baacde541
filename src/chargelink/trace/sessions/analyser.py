"""From frames to sessions: no I/O, no clock, and memory that does not grow with the recording.

    analyser = Analyser()
    for time, channel, identifier, data, kind in ...:
        analyser.take(time, channel, identifier, data, kind)
    sessions = [*analyser.finished(), *analyser.close()]

`finished` hands out sessions as they end, `watch` is told of each message as it comes. Each channel is a bus of its
own, each pair of addresses on it has sessions of its own.
"""

from collections.abc import Callable

from chargelink.gbt27930.catalogue import Edition, Sender
from chargelink.gbt27930.listener import Control, Foreign, Heard, Hearing, Listener, Unread
from chargelink.gbt27930.transport.frames import TP_DT
from chargelink.trace.can_log import CanFrame, Kind
from chargelink.trace.sessions.draft import Draft, asks_for
from chargelink.trace.sessions.follow import HOLE, OPENING, Clock, begins, is_first, reconnects, vehicle_begins_again
from chargelink.trace.sessions.model import Phase, Session
from chargelink.trace.sessions.report import Surroundings, reported

MOST_CHANNELS = 256  # a hostile recording must not fill the memory with buses
MOST_PAIRS = 256  # on all of them together: each has a session with its curves
FINEST = 1e-6  # s: what is less comes from the arithmetic, not from a clock

Watch = Callable[[float | None, Draft, Heard], None]


class Pair:
    """A charger and a vehicle on a bus, and their session."""

    def __init__(self, charger: int, bms: int) -> None:
        self.addresses = charger, bms
        self.clock = Clock()
        self.draft: Draft | None = None
        self.before: tuple[int, int] = (0, 0)  # of the bus when the session began
        self.errors = 0  # error frames within the session, see `disturbed`
        self._errors_since = 0
        self._frames_then = 0

    def disturbed(self) -> None:
        """An error frame. It belongs to the session if another message follows: an open bus has errors without end."""
        if self.draft is None:
            return
        if self.draft.frames > self._frames_then:
            self.errors += self._errors_since
            self._errors_since, self._frames_then = 0, self.draft.frames
        self._errors_since += 1

    def begin(self, draft: Draft, counted: tuple[int, int]) -> Draft:
        """A session begins."""
        self.draft, self.before = draft, counted
        self.errors = self._errors_since = self._frames_then = 0
        return draft


class Bus:
    """One channel."""

    def __init__(self, name: str, edition: Edition | None, known: "list[Pair]") -> None:
        self.name = name
        self._known = known  # those of all buses
        self.listener = Listener(edition)
        self.distinct: list[Pair] = []
        self.pairs: dict[int, Pair] = {}  # by destination << 8 | source, in both directions
        self.foreign = self.not_standard = 0

    @property
    def counted(self) -> tuple[int, int]:
        return self.foreign, self.not_standard

    def pair(self, identifier: int) -> Pair | None:
        """The pair of a frame; None where the addresses are no pair."""
        found = self.pairs.get(identifier & 0xFFFF)
        if found is None and len(self._known) < MOST_PAIRS:
            destination, source = identifier >> 8 & 0xFF, identifier & 0xFF
            sender = self.listener.sender(destination, source)
            if sender is None:
                return None
            charger, bms = (source, destination) if sender is Sender.CHARGER else (destination, source)
            found = Pair(charger, bms)
            self.pairs[bms << 8 | charger] = self.pairs[charger << 8 | bms] = found
            self.distinct.append(found)
            self._known.append(found)
        return found


class Analyser:
    """Takes frames in the order of the recording. `edition` forces the edition instead of finding it out.

    `watch` is called with each message, after it counted: its time, None where the recording has none, and its session.
    """

    def __init__(self, edition: Edition | None = None, watch: Watch | None = None) -> None:
        self.frames = 0
        self._watch = watch
        self._now: float | None = None  # of the frame that is taken
        self._edition = edition
        self._buses: dict[str, Bus] = {}
        self._pairs: list[Pair] = []
        self._finished: list[Session] = []
        self._sessions = 0
        self._last: float | None = None  # time of the last frame
        self._resolution = float("inf")  # s, the smallest step of the clock

    def take(self, time: float | None, channel: str, identifier: int, data: bytes, kind: Kind = Kind.EXTENDED) -> None:
        """A frame; `time` in s, None where the recording has none."""
        self.frames += 1
        self._now = time
        if time is None:
            time = self._last or 0.0
        elif self._last is not None and FINEST < time - self._last < self._resolution:
            self._resolution = time - self._last
        self._last = time
        bus = self._buses.get(channel) or self._bus(channel)
        if kind is not Kind.EXTENDED:
            if kind is Kind.ERROR:
                for one in bus.distinct:
                    one.disturbed()
            else:
                bus.not_standard += 1
            return
        hearings = bus.listener.hear(identifier, data, time)
        for hearing in hearings:
            self._hear(bus, hearing, identifier, time)
        if identifier >> 16 & 0x3FF == TP_DT and (pair := bus.pairs.get(identifier & 0xFFFF)) and pair.draft:
            completed = next((one for one in hearings if isinstance(one, Heard)), None)
            pair.draft.packet(data, completed, pair.clock.at(time))

    def batch(self, frames: list[CanFrame]) -> None:
        """Many frames."""
        for time, channel, identifier, data, kind in frames:
            self.take(time, channel, identifier, data, kind)

    def finished(self) -> list[Session]:
        """Take the sessions that have ended since."""
        sessions, self._finished = self._finished, []
        return sessions

    def close(self) -> list[Session]:
        """The recording ends; the sessions that are left."""
        for bus in self._buses.values():
            for hearing in bus.listener.close():
                self._hear(bus, hearing, 0, self._last or 0.0)
            for pair in bus.distinct:
                self._finish(bus, pair)
        return sorted(self.finished(), key=lambda session: session.number)

    def _bus(self, channel: str) -> Bus:
        """The bus of a channel; those beyond a sane number of channels share one."""
        if len(self._buses) >= MOST_CHANNELS:
            channel = next(iter(self._buses))
        return self._buses.setdefault(channel, Bus(channel, self._edition, self._pairs))

    def _hear(self, bus: Bus, hearing: Hearing, identifier: int, time: float) -> None:
        if isinstance(hearing, Foreign):
            bus.foreign += 1
            return
        if isinstance(hearing, Heard):
            identifier = hearing.identifier  # with the addresses of the pair, also where it was a broadcast
        elif not identifier:
            identifier = getattr(hearing, "destination", 0) << 8 | getattr(hearing, "source", 0)
        pair = bus.pair(identifier)
        if pair is None:
            return
        now = pair.clock.at(time)
        draft = pair.draft
        if isinstance(hearing, Heard):
            draft = self._session(bus, pair, hearing, now, time)
            draft.heard(hearing, pair.clock.now)
            if self._watch is not None:
                self._watch(self._now, draft, hearing)
            return
        if draft is None:
            draft = self._open(bus, pair, time, whole=False)
        elif now - draft.last > HOLE:
            self._quiet(draft, now)
        if isinstance(hearing, Control):
            if asks_for(hearing.data, "BRM") and vehicle_begins_again(draft):
                draft.reconnect(now)
            draft.control(hearing.data, now)
        elif isinstance(hearing, Unread):
            draft.unread(hearing, now)
        else:
            draft.trouble(hearing, now)

    def _session(self, bus: Bus, pair: Pair, heard: Heard, now: float, time: float) -> Draft:
        """The session that a message belongs to."""
        draft = pair.draft
        if draft is not None and heard.entry.name not in OPENING and now - draft.last <= HOLE:
            return draft
        opens = heard.entry.name in ("CHM", "BHM") or is_first(heard)
        if draft is None:
            return self._open(bus, pair, time, whole=opens)
        silent = now - draft.last
        if begins(draft, heard, silent, now):
            self._finish(bus, pair, heard.entry.sender)
            return self._open(bus, pair, time, whole=opens)
        if reconnects(draft, heard, now):
            draft.reconnect(now)
        elif silent > HOLE:
            self._quiet(draft, now)
        return draft

    def _quiet(self, draft: Draft, now: float) -> None:
        """Silence of both sides within a session: before and after a charge that is nothing special."""
        if draft.ending.first is None and draft.phases.now in (Phase.CHARGING, Phase.PAUSED, Phase.PREPARING):
            draft.hole(now - draft.last, now)

    def _open(self, bus: Bus, pair: Pair, time: float, *, whole: bool) -> Draft:
        self._sessions += 1
        pair.clock.restart(time)
        return pair.begin(Draft(bus.name, pair.addresses, self._sessions, time, whole), bus.counted)

    def _finish(self, bus: Bus, pair: Pair, followed_by: Sender | None = None) -> None:
        if pair.draft is None:
            return
        foreign, not_standard = (now - before for now, before in zip(bus.counted, pair.before, strict=True))
        after = max((self._last or 0.0) - pair.clock.shift - pair.draft.last, 0.0)
        around = Surroundings(
            pair.clock.shift, after, self._resolution, foreign, not_standard, pair.errors, followed_by
        )
        self._finished.append(reported(pair.draft, around))
        pair.draft = None
