"""What the edge says on one connection, and when. Sans-I/O: time in seconds is an argument.

First who we are; then the present before the past: devices that changed and samples, one message of each in flight;
records and then telemetry in batches, one of all in flight, each sized to what the line carried in 200 ms; a heartbeat
when the hub wants one.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from chargelink.edge.uplink.pace import Pace
from chargelink.link.frames import LARGEST_FRAME, Code, Codec, Message
from chargelink.link.messages import (
    METERING_LANE,
    RECORD_LANE,
    TELEMETRY_LANE,
    BootNotification,
    BootNotificationResponse,
    Device,
    Heartbeat,
    HeartbeatResponse,
    MeterValues,
    PersonKey,
    PersonKeys,
    Records,
    RecordsResponse,
    Sample,
    SignCertificate,
    SignCertificateResponse,
    StatusNotification,
    Telemetry,
    TelemetryResponse,
    WatchLive,
    WatchLiveResponse,
)
from chargelink.link.peer import TIMED_OUT, CallFailed, CallReceived, Defect, Peer, ResultReceived
from chargelink.link.peer import Event as PeerEvent
from chargelink.link.shape import Shape

RECORD_LANES = (RECORD_LANE, METERING_LANE)  # chained and signed; the first that has something is sent first
BATCH_TIME = 0.2  # seconds of the line that a batch may take, so that the present never waits long
FIRST_BATCH = 16_384  # bytes
SMALLEST_BATCH = 4_096
LARGEST_BATCH = LARGEST_FRAME // 2
RECORD_OVERHEAD = 96  # bytes of a record beside its body
BLOCK_OVERHEAD = 160  # bytes of a block beside its body
TIME_EVERY = 3600.0  # seconds after which the hub is asked for the time, by a heartbeat
HISTORY_PAUSE = 30.0  # seconds, after the hub refused a batch or keys or did not move on, or the ledger takes nothing
UNABLE = (Code.NOT_SUPPORTED, Code.NOT_IMPLEMENTED)  # it will not be able before the next connection


class Held(NamedTuple):
    """What the hub holds of a lane: up to `have`, with its hash and the chain there (None: it does not say)."""

    have: int
    digest: bytes | None
    chain: bytes | None


class Booted(NamedTuple):
    """The hub knows us, and says what it holds of each lane."""

    current_time: int
    lanes: dict[str, Held]


class HubTime(NamedTuple):
    """What time it was at the hub while it answered: within `round_trip` seconds before now."""

    current_time: int
    round_trip: float


class Stored(NamedTuple):
    """The hub has committed everything of the epoch's lane up to `have`."""

    epoch: str
    lane: str
    have: int


class KeysStored(NamedTuple):
    """The hub has committed the keys of these persons."""

    persons: tuple[str, ...]


class Asked(NamedTuple):
    """The hub wants something done; `answer` or `refuse` it by its id."""

    id: str
    request: Any


class Signed(NamedTuple):
    """What the hub says to our wish for a new certificate."""

    answer: SignCertificateResponse


class Answered(NamedTuple):
    """The hub's answer to the question of this id."""

    id: str
    response: Shape


class Unanswered(NamedTuple):
    """The hub will not answer the question of this id any more: it refused to, or its time is over."""

    id: str
    why: str


class Trouble(NamedTuple):
    """Something to write in the log; the conversation goes on."""

    text: str


class Over(NamedTuple):
    """Nothing more will come of this connection: close it and try again."""

    why: str


HISTORY: frozenset[type[Shape]] = frozenset((Records, Telemetry))

Event = Booted | HubTime | Stored | KeysStored | Asked | Signed | Answered | Unanswered | Trouble | Over


