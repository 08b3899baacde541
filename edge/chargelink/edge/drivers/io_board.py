"""The driver of a charger's board: writes what is wanted at once, reads everything 20 times a second."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, NoReturn

import structlog

from chargelink.edge.drivers.board_state import OFF, BoardFacts, BoardFault, BoardState, Wanted
from chargelink.edge.ports.address import Address, LinkError
from chargelink.edge.ports.modbus import ModbusPort, RefusedError
from chargelink.io_board.registers import POINTS, WATCHDOG, Point, Space, decode, size
from chargelink.wire import DecodeError

PERIOD = 0.05  # s
REOPENS_AFTER = 0.5  # s
USUAL_WATCHDOG = 500  # ms
LONGEST_WATCHDOG = 2_000  # ms; a contactor may not be left closed for longer by a master that died

log = structlog.get_logger()


class BoardLost(NamedTuple):
    """The board does not answer, or is not to be trusted; all its outputs drop by themselves. Told once."""

    source: str
    at: float
    because: str


class BoardBack(NamedTuple):
    """It answers, with its watchdog set. Nothing is energised."""

    source: str
    at: float


BoardEvent = BoardFacts | BoardFault | BoardLost | BoardBack


class UntrustedError(LinkError):
    """The board would leave its outputs on if its master died."""


class IoBoard:
    """A board on a Modbus port. Facts at every poll, faults, and that it is lost or back, are given to `hear`."""

    def __init__(
        self, source: str, port: str, hear: Callable[[BoardEvent], None], watchdog: int = USUAL_WATCHDOG
    ) -> None:
        """`watchdog` in ms. Raises ValueError unless it is 1..2000, AddressError for a port that cannot be meant."""
        if not 0 < watchdog <= LONGEST_WATCHDOG:
            raise ValueError(
                f"a watchdog of {watchdog} ms is not within 1..{LONGEST_WATCHDOG}: contactors would stay on"
            )
        self.source = source
        self._address = Address.parse(port)
        ModbusPort(self._address)  # says now what is wrong with the address
        self._hear = hear
        self._watchdog = watchdog
        self._state = BoardState(source)
        self._changed = asyncio.Event()
        self._lost = True
        self._because = ""

    @property
    def wanted(self) -> Wanted:
        """What is asked of the board; after a fault or a loss, nothing."""
        return self._state.wanted

    @property
    def facts(self) -> BoardFacts | None:
        """What it said last; None while it is lost."""
        return self._state.facts

    def want(self, wanted: Wanted) -> None:
        """Ask for this from now on; it is written at once. Raises EncodeError for what the board cannot be told, and
        LinkError while it is lost: nothing is kept for when it comes back."""
        if self._lost:
            raise LinkError(f"{self.source}: the board is lost")
        self._state.want(wanted)
        if self._state.to_write() is not None:
            self._changed.set()

    async def run(self) -> NoReturn:
        """Until cancelled; then everything is commanded off, if the board still hears."""
        while True:
            port = ModbusPort(self._address)
            try:
                await port.open()
                await self._attend(port)
            except (LinkError, RefusedError, DecodeError) as error:
                self._lose(str(error))
            finally:
                port.close()
            await asyncio.sleep(REOPENS_AFTER)

    async def _attend(self, port: ModbusPort) -> NoReturn:
        """Poll, and write when something is wanted."""
        loop = asyncio.get_running_loop()
        await self._set_watchdog(port)
        await self._write(port, self._state.wanted)
        self._lost = False
        self._because = ""
        self._hear(BoardBack(self.source, loop.time()))
        try:
            while True:
                due = loop.time() + PERIOD
                self._changed.clear()
                if (wanted := self._state.to_write()) is not None:
                    await self._write(port, wanted)
                values = await self._read(port)
                for event in self._state.observe(values, loop.time()):
                    self._hear(event)
                await self._until(due)
        except asyncio.CancelledError:
            with suppress(LinkError, RefusedError):
                await self._write(port, OFF)
            raise

    async def _until(self, due: float) -> None:
        """Wait for the next poll, or for something to be wanted."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due):
                await self._changed.wait()

    async def _set_watchdog(self, port: ModbusPort) -> None:
        """Raises UntrustedError for a board that does not take it over."""
        await port.write(Space.HOLDING_REGISTER, WATCHDOG.address, WATCHDOG.encode(self._watchdog))
        words = await port.read(Space.HOLDING_REGISTER, WATCHDOG.address, WATCHDOG.size)
        if (found := WATCHDOG.decode(words)) != self._watchdog:
            raise UntrustedError(f"{self.source}: the board's watchdog is {found} ms, not {self._watchdog} ms")

    async def _write(self, port: ModbusPort, wanted: Wanted) -> None:
        """Settings first: what is switched on starts with them."""
        await port.write(Space.HOLDING_REGISTER, 0, wanted.settings)
        await port.write(Space.COIL, 0, wanted.outputs)
        self._state.written(wanted)

    async def _read(self, port: ModbusPort) -> dict[Point, int]:
        values: dict[Point, int] = {}
        for space in POINTS:
            values.update(decode(space, await port.read(space, 0, size(space))))
        if (found := values[WATCHDOG]) != self._watchdog:
            raise UntrustedError(f"{self.source}: the board's watchdog is {found} ms, not {self._watchdog} ms")
        return values

    def _lose(self, because: str) -> None:
        self._state.lost()
        if because != self._because:  # a board that stays away is told of once
            self._because = because
            log.warning("board lost", board=self.source, reason=because)
        if not self._lost:
            self._lost = True
            self._hear(BoardLost(self.source, asyncio.get_running_loop().time(), because))
