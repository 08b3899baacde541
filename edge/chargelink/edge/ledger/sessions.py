"""Sessions from authorised to billed. Whatever instant the edge dies at, a session ends once and is billed once.

The start stands in the ledger before anything is energised; end, bill and journal record are one transaction. In
between the register is kept: where the price changes, the readings around the change, else the newest, at least every
minute. A session that was open when the edge died is found again by `load`: one of a car is closed from the register,
one of a socket goes on if the socket held it. An order that is refused leaves the record of it, and begins nothing any
more.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

import msgspec

from chargelink.edge.ledger import session_store as store
from chargelink.edge.ledger.elapsed import Moment, moment
from chargelink.edge.ledger.journal import Journal
from chargelink.edge.ledger.open_session import (
    Course,
    Ending,
    OpenSession,
    Stopping,
    backwards,
    corrected,
    leaps,
    leapt,
    told_at,
    up_to,
    used_up,
    with_reading,
)
from chargelink.edge.ledger.session_states import Event, ImpossibleError, State
from chargelink.edge.ledger.supervision import Supervision
from chargelink.ids import ENTROPY_BYTES, session_id
from chargelink.link.authorisation import Authorisation
from chargelink.link.messages import Caps
from chargelink.model import (
    AuthorisedBy,
    Measured,
    Reading,
    SessionEnded,
    SessionKind,
    SessionStarted,
    StartRefused,
    StopReason,
    Tariff,
)
from chargelink.tariff import TariffError, due, tariff_hash
from chargelink.trust.personal import Sealed

KEPT_EVERY = 60_000  # ms: how much of a session's readings a crash may cost; the register itself loses nothing

Entropy = Callable[[int], bytes]


class Begun(NamedTuple):
    """A session that began; or, `again`, one that a remote start told before: then nothing may be energised anew."""

    started: SessionStarted
    again: bool


class Sessions:
    """The sessions of one edge. Every method raises LedgerError if what it says cannot be stored."""

    def __init__(
        self,
        ledger: Journal,
        edge_id: str,
        entropy: Entropy,
        supervision: Supervision | None = None,
        *,
        elapsed: Callable[[], Moment] = moment,
        clock_trusted: Callable[[], bool] = lambda: False,
        right: Callable[[], int | None] = lambda: None,
        most_power: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """`entropy` gives so many random bytes: `os.urandom`. What each session measured is sealed by `supervision`.

        Times of charging are measured by `elapsed`. What ends at a time is not spent unless `clock_trusted`. `right` is
        UTC less what has passed since the machine began, ms, by the best word heard. `most_power` is what a device can
        give at most, mW.
        """
        self._right = right
        self._most_power = most_power
        self._clock_trusted = clock_trusted
        self._ledger = ledger
        self._supervision = supervision
        self._elapsed = elapsed
        self._edge_id = edge_id
        self._entropy = entropy
        self._open: dict[str, OpenSession] = {}
        self._interrupted: frozenset[str] = frozenset()  # were open when the edge last stopped
        self._kept_at: dict[str, int] = {}
        self._alarmed: set[str] = set()
        self.odd: Counter[Event] = Counter()
        """Events of sessions that are not open, or never were: late readings, stops and ends of nobody."""

    @property
    def open(self) -> tuple[OpenSession, ...]:
        """The sessions that have not ended."""
        return tuple(self._open.values())

    def get(self, identifier: str) -> OpenSession | None:
        """An open session by its id."""
        return self._open.get(identifier)

    async def load(self) -> tuple[OpenSession, ...]:
        """Find the sessions that were open when the edge last stopped."""
        self._open = await self._ledger.writer.run(store.open_sessions)
        self._interrupted = frozenset(self._open)
        return self.open

    async def begin(
        self,
        device: str,
        kind: SessionKind,
        tariff: Tariff,
        now: int,
        *,
        authorised_by: AuthorisedBy = AuthorisedBy.LOCAL,
        outlet: str | None = None,
        key: str | None = None,
        remote_start_id: int | None = None,
        caps: Caps = Caps(),  # noqa: B008 - frozen
        start: Reading | None = None,
        authorisation: Authorisation | None = None,
        measured: Measured | None = None,
    ) -> Begun:
        """Authorised at `now` (UTC milliseconds): give the session its id and store it.

        `measured` says what the meter's energy is worth; None: nobody says that it is verified. A remote start that is
        told again gets the session that it already has, open or ended. Raises LedgerFull while too many records wait
        for the hub, OrderRefused for a remote start that was refused before, NotAuthorisedError if what it is to be
        paid from is not there any more.
        """
        started = SessionStarted(
            session_id=session_id(now, self._entropy(ENTROPY_BYTES)),
            edge_id=self._edge_id,
            device=device,
            outlet=outlet,
            kind=kind,
            authorised_by=authorised_by,
            remote_start_id=remote_start_id,
            tariff_id=tariff.id,
            tariff_hash=tariff_hash(tariff),
            at=now,
            start=start,
            authorisation=authorisation,
            caps=None if caps == Caps() else caps,
        )
        session = OpenSession(started, tariff, caps, key, course=Course(measured=measured))
        if start is not None:
            session = with_reading(session, start, self._elapsed()) or session
        trusted = self._clock_trusted()
        before = await self._ledger.writer.run(lambda database: store.begin(database, session, trusted))
        if before is not None:
            return Begun(before, again=True)
        self._open[session.id] = session
        self._kept_at[session.id] = now
        return Begun(started, again=False)

    async def refuse(
        self,
        remote_start_id: int,
        device: str,
        outlet: str | None,
        reason: str,
        text: str,
        order: str | None,
        now: int,
    ) -> StartRefused | SessionStarted:
        """An order will not begin, now or ever: record it once. Returns what stands of its number from now on.

        That is this refusal, or the first if there was one; or the session that it has got, open or ended: such a
        number is never refused. `reason` is one word, `text` is for people, `now` is UTC milliseconds.
        """
        refused = StartRefused(
            edge_id=self._edge_id,
            device=device,
            outlet=outlet,
            remote_start_id=remote_start_id,
            reason=reason[:64],
            text=text[:512],
            at=now,
            order=order,
        )
        return await self._ledger.writer.run(lambda database: store.refuse(database, refused))

    async def read(
        self, identifier: str, reading: Reading, power: int | None = None, moment: Moment | None = None
    ) -> bool:
        """Take a reading of an open session; False if it was left out: it cannot be true, or the session has ended.

        `power` is what was measured with it, mW; `moment` is when, if not now. A clock that was set back keeps the time
        of the reading before: a step of the clock never changes energy. A register that runs backwards, or that leaps
        by more than its device can give, is alarmed once.
        """
        session = self._open.get(identifier)
        if session is None:
            self.odd[Event.READ] += 1
            return False
        return await self._take(session, reading, moment or self._elapsed(), power)

    async def _take(self, session: OpenSession, reading: Reading, moment: Moment, power: int | None) -> bool:
        identifier = session.id
        most_power = self._most_power.get(session.started.device)
        if most_power is not None and session.course.doubt is None and leaps(session, reading, moment, most_power):
            doubtful = replace(session, course=msgspec.structs.replace(session.course, doubt=reading))
            self._open[identifier] = doubtful
            alarm = leapt(session, reading)
            await self._ledger.writer.run(lambda database: store.doubt(database, doubtful, alarm))
            return False
        longer = with_reading(session, reading, moment, power)
        if longer is None:
            if identifier not in self._alarmed and session.course.doubt is None:
                self._alarmed.add(identifier)
                await self._ledger.append(backwards(session, reading), reading.at)
            return False
        self._open[identifier] = longer
        late = longer.energy > 0 == session.energy  # a restart must know that something flowed
        late = (
            late or abs(reading.at - self._kept_at.get(identifier, 0)) >= KEPT_EVERY
        )  # a clock that was set back, too
        if late or len(longer.readings) > len(session.readings):
            await self._ledger.writer.run(lambda database: store.keep(database, longer))
            self._kept_at[identifier] = reading.at
        return True

    def doubtful(self, identifier: str) -> bool:
        """Whether the register of an open session is not to be believed any more: it should end with what was read."""
        session = self._open.get(identifier)
        return session is not None and (session.course.doubt is not None or identifier in self._alarmed)

    @property
    def elapsed(self) -> Moment:
        """Now, by the clock that nobody sets."""
        return self._elapsed()

    async def stopping(self, identifier: str, reason: StopReason, by: str) -> Stopping:
        """Keep that a session was asked to stop, and why; the first who asked. Raises KeyError for one not open."""
        session = self._open.get(identifier)
        if session is None:
            self.odd[Event.STOP] += 1
            raise KeyError(identifier)
        if session.course.stopping is not None:
            return session.course.stopping
        asked = Stopping(reason, by[:64])
        self._open[identifier] = stopped = replace(
            session, course=msgspec.structs.replace(session.course, stopping=asked)
        )
        await self._ledger.writer.run(lambda database: store.keep(database, stopped))
        return asked

    def due(self, identifier: str, reading: Reading | None = None) -> int:
        """What an open session comes to so far, fen, before it is cut to what was prepaid.

        `reading` is a newer one than was stored. 0 where the rules know no price. Raises KeyError.
        """
        session = self._open[identifier]
        newer = None if reading is None else with_reading(session, reading, self._elapsed())
        try:
            return due(session.tariff, (newer or session).consumption())
        except TariffError:
            return 0

    def used_up(self, identifier: str, reading: Reading | None = None) -> bool:
        """Whether what goes on of an open session would be given away: its money is used up. Raises KeyError."""
        session = self._open[identifier]
        return session.most is not None and used_up(session, self.due(identifier, reading))

    async def identify(self, identifier: str, vehicle: Sealed) -> None:
        """Keep, sealed, what car an open session charges: what it said last stands in the record of the end."""
        session = self._open.get(identifier)
        if session is not None:
            self._open[identifier] = replace(session, vehicle=vehicle)
            await self._ledger.writer.run(lambda database: store.identify(database, identifier, vehicle))

    async def end(self, identifier: str, now: int, ending: Ending) -> SessionEnded:
        """End a session and bill it, in one transaction. Ending it again gives the same answer and changes nothing.

        Raises KeyError for a session that never was.
        """
        session = self._open.get(identifier)
        if session is not None and ending.final and ending.reading is not None:
            self._open[identifier] = session = up_to(session, ending.reading.register)
        if session is not None and ending.reading is not None:
            at = None
            if ending.final and ending.usage is not None:
                at = told_at(session, ending.reading, ending.usage.duration, now, self._elapsed())
            await self.read(identifier, ending.reading, moment=at)
            session = self._open.get(identifier, session)
        if session is not None:
            session = replace(session, readings=corrected(session, self._right(), self._elapsed()))
        supervision = self._supervision
        try:
            ended = await self._ledger.writer.run(
                lambda database: store.end(database, identifier, session, now, ending, supervision)
            )
        except ImpossibleError as error:
            self.odd[error.event] += 1
            raise
        for memory in (self._open, self._kept_at):
            memory.pop(identifier, None)
        self._alarmed.discard(identifier)
        return ended

    async def find(self, device: str, outlet: str | None, key: str) -> OpenSession | SessionEnded | None:
        """The session that a device calls `key`, open or ended: a settlement sent twice finds the first."""
        found = await self._ledger.writer.run(lambda database: store.find(database, device, outlet, key))
        if found is None:
            return None
        identifier, ended = found
        return ended or self._open.get(identifier)

    async def started_by(self, remote_start_id: int) -> SessionStarted | None:
        """The session, open or ended, that a remote start has already got. Raises OrderRefused if it was refused."""
        before = await self._ledger.writer.run(lambda database: store.standing(database, remote_start_id))
        if isinstance(before, StartRefused):
            raise store.OrderRefused(before)
        return before

    async def state(self, identifier: str) -> State:
        """Where a session stands, as it is stored."""
        return await self._ledger.writer.run(lambda database: store.state_of(database, identifier))

    async def given_away(self) -> store.GivenAway:
        """What was given away beyond what was prepaid."""
        return await self._ledger.writer.run(store.given_away)

    async def close_interrupted(
        self, now: int, registers: Mapping[str, int], sockets: Collection[str]
    ) -> list[SessionEnded]:
        """After a restart: close each session of a car from its register (mWh by device). It is never resumed.

        Without a register the last reading kept stands. A session of a socket that is not among `sockets` any more is
        closed as well, for nobody will ever hear its settlement. Sessions that began since `load` go on.
        """
        closed = []
        for session in [self._open[identifier] for identifier in self._interrupted & self._open.keys()]:
            started = session.started
            if started.kind is SessionKind.DC:
                # One that was only watched had no register: what a meter says there now is none of its business.
                watched = started.authorised_by is AuthorisedBy.MONITOR
                register = None if watched else registers.get(started.device)
                reading = None if register is None else Reading(at=now, register=register)
                ending = Ending(StopReason.POWER_LOSS, by="edge", reading=reading, fault=True)
            elif started.device not in sockets:
                ending = Ending(StopReason.OTHER, by="edge: socket removed", fault=True)
            else:
                continue
            closed.append(await self.end(session.id, now, ending))
        return closed
