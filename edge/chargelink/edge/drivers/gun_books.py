"""What the ledger is told of a gun: sessions, readings, alarms, trips; in order, and without making the gun wait."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import structlog

from chargelink.edge.charge.causes import Cause
from chargelink.edge.charge.events import Finished
from chargelink.edge.drivers.surroundings import AGAIN_AFTER, Surroundings
from chargelink.edge.drivers.vehicle_identity import identify, vin_of
from chargelink.edge.ledger import Begun, Ending, LedgerError
from chargelink.edge.verification import Verification, refusal
from chargelink.model import (
    Alarm,
    Authorisation,
    AuthorisedBy,
    Caps,
    Reading,
    SessionEnded,
    SessionKind,
    SessionStarted,
    StopReason,
    Tariff,
    Trip,
)

LAST_READING_WITHIN = 3.0  # s after the end that the meter may take to be read once more

log = structlog.get_logger()


Closed = Callable[[SessionEnded, Tariff], None]


class Outcome(NamedTuple):
    """How a charge came to its end, as the ledger takes it."""

    finished: Finished
    stopped_by: str
    trip: dict[str, Any] | None


class GunBooks:
    """`device` is the gun's id, `verification` what is known of its meter. One session at a time.

    `closed` hears of each end, when it is stored.
    """

    def __init__(self, device: str, around: Surroundings, verification: Verification, closed: Closed) -> None:
        self.session: SessionStarted | None = None
        self.trouble = ""
        """Why nothing can be stored now; empty if it can."""
        self._device = device
        self._around = around
        self._verification = verification
        self._closed = closed
        self._latest: Reading | None = None
        self._latest_at = float("-inf")  # s of the loop
        self._unread = False
        self._said: str | None = None  # by the vehicle, of itself
        self._vin: str | None = None  # to be kept
        self._notes: deque[Alarm | Trip] = deque(maxlen=1000)
        self._outcome: Outcome | None = None
        self._changed = asyncio.Event()
        self._read = asyncio.Event()

    @property
    def register(self) -> int | None:
        """mWh, as it was read last."""
        return self._latest.register if self._latest else None

    def refusal(self, tariff: Tariff) -> str:
        """Why no session can begin at this price; empty if one can."""
        if self.trouble:
            return self.trouble
        if self.session:
            return "the last session is not billed yet"
        if not self._latest:
            return "the meter has not been read yet"
        return refusal(tariff, self._verification, self._around.clock())

    async def read_after(self, at: float) -> None:
        """Wait until the meter has been read at `at` s of the loop, or later."""
        while self._latest_at < at:
            self._read.clear()
            await self._read.wait()

    async def begin(
        self,
        tariff: Tariff,
        by: AuthorisedBy,
        remote_start_id: int | None,
        caps: Caps,
        authorisation: Authorisation | None = None,
    ) -> Begun:
        """Store that a session begins, before anything is energised. Raises LedgerError."""
        now = self._around.clock()
        begun = await self._around.sessions.begin(
            self._device,
            SessionKind.DC,
            tariff,
            now,
            authorised_by=by,
            remote_start_id=remote_start_id,
            caps=caps,
            start=self._latest,
            authorisation=authorisation,
            measured=self._verification.measured(now),
        )
        if not begun.again:
            self.session = begun.started
            self._said = self._vin = None
            self._around.news(begun.started)
        return begun

    async def withdraw(self) -> None:
        """A session that began will not charge. Raises LedgerError."""
        if self.session is not None:
            ending = Ending(StopReason.EV_DISCONNECTED, by="edge", reading=self._latest, fault=True)
            await self._close(self.session, ending)

    def read(self, register: int, at: float) -> None:
        """The meter's register, mWh, read at `at` s of the loop."""
        self._latest, self._latest_at = Reading(at=self._around.clock(), register=register), at
        self._unread = True
        self._read.set()
        self._changed.set()

    @property
    def used_up(self) -> str:
        """What the session comes to by the newest reading, in words, if no more may be due; else empty.

        It is asked at each reading, stored or not: what flows beyond is given away, and there is as much of it as
        flows until the next reading and while the current is brought down.
        """
        open_session = self._around.sessions.get(self.session.session_id) if self.session else None
        if open_session is None or open_session.most is None:
            return ""
        if not self._around.sessions.used_up(open_session.id, self._latest):
            return ""
        return f"{self._around.sessions.due(open_session.id, self._latest)} of {open_session.most} fen"

    def identify(self, said: str | None) -> None:
        """What the vehicle says that it is."""
        if self.session is not None and said != self._said:
            self._said, self._vin = said, vin_of(said)
            self._changed.set()

    def note(self, note: Alarm | Trip) -> None:
        """Something to be recorded."""
        self._notes.append(note)
        self._changed.set()

    def end(self, outcome: Outcome) -> None:
        """The charge is over."""
        self._outcome = outcome
        self._changed.set()

    async def run(self) -> NoReturn:
        """Write until cancelled. What cannot be stored now is tried again, in order; `trouble` says why meanwhile."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self.write()
            except LedgerError as error:
                if not self.trouble:
                    log.error("ledger trouble", gun=self._device, why=str(error))
                self.trouble = str(error)
                await asyncio.sleep(AGAIN_AFTER)
                self._changed.set()
            else:
                self.trouble = ""

    async def write(self) -> None:
        """Write what there is. Raises LedgerError; then what was not written is still there."""
        while self._notes:
            note = self._notes[0]
            await self._around.journal.append(note, note.at)
            if self._notes[0] is note:  # else so many came meanwhile that it fell out
                self._notes.popleft()
        if self.session and self._latest and self._unread:
            self._unread = False
            await self._around.sessions.read(self.session.session_id, self._latest)
        if self.session and self._vin:
            vin, self._vin = self._vin, None
            await identify(self._around, self.session.session_id, vin)
        if self._outcome and self.session:
            await self._end(self.session, self._outcome)
            self._outcome = None

    async def _end(self, session: SessionStarted, outcome: Outcome) -> None:
        finished, cause = outcome.finished, outcome.finished.stop.cause
        await self._last_reading(finished.charge.ended)
        nothing = cause is Cause.NO_ENERGY  # a step that a coarse register takes late is not the driver's
        ending = Ending(
            reason=cause.value.reason,
            by=outcome.stopped_by,
            reading=session.start if nothing else self._latest,
            final=nothing,
            fault=cause.value.is_fault,
            soc_start=finished.vehicle.soc_start,
            soc_end=finished.vehicle.soc,
            trip=outcome.trip,
            battery=finished.vehicle.told.battery,
        )
        await self._close(session, ending)

    async def _close(self, session: SessionStarted, ending: Ending) -> None:
        open_session = self._around.sessions.get(session.session_id)
        ended = await self._around.sessions.end(session.session_id, self._around.clock(), ending)
        self.session = None
        if open_session is not None:
            self._closed(ended, open_session.tariff)
        energy = ended.bill.energy
        log.info("session ended", gun=self._device, session=session.session_id, reason=ending.reason, energy=energy)
        self._around.news(ended)

    async def _last_reading(self, ended: float | None) -> None:
        """A reading of after the contactors opened; without one the newest stands."""
        if ended is None:
            return
        try:
            async with asyncio.timeout(LAST_READING_WITHIN):
                await self.read_after(ended)
        except TimeoutError:
            log.warning("no reading after the end", gun=self._device)
