"""Connections to the hub, one after the other, for as long as the edge lives."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

import structlog
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException
from websockets.frames import CloseCode
from websockets.typing import Subprotocol

from chargelink.cli.groups import leaves
from chargelink.edge.board import Board
from chargelink.edge.identity import Door, IdentityError, Plain
from chargelink.edge.ledger import Journal, LedgerError, Memory, People
from chargelink.edge.uplink.backoff import Backoff
from chargelink.edge.uplink.connection import (
    Connection,
    Edge,
    Errand,
    Handler,
    HeardTime,
    Holding,
    HubGoneError,
    forget_time,
)
from chargelink.edge.uplink.history import Measured
from chargelink.edge.uplink.questions import NoAnswerError, Questions
from chargelink.edge.uplink.usage import Usage
from chargelink.link.frames import LARGEST_FRAME, SUBPROTOCOLS
from chargelink.link.shape import Shape
from chargelink.wire import EncodeError

OPEN_TIMEOUT = 10.0  # seconds
PING = 20.0  # seconds between pings of the websocket, and to wait for each answer
CLOSE_TIMEOUT = 2.0
COUNTED_EVERY = 60  # seconds between looks at the link and at the month
KEPT_AFTER = 10  # of these what was counted is kept
USAGE = "link.usage"  # its name in the ledger's memory
PATIENCE = 4  # times longer to wait after a refusal: a person has to do something

log = structlog.get_logger("uplink")


class Uplink:
    """Keeps the hub told. `hub` is the way to it, or the address of a plain one; `clock` gives UTC milliseconds."""

    def __init__(
        self,
        hub: Door | str,
        edge_id: str,
        software: str,
        ledger: Journal,
        board: Board,
        handler: Handler,
        clock: Callable[[], int],
        backoff: Backoff | None = None,
        measured: Measured | None = None,
        people: People | None = None,
    ) -> None:
        self.online = False
        self.trouble_chinese: str | None = None
        self.trouble: str | None = None
        """Why the hub was last lost or could not be reached; None while it is there."""
        self._door = Plain(hub) if isinstance(hub, str) else hub
        self.usage = Usage()
        """What the link takes of a month; `count` keeps it."""
        self.heard_time: HeardTime = forget_time
        """Hears what time it is at the hub; to be set before `run`."""
        self.errands: dict[type[Shape], Errand] = {}
        """Who does what else the hub asks, by the request; to be filled before `run`."""
        self.holdings: dict[str, Holding] = {}
        """What else the hub is told on connecting, by the field of BootNotification; to be filled before `run`."""
        self._clock = clock
        self._edge = (edge_id, software, ledger, measured, board, handler, clock)
        self._ledger = ledger
        self._measured = measured
        self._people = people
        self._backoff = backoff or Backoff(random.random)
        self._wake = asyncio.Event()
        self._ended = asyncio.Event()
        self._questions = Questions(self._wake.set)

    async def ask(self, request: Shape, within: float) -> Shape:
        """Ask the hub what somebody waits for; its answer, `within` so many seconds.

        Raises NoAnswerError, which says whether the hub may have heard the question.
        """
        if not self.online:
            raise NoAnswerError("the hub is away", heard=False)
        return await self._questions.ask(request, within)

    def end(self) -> None:
        """To be called before `run` is cancelled: up to Python 3.12 a TaskGroup forgets a cancellation that arrives
        while one of its tasks fails, and then this ends it."""
        self._ended.set()

    async def run(self) -> None:
        """Connect, talk, lose the connection, wait, connect again; until cancelled, after `end`."""
        self._ledger.writer.on_change = self._wake.set
        if self._measured is not None:
            self._measured.on_change = self._wake.set
        if self._people is not None:
            self._people.on_change = self._wake.set
        try:
            async with asyncio.TaskGroup() as commands:
                while not self._ended.is_set():
                    refused = await self._connection(
                        Edge(
                            *self._edge,
                            commands,
                            self._people,
                            self.usage,
                            self.errands,
                            self.holdings,
                            self._questions,
                            self.heard_time,
                        )
                    )
                    log.warning("hub away", why=self.trouble)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(self._backoff.wait() * (PATIENCE if refused else 1)):
                            await self._ended.wait()
        finally:
            self._ledger.writer.on_change = None
            if self._measured is not None:
                self._measured.on_change = None

    async def count(self) -> NoReturn:
        """Keep what the link takes across restarts; until cancelled."""
        kept = Memory(self._ledger)
        with suppress(LedgerError):
            self.usage.load(await kept.get(USAGE))
        try:
            while True:
                for _ in range(KEPT_AFTER):
                    self.usage.turn(self._clock())
                    await asyncio.sleep(COUNTED_EVERY)
                    self.usage.was_up(COUNTED_EVERY if self.online else 0)
                with suppress(LedgerError):
                    await kept.put(USAGE, self.usage.dump())
        finally:
            with suppress(LedgerError):
                await kept.put(USAGE, self.usage.dump())

    async def _connection(self, edge: Edge) -> bool:
        """One connection from beginning to end; whether the hub refused us for who we are."""
        try:
            opening = await self._door.open(edge.id)
            socket = await connect(
                opening.address,
                ssl=opening.tls,
                subprotocols=[Subprotocol(name) for name in SUBPROTOCOLS],
                compression=None,
                max_size=LARGEST_FRAME,
                open_timeout=OPEN_TIMEOUT,
                ping_interval=PING,
                ping_timeout=PING,
                close_timeout=CLOSE_TIMEOUT,
                proxy=None,
            )
            try:
                self.usage.opened()
                self._door.meet(socket)
                if socket.subprotocol is None:
                    raise HubGoneError("the hub speaks none of our subprotocols")
                await Connection(socket, edge, self._wake, self._booted, self._door.renewal).talk()
            finally:
                await socket.close(CloseCode.GOING_AWAY)
        except* (HubGoneError, OSError, WebSocketException, EncodeError, LedgerError, IdentityError) as errors:
            error = next(leaves(errors))
            why = error if isinstance(error, IdentityError) else self._door.refused(error)
            self.trouble = str(why or error) or type(error).__name__
            self.trouble_chinese = why.text.chinese if why else None
            refused = why is not None and why.refused
        else:
            refused = False
        finally:
            self.online = False
        return refused

    def _booted(self) -> None:
        self.online = True
        self.trouble = None
        self.trouble_chinese = None
        self._backoff.reset()
        self._door.entered()
        log.info("hub there")