class Conversation:
    """One connection, from the first word to the last."""

    def __init__(self, codec: Codec = Codec.MSGPACK) -> None:
        self._peer = Peer("edge", codec)
        self.defects: Counter[str] = Counter()  # what the hub said that it should not have, by kind
        self._booted = False
        self._interval: float | None = None  # seconds between heartbeats
        self._heartbeat_due: float | None = None
        self._time_due = math.inf  # when the hub is asked for the time even while much is said
        self._in_flight: dict[type[Shape], str] = {}
        self._questions: set[str] = set()
        self._asked_at: dict[type[Shape], float] = {}
        self._sent_at = 0.0
        self._sent_bytes = 0
        self._paused: dict[type[Shape], float] = {}
        self.pace = Pace()
        """When details of devices and samples are due."""
        self.batch_bytes = FIRST_BATCH

    def boot(self, boot: BootNotification, now: float) -> None:
        """Say who we are: first of all, and again when a new epoch has begun."""
        self._booted = False
        self._ask(boot, now)

    def may_send(self, kind: type[Shape], now: float) -> bool:
        """Whether a message of this kind may go out now: none is on its way, of all history only one."""
        if now < self._paused.get(kind, now) or (kind in HISTORY and self._in_flight.keys() & HISTORY):
            return False
        return self._booted and kind not in self._in_flight

    def send_status(self, devices: Sequence[Device], now: float) -> None:
        """Devices that changed."""
        self._ask(StatusNotification(devices=tuple(devices)), now)

    def send_samples(self, samples: Sequence[Sample], now: float) -> None:
        """Points of curves."""
        self._ask(MeterValues(samples=tuple(samples)), now)

    def send_records(self, batch: Records, now: float) -> None:
        """Consecutive records of a lane, about `batch_bytes`."""
        self._send_history(batch, sum(len(record.body) + RECORD_OVERHEAD for record in batch.records), now)

    def send_telemetry(self, batch: Telemetry, now: float) -> None:
        """Consecutive blocks, about `batch_bytes`, and the gaps among them."""
        self._send_history(batch, sum(len(block.body) + BLOCK_OVERHEAD for block in batch.blocks), now)

    def pause_records(self, now: float) -> None:
        """Send no records for a while: neither end can make any progress."""
        self.pause(Records, now)

    def send_keys(self, keys: Sequence[PersonKey], now: float) -> None:
        """Keys of persons."""
        self._ask(PersonKeys(keys=tuple(keys)), now)

    def pause(self, kind: type[Shape], now: float) -> None:
        """Send no messages of this kind for a while."""
        self._paused[kind] = now + HISTORY_PAUSE

    def send_sign(self, request: SignCertificate, now: float) -> None:
        """Wish for a new certificate."""
        self._ask(request, now)

    def send_heartbeat(self, now: float) -> None:
        """A sign of life."""
        if Heartbeat not in self._in_flight:
            self._ask(Heartbeat(), now)

    @property
    def may_ask(self) -> bool:
        """Whether the hub knows who asks."""
        return self._booted

    def ask(self, question: Shape, now: float, timeout: float) -> str:
        """Ask what somebody waits for; Answered or Unanswered follows with the id returned. Many may be under way."""
        identifier = self._peer.call(question, now, timeout)
        self._questions.add(identifier)
        return identifier

    def answer(self, identifier: str, response: Shape) -> None:
        """Answer what the hub asked."""
        self._peer.answer(identifier, response)

    def refuse(self, identifier: str, code: Code, text: str) -> None:
        """Refuse what the hub asked."""
        self._peer.refuse(identifier, code, text)

    @property
    def outgoing(self) -> int:
        """How many messages wait for `data_to_send`."""
        return self._peer.outgoing

    def data_to_send(self) -> list[Message]:
        """The messages to send now, in order."""
        return self._peer.data_to_send()

    @property
    def deadline(self) -> float | None:
        """When `tick` is due."""
        deadlines = (self._peer.deadline, self._heartbeat_due, *self._paused.values())
        return min((due for due in deadlines if due is not None), default=None)

    def receive(self, message: bytes | str, now: float) -> list[Event]:
        """Take one message of the hub."""
        return self._events(self._peer.receive(message, now), now)

    def tick(self, now: float) -> list[Event]:
        """Let time pass: a heartbeat when it is due, an end when the hub does not answer."""
        events = self._events(self._peer.tick(now), now)
        self._paused = {kind: until for kind, until in self._paused.items() if now < until}
        if self._heartbeat_due is not None and now >= min(self._heartbeat_due, self._time_due):
            self.send_heartbeat(now)
            self._heartbeat_due = now + (self._interval or 0)
            self._time_due = now + TIME_EVERY
        return events

    def _send_history(self, batch: Records | Telemetry, size: int, now: float) -> None:
        self._sent_at = now
        self._sent_bytes = size
        self._ask(batch, now)

    def _odd(self, defect: Defect) -> list[Event]:
        """Every defect counts; the first, the tenth, the hundredth of a kind are worth a line in the log."""
        self.defects[defect.kind] += 1
        count = self.defects[defect.kind]
        worth = count in (1, 10, 100) or count % 1000 == 0
        return [Trouble(f"the hub: {defect.kind} {count}: {defect.text}")] if worth else []

    def _ask(self, request: Shape, now: float) -> None:
        self._in_flight[type(request)] = self._peer.call(request, now)
        self._asked_at[type(request)] = now
        if self._interval is not None:
            self._heartbeat_due = now + self._interval  # anything said is a sign of life

    def _events(self, heard: Sequence[PeerEvent], now: float) -> list[Event]:
        events: list[Event] = []
        for event in heard:
            match event:
                case ResultReceived() if event.id in self._questions:
                    self._questions.discard(event.id)
                    events.append(Answered(event.id, event.payload))
                case CallFailed() if event.id in self._questions:
                    self._questions.discard(event.id)
                    events.append(Unanswered(event.id, f"{event.code} {event.text}"))
                case ResultReceived():
                    self._in_flight.pop(type(event.request), None)
                    events += self._answered(event, now)
                case CallFailed():
                    self._in_flight.pop(type(event.request), None)
                    events.append(self._failed(event, now))
                case CallReceived(payload=WatchLive() as watch):
                    self.pace.watch(watch.interval, watch.seconds, now)
                    self._peer.answer(event.id, WatchLiveResponse(status="Accepted"))
                case CallReceived():
                    events.append(Asked(event.id, event.payload))
                case Defect():
                    events += self._odd(event)
        return events

    def _answered(self, result: ResultReceived, now: float) -> list[Event]:
        match result.payload:
            case BootNotificationResponse() as boot:
                self._booted = True
                self._interval = float(boot.interval)
                self._heartbeat_due = now + self._interval
                self._time_due = now + TIME_EVERY
                self.pace.keep(boot.live_interval)
                lanes = {
                    lane: Held(boot.have.get(lane, 0), boot.hashes.get(lane), boot.chains.get(lane))
                    for lane in (*RECORD_LANES, TELEMETRY_LANE)
                }
                round_trip = now - self._asked_at[BootNotification]
                return [HubTime(boot.current_time, round_trip), Booted(boot.current_time, lanes)]
            case HeartbeatResponse() as beat:
                return [HubTime(beat.current_time, now - self._asked_at[Heartbeat])]
            case SignCertificateResponse() as answer:
                return [Signed(answer)]
            case RecordsResponse() as stored:
                assert isinstance(result.request, Records)
                return self._stored(result.request, result.request.lane, result.request.first, stored.have, now)
            case TelemetryResponse() as stored:
                assert isinstance(result.request, Telemetry)
                return self._stored(result.request, TELEMETRY_LANE, first_of(result.request), stored.have, now)
        if isinstance(result.request, PersonKeys):
            return [KeysStored(tuple(key.person for key in result.request.keys))]
        return []

    def _stored(self, batch: Records | Telemetry, lane: str, first: int, have: int, now: float) -> list[Event]:
        if have < first:
            self._paused[type(batch)] = now + HISTORY_PAUSE
            return [Trouble(f"the hub holds {have} of lane {lane}, and did not take {first}")]
        self._measure(now)
        return [Stored(batch.epoch, lane, have)]

    def _failed(self, failed: CallFailed, now: float) -> Event:
        what = f"{type(failed.request).__name__}: {failed.code} {failed.text}"
        if failed.code == TIMED_OUT or isinstance(failed.request, BootNotification):
            return Over(what)
        if isinstance(failed.request, PersonKeys):
            self.pause(PersonKeys, now)
        if type(failed.request) in HISTORY:
            unable = isinstance(failed.request, Telemetry) and failed.code in UNABLE
            self._paused[type(failed.request)] = math.inf if unable else now + HISTORY_PAUSE
        return Trouble(what)

    def _measure(self, now: float) -> None:
        """The next batch is as large as the line carries in BATCH_TIME; it grows at most twofold at once."""
        carried = self._sent_bytes * BATCH_TIME / max(now - self._sent_at, 0.001)
        self.batch_bytes = int(max(SMALLEST_BATCH, min(carried, self.batch_bytes * 2, LARGEST_BATCH)))


def first_of(batch: Telemetry) -> int:
    """The first number that a batch tells of."""
    return min((*(block.seq for block in batch.blocks), *(gap.first for gap in batch.gaps)))
