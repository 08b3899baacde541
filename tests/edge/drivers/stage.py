"""A gun with a simulated charger and car, a real ledger, and a clock that jumps."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import NoReturn

import msgspec
from tests.edge.charge.world import LIMITS, STEP, World
from tests.edge.ledger.opened import open_journal

from chargelink.edge.board import Board
from chargelink.edge.charge.phases import Phase
from chargelink.edge.drivers.board_state import BoardFacts, Wanted
from chargelink.edge.drivers.gun import Gun
from chargelink.edge.drivers.gun_hardware import Hardware
from chargelink.edge.drivers.meter_poll import Quantity
from chargelink.edge.drivers.reading import Quality, Reading
from chargelink.edge.drivers.surroundings import SessionNews, Surroundings
from chargelink.edge.guarded import Report, Trip
from chargelink.edge.ledger import Journal, Limits, People, Sessions
from chargelink.edge.ports.address import LinkError
from chargelink.edge.ports.can import CanFrame
from chargelink.edge.verification import Verification
from chargelink.gbt27930.transport import Frame
from chargelink.model import AuthorisedBy, Period, SessionEnded, SessionStarted, Tariff

PRICES = Tariff(id="demo", version=1, per_use=500)
BY_ENERGY = Tariff(
    id="demo-energy",
    version=1,
    periods=(Period(start="00:00", end="24:00", name="flat", energy_price=65_000, service_price=40_000),),
)
VERIFIED = Verification("meter-1", date(2099, 12, 31))


class Site(World):
    """The world of the controller's tests, whose controller is that of a gun with its driver."""

    def __init__(self, gun: Gun, target: int, capacity: int) -> None:
        super().__init__(target=target, capacity=capacity)
        self.gun = gun
        self.controller = gun.controller
        self.told: list[bool] = []
        self.resets = 0
        self.report: Report | None = report("armed")
        self.lost = False
        self.quality = Quality.GOOD  # of what the meter shows

    def want(self, wanted: Wanted) -> None:
        if self.lost:
            raise LinkError("lost")
        for name, value in wanted._asdict().items():
            setattr(self.circuit.commands, name, value)

    def send(self, frames: list[CanFrame]) -> None:
        for frame in frames:
            if self.car and self.bus_works:
                self.car.hear(Frame(*frame), self.now)

    def tell(self, *, wanted: bool, limit_mv: int | None = None, limit_ma: int = 0, session: int = 0) -> None:
        self.told.append(wanted)
        assert not wanted or limit_mv

    def reset(self) -> None:
        self.resets += 1
        if self.circuit.surroundings.e_stop:
            self.report = msgspec.structs.replace(report("tripped", "estop"), refused=("estop",))
        else:
            self.tripped, self.report = None, report("armed")
        self.gun.hear_guard(self.report)

    def trip(self, rule: str) -> None:
        self.tripped, self.report = rule, report("tripped", rule)
        self.gun.hear_guard(self.report)

    async def run(self) -> NoReturn:  # type: ignore[override]
        """The circuit, the car, the board's reader and the meter's."""
        loop = asyncio.get_running_loop()
        while True:
            self._steps += 1
            self.now = loop.time()
            if (
                self.guards
                and self.told
                and self.told[-1]
                and not self.tripped
                and not self.circuit.surroundings.e_stop
            ):
                self.circuit.one_shot.hear(b"P", self.now)
            self._drive()
            self.circuit.step(self.now)
            facts = self.circuit.facts
            if self.meter_counts:
                self._energy += facts.outside_voltage * max(facts.current, 0) / 1000 * STEP / 3600
            if self._steps % 5 == 0 and not self.lost:
                self.gun.hear_board(self.facts())
            if self._steps % 100 == 0:
                shown = self.register + int(self._energy)
                self.gun.hear_meter(Reading("m", Quantity.ENERGY, shown, self.quality, self.now))
            await asyncio.sleep(STEP)

    def take(self, events: object) -> None:
        """Frames of the car come here through World; the gun takes its own."""

    def _drive(self) -> None:
        gun, self.controller = self.gun, _Through(self.gun)  # type: ignore[assignment]
        super()._drive()
        self.controller = gun.controller

    def facts(self) -> BoardFacts:
        return super().facts()._replace(at=self.now)


class _Through:
    """Lets the world's frames go through the driver."""

    def __init__(self, gun: Gun) -> None:
        self._gun = gun

    def data_to_send(self) -> list[Frame]:
        return []

    def receive(self, identifier: int, data: bytes, now: float) -> None:
        self._gun.hear_frame(CanFrame(identifier, data))


class Part:
    async def run(self) -> NoReturn:
        await asyncio.Event().wait()
        raise AssertionError


def report(state: str, rule: str | None = None) -> Report:
    trips = (Trip(7, rule, "DC-V01", "S1", 1, 1, {"over_limit": 3000}),) if rule else ()
    return Report(state, rule, 1, {}, False, trips, (), (), "armed", {}, 0, 1, "locked", "fifo", 0)


class Stage:
    """A gun in its surroundings."""

    def __init__(
        self, journal: Journal, people: People, target: int, capacity: int, verification: Verification
    ) -> None:
        self.news: list[SessionNews] = []
        self.board = Board()
        self.journal, self.people = journal, people
        self.sessions = Sessions(journal, "edge-1", os.urandom)
        loop = asyncio.get_running_loop()
        clock = lambda: 1_800_000_000_000 + int(loop.time() * 1000)  # noqa: E731
        around = Surroundings(journal, self.sessions, self.board, clock, self.news.append, people)
        self.gun = Gun("gun-1", LIMITS, around, verification=verification)
        self.site = Site(self.gun, target, capacity)
        self.gun.hear_guard(report("armed"))

    @property
    def ended(self) -> SessionEnded | None:
        return next((news for news in self.news if isinstance(news, SessionEnded)), None)

    async def until(self, so: Callable[[], object], within: float = 60.0) -> None:
        async with asyncio.timeout(within):
            while not so():  # noqa: ASYNC110 - time jumps
                await asyncio.sleep(STEP)

    async def phase(self, phase: Phase) -> None:
        await self.until(lambda: self.gun.controller.phase is phase)

    async def start(self) -> SessionStarted:
        await self.phase(Phase.AVAILABLE)
        self.site.plug()
        await self.phase(Phase.LOCKED)
        return await self.gun.start(PRICES, authorised_by=AuthorisedBy.REMOTE, remote_start_id=41)

    async def charging(self) -> SessionStarted:
        started = await self.start()
        await self.phase(Phase.CHARGING)
        await asyncio.sleep(3.0)
        return started


@asynccontextmanager
async def stage(
    folder: Path,
    target: int = 900,
    limits: Limits = Limits(),  # noqa: B008 - frozen
    capacity: int = 400_000,
    verification: Verification = VERIFIED,
) -> AsyncIterator[Stage]:
    journal = open_journal(folder / "ledger.db", limits=limits)
    try:
        people = await People.open(folder / "people.db", journal)
        stage = Stage(journal, people, target, capacity, verification)
        parts = Hardware(board=stage.site, bus=OtherEnd(stage.site), guard=OtherEnd(stage.site), meter=Part())  # type: ignore[arg-type]
        task = asyncio.create_task(stage.gun.run(parts))
        try:
            yield stage
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await people.close()
    finally:
        await journal.close()


class OtherEnd(Part):
    """Bus and guard are the site too, whose world already runs as the board."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def __getattr__(self, name: str) -> object:
        return getattr(self._site, name)
