"""Staying plugged in after a charge (占位费): measured, warned of, and billed when the place is left.

    occupancy = Occupancy("gun-1", around)            a place, whatever it is
    await occupancy.run()                             writes what there is to be written
    occupancy.begin(ended, tariff)                    a charge has ended here, and its vehicle still stands there
    occupancy.look(occupied, now)                     about once a second, by a clock that nobody sets (s)
    occupancy.leave()                                 the place was left, or a new charge begins
    occupancy.shown                                   for people

Only time in which somebody looked and the place could have been left counts: none while the edge does not run, while
its lock holds the plug, or while the board is silent. After an absence nobody knows whose vehicle it is.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import msgspec
import structlog

from chargelink.edge.drivers.surroundings import AGAIN_AFTER, Surroundings
from chargelink.edge.ledger import LedgerError, stays
from chargelink.edge.ledger.stays import Stay
from chargelink.model import Alarm, AuthorisedBy, SessionEnded, Tariff

LONGEST_LOOK = 5.0  # s that one look stands for
KEPT_EVERY = 60_000  # ms that a crash may cost whoever owns the place
LONGEST_ABSENCE = 600_000  # ms after which it may be another vehicle
MINUTE = 60_000  # ms

log = structlog.get_logger()


class Occupancy:
    """One place: `device`, and the outlet where it has several.

    One look stands for at most `longest` s. `changed` is set when there is something to be written.
    """

    def __init__(
        self,
        device: str,
        around: Surroundings,
        outlet: str | None = None,
        *,
        longest: float = LONGEST_LOOK,
        changed: asyncio.Event | None = None,
    ) -> None:
        self._device = device
        self._outlet = outlet
        self._around = around
        self._stay: Stay | None = None
        self._tariff: Tariff | None = None
        self._looked: float | None = None  # when it was last seen occupied, s
        self._resumed = self._left = False  # what the ledger remembers was taken up; the place was left before that
        self._longest = longest
        self._work: deque[Callable[[], Awaitable[object]]] = deque([self._resume])
        self._changed = changed or asyncio.Event()

    @property
    def shown(self) -> dict[str, Any]:
        """What people see of it, in minutes; nothing if nothing is to be paid for staying."""
        if self._stay is None or self._tariff is None or self._tariff.occupancy is None:
            return {}
        minutes = self._stay.duration // MINUTE
        free = self._tariff.occupancy.grace - minutes
        if free > 0:
            english = f"done; the fee for staying begins in {free} min"
            chinese = f"充电已结束，{free} 分钟后开始收取占位费"
        else:
            english, chinese = (
                f"done; the fee for staying runs since {-free} min",
                f"占位费已计 {-free} 分钟，请尽快拔枪",
            )
        return {"stay": minutes, "stayText": english, "stayChinese": chinese}

    async def run(self) -> NoReturn:
        """Take up a stay of before a restart, then write until cancelled; what cannot be stored is tried again."""
        while True:
            self._changed.clear()
            try:
                await self.write()
            except LedgerError as error:
                log.error("occupancy not recorded", place=self._device, why=str(error))
                await asyncio.sleep(AGAIN_AFTER)
            else:
                await self._changed.wait()

    @property
    def written(self) -> bool:
        """Whether nothing waits to be stored."""
        return not self._work

    async def write(self) -> None:
        """Write what there is. Raises LedgerError; then what was not written is still there."""
        while self._work:
            await self._work[0]()
            self._work.popleft()

    def begin(self, ended: SessionEnded, tariff: Tariff) -> None:
        """A session has ended and its vehicle stands there. After a fault, and where nothing flowed, that is free."""
        self.leave()
        if tariff.occupancy is None or ended.bill.fault or not ended.bill.energy:
            return
        if ended.authorised_by is not AuthorisedBy.MONITOR:
            self._stay, self._tariff = stays.after(ended), tariff
            self._keep(self._stay)

    def look(self, occupied: bool, now: float) -> None:
        """Whether the vehicle is still there and could leave, at `now`."""
        stay, before = self._stay, self._looked
        self._looked = now if occupied else None
        if stay is None or not occupied or before is None:
            return
        stay = msgspec.structs.replace(stay, duration=stay.duration + round(min(now - before, self._longest) * 1000))
        self._stay = stay
        if not stay.warned and self._warns(stay):
            self._stay = stay = msgspec.structs.replace(stay, warned=True)
            self._keep(stay, self._warning(stay))
        elif not self._work and self._around.clock() >= stay.kept_at + KEPT_EVERY:
            self._keep(stay)

    def leave(self) -> None:
        """The place was left."""
        stay, tariff = self._stay, self._tariff
        self._stay = self._tariff = self._looked = None
        self._left = self._left or not self._resumed
        if stay is not None and tariff is not None:
            ended = stays.over(stay, tariff, self._around.clock())
            self._do(lambda: stays.end(self._around.journal, stay, ended))

    async def _resume(self) -> None:
        """What was under way when the edge stopped goes on, unless nobody can know that it is the same vehicle."""
        found = await stays.load(self._around.journal, self._device, self._outlet)
        self._resumed = True
        if found is None:
            return
        stay, tariff = found
        absent = self._around.clock() - stay.kept_at > LONGEST_ABSENCE
        if self._left or self._stay is not None or absent:
            await stays.end(self._around.journal, stay, stays.over(stay, tariff, self._around.clock()))
        else:
            self._stay, self._tariff = stay, tariff

    def _warns(self, stay: Stay) -> bool:
        terms = self._tariff.occupancy if self._tariff else None
        return terms is not None and stay.duration >= (terms.grace - terms.warning) * MINUTE

    def _warning(self, stay: Stay) -> Alarm:
        place = stays.place(self._device, self._outlet)
        text = f"{place}: {self.shown['stayText']} / {self.shown['stayChinese']}"
        return Alarm(
            code="occupancy-warning",
            text=text,
            at=self._around.clock(),
            device=self._device,
            session_id=stay.session_id,
        )

    def _keep(self, stay: Stay, told: Alarm | None = None) -> None:
        stay = self._stay = msgspec.structs.replace(stay, kept_at=self._around.clock())
        self._do(lambda: stays.remember(self._around.journal, stay, told))

    def _do(self, work: Callable[[], Awaitable[object]]) -> None:
        self._work.append(work)
        self._changed.set()
