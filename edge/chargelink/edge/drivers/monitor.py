"""The driver of a gun in mode "monitor": it listens to a charge of somebody else and makes a session of it.

Its energy is calculated, not metered, and said to be; its bill is empty, for somebody else sells it.
"""

import asyncio
from contextlib import suppress
from typing import NoReturn

import structlog

from chargelink.edge.charge.dialogue import stopped_by_vehicle
from chargelink.edge.charge.observed import ChargeGone, ChargeSeen, Observed, ObservedEvent, Progress
from chargelink.edge.drivers.surroundings import AGAIN_AFTER, Surroundings
from chargelink.edge.drivers.vehicle_identity import identify, vin_of
from chargelink.edge.ledger import Ending, LedgerError
from chargelink.edge.ports.can import CanBus, CanFrame
from chargelink.gbt27930.catalogue import Sender
from chargelink.gbt27930.causes import ChargerCause
from chargelink.model import (
    AuthorisedBy,
    Device,
    DeviceKind,
    Reading,
    Sample,
    SessionKind,
    SessionStarted,
    StopReason,
    Tariff,
)

MOST_WAITING = 1000  # events that wait for the ledger; one a second comes
CHARGER_REASONS = {
    ChargerCause.EMERGENCY_STOP: StopReason.EMERGENCY_STOP,
    ChargerCause.MANUAL: StopReason.LOCAL,
    ChargerCause.CONDITION_REACHED: StopReason.LOCAL,
}

NOT_OURS = Tariff(id="not-ours", version=1, name="sold by somebody else / 由他方计费", per_use=0)

log = structlog.get_logger()


class Monitor:
    """A gun that only listens; nothing is ever sent. `can` is the address of its bus."""

    def __init__(self, device: str, can: str, around: Surroundings) -> None:
        """Raises AddressError for an address that cannot be meant."""
        self.device = device
        self.session: SessionStarted | None = None
        self._bus = CanBus(can, self.hear_frame)
        self._around = around
        self._observed = Observed()
        self._events: asyncio.Queue[ObservedEvent] = asyncio.Queue(MOST_WAITING)
        self._progress: Progress | None = None
        self._unrecorded: ObservedEvent | None = None
        self._trouble = False  # the ledger could not store it

    def hear_frame(self, frame: CanFrame) -> None:
        """From the bus."""
        self._put(self._observed.hear(frame.identifier, frame.data, self._now()))

    async def run(self) -> NoReturn:
        """Until cancelled. What cannot be stored now is tried again, in order."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._bus.run(), name=f"{self.device} bus")
            while True:
                self._show()
                if self._unrecorded is None:
                    with suppress(TimeoutError):
                        async with asyncio.timeout(1.0):
                            self._unrecorded = await self._events.get()
                if self._unrecorded is not None:  # a ledger that is slow is waited for
                    await self._try_to_record(self._unrecorded)
                self._put(self._observed.tick(self._now()))
        raise AssertionError("a monitor runs until it is cancelled")

    def _put(self, events: list[ObservedEvent]) -> None:
        for event in events:
            if isinstance(event, Progress) and self._events.qsize() > MOST_WAITING // 2:
                continue  # the ledger hangs: beginnings and ends matter more
            with suppress(asyncio.QueueFull):
                self._events.put_nowait(event)

    async def _try_to_record(self, event: ObservedEvent) -> None:
        try:
            await self._record(event)
        except LedgerError as error:
            if not self._trouble:
                log.error("ledger trouble", gun=self.device, why=str(error))
            self._trouble = True
            await asyncio.sleep(AGAIN_AFTER)
            if not isinstance(event, Progress):
                return  # beginnings and ends are kept; the next reading says what this one said
        else:
            self._trouble = False
        self._unrecorded = None

    async def _record(self, event: ObservedEvent) -> None:
        now = self._around.clock()
        match event:
            case ChargeSeen(vin=said):
                await self._begin(now)
                if self.session and (vin := vin_of(said)):
                    await identify(self._around, self.session.session_id, vin)
            case Progress() if self.session:
                self._progress = event
                await self._around.sessions.read(self.session.session_id, Reading(at=now, register=event.energy))
                self._around.board.sample(self._sample(self.session.session_id, event, now))
            case ChargeGone() if self.session:
                await self._end(self.session.session_id, event, now)

    async def _begin(self, now: int) -> None:
        begun = await self._around.sessions.begin(
            self.device,
            SessionKind.DC,
            NOT_OURS,
            now,
            authorised_by=AuthorisedBy.MONITOR,
            start=Reading(at=now, register=0),
        )
        self.session = begun.started
        log.info("charge seen", gun=self.device, session=self.session.session_id)
        self._around.news(self.session)

    async def _end(self, session_id: str, gone: ChargeGone, now: int) -> None:
        reason, by = reason_of(gone)
        ending = Ending(
            reason,
            by,
            reading=Reading(at=now, register=gone.energy),
            soc_start=gone.soc_start,
            soc_end=gone.soc,
            battery=gone.battery,
        )
        ended = await self._around.sessions.end(session_id, now, ending)
        log.info("charge gone", gun=self.device, session=session_id, reason=reason, calculated_energy=gone.energy)
        self.session = self._progress = None
        self._around.news(ended)

    def _sample(self, session_id: str, progress: Progress, at: int) -> Sample:
        return Sample(
            device=self.device,
            session_id=session_id,
            at=at,
            voltage=progress.voltage,
            current=progress.current,
            power=progress.voltage * progress.current // 1000,
            energy=progress.energy,
            soc=progress.soc,
        )

    def _show(self) -> None:
        detail = {"mode": "monitor", "session": self.session.session_id if self.session else None}
        if self._progress:
            detail |= self._progress._asdict() | {"energyIs": "calculated"}
        state = ("charging" if self.session else "available") if self._bus.connected else "unavailable"
        known = {key: value for key, value in detail.items() if value is not None}
        self._around.board.show(
            Device(id=self.device, kind=DeviceKind.GUN, state=state, at=self._around.clock(), detail=known)
        )
        self._around.board.describe(self.device, self._observed.told.shown() if self.session else {})

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def reason_of(gone: ChargeGone) -> tuple[StopReason, str]:
    """Why and by whom, as far as the bus says it."""
    if gone.by is Sender.BMS:
        stop = stopped_by_vehicle(gone.causes)
        return stop.cause.value.reason, "vehicle"
    if gone.by is Sender.CHARGER:
        known = [reason for cause, reason in CHARGER_REASONS.items() if cause in gone.causes]
        return (known[0] if known else StopReason.OTHER), "charger"
    return StopReason.OTHER, "silence"
