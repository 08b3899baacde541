"""One connection to the hub: moves what a conversation says, and does what it hears."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import structlog
from websockets.asyncio.client import ClientConnection

from chargelink.edge.board import Board, Watch
from chargelink.edge.identity.renewal import Renewal
from chargelink.edge.ledger import Journal, LedgerError, People
from chargelink.edge.uplink.conversation import (
    Answered,
    Asked,
    Booted,
    Conversation,
    Event,
    HubTime,
    KeysStored,
    Over,
    Signed,
    Stored,
    Trouble,
    Unanswered,
)
from chargelink.edge.uplink.history import EpochError, History, Measured
from chargelink.edge.uplink.persons import Persons
from chargelink.edge.uplink.questions import Question, Questions
from chargelink.edge.uplink.usage import Usage
from chargelink.link.frames import COMPRESSION, Code, Codec
from chargelink.link.messages import (
    ACTIONS,
    BootNotification,
    ErasePerson,
    Heartbeat,
    MeterValues,
    PersonKeys,
    Records,
    RequestStartTransaction,
    RequestStopTransaction,
    StatusNotification,
    TriggerMessage,
    TriggerMessageResponse,
)
from chargelink.link.shape import Shape
from chargelink.wire import EncodeError

Command = RequestStartTransaction | RequestStopTransaction
Handler = Callable[[Command, float], Awaitable[Shape]]
"""Does what the hub asks and gives the answer, but does not begin after the loop's second given: a command that is late
is refused. It is let finish even if the connection is lost meanwhile. A start that came too late is told, too: what was
frozen for it is free only when the edge has recorded that."""

Errand = Callable[[Any], Awaitable[Shape]]
"""Does one kind of request that has no expiry, durably, and gives the answer."""

Holding = Callable[[], Awaitable[Any]]
"""What the edge holds of something, for one field of its BootNotification."""

HeardTime = Callable[[int, int], None]
"""Hears what time it is at the hub: UTC milliseconds, give or take so many."""

MOST_SAMPLES = 500  # in one message
MOST_OUTGOING = 64  # messages that wait to be sent; then the hub is not heard until it has read some
MOST_AT_ODDS = 2  # new epochs on one connection: of the journal, and of the telemetry
CLOCKS_APART = 30_000  # ms, beyond which it is worth a warning: prices of the day depend on our clock

log = structlog.get_logger("uplink")


def forget_time(_: int, __: int) -> None:
    """Nobody wants to know."""


class HubGoneError(Exception):
    """This connection is over."""


class Edge(NamedTuple):
    """What a connection speaks for. `clock` gives UTC milliseconds; commands run in `commands`, beyond a connection."""

    id: str
    software: str
    ledger: Journal
    measured: Measured | None
    board: Board
    handler: Handler
    clock: Callable[[], int]
    commands: asyncio.TaskGroup
    people: People | None = None
    usage: Usage | None = None
    errands: Mapping[type[Shape], Errand] = MappingProxyType({})
    holdings: Mapping[str, Holding] = MappingProxyType({})
    questions: Questions | None = None
    heard_time: HeardTime = forget_time


class Connection:
    """One open websocket. `wake` is set by whatever may have something to say: the ledger, the board, an answer."""

    def __init__(
        self,
        socket: ClientConnection,
        edge: Edge,
        wake: asyncio.Event,
        booted: Callable[[], None],
        renewal: Renewal | None = None,
    ) -> None:
        self._socket = socket
        self._edge = edge
        self._wake = wake
        self._booted = booted
        assert socket.subprotocol is not None  # `Uplink` saw to it
        self._conversation = Conversation(Codec(socket.subprotocol))
        self._history = History(edge.ledger, edge.measured)
        self._usage = edge.usage or Usage()
        self._renewal = renewal
        self._persons = Persons(edge.people, edge.ledger, edge.clock)
        self._asked: dict[str, Question] = {}
        self._room = asyncio.Event()  # what was to be sent is sent
        self._caught_up = False  # ledger and hub agree on what the hub holds
        self._anew = 0  # new epochs that began on this connection
        self._at_odds = False  # the ledger could not store what the hub holds: ask again
        self._hub_time: tuple[int, float] | None = None  # its UTC milliseconds, and the loop's seconds then

    async def talk(self) -> None:
        """Talk until the connection is over.

        Raises an ExceptionGroup of HubGoneError, OSError, WebSocketException or LedgerError.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name="uplink listens")
            group.create_task(self._speak(), name="uplink speaks")

    async def _listen(self) -> None:
        now = asyncio.get_running_loop().time
        async for message in self._socket:
            self._usage.received(len(message))
            for event in self._conversation.receive(message, now()):
                await self._if_remembered(self._heard(event))
            self._wake.set()
            while self._conversation.outgoing >= MOST_OUTGOING:
                self._room.clear()
                await self._room.wait()
        raise HubGoneError(self._socket.close_reason or "the hub closed the connection")

    async def _speak(self) -> None:
        """Say what is due, sleep until something happens or a deadline comes."""
        loop = asyncio.get_running_loop()
        with self._edge.board.watch(self._wake) as watch:
            await self._boot()
            while True:
                self._wake.clear()
                now = loop.time()
                for event in self._conversation.tick(now):
                    await self._heard(event)
                self._ask(now)
                self._say_present(watch, now)
                await self._flush()
                await self._if_remembered(self._say_past(now))
                await self._flush()
                due = self._conversation.pace.due(now)
                await self._sleep(due if watch.waits and due > now else None)

    def _ask(self, now: float) -> None:
        """Before all else: somebody stands there and waits."""
        if self._edge.questions is None or not self._conversation.may_ask:
            return
        under_way = {*self._asked.values()}
        for question in self._edge.questions.waiting:
            if question not in under_way and now < question.until:
                question.sent = True
                self._asked[self._conversation.ask(question.request, now, question.until - now)] = question

    def _say_present(self, watch: Watch, now: float) -> None:
        """A new state at once, details and samples when they are due."""
        conversation = self._conversation
        due = conversation.pace.due(now) <= now
        said = False
        if conversation.may_send(StatusNotification, now) and (devices := watch.devices(details=due)):
            conversation.send_status(devices, now)
            said = True
        if due and conversation.may_send(MeterValues, now) and (samples := watch.samples(MOST_SAMPLES)):
            conversation.send_samples(samples, now)
            said = True
        if due and said:
            conversation.pace.said(now)

    async def _say_past(self, now: float) -> None:
        if not self._caught_up:
            if self._at_odds and self._conversation.may_send(Records, now):
                await self._boot()
            return
        if self._renewal and self._renewal.due:
            self._conversation.send_sign(await self._renewal.request(), now)
        await self._persons.send(self._conversation)
        try:
            await self._history.send(self._conversation)
        except EpochError:
            await self._boot()

    async def _flush(self) -> None:
        for message in self._conversation.data_to_send():
            self._usage.sent(len(message))
            await self._socket.send(message)
        self._room.set()

    async def _if_remembered(self, work: Awaitable[None]) -> None:
        """Do it; what the ledger cannot take now counts as never heard. The rest goes on, and records are paused."""
        try:
            await work
        except LedgerError as error:
            log.warning("ledger trouble", why=str(error))
            self._at_odds = not self._caught_up
            self._conversation.pause_records(asyncio.get_running_loop().time())

    async def _sleep(self, due: float | None) -> None:
        deadlines = [time for time in (due, self._conversation.deadline) if time is not None]
        try:
            async with asyncio.timeout_at(min(deadlines, default=None)):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _boot(self) -> None:
        self._caught_up = self._at_odds = False
        epochs = await self._history.epochs()
        boot = BootNotification(
            edge_id=self._edge.id,
            epoch=epochs.records,
            telemetry_epoch=epochs.telemetry,
            software=self._edge.software,
            devices=tuple(self._edge.board.devices),
            signing_key=self._edge.ledger.public,
            compression=COMPRESSION,
            **{field: await holding() for field, holding in self._edge.holdings.items()},
        )
        self._conversation.boot(boot, asyncio.get_running_loop().time())

    async def _heard(self, event: Event) -> None:
        match event:
            case HubTime():
                self._compare_clocks(event)
            case Booted():
                await self._persons.booted(event.lanes)
                if await self._history.reconcile(event.lanes):
                    self._caught_up = True
                    self._booted()
                elif self._anew == MOST_AT_ODDS:
                    raise HubGoneError("the hub is at odds with every new epoch")
                else:
                    self._anew += 1
                    await self._boot()
            case Stored():
                await self._history.stored(event)
            case KeysStored():
                await self._persons.stored(event)
            case Asked(request=TriggerMessage()):
                await self._trigger(event.id, event.request)
            case Asked(request=request) if (
                not isinstance(request, Command | ErasePerson) and type(request) not in self._edge.errands
            ):
                name = type(request).__name__
                self._conversation.refuse(event.id, Code.NOT_SUPPORTED, f"this edge does not do {name}")
            case Asked():
                self._edge.commands.create_task(self._do(event), name=f"hub asks {type(event.request).__name__}")
            case Signed():
                assert self._renewal is not None
                if self._renewal.keep(event.answer):
                    raise HubGoneError("connecting again with the renewed certificate")
            case Answered():
                self._asked.pop(event.id).answered(event.response)
            case Unanswered():
                self._asked.pop(event.id).refused(event.why)
            case Trouble():
                log.warning("hub trouble", text=event.text)
            case Over():
                raise HubGoneError(event.why)

    def _compare_clocks(self, hub: HubTime) -> None:
        self._hub_time = hub.current_time, asyncio.get_running_loop().time()
        half = -(-int(hub.round_trip * 1000) // 2)  # it said so somewhere on the way there and back
        self._edge.heard_time(hub.current_time + half, half)
        ahead = self._edge.clock() - hub.current_time
        if abs(ahead) > CLOCKS_APART:
            log.warning("our clock differs from the hub's", ahead_s=round(ahead / 1000))

    def _now_at_hub(self) -> int:
        """UTC milliseconds by the hub's clock, which says when its commands expire; ours may be wrong, or just set."""
        if self._hub_time is None:
            return self._edge.clock()
        told, at = self._hub_time
        return told + int((asyncio.get_running_loop().time() - at) * 1000)

    async def _trigger(self, identifier: str, request: TriggerMessage) -> None:
        now = asyncio.get_running_loop().time()
        match request.requested_message:
            case BootNotification.__name__:
                await self._boot()
            case StatusNotification.__name__:
                self._conversation.send_status(self._edge.board.devices, now)
            case Heartbeat.__name__:
                self._conversation.send_heartbeat(now)
            case PersonKeys.__name__ if self._persons.tell_again():
                pass
            case _:
                self._conversation.answer(identifier, TriggerMessageResponse(status="NotImplemented"))
                return
        self._conversation.answer(identifier, TriggerMessageResponse(status="Accepted"))

    async def _do(self, asked: Asked) -> None:
        """Do what the hub asks, and answer. One that fails must not end the others."""
        request = asked.request
        expiry = getattr(request, "expiry", None)  # an erasure has none: it is right at any time
        left = math.inf if expiry is None else (expiry - self._now_at_hub()) / 1000
        if left <= 0 and not isinstance(request, RequestStartTransaction):  # one that began in time is told so
            answer: Shape = ACTIONS[type(request).__name__].response(status="Rejected", reason="expired")
        else:
            try:
                if isinstance(request, ErasePerson):
                    answer = await self._persons.erase(request)
                elif errand := self._edge.errands.get(type(request)):
                    answer = await errand(request)
                else:
                    answer = await self._edge.handler(request, asyncio.get_running_loop().time() + left)
            except Exception as error:
                log.exception("command failed", request=type(request).__name__)
                self._conversation.refuse(asked.id, Code.INTERNAL_ERROR, str(error)[:200])
                self._wake.set()
                return
        try:
            self._conversation.answer(asked.id, answer)
        except EncodeError as error:
            self._conversation.refuse(asked.id, Code.INTERNAL_ERROR, str(error)[:200])
        self._wake.set()
