"""What edges pour in, as the writer takes it, and what became of it."""

import asyncio
from dataclasses import dataclass, field

from chargelink.hub.store.models import Alarm
from chargelink.link.messages import Checkpoint, TelemetryBlock, TelemetryGap

LONGEST_KIND = 255  # bytes: the chain counts them in one


@dataclass(frozen=True, slots=True)
class Arrived:
    """A record as an edge sent it; `hash` is what the edge says of its bytes, hex."""

    seq: int
    kind: str
    at: int
    body: bytes
    hash: str


@dataclass(frozen=True, slots=True)
class Stored:
    """What a commit did with a batch: the new watermark, and the alarms that it raised."""

    have: int
    alarms: tuple[Alarm, ...] = ()


def _promise() -> "asyncio.Future[Stored]":
    return asyncio.get_running_loop().create_future()


@dataclass(eq=False, slots=True)
class Batch:
    """Records of a lane of an epoch of an edge, as sent. `previous` is the edge's value of the chain before them."""

    edge: str
    epoch: str
    lane: str
    records: tuple[Arrived, ...]
    received: int
    previous: bytes | None = None
    checkpoint: Checkpoint | None = None
    done: asyncio.Future[Stored] = field(default_factory=_promise)

    @property
    def weight(self) -> int:
        """Rows that it costs, roughly."""
        return len(self.records)

    def key(self, seq: int) -> str:
        """A record's key as people read it."""
        return f"{self.edge}/{self.epoch}/{self.lane}/{seq}"


@dataclass(eq=False, slots=True)
class Blocks:
    """Telemetry of one epoch of one edge, as sent."""

    edge: str
    epoch: str
    blocks: tuple[TelemetryBlock, ...]
    gaps: tuple[TelemetryGap, ...]
    received: int
    done: asyncio.Future[Stored] = field(default_factory=_promise)

    @property
    def weight(self) -> int:
        """Rows that it costs, roughly."""
        return len(self.blocks) + len(self.gaps)


def require_storable(word: str) -> None:
    """Raises ValueError for a word that the chain cannot count or a database cannot hold."""
    if len(word.encode(errors="surrogatepass")) > LONGEST_KIND or not word.isprintable():
        raise ValueError(f"not a word: {word!r}")
