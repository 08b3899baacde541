"""A port of the edge, its real wire on this machine, and behind it a simulated radio in simulated air."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Protocol

from chargelink.edge.ports.radio import RadioPort
from chargelink.lora_radio.radio import RadioEvent, Transmission
from chargelink.sim.sockets.air import Air, Packet
from chargelink.sim.sockets.street import NewStation, Station

GATEWAY = bytes.fromhex("a84041ffff1e2d3c")
FREQUENCY = 471_125_000  # also a channel of EBYTE's
PEER = "peer"
PACE = 4.0  # simulated seconds in one of the loop's
PATIENCE = 30.0  # s, for what takes milliseconds


class Around(Protocol):
    """A station and whoever it can hear: a Hall or a Street."""

    @property
    def deadline(self) -> float: ...

    def data_to_send(self) -> list[bytes]: ...

    def receive(self, datagram: bytes, now: float) -> None: ...

    def tick(self, now: float) -> None: ...


class Hall:
    """One gateway and one peer that hears what it sends, and says what it is told to."""

    def __init__(self, new: NewStation, now: float) -> None:
        self.air = Air()
        self.station: Station = new(GATEWAY, self.air, now)
        self.heard: list[Packet] = []
        self.air.listen(PEER, inverted=True)

    @property
    def deadline(self) -> float:
        return self.station.deadline if self.air.deadline is None else min(self.station.deadline, self.air.deadline)

    def data_to_send(self) -> list[bytes]:
        return self.station.data_to_send()

    def receive(self, datagram: bytes, now: float) -> None:
        self.station.receive(datagram, now)

    def tick(self, now: float) -> None:
        for heard in self.air.tick(now):
            if heard.station == PEER:
                self.heard.append(heard.packet)
            else:
                self.station.hear(heard.packet, heard.at)
        self.station.tick(now)

    def say(self, payload: bytes, now: float) -> None:
        self.air.transmit(PEER, Packet(FREQUENCY, 8, False, payload), now)


class Rig(ABC):
    """`begin` with what is around the simulated radio; `end` at last. `events` are all that the port told."""

    new_station: NewStation

    def __init__(self) -> None:
        self.events: list[RadioEvent] = []
        self.around: Around
        self.port: RadioPort
        self._tasks: list[asyncio.Task[None]] = []
        self._told = asyncio.Event()
        self._moved = asyncio.Event()

    @abstractmethod
    async def plug(self) -> None:
        """Make the wire; the first time make `port`, open."""

    @abstractmethod
    async def unplug(self) -> None:
        """Cut the wire."""

    async def cut(self) -> None:
        """Unplug, and let the edge notice where it can."""
        await self.unplug()

    @abstractmethod
    def put(self, data: bytes) -> None:
        """Send a piece towards the edge."""

    def noise(self) -> list[bytes]:
        """What this wire may carry that is none of the radio's."""
        return [b"\xff\x00noise", bytes(40)]

    def now(self) -> float:
        return asyncio.get_running_loop().time() * PACE

    async def begin(self, around: Around) -> None:
        self.around = around
        await self.plug()
        self._tasks = [asyncio.create_task(self._live()), asyncio.create_task(self._listen())]
        await self.until(lambda: bool(self.port.reachable))

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.port.close()
        await self.unplug()

    def take(self, data: bytes) -> None:
        """A piece came from the edge."""
        self.around.receive(data, self.now())
        self.move()

    def move(self) -> None:
        """Something was done in the air."""
        self._moved.set()

    async def until(self, so: Callable[[], bool]) -> None:
        """Wait until something is so, looking whenever anything has happened on either side."""
        async with asyncio.timeout(PATIENCE):
            while not so():
                for task in self._tasks:
                    if task.done():
                        await task  # raises what it died of
                self._told.clear()
                await self._told.wait()

    def send(self, frame: bytes, power: int = 17) -> int:
        return self.port.transmit(GATEWAY, Transmission(frame, FREQUENCY, 8, power))

    async def _live(self) -> None:
        while True:
            self._moved.clear()
            self.around.tick(self.now())
            for data in self.around.data_to_send():
                self.put(data)
            self._told.set()
            try:
                latest = asyncio.get_running_loop().time() + PATIENCE
                async with asyncio.timeout_at(min(self.around.deadline / PACE, latest)):
                    await self._moved.wait()
            except TimeoutError:
                continue

    async def _listen(self) -> None:
        while True:
            self.events += await self.port.read()
            self._told.set()
