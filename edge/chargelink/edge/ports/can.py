"""A CAN bus: classic frames with 29-bit identifiers in and out, opened again when it is gone.

socketcand://127.0.0.1:29536/can0    over TCP, as linux-can's socketcand and `chargelink sim can-bus` speak
socketcan:can0                       an interface of this machine (Linux)

Frames of other kinds are not given on: J1939, and so GB/T 27930, has none.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import NamedTuple, NoReturn, Protocol

import structlog

from chargelink.edge.ports.address import Address, AddressError, LinkError

STANDARD_PORT = 29536
REOPENS_AFTER = (0.2, 5.0)  # s: the first wait, and the longest; each is twice the one before
OPENS_WITHIN = 5.0  # s

log = structlog.get_logger()


class CanFrame(NamedTuple):
    """A data frame with a 29-bit identifier and 0 to 8 bytes."""

    identifier: int
    data: bytes


class CanPort(Protocol):
    """An open bus. Neither sending nor closing waits."""

    async def read(self) -> list[CanFrame]:
        """What has come, at least a frame. Raises LinkError when the bus is gone."""

    def send(self, frames: Iterable[CanFrame]) -> int:
        """Send in order; how many of them could not be taken. Raises LinkError when the bus is gone."""

    def close(self) -> None:
        """Leave the bus; once or more often."""


class CanBus:
    """A place on a bus for as long as the daemon lives. Every frame is given to `hear`.

    Frames that are sent while the bus is away or full are dropped and counted: whoever speaks on CAN repeats itself,
    and nothing old may reach a bus that comes back.
    """

    def __init__(self, address: str, hear: Callable[[CanFrame], None]) -> None:
        """Raises AddressError for an address that cannot be meant."""
        self.address = Address.parse(address)
        check(self.address)
        self.dropped = 0
        self._hear = hear
        self._port: CanPort | None = None

    @property
    def connected(self) -> bool:
        """The bus is open. Whether anybody is on it only frames can tell."""
        return self._port is not None

    def send(self, frames: Iterable[CanFrame]) -> None:
        """Send in order, at once or not at all."""
        frames = [*frames]
        try:
            self.dropped += self._port.send(frames) if self._port else len(frames)
        except LinkError:
            self.dropped += len(frames)  # the reader finds out why

    async def run(self) -> NoReturn:
        """Until cancelled."""
        wait, longest = REOPENS_AFTER
        while True:
            try:
                async with asyncio.timeout(OPENS_WITHIN):
                    self._port = await opened(self.address)
                log.info("CAN bus is open", can=self.address.text)
                wait, _ = REOPENS_AFTER
                while True:
                    for frame in await self._port.read():
                        self._hear(frame)
            except (LinkError, TimeoutError) as error:
                log.warning("no CAN bus", can=self.address.text, reason=str(error) or "no answer", again_in=wait)
            finally:
                if self._port:
                    self._port.close()
                self._port = None
            await asyncio.sleep(wait)
            wait = min(2 * wait, longest)


def check(address: Address) -> None:
    """Raises AddressError for what is no bus."""
    address.only()
    remote = address.scheme == "socketcand" and bool(address.host) and len(address.path) > 1
    local = address.scheme == "socketcan" and bool(address.path) and not address.host
    if not (remote or local):
        raise AddressError(f"{address.text!r} is no socketcand://HOST:PORT/NAME and no socketcan:NAME")


async def opened(address: Address) -> CanPort:
    """Open the bus of an address. Raises LinkError when there is none."""
    # Imported when configured: both know the frames of this module.
    if address.scheme == "socketcan":
        from chargelink.edge.ports.socketcan import open_interface

        return open_interface(address.path)
    from chargelink.edge.ports.socketcand import connect

    return await connect(address.host, address.port or STANDARD_PORT, address.path.strip("/"))
