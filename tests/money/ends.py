"""Both ends of the link with their real ledgers in one process, killed and started again at will; a line that fails.

A kill leaves what the kernel would have: the files as they are between two commits. A cut of the power leaves beside
it a torn piece of what was just being written.
"""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any, cast

from tests.money.plant import Clock

from chargelink.edge.ledger import Journal, Sessions
from chargelink.edge.ledger.allowances import Allowances
from chargelink.edge.ledger.local_list import LocalList
from chargelink.edge.sockets.charges import Charges
from chargelink.edge.sockets.terms import Terms
from chargelink.hub.bus import Bus
from chargelink.hub.clock import now_ms
from chargelink.hub.gateway.actions import Actions
from chargelink.hub.gateway.connection import Connection
from chargelink.hub.services import orders
from chargelink.hub.services.commands import Commands
from chargelink.hub.services.deliveries import Duty
from chargelink.hub.services.intake import Intake
from chargelink.hub.services.lease_errands import LeaseErrands
from chargelink.hub.services.list_errands import ListErrands
from chargelink.hub.services.live import Live
from chargelink.hub.services.reconciling.figures import Span
from chargelink.hub.services.reconciling.report import reconcile
from chargelink.hub.services.starts import OrderErrands, Starts
from chargelink.hub.store.address import FILE
from chargelink.hub.store.database import opened
from chargelink.hub.store.holdings import Holdings
from chargelink.hub.store.money import Order
from chargelink.hub.store.vault import unlocked
from chargelink.hub.store.writer import RecordWriter
from chargelink.link.messages import RECORD_LANE, BootNotification, Records
from chargelink.link.quantities import EXACT
from chargelink.link.shape import Shape
from chargelink.model import Alarm
from chargelink.trust.checkpoints import JournalKey

LEDGER = "ledger.db"
KEY = JournalKey(bytes(range(32)))
USUAL = 600  # fen that the hub freezes where nobody says how much


