"""The driver of a line with electricity meters: opens it, polls its meters in turn, opens it again when it is gone."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import structlog

from chargelink.dlt645.line import Line
from chargelink.dlt645.master import MasterEvent, Refused, Reply, TimedOut
from chargelink.dlt645.profiles import STANDARD_PROFILE, Profile
from chargelink.dlt645.timing import Timing
from chargelink.edge.drivers.meter_poll import PERIOD, MeterBack, MeterLost, MeterPoll, PollEvent
from chargelink.edge.drivers.reading import Reading
from chargelink.edge.ports.address import Address, AddressError, LinkError
from chargelink.edge.ports.serial import SerialPort

REOPENS_AFTER = 1.0  # s

log = structlog.get_logger()


@dataclass(frozen=True)
class PolledMeter:
    """A meter on a line, read every `period` s: every reading, and that it is lost or back, is given to `hear`."""

    source: str
    address: str
    hear: Callable[[PollEvent], None]
    profile: Profile = STANDARD_PROFILE
    period: float = PERIOD

    def poll(self, now: float) -> MeterPoll:
        """Raises EncodeError for an address that is none."""
        return MeterPoll(self.source, self.address, now, self.profile, self.period)


class LinePoll:
    """Four verbs for a line and the polls of its meters, told apart by their addresses. No I/O."""

    def __init__(self, polls: Sequence[MeterPoll], timing: Timing) -> None:
        self._line = Line(timing)  # the next round is the next attempt
        self._polls = {poll.address: poll for poll in polls}

    def data_to_send(self) -> bytes:
        """What is to be written to the line now; b"" if nothing."""
        return self._line.data_to_send()

    @property
    def deadline(self) -> float:
        """When `tick` is due."""
        due = [self._line.deadline, *(poll.deadline for poll in self._polls.values())]
        return min(time for time in due if time is not None)

    def receive(self, data: bytes, now: float) -> list[PollEvent]:
        """Take bytes that came in at `now`."""
        return self._go_on(self._line.receive(data, now), now)

    def tick(self, now: float) -> list[PollEvent]:
        """Let time pass."""
        return self._go_on(self._line.tick(now), now)

    def _go_on(self, heard: list[MasterEvent], now: float) -> list[PollEvent]:
        events: list[PollEvent] = []
        for event in heard:
            if isinstance(event, Reply | Refused | TimedOut):
                events += self._polls[event.request.address].hear(event, now)
        for poll in self._polls.values():
            events += poll.tick(now)
            if request := poll.wants(now):
                self._line.ask(request, now, within=poll.period)
        self._line.tick(now)  # sends at once what was just asked for; it hears nothing
        return events


class MeterLine:
    """A line and its meters. `port` is how it is opened."""

    def __init__(self, port: str, meters: Sequence[PolledMeter]) -> None:
        """Raises AddressError, and EncodeError for a meter's address that is none."""
        self._port = Address.parse(port)
        if self._port.scheme != "serial":
            raise AddressError(f"{port!r} is no serial:/dev/DEVICE")
        self._timing = Timing(self._port.number("baud", 9600, 300, 4_000_000))
        self._meters = {meter.source: meter for meter in meters}
        self._told = ""  # why the line was last lost, until it is there again
        for meter in meters:
            meter.poll(0.0)  # says now what is wrong with the address

    async def run(self) -> NoReturn:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        polls = LinePoll([meter.poll(loop.time()) for meter in self._meters.values()], self._timing)
        while True:
            try:
                port = SerialPort(self._port)
                try:
                    await self._converse(polls, port)
                finally:
                    port.close()
            except LinkError as error:
                if str(error) != self._told:  # once for each reason, not once a second
                    self._told = str(error)
                    log.warning("meter line lost", meters=[*self._meters], reason=self._told)
            await self._wait(polls, loop.time() + REOPENS_AFTER)

    async def _converse(self, polls: LinePoll, port: SerialPort) -> NoReturn:
        loop = asyncio.get_running_loop()
        while True:
            self._take(polls.tick(loop.time()))
            port.write(polls.data_to_send())
            try:
                async with asyncio.timeout_at(polls.deadline):
                    data = await port.read()
            except TimeoutError:
                continue
            self._take(polls.receive(data, loop.time()))

    async def _wait(self, polls: LinePoll, until: float) -> None:
        """Let time pass without a line: what would have been sent is lost, and in time so are the meters."""
        loop = asyncio.get_running_loop()
        while (now := loop.time()) < until:
            self._take(polls.tick(now))
            polls.data_to_send()
            await asyncio.sleep(min(polls.deadline, until) - now)

    def _take(self, events: list[PollEvent]) -> None:
        for event in events:
            match event:
                case Reading():
                    self._told = ""
                case MeterLost():
                    log.warning("meter lost", meter=event.source, silent=round(event.silent, 1))
                case MeterBack():
                    log.info("meter back", meter=event.source)
            self._meters[event.source].hear(event)
