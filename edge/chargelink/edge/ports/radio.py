"""The one face of every radio: packet forwarders, MQTT gateways and serial modems look alike to the site.

    gwmp://127.0.0.1:1700     Semtech's packet forwarder
    mqtt://127.0.0.1:1883     gateways of ChirpStack
    rak:/dev/ttyUSB0          a RAKwireless RUI3 modem
    ebyte:/dev/ttyUSB0        an EBYTE E22-400T22 modem

A port adds I/O to a codec of `chargelink.lora_radio` and nothing else. What may be sent is checked here, in front of
every one of them.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable

from chargelink.lora_radio.radio import Capabilities, RadioEvent, Transmission, check

MOST_WAITING = 512  # of what came in; more than these come only from somebody who floods us


class RadioPort(ABC):
    """A way to the air. Needs a running loop; `open` it before anything else.

    `counts` says how many events of each class were told, `dropped` how much came in while MOST_WAITING waited.
    """

    def __init__(self, capabilities: Capabilities) -> None:
        self.capabilities = capabilities
        self.counts: Counter[str] = Counter()
        self.dropped = 0

    @property
    @abstractmethod
    def reachable(self) -> frozenset[bytes]:
        """Gateways through which a packet can be sent."""

    @abstractmethod
    async def open(self) -> None:
        """Begin. Raises LinkError for what no waiting mends; a gateway that is merely not there yet is waited for."""

    @abstractmethod
    async def close(self) -> None:
        """Listen no more; once or more often."""

    def transmit(self, gateway: bytes, transmission: Transmission) -> int:
        """Have a packet sent; the token names it in a later Transmitted or TransmitUnanswered.

        Raises ForbiddenError for what the band or the radio forbids, LinkError when the gateway cannot be reached.
        """
        check(transmission, self.capabilities)
        return self._transmit(gateway, transmission)

    async def read(self) -> list[RadioEvent]:
        """What happened; waits for the next event, or for `wake`. If cancelled nothing is lost."""
        return self._counted(await self._read())

    def tick(self) -> list[RadioEvent]:
        """Let time pass: gateways that went away, packets of which nobody says whether they were sent."""
        return self._counted(self._tick())

    @abstractmethod
    def wake(self) -> None:
        """Let `read` return: something is to be sent."""

    @abstractmethod
    def _transmit(self, gateway: bytes, transmission: Transmission) -> int: ...

    @abstractmethod
    async def _read(self) -> list[RadioEvent]: ...

    def _tick(self) -> list[RadioEvent]:
        return []

    def _counted(self, events: list[RadioEvent]) -> list[RadioEvent]:
        self.counts.update(type(event).__name__ for event in events)
        return events


class QueuedRadio(RadioPort):
    """A port whose events are told by a task of its own."""

    def __init__(self, capabilities: Capabilities) -> None:
        super().__init__(capabilities)
        self._events: asyncio.Queue[RadioEvent | None] = asyncio.Queue(MOST_WAITING)

    def wake(self) -> None:
        if self._events.empty():
            self._events.put_nowait(None)

    def _tell(self, events: Iterable[RadioEvent]) -> None:
        for event in events:
            if self._events.full():
                self.dropped += 1
            else:
                self._events.put_nowait(event)

    async def _read(self) -> list[RadioEvent]:
        waiting = [await self._events.get()]
        while not self._events.empty():
            waiting.append(self._events.get_nowait())
        return [event for event in waiting if event is not None]