class HubEnd:
    """The hub without its ports: what edges say goes through its actions into its database, and is read from there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._life = AsyncExitStack()
        self._reading = asyncio.Lock()
        self.edges: dict[str, Callable[[Shape], Awaitable[Shape]]] = {}  # who obeys

    async def call(self, edge: str, request: Shape, expiry: int) -> Shape:
        """Ask an edge, as `Links` has it."""
        return await self.edges[edge](request)

    async def start(self) -> None:
        """Open the database, made if it is not there."""
        self._life = AsyncExitStack()
        engine = await self._life.enter_async_context(opened(self.folder))
        self._life.enter_context(unlocked(self.folder))
        await orders.recover(now_ms())
        bus = Bus()
        self.starts = Starts(Commands(self), bus, usual=USUAL)
        self.duties: tuple[Duty, ...] = (LeaseErrands(), ListErrands(bus), OrderErrands(self.starts))
        writer, holdings = RecordWriter(engine), Holdings(engine)
        self.actions = Actions(bus, Live(bus, engine), writer, holdings, lambda _: None, usual=USUAL)
        self._intake = Intake(bus, asyncio.Event())
        for worker in (writer.run(), holdings.run()):
            await self._life.enter_async_context(_working(asyncio.create_task(worker)))

    async def kill(self) -> None:
        """Stop at once, and start again with nothing but the files."""
        await self._life.aclose()
        await self.start()

    async def stop(self) -> None:
        """For good."""
        await self._life.aclose()

    async def read(self, most: int | None = None) -> None:
        """Read what is stored, or so many steps of it; one reader at a time, as the hub has it."""
        async with self._reading:
            await Order.all().update(created=0)  # by the hub's own clock, and here days pass at the site in a second
            while most != 0 and await self._intake.read_waiting():
                most = None if most is None else most - 1

    async def reconciled(self) -> list[tuple[str, str]]:
        """What the hub's own report finds, with the edge, of all that ever was. Clocks that are set to and fro mix up
        which session came first, so registers are not followed from one to the next.
        """
        report = await reconcile(Span(0, EXACT), now_ms())
        found = [(one.edge, f"{one}") for one in report.differences if one.what != "register"]
        return found + [("", problem) for problem in report.ledger]

    @property
    def file(self) -> Path:
        """The database."""
        return self.folder / FILE


@asynccontextmanager
async def _working(task: "asyncio.Task[None]") -> AsyncIterator[None]:
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


class EdgeEnd:
    """The ledger of an edge with its sessions, its allowances and the charges of its sockets."""

    def __init__(self, name: str, folder: Path, random: Random, names: dict[bytes, str], clock: Clock) -> None:
        self.name = name
        self._random, self._names, self._time = random, names, clock
        self._folder, self._lives = folder, 0

    def clock_trusted(self) -> bool:
        """Whether the edge knows what time it is."""
        return not self._time.skew

    def _right(self) -> int | None:
        """UTC less what has passed since the machine began, once somebody has told the time."""
        return self._time.now - self._time.elapsed().ms if self.clock_trusted() else None

    def _clock(self) -> int:
        return self._time.utc

    @property
    def ledger(self) -> Path:
        """The file, of this life."""
        return self._folder / str(self._lives) / LEDGER

    async def start(self) -> None:
        """Open the ledger and take up what was open."""
        self.ledger.parent.mkdir(parents=True, exist_ok=True)
        self.journal = Journal.open(self.ledger, self.name, KEY, clock=self._clock)
        entropy = self._random.randbytes
        self.sessions = Sessions(
            self.journal,
            self.name,
            entropy,
            elapsed=self._time.elapsed,
            clock_trusted=self.clock_trusted,
            right=self._right,
        )
        await self.sessions.load()
        self.allowances, self.local_list = Allowances(self.journal, self._clock), LocalList(self.journal)
        self.charges = Charges(self._names, self.sessions, self._alarm, lambda _: None, entropy, Terms())
        self.charges.resume()

    async def kill(self, *, torn: bool) -> None:
        """Die between two commits, and start again from what is on the disk; `torn`: with a piece of a third."""
        before, old = self.ledger, self.journal
        self._lives += 1
        self.ledger.parent.mkdir()
        for suffix in ("", "-wal"):
            shutil.copyfile(f"{before}{suffix}", f"{self.ledger}{suffix}")
        if torn:
            _append(Path(f"{self.ledger}-wal"), self._random.randbytes(self._random.randrange(1, 9_000)))
        await old.close()
        shutil.rmtree(before.parent)
        await self.start()

    async def stop(self) -> None:
        """In good order."""
        await self.journal.close()

    async def _alarm(self, alarm: Alarm) -> None:
        await self.journal.append(alarm, alarm.at)


def _append(file: Path, piece: bytes) -> None:
    with file.open("ab") as log:
        log.write(piece)


class Line:
    """The link of one edge: batches are lost, answered for nobody, late, in another order, or twice."""

    def __init__(self, edge: EdgeEnd, hub: HubEnd, random: Random) -> None:
        self._edge, self._hub, self._random = edge, hub, random
        self._up = False
        self._late: list[Records] = []  # sent on a connection that is gone, and not there yet
        self._said: list[Records] = []
        self._link = cast(Connection, SimpleNamespace(edge=edge.name, certified=False, booted=True))

    def down(self) -> None:
        """The connection is lost."""
        self._up = False

    async def say(self) -> None:
        """The next batch, whatever becomes of it."""
        if not self._up:
            await self._connect()
            return
        batch = await self._batch(self._random.choice((1, 1, 2, 3, 100)))
        if batch is None:
            return
        fate = self._random.randrange(10)
        if fate == 0:
            self.down()  # never arrived
        elif fate == 1:
            self._late.append(batch)
            self.down()
        elif fate == 2:
            await self._deliver(batch)  # stored, and the answer lost
            self.down()
        else:
            await self._acknowledge(batch)

    async def straggle(self) -> None:
        """Something arrives that was sent long ago, or again."""
        if self._late:
            await self._deliver(self._late.pop(self._random.randrange(len(self._late))))
        elif self._said:
            await self._deliver(self._random.choice(self._said))

    async def drain(self) -> None:
        """Until the hub has everything, and whatever was late has come, too."""
        await self._connect()
        while batch := await self._batch(self._random.choice((2, 100))):
            await self._acknowledge(batch)
        while self._late:
            await self.straggle()

    async def _connect(self) -> None:
        edge = self._edge.journal
        epoch = (await edge.position()).epoch
        boot = BootNotification(edge_id=self._edge.name, epoch=epoch, software="history", signing_key=edge.public)
        held = await self._hub.actions.boot(self._link, boot)
        have = held.have.get(RECORD_LANE, 0)
        await edge.reconcile(RECORD_LANE, have, held.hashes.get(RECORD_LANE), held.chains.get(RECORD_LANE))
        self._up = True

    async def _batch(self, most: int) -> Records | None:
        pending = await self._edge.journal.pending(RECORD_LANE, most, 1 << 18)
        if not pending.records:
            return None
        batch = Records(
            epoch=pending.epoch,
            first=pending.records[0].seq,
            records=tuple(pending.records),
            previous=pending.previous,
            checkpoint=pending.checkpoint,
        )
        self._said = [*self._said[-5:], batch]
        return batch

    async def _deliver(self, batch: Records) -> Any:
        return await self._hub.actions.records(self._link, batch)

    async def _acknowledge(self, batch: Records) -> None:
        answer = await self._deliver(batch)
        await self._edge.journal.acknowledge(batch.epoch, batch.lane, answer.have)
