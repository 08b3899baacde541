"""The tester on a bus: every frame is dated when it comes, logged, and handed to the case that is played."""

import asyncio
from typing import IO

from chargelink.gbt27930.transport import Frame
from chargelink.sim.can_client import CanClient
from chargelink.sim.conformance.bench import Fact
from chargelink.sim.conformance.live.attendants import Awakening
from chargelink.sim.conformance.live.lateness import Lateness
from chargelink.sim.conformance.tester import Tester
from chargelink.sim.socketcand import CanFrame

SEND_PATIENCE = 1.0  # s that a bus may take for the frames of a moment


class FrameLog:
    """Writes what `candump -L` writes. `epoch` is the time of day at moment 0, s."""

    def __init__(self, file: IO[str], epoch: float) -> None:
        self._file = file
        self._epoch = epoch

    def write(self, at: float, frame: CanFrame) -> None:
        digits = 8 if frame.extended else 3
        self._file.write(f"({self._epoch + at:.6f}) can0 {frame.identifier:0{digits}X}#{frame.data.hex().upper()}\n")


class Bus:
    """What comes goes to `tester`, if there is one; `changed` is set then."""

    def __init__(self, client: CanClient, awakening: Awakening, lateness: Lateness, log: FrameLog | None) -> None:
        self.tester: Tester | None = None
        self.changed = asyncio.Event()
        self.jams = 0  # moments in which the bus took nothing
        self._client = client
        self._awakening = awakening
        self._lateness = lateness
        self._log = log
        self._loop = asyncio.get_running_loop()

    async def listen(self) -> None:
        """Hear the bus, for ever. Raises LinkError when it is gone."""
        while True:
            frames = await self._client.receive()
            now = self._loop.time()
            for frame in frames:
                if self._log:
                    self._log.write(now, frame)
                if frame.extended:
                    self._awakening.hear(frame.identifier, now)
                    if self.tester:
                        self.tester.receive(frame.identifier, frame.data, now)
            self.changed.set()

    def observe(self, fact: Fact, holds: bool) -> None:
        """An instrument reports."""
        if self.tester:
            self.tester.observe(fact, holds)

    async def say(self, frames: list[Frame]) -> None:
        """Send. Raises LinkError when the bus is gone; what it does not take in time is counted."""
        if not frames:
            return
        began = self._loop.time()
        carried = [CanFrame(*frame) for frame in frames]
        try:
            async with asyncio.timeout(SEND_PATIENCE):
                await self._client.send(carried)
        except TimeoutError:
            self.jams += 1
        self._lateness.note(self._loop.time() - began)
        for frame in carried if self._log else ():
            assert self._log
            self._log.write(began, frame)
