"""What the sockets of a site say, turned into sessions of the ledger.

A session begins in the ledger before its START is sent, and ends with its settlement, known by outlet and the number
that the edge gave it. A START that nobody answered is neither done nor refused until the socket shows what its outlet
does. Times are UTC milliseconds.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from chargelink.edge.ledger import Ending, OpenSession, Sessions
from chargelink.edge.ledger.elapsed import Moment
from chargelink.edge.ledger.open_session import Stopping
from chargelink.edge.sockets.events import OrderAnswered, OrderExpired, Told
from chargelink.edge.sockets.orders import succeeded
from chargelink.edge.sockets.reasons import why, word
from chargelink.edge.sockets.remote import ENERGISED
from chargelink.edge.sockets.settlement import MINUTE, is_possible, usage_of
from chargelink.edge.sockets.terms import WATT_HOUR, StartRefused, Terms
from chargelink.ids import born_at
from chargelink.link.messages import Caps, Sample
from chargelink.lora_socket.codes import EventCode, OutletState, Place, Result, Severity, StatusFlags, StopReason
from chargelink.lora_socket.commands import Start, Stop
from chargelink.lora_socket.messages import Event, Meter, Settle, Status, StatusShort
from chargelink.lora_socket.session import Received
from chargelink.model import (
    Alarm,
    Authorisation,
    AuthorisedBy,
    Reading,
    SessionEnded,
    SessionKind,
    SessionStarted,
    Tariff,
)
from chargelink.model import StopReason as Reason

OUTLETS = {"A": Place.A, "B": Place.B}
NAMES = {place: name for name, place in OUTLETS.items()}
MISSING_AFTER = 120_000  # ms that an outlet may be off without a settlement
NO_ENERGY = 120_000  # ms that an outlet may be on without any energy: then the session does not exist
EVENTS_REMEMBERED = 256
WANTS_SERVICE = frozenset({EventCode.BATTERY_LOW})  # warnings that are kept
SESSION_BYTES = 4


@dataclass
class Running:
    """A session that has not ended. `uncertain`: whether its outlet was ever switched on is not known."""

    id: str
    number: int
    uncertain: bool
    stopped_by: Stopping | None = None
    on_since: Moment | None = None
    off_since: Moment | None = None


class Charges:
    """The sessions of a site's outlets. Every method raises LedgerError if what it learns cannot be stored."""

    def __init__(
        self,
        names: Mapping[bytes, str],
        sessions: Sessions,
        alarm: Callable[[Alarm], Awaitable[object]],
        sample: Callable[[Sample], None],
        entropy: Callable[[int], bytes],
        terms: Terms,
    ) -> None:
        """`names` are the devices' by EUI; `alarm` returns when the alarm is stored."""
        self._names = names
        self._sessions = sessions
        self._alarm = alarm
        self._sample = sample
        self._entropy = entropy
        self._terms = terms
        self._to_stop: list[tuple[bytes, Place, Stop]] = []
        self._events: dict[tuple[bytes, int, str], None] = {}
        self.running: dict[tuple[bytes, Place], Running] = {}

    def resume(self) -> None:
        """Take up the sessions that were open when the edge stopped; their sockets went on by themselves."""
        sockets = {name: eui for eui, name in self._names.items()}
        for session in self._sessions.open:
            eui, place = sockets.get(session.started.device), OUTLETS.get(session.started.outlet or "")
            if eui is not None and place is not None and session.key is not None:
                asked = session.course.stopping
                self.running[eui, place] = Running(session.id, int(session.key, 16), uncertain=True, stopped_by=asked)

    def orders_lost(self) -> list[tuple[bytes, Place, Stop]]:
        """Nothing that was on its way arrives: what an outlet does will show. The stops to order again."""
        for running in self.running.values():
            running.uncertain = True
        return [(eui, place, Stop(one.number)) for (eui, place), one in self.running.items() if one.stopped_by]

    def sessions_of(self, eui: bytes) -> dict[Place, str]:
        """The sessions that run at a socket, by outlet."""
        return {place: one.id for (owner, place), one in self.running.items() if owner == eui and one.id}

    async def begin(
        self,
        eui: bytes,
        place: Place,
        tariff: Tariff,
        now: int,
        *,
        authorised_by: AuthorisedBy,
        remote_start_id: int | None = None,
        caps: Caps = Caps(),  # noqa: B008 - frozen
        authorisation: Authorisation | None = None,
    ) -> tuple[SessionStarted, Start | None]:
        """Store a session, and say what its socket must be told; None if it was told before.

        Raises StartRefused when the outlet is taken or the caps leave no room, LedgerFull.
        """
        number = int.from_bytes(self._entropy(SESSION_BYTES), "big") or 1
        start = self._terms.start(number, caps, tariff, authorisation)
        taken = self.running.get((eui, place))
        if taken is not None:
            open_session = self._sessions.get(taken.id)
            if remote_start_id is None or open_session is None:
                raise StartRefused("the outlet is taken")
            if open_session.started.remote_start_id != remote_start_id:
                raise StartRefused("the outlet is taken")
            return open_session.started, None
        self.running[eui, place] = running = Running("", number, uncertain=False)
        try:
            begun = await self._sessions.begin(
                self._names[eui],
                SessionKind.SOCKET,
                tariff,
                now,
                authorised_by=authorised_by,
                outlet=NAMES[place],
                key=_key(number),
                remote_start_id=remote_start_id,
                caps=caps,
                start=Reading(at=now, register=0),
                authorisation=authorisation,
            )
        except BaseException:
            del self.running[eui, place]
            raise
        if begun.again:  # it had ended
            del self.running[eui, place]
            return begun.started, None
        running.id = begun.started.session_id
        return begun.started, start

    async def stop(self, session_id: str, reason: Reason, by: str) -> tuple[bytes, Place, Stop]:
        """Keep who wants it to stop, and say whom to tell. Raises KeyError for a session that does not run here."""
        for (eui, place), running in self.running.items():
            if running.id == session_id:
                running.stopped_by = await self._sessions.stopping(session_id, reason, by)
                return eui, place, Stop(running.number)
        raise KeyError(session_id)

    def stops(self) -> list[tuple[bytes, Place, Stop]]:
        """Whom to tell to stop because of what was heard since this was asked last."""
        due, self._to_stop = self._to_stop, []
        return due

    async def give_up(self, session_id: str, by: str, now: int) -> tuple[SessionEnded, tuple[bytes, Place, Stop]]:
        """A person ends a session whose socket does not answer any more: billed is what was read, and no more later.

        Whom to tell to stop, should it come back. Raises KeyError for a session that does not run here.
        """
        eui, place, stop = await self.stop(session_id, Reason.OTHER, by)
        text = f"ended by {by} without a settlement of its socket; billed is what was read"
        await self._alarm(Alarm(code="given-up", text=text, at=now, device=self._names[eui], session_id=session_id))
        return await self._not_begun(eui, place, now, Reason.OTHER, by), (eui, place, stop)

    async def answered(self, event: OrderAnswered, now: int) -> SessionEnded | None:
        """A socket said what became of a command; the session that did not begin."""
        start = event.order.operation
        running = self.running.get((event.eui, event.order.place))
        if not isinstance(start, Start) or running is None or running.number != start.session:
            return None
        if succeeded(start, event.answer.result):
            running.uncertain = False
            return None
        reason = Reason.EV_DISCONNECTED if event.answer.result == Result.NOT_PLUGGED else Reason.OTHER
        said = event.answer.result
        return await self._not_begun(event.eui, event.order.place, now, reason, getattr(said, "text", f"result {said}"))

    def expired(self, event: OrderExpired) -> None:
        """A START that nobody answered: what the outlet does will show."""
        running = self.running.get((event.eui, event.order.place))
        if running is not None and isinstance(event.order.operation, Start):
            running.uncertain = running.number == event.order.operation.session

    async def told(self, event: Told, now: int) -> tuple[bool, list[SessionEnded]]:
        """A socket said something: whether it must be acknowledged, and the sessions that ended with it."""
        body = event.received.body
        if isinstance(body, Settle):
            return True, await self._settled(event.eui, body, now)
        if isinstance(body, Event):
            await self._happened(event.eui, body, now)
            return True, []
        if event.received.sound:
            if isinstance(body, Meter):
                await self._metered(event.eui, body, now)
            elif isinstance(body, Status | StatusShort):
                return False, await self._seen(event.eui, event.received, now)
        return False, []

    async def _metered(self, eui: bytes, meter: Meter, now: int) -> None:
        place = _outlet(meter.place)
        running = None if place is None else self.running.get((eui, place))
        if place is None or running is None or running.uncertain or not running.id:
            return
        session = self._sessions.get(running.id)
        if session is not None and meter.energy < session.energy:
            return  # METER bears no session's number: this one is over at the socket, and its settlement on the way
        await self._sessions.read(running.id, Reading(at=now, register=meter.energy), meter.power)
        await self._supervise(eui, place, running)
        self._sample(
            Sample(
                device=self._names[eui],
                session_id=running.id,
                at=now,
                voltage=meter.voltage,
                current=meter.current,
                power=meter.power,
                energy=meter.energy,
                outlet=NAMES[place],
            )
        )

    async def _supervise(self, eui: bytes, place: Place, running: Running) -> None:
        """Have an outlet stopped that goes on where it should not. Its socket holds the limits of its START, too."""
        session = self._sessions.get(running.id)
        if session is None or running.stopped_by is not None:
            return
        why = self._beyond(session, running)
        if why is not None:
            running.stopped_by = await self._sessions.stopping(running.id, *why)
            self._to_stop.append((eui, place, Stop(running.number)))

    def _beyond(self, session: OpenSession, running: Running) -> tuple[Reason, str] | None:
        """Why a session must not go on."""
        if self._sessions.doubtful(session.id):
            return Reason.OTHER, "edge: register not believed"
        if self._sessions.used_up(session.id):
            return Reason.LOCAL_OUT_OF_CREDIT, "money-reached"
        granted = self._granted(session)
        if granted is not None and session.energy > granted.most_energy + WATT_HOUR:
            return Reason.ENERGY_LIMIT_REACHED, "energy-reached"
        on = self._sessions.elapsed.since(running.on_since) or 0
        if granted is not None and session.usage.duration > (granted.most_minutes + 1) * MINUTE:
            return Reason.TIME_LIMIT_REACHED, "time-reached"
        if session.energy == 0 and on >= NO_ENERGY:
            return Reason.TIMEOUT, "no-energy"
        return None

    def _granted(self, session: OpenSession) -> Start | None:
        """What the START of a session said."""
        try:
            return self._terms.start(1, session.caps, session.tariff, session.started.authorisation)
        except StartRefused:  # the terms of this site are others now
            return None

    async def _seen(self, eui: bytes, received: Received, now: int) -> list[SessionEnded]:
        """Compare what the outlets do with what they should."""
        body: Status | StatusShort = received.body
        states: dict[Place, OutletState | int]
        if isinstance(body, Status):
            states = {Place.A: body.outlet_a.state, Place.B: body.outlet_b.state}
        else:
            states = {Place.A: body.state_a, Place.B: body.state_b}
        ended = []
        for place, state in states.items():
            running = self.running.get((eui, place))
            if running is None or not running.id:
                continue
            if state in ENERGISED or body.flags & StatusFlags.SETTLE_WAITING:
                running.uncertain = running.uncertain and state not in ENERGISED
                running.off_since = None
                if state in ENERGISED:
                    running.on_since = running.on_since or self._sessions.elapsed
                    await self._supervise(eui, place, running)
            elif running.uncertain:
                ended.append(await self._not_begun(eui, place, now, Reason.OTHER, "never switched on"))
            elif running.off_since is None:
                running.off_since = self._sessions.elapsed
            elif (self._sessions.elapsed.since(running.off_since) or 0) >= MISSING_AFTER:
                ended.append(await self._not_begun(eui, place, now, Reason.OTHER, "settlement lost"))
        return ended

    async def _not_begun(self, eui: bytes, place: Place, now: int, reason: Reason, by: str) -> SessionEnded:
        """End a session whose socket has no settlement for it."""
        running = self.running[eui, place]
        ended = await self._sessions.end(running.id, now, Ending(reason, by, fault=True))
        del self.running[eui, place]
        return ended

    async def _settled(self, eui: bytes, settle: Settle, now: int) -> list[SessionEnded]:
        """The final report of a session. Told again, or by a clock that was not set, it changes nothing."""
        place = _outlet(settle.place)
        device = self._names[eui]
        known = None if place is None else await self._sessions.find(device, NAMES[place], _key(settle.session))
        if known is None or place is None:
            text = f"session {settle.session:08X} at place {settle.place}, {settle.energy} mWh: no session of ours"
            await self._alarm_once(eui, settle.session, "unknown-settlement", text, now)
            return []
        if isinstance(known, SessionEnded):
            if known.bill.energy != settle.energy:
                text = f"the settlement says {settle.energy} mWh, {known.bill.energy} mWh were billed before it came"
                await self._alarm_once(eui, settle.session, "late-settlement", text, now, known.session_id)
            return []
        if settle.energy < known.energy:
            text = f"the settlement says {settle.energy} mWh, and is billed; {known.energy} mWh were told before"
            await self._alarm_once(eui, settle.session, "lower-settlement", text, now, known.id)
        ended = await self._sessions.end(known.id, now, await self._ending(eui, place, known, settle, now))
        self.running.pop((eui, place), None)
        return [ended]

    async def _ending(self, eui: bytes, place: Place, session: OpenSession, settle: Settle, now: int) -> Ending:
        asked = session.course.stopping
        reason = why(settle.reason)
        by = "socket: " + word(settle.reason)
        if settle.reason == StopReason.COMMAND and asked is not None:
            reason, by = reason._replace(reason=asked.reason), asked.by
        usage = usage_of(settle, self._terms.tier_bounds, self._granted(session), self._passed(session))
        if not is_possible(settle, usage):
            text = (
                f"{settle.energy} mWh in {usage.duration} ms cannot be; the last reading was {session.energy} mWh, "
                "and that is billed"
            )
            await self._alarm_once(eui, settle.session, "register-leap", text, now, session.id)
            return Ending(reason.reason, by, fault=reason.fault, usage=usage)
        at = (settle.started + settle.duration) * 1000
        at = at if born_at(session.id) <= at <= now else now
        reading = Reading(at=at, register=settle.energy)
        return Ending(reason.reason, by, reading, final=True, fault=reason.fault, usage=usage)

    def _passed(self, session: OpenSession) -> int | None:
        """ms since a session began, by the clock that nobody sets; None across a start of the machine."""
        moments = session.course.moments
        return self._sessions.elapsed.since(moments[0]) if moments else None

    async def _happened(self, eui: bytes, event: Event, now: int) -> None:
        """An event of a socket; what tripped, is dangerous, or wants somebody to come is kept."""
        if event.severity in (Severity.INFO, Severity.WARNING) and event.code not in WANTS_SERVICE:
            return
        text = getattr(event.code, "text", f"event {event.code:02X}")
        at = getattr(event.place, "text", f"place {event.place}")
        await self._alarm_once(eui, event.id, "socket", f"{at}: {text}, value {event.value}", now)

    async def _alarm_once(
        self, eui: bytes, number: int, code: str, text: str, now: int, session_id: str | None = None
    ) -> None:
        key = (eui, number, code)
        if key not in self._events:
            await self._alarm(Alarm(code=code, text=text, at=now, device=self._names[eui], session_id=session_id))
            self._events[key] = None
            for oldest in [*self._events][:-EVENTS_REMEMBERED]:
                del self._events[oldest]


def _outlet(place: Place | int) -> Place | None:
    """The outlet that a socket names; None for what is none."""
    return place if isinstance(place, Place) and place in NAMES else None


def _key(number: int) -> str:
    """The socket's number of a session, as the ledger keeps it."""
    return f"{number:08x}"
