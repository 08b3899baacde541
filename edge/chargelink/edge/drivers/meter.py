"""The driver of an electricity meter: opens its line, polls it, opens the line again when it is gone."""

import asyncio
from collections.abc import Callable
from typing import NoReturn

import structlog

from chargelink.dlt645.profiles import STANDARD_PROFILE, Profile
from chargelink.dlt645.timing import Timing
from chargelink.edge.drivers.meter_poll import MeterLost, MeterPoll, PollEvent, Quantity
from chargelink.edge.drivers.reading import Reading
from chargelink.edge.ports.address import Address, AddressError, LinkError
from chargelink.edge.ports.serial import SerialPort

REOPENS_AFTER = 1.0  # s

log = structlog.get_logger()


class MeterDriver:
    """A meter on a line of its own. Every reading, and that it is lost or back, is given to `hear`.

    `latest` has what was read last; its readings know how old they are.
    """

    def __init__(
        self,
        source: str,
        port: str,
        address: str,
        hear: Callable[[PollEvent], None],
        profile: Profile = STANDARD_PROFILE,
    ) -> None:
        """Raises AddressError, and EncodeError for a meter's address that is none."""
        self.source = source
        self.latest: dict[Quantity, Reading] = {}
        self._port = Address.parse(port)
        if self._port.scheme != "serial":
            raise AddressError(f"{port!r} is no serial:/dev/DEVICE")
        self._timing = Timing(self._port.number("baud", 9600, 300, 4_000_000))
        self._hear = hear
        self._told = ""  # why the line was last lost, until it is there again
        self._address = address
        self._profile = profile
        MeterPoll(source, address, 0.0, self._timing)  # says now what is wrong with the address

    async def run(self) -> NoReturn:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        poll = MeterPoll(self.source, self._address, loop.time(), self._timing, self._profile)
        while True:
            try:
                port = SerialPort(self._port)
                try:
                    await self._converse(poll, port)
                finally:
                    port.close()
            except LinkError as error:
                if str(error) != self._told:  # once for each reason, not once a second
                    self._told = str(error)
                    log.warning("meter line lost", meter=self.source, reason=self._told)
            await self._wait(poll, loop.time() + REOPENS_AFTER)

    async def _converse(self, poll: MeterPoll, port: SerialPort) -> NoReturn:
        loop = asyncio.get_running_loop()
        while True:
            self._take(poll.tick(loop.time()))
            port.write(poll.data_to_send())
            try:
                async with asyncio.timeout_at(poll.deadline):
                    data = await port.read()
            except TimeoutError:
                continue
            self._take(poll.receive(data, loop.time()))

    async def _wait(self, poll: MeterPoll, until: float) -> None:
        """Let time pass without a line: what would have been sent is lost, and in time so is the meter."""
        loop = asyncio.get_running_loop()
        while (now := loop.time()) < until:
            self._take(poll.tick(now))
            poll.data_to_send()
            await asyncio.sleep(min(poll.deadline, until) - now)

    def _take(self, events: list[PollEvent]) -> None:
        for event in events:
            if isinstance(event, Reading):
                self.latest[Quantity(event.quantity)] = event
                self._told = ""
            elif isinstance(event, MeterLost):
                log.warning("meter lost", meter=self.source, silent=round(event.silent, 1))
            self._hear(event)
