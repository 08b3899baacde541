"""Every sample of every session, kept for the hub as long as there is room. May be lost, but never silently.

Samples gather in blocks, one growing for each session. Every 5 s what is new is stored, so a crash costs no more than
that. Nobody waits for this, and nothing here ends the daemon: while the file cannot be written samples wait in memory,
up to a limit, and are then counted as missing.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from chargelink.edge.ledger.blocks import COMMIT_EVERY, Block, Blocks, Lost, Position, Reason, Waiting, block_of
from chargelink.edge.ledger.journal import Journal
from chargelink.edge.ledger.telemetry_file import TelemetryFile
from chargelink.link.messages import Sample
from chargelink.model import SessionEnded, SessionStarted
from chargelink.wire import EncodeError

SAMPLES_IN_BLOCK = 600  # ten minutes of a car
LONGEST_BLOCK = 3600.0  # seconds from its first sample
MOST_UNPACKED = 50_000  # samples of closed blocks in memory: the storage hangs
MOST_UNSTORED = 1_000  # blocks in memory that cannot be stored
END_WITHIN = 5.0  # seconds for the last commit

Key = tuple[str, str | None, str]


class _Growing:
    """The block of a session to which samples are still added."""

    def __init__(self, since: float) -> None:
        self.since = since  # s of the loop
        self.samples: list[Sample] = []
        self.stored = 0


class Telemetry:
    """The telemetry of one edge, in the file `path` of at most `most_bytes`. `clock` gives UTC milliseconds."""

    def __init__(self, path: Path, most_bytes: int, clock: Callable[[], int], ledger: Journal) -> None:
        self.missing = 0
        """Samples that the hub never had and never will, as far as they are counted."""
        self.size = 0
        """Bytes of the file in use."""
        self.on_change: Callable[[], None] | None = None
        """Called in the loop when there is more to be sent."""
        self._file = TelemetryFile(path, most_bytes, clock, ledger)
        self._life = 0
        self._growing: dict[Key, _Growing] = {}
        self._full: deque[list[Sample]] = deque()
        self._unpacked = 0  # samples in `_full`
        self._unstored: deque[Block] = deque()
        self._lost: dict[Reason, Lost] = {}
        self._storing = asyncio.Lock()

    @property
    def trouble(self) -> str | None:
        """Why nothing can be stored now."""
        return self._file.trouble

    def take(self, sample: Sample) -> None:
        """A sample of the board."""
        key = (sample.device, sample.outlet, sample.session_id)
        growing = self._growing.get(key)
        if growing is None:
            growing = self._growing[key] = _Growing(asyncio.get_running_loop().time())
        growing.samples.append(sample)
        if len(growing.samples) >= SAMPLES_IN_BLOCK:
            self._close(key)

    def hear(self, news: SessionStarted | SessionEnded) -> None:
        """News of a session: the block of one that is over is closed."""
        if isinstance(news, SessionEnded):
            self.ended(news.session_id)

    def ended(self, session_id: str) -> None:
        """Close the block of a session that is over."""
        for key in [key for key in self._growing if key[2] == session_id]:
            self._close(key)

    async def run(self) -> None:
        """Store until cancelled, and once more then."""
        try:
            while True:
                await asyncio.shield(self.store())  # what is half done when we are cancelled must not be forgotten
                await asyncio.sleep(COMMIT_EVERY)
        finally:
            for key in [*self._growing]:
                self._close(key)
            with suppress(TimeoutError):
                async with asyncio.timeout(END_WITHIN):
                    await self.store()
                    await self._file.close()

    async def store(self) -> None:
        """Pack and write what is new. What cannot be written waits."""
        async with self._storing:
            now = asyncio.get_running_loop().time()
            for key in [key for key, one in self._growing.items() if now - one.since >= LONGEST_BLOCK]:
                self._close(key)
            full, self._full, self._unpacked = [*self._full], deque(), 0
            grown = {key: [*one.samples] for key, one in self._growing.items() if self._is_new(one)}
            for one in await self._file.aside(lambda: _packed(full)):
                self._keep(one)
            tails = await self._file.aside(lambda: _packed(grown.values()))
            if await self._write([one for one in tails if isinstance(one, Block)]):
                for key, samples in grown.items():
                    if key in self._growing:
                        self._growing[key].stored = len(samples)

    async def position(self) -> Position | None:
        """How far the lane is; None while the file cannot be read."""
        return await self._file.ask(lambda blocks: blocks.position)

    async def pending(self, most_blocks: int, most_bytes: int) -> Waiting | None:
        """The oldest that the hub does not have, within the limits; None while the file cannot be read."""
        return await self._file.ask(lambda blocks: blocks.pending(most_blocks, most_bytes))

    async def acknowledge(self, epoch: str, have: int) -> None:
        """The hub has everything of the epoch up to `have`. May be told again, late or early, without harm."""
        await self._file.ask(lambda blocks: blocks.acknowledge(epoch, have))

    async def reconcile(self, have: int, digest: bytes | None = None) -> bool:
        """Believe what the hub says that it has; True if a new epoch has begun, as `Blocks.reconcile` says."""
        return bool(await self._file.ask(lambda blocks: blocks.reconcile(have, digest)))

    def _is_new(self, one: _Growing) -> bool:
        return len(one.samples) > (one.stored if self._life == self._file.lives else 0)

    def _close(self, key: Key) -> None:
        samples = self._growing.pop(key).samples
        self._full.append(samples)
        self._unpacked += len(samples)
        while self._unpacked > MOST_UNPACKED:
            oldest = self._full.popleft()
            self._unpacked -= len(oldest)
            self._lose(Lost(len(oldest), oldest[0].at, oldest[-1].at, "storage"))

    def _keep(self, one: Block | Lost) -> None:
        """Until it can be stored, but not for ever."""
        if isinstance(one, Lost):
            self._lose(one)
            return
        self._unstored.append(one)
        if len(self._unstored) > MOST_UNSTORED:
            oldest = self._unstored.popleft()
            self._lose(Lost(oldest.samples, oldest.begin, oldest.end, "storage"))

    def _lose(self, lost: Lost) -> None:
        before = self._lost.get(lost.reason, lost._replace(samples=0))
        begin, end = min(before.begin, lost.begin), max(before.end, lost.end)
        self._lost[lost.reason] = Lost(before.samples + lost.samples, begin, end, lost.reason)

    async def _write(self, tails: Sequence[Block]) -> bool:
        lost, self._lost = self._lost, {}
        done: list[Block | Lost] = [*self._unstored, *lost.values()]

        def write(blocks: Blocks) -> tuple[int, int]:
            if done or tails:
                blocks.write(done, tails)
            return blocks.missing, blocks.size

        written = await self._file.ask(write)
        if written is None:
            for one in lost.values():
                self._lose(one)
            return False
        self._life = self._file.lives
        self.missing, self.size = written
        self._unstored.clear()
        if done and self.on_change is not None:
            self.on_change()
        return True


def _packed(many: Iterable[list[Sample]]) -> list[Block | Lost]:
    """Each as a block; samples with values that there cannot be are left out and counted."""
    packed: list[Block | Lost] = []
    for samples in many:
        try:
            packed.append(block_of(samples))
        except EncodeError:
            legal = [one for one in samples if _is_legal(one)]
            begin, end = (legal[0].at, legal[-1].at) if legal else (0, 0)
            packed.append(Lost(len(samples) - len(legal), begin, end, "illegal"))
            if legal:
                packed.append(block_of(legal))
    return packed


def _is_legal(sample: Sample) -> bool:
    try:
        block_of([sample])
    except EncodeError:
        return False
    return True
