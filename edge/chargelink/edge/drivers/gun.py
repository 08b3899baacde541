"""The driver of a gun that charges: does what the controller wants, tells it what is so, keeps the books.

gun = Gun("gun-1", limits, around)
hardware = Hardware(board=IoBoard(..., gun.hear_board), bus=CanBus(..., gun.hear_frame),
                    guard=Guarded(..., gun.hear_guard), meter=MeterLine(...))  # with gun.hear_meter
await gun.run(hardware)
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from datetime import datetime
from typing import Any, NoReturn

import structlog

from chargelink.cli.china import CHINA
from chargelink.edge.charge.causes import Cause, Latch
from chargelink.edge.charge.controller import Controller
from chargelink.edge.charge.events import Entered, Event, Finished, Identified, Noted, RefusedError, Warned
from chargelink.edge.charge.phases import LIVE, Phase
from chargelink.edge.charge.situation import GunLimits
from chargelink.edge.drivers.board_state import BoardFacts, BoardFault
from chargelink.edge.drivers.gun_books import GunBooks, Outcome
from chargelink.edge.drivers.gun_hardware import Hardware
from chargelink.edge.drivers.gun_view import alarm, sample, shown, trip
from chargelink.edge.drivers.io_board import BoardEvent, BoardLost
from chargelink.edge.drivers.meter_poll import PollEvent, Quantity
from chargelink.edge.drivers.reading import Quality, Reading
from chargelink.edge.drivers.surroundings import Surroundings
from chargelink.edge.drivers.vehicle_identity import AskedVehicle
from chargelink.edge.guard.rules import RULES
from chargelink.edge.guard.rules import Latch as GuardLatch
from chargelink.edge.guarded import Report
from chargelink.edge.occupancy import Occupancy
from chargelink.edge.ports.address import LinkError
from chargelink.edge.ports.can import CanFrame
from chargelink.edge.verification import Verification
from chargelink.model import (
    Authorisation,
    AuthorisedBy,
    Caps,
    SessionEnded,
    SessionStarted,
    StartMode,
    StopReason,
    Tariff,
)

TELL_EVERY = 0.05  # s: the guard hears what is wanted
SHOW_EVERY = 1.0  # s
END_WITHIN = 3.5  # s that a charge may take to end when the daemon does
GUARD_DECIDES_WITHIN = 0.05  # s; it looks every 10 ms, and reports every 500 ms
ANSWERED_WITHIN = 1.0  # s
DOUBTED = 2  # registers in a row that cannot be right: one may be a disturbance of the line
METER_ANSWERS_WITHIN = 0.2  # s from the instant of which it tells
SILENT = "silent"  # state of a guard that says nothing
PLUG_RESETS = frozenset(rule.name for rule in RULES if rule.latch is GuardLatch.SESSION)
CLOSED = LIVE | {Phase.OPENING, Phase.DISCHARGE}  # or it is not known yet that they are open
COMMANDS = {StopReason.LOCAL: Cause.LOCAL, StopReason.REMOTE: Cause.REMOTE}

log = structlog.get_logger()


class Gun:
    """A gun in mode "charge". Needs a running loop."""

    def __init__(
        self,
        device: str,
        limits: GunLimits,
        around: Surroundings,
        number: int | None = None,
        verification: Verification = Verification(),  # noqa: B008 - frozen
    ) -> None:
        """Raises EncodeError when the limits or the number cannot be said to a vehicle."""
        self.device = device
        self.controller = Controller(self._now(), limits, number)
        self.books = GunBooks(device, around, verification, self._closed)
        self.occupancy = Occupancy(device, around)
        self._around = around
        self._hardware: Hardware | None = None
        self._wake = asyncio.Event()
        self._starting = asyncio.Lock()
        self._board_heard = asyncio.Event()
        self._stopped_by = ""
        self.newly_plugged = asyncio.Event()  # set when a vehicle came and is locked; whoever waits clears it
        self._fresh = False  # nothing is plugged in, or nothing has been asked yet of what is
        self._vehicle = AskedVehicle()
        self._stays = False  # the vehicle of the last charge is still plugged in
        self._report: Report | None = None
        self._reported = asyncio.Event()
        self._doubted = 0  # registers of the meter in a row
        self._trips = 0  # sequence number of the guard's newest that is recorded
        self._told: tuple[bool, tuple[int, int] | None] | None = None
        self._told_at = self._shown_at = float("-inf")

    async def run(self, hardware: Hardware) -> NoReturn:
        """Until cancelled; then a charge under way is stopped in order, and all of the hardware ends after it.

        So is a charge whose readings cannot be stored, but the gun goes on; it begins no other until they can.
        """
        self._hardware = hardware
        async with asyncio.TaskGroup() as group:
            self._task(group, self.books.run(), "books")
            self._task(group, self.occupancy.run(), "occupancy")
            for name in ("board", "bus", "guard", "meter"):
                self._task(group, getattr(hardware, name).run(), name)
            try:
                while True:
                    await self._turn(hardware)
            finally:
                await self._end(hardware)
        raise AssertionError("a gun runs until it is cancelled")

    async def start(
        self,
        tariff: Tariff,
        *,
        authorised_by: AuthorisedBy = AuthorisedBy.LOCAL,
        remote_start_id: int | None = None,
        caps: Caps = Caps(),  # noqa: B008 - frozen
        authorisation: Authorisation | None = None,
    ) -> SessionStarted:
        """Begin a session: stored when this returns. A remote start told again gets its session, and no other.

        Raises RefusedError, which says why; LedgerError.
        """
        async with self._starting:
            reason = self.controller.refusal(self._now()) or self.books.refusal(tariff)
            if reason and not (remote_start_id is not None and self._is_mine(remote_start_id)):
                raise RefusedError(reason)
            register = self.books.register
            assert register is not None, "a meter that was never read is a reason"
            begun = await self.books.begin(tariff, authorised_by, remote_start_id, caps, authorisation)
            if begun.again:
                return begun.started
            self._stopped_by = ""
            local = datetime.fromtimestamp(self._around.clock() / 1000, CHINA).replace(tzinfo=None)
            by_vin = authorisation is not None and authorisation.mode == StartMode.VIN
            try:
                events = self.controller.authorise(
                    self._now(), register, caps, local, self._vehicle.said if by_vin else None
                )
            except RefusedError:  # the plug was pulled while it was stored
                await self.books.withdraw()
                raise
            self._heard(events)
            return begun.started

    async def identify(self) -> str | None:
        """Wake the vehicle that is plugged in, by its auxiliary supply alone, and have it say its VIN; then it sleeps.

        None if what it says can be none. It is personal data, and belongs in no log. Raises RefusedError.
        """
        async with self._starting:
            events = self.controller.identify(self._now())
            self._vehicle.ask()
            self._heard(events)
        return await self._vehicle.answered()

    def refuse(self, cause: Cause, detail: str = "") -> None:
        """Nothing will be charged: give the plug back, and say why."""
        if self.controller.charge is None:
            log.info("gun refuses", gun=self.device, cause=cause.key, detail=detail)
            self._heard(self.controller.stop(self._now(), cause, detail))

    async def stop(self, session_id: str, reason: StopReason = StopReason.LOCAL, by: str = "local") -> None:
        """Have a session stopped; its end comes later. Raises KeyError for one that does not run here."""
        session = self.books.session
        if session is None or session.session_id != session_id:
            raise KeyError(session_id)
        self._stopped_by = self._stopped_by or by
        self._heard(self.controller.stop(self._now(), COMMANDS.get(reason, Cause.LOCAL)))

    async def reset(self) -> tuple[str, ...]:
        """A person looked at it: first the guard may work again, then the gun. What holds them still, if anything."""
        if self._hardware is None:
            return ("not running",)
        self._hardware.guard.reset()
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWERED_WITHIN):
                asked = self._now()
                while self._report is None or self._report.at_ns / 1e9 < asked + GUARD_DECIDES_WITHIN:
                    self._reported.clear()
                    await self._reported.wait()
        report = self._hardware.guard.report
        if report is None:
            return ("guard " + SILENT,)
        if report.state == "tripped":
            return report.refused or ("tripped",)
        self._heard(self.controller.reset(self._now()))
        return () if self.controller.latch is Latch.NONE else (self.controller.phase,)

    async def last_register(self) -> None:
        """Wait until nothing flows any more and the meter has been read after that.

        An edge that died left a guard, which takes a current off in its own time: that energy is delivered, too.
        """
        while not self.controller.situation.is_dead:
            self._board_heard.clear()
            await self._board_heard.wait()
        await self.books.read_after(self._now() + METER_ANSWERS_WITHIN)

    def hear_board(self, event: BoardEvent) -> None:
        """From the board's driver."""
        match event:
            case BoardFacts():
                self._board_heard.set()
                self._heard(self.controller.see_board(event, self._now()))
            case BoardFault(points=points):
                self._heard(self.controller.see_trouble(Cause.BOARD_FAULT, " ".join(points), self._now()))
            case BoardLost(because=because):
                self._heard(self.controller.see_trouble(Cause.BOARD_SILENT, because, self._now()))

    def hear_frame(self, frame: CanFrame) -> None:
        """From the bus."""
        self._heard(self.controller.receive(frame.identifier, frame.data, self._now()))
        self.books.identify(self.controller.situation.vehicle.vin)

    def hear_guard(self, report: Report) -> None:
        """From the guard."""
        self._report = report
        self._reported.set()
        for tripped in report.trips:
            if tripped.sequence > self._trips:
                self._trips = tripped.sequence
                session = self.books.session
                self.books.note(
                    trip(self.device, tripped, session.session_id if session else None, self._around.clock())
                )
        self._heard(self.controller.see_guard(report.state, report.rule, self._now()))

    def hear_meter(self, event: PollEvent) -> None:
        """From the meter's driver; the register counts, and only a good one. One that is not, again, ends a charge."""
        if not isinstance(event, Reading) or event.quantity != Quantity.ENERGY:
            return
        self._doubted = self._doubted + 1 if event.quality is Quality.DOUBTFUL else 0
        if event.quality is Quality.GOOD and event.value is not None:
            self.books.read(event.value, event.at)
            self._heard(self.controller.see_register(event.value, self._now()))
            if self.controller.phase is Phase.CHARGING and (spent := self.books.used_up):
                self._heard(self.controller.stop(self._now(), Cause.MONEY_REACHED, spent))
            self._sample()
        elif self._doubted >= DOUBTED:
            self._heard(self.controller.see_trouble(Cause.METER_DOUBTFUL, event.because, self._now()))

    async def _turn(self, hardware: Hardware) -> None:
        """Wait until something happened or is due, then do what is wanted."""
        deadline = self.controller.deadline
        until = self._now() + TELL_EVERY
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until if deadline is None else min(until, deadline)):
                await self._wake.wait()
        self._wake.clear()
        if hardware.guard.report is None:
            self._take(self.controller.see_guard(SILENT, None, self._now()))
        self._take(self.controller.tick(self._now()))
        if self.books.trouble and self.books.session and not self._stopped_by:
            self._stopped_by = "edge"
            self._take(self.controller.stop(self._now(), Cause.UNRECORDED, self.books.trouble))
        self._tell(hardware)
        if self._now() >= self._shown_at + SHOW_EVERY:
            self._show()

    async def _end(self, hardware: Hardware) -> None:
        """The daemon ends: stop, and leave nothing closed. What is not over in time is billed at the next start."""
        self._stopped_by = self._stopped_by or "edge"
        self._take(self.controller.stop(self._now(), Cause.SHUTDOWN))
        with suppress(TimeoutError):
            async with asyncio.timeout(END_WITHIN):
                while self.controller.phase in CLOSED or (self.books.session and not self.books.trouble):
                    await self._turn(hardware)

    def _heard(self, events: list[Event]) -> None:
        """What came from outside may have made something due earlier."""
        self._take(events)
        self._wake.set()

    def _take(self, events: list[Event]) -> None:
        """Note what happened and do at once what is wanted now."""
        for event in events:
            match event:
                case Entered(phase=phase):
                    self._entered(phase)
                case Noted(phase=phase, stop=stop):
                    log.warning("gun stops", gun=self.device, phase=phase, cause=stop.cause.key, detail=stop.detail)
                    if stop.cause.latch is not Latch.NONE:
                        self.books.note(alarm(self.device, phase, stop, self.books.session, self._around.clock()))
                case Warned(phase=phase, what=what, detail=detail):
                    log.warning(what, gun=self.device, phase=phase, detail=detail)
                case Identified(vin=vin):
                    self._vehicle.say(vin)
                case Finished(stop=stop):
                    self._stays = True
                    by = self._stopped_by or stop.cause.key
                    self.books.end(Outcome(event, by, self._tripped()))
        self._do()

    def _entered(self, phase: Phase) -> None:
        log.info("gun", gun=self.device, phase=phase)
        if phase in (Phase.AVAILABLE, Phase.LOCKING):
            self._stays = False
            self.occupancy.leave()
        match phase:
            case Phase.AVAILABLE:
                self._fresh = True
                self._vehicle.forget()
            case Phase.LOCKED if self._fresh:
                self._fresh = False
                self.newly_plugged.set()
            case Phase.UNLOCKING if stopped := self.controller.stopped:
                self._vehicle.leave(stopped.cause)
        tripped = {one.rule for one in self._report.trips} if self._report else set()
        if phase is Phase.AVAILABLE and tripped and tripped <= PLUG_RESETS and self._hardware:
            self._hardware.guard.reset()
        self._show()

    def _do(self) -> None:
        hardware = self._hardware
        if hardware is None:
            return
        with suppress(LinkError):  # a lost board has dropped everything, and the controller hears of it
            hardware.board.want(self.controller.wants.board)
        if frames := self.controller.data_to_send():
            hardware.bus.send([CanFrame(*frame) for frame in frames])

    def _tell(self, hardware: Hardware) -> None:
        """The guard wants to hear it again and again from the code that decides."""
        wants, now = self.controller.wants, self._now()
        if (wants.permit, wants.limit) == self._told and now < self._told_at + TELL_EVERY:
            return
        self._told, self._told_at = (wants.permit, wants.limit), now
        voltage, current = wants.limit or (None, 0)
        session = self.books.session
        short = int(session.session_id[-8:], 16) if session else 0
        hardware.guard.tell(wanted=wants.permit, limit_mv=voltage, limit_ma=current, session=short)

    def _closed(self, ended: SessionEnded, tariff: Tariff) -> None:
        """A session is billed; a ledger may have been slow, and the place left meanwhile."""
        if self._stays:
            self.occupancy.begin(ended, tariff)

    def _show(self) -> None:
        self._shown_at = self._now()
        self.occupancy.look(self.controller.waits_for_driver(self._now()), self._now())
        session = self.books.session
        self._around.board.show(
            shown(
                self.device,
                self.controller,
                session.session_id if session else None,
                self._now(),
                self._around.clock(),
                self.occupancy.shown,
            )
        )
        self._around.board.describe(self.device, self.controller.situation.vehicle.told.shown())

    def _sample(self) -> None:
        session, charge = self.books.session, self.controller.charge
        if session and charge and charge.began is not None:
            self._around.board.sample(
                sample(self.device, session.session_id, self.controller.situation, charge, self._around.clock())
            )

    def _tripped(self) -> dict[str, Any] | None:
        if self._report is None or not self._report.trips:
            return None
        first = self._report.trips[0]
        return {"rule": first.rule, "id": first.id, "action": first.action, "values": first.values}

    def _is_mine(self, remote_start_id: int) -> bool:
        session = self.books.session
        return session is not None and session.remote_start_id == remote_start_id

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    def _task(self, group: asyncio.TaskGroup, work: Coroutine[Any, Any, Any], name: str) -> "asyncio.Task[Any]":
        return group.create_task(work, name=f"{self.device} {name}")
