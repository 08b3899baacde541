"""A line of a limited rate between a connection of the edge and a hub, both in the same loop, whose clock may jump."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgpack

OVERHEAD = 80  # bytes of websocket, TLS, TCP and IP around a message
BUFFER = 32_768  # bytes that websockets takes before it makes its user wait
LATENCY = 0.04  # seconds, each way
COMMITS_IN = 0.01  # seconds, at the hub


class Direction:
    """One way: what is sent arrives in order, as fast as the rate allows. `rate` in bit/s."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._free_at = 0.0
        self.bytes = 0
        self.arrived: asyncio.Queue[bytes] = asyncio.Queue()

    async def send(self, message: bytes) -> None:
        loop = asyncio.get_running_loop()
        size = len(message) + OVERHEAD
        self.bytes += size
        self._free_at = max(self._free_at, loop.time()) + size * 8 / self._rate
        loop.call_at(self._free_at + LATENCY, self.arrived.put_nowait, message)
        await asyncio.sleep(max(0.0, self._free_at - loop.time() - BUFFER * 8 / self._rate))


class Socket:
    """What a connection of the edge takes for a websocket."""

    subprotocol = "chargelink.1.msgpack"
    close_reason = None

    def __init__(self, up: Direction, down: Direction) -> None:
        self._up = up
        self._down = down

    async def send(self, message: bytes) -> None:
        await self._up.send(message)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield await self._down.arrived.get()


class Hub:
    """Stores and answers at once, and notes when what came: (loop's seconds, action, payload)."""

    def __init__(self, up: Direction, down: Direction) -> None:
        self._up = up
        self._down = down
        self.heard: list[tuple[float, str, dict[str, Any]]] = []
        self.refused = 0

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            frame = msgpack.unpackb(await self._up.arrived.get())
            if frame[0] != 2:
                self.refused += frame[0] == 4
                continue
            _, call, action, payload = frame
            self.heard.append((loop.time(), action, payload))
            await asyncio.sleep(COMMITS_IN)
            await self._down.send(msgpack.packb([3, call, self._answer(action, payload)]))

    def of(self, action: str) -> list[dict[str, Any]]:
        """What was said under an action."""
        return [payload for _, said, payload in self.heard if said == action]

    def _answer(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        match action:
            case "BootNotification":
                return {"currentTime": 0, "interval": 30, "liveInterval": 5}
            case "Heartbeat":
                return {"currentTime": 0}
            case "Records":
                return {"have": payload["records"][-1]["seq"]}
            case "Telemetry":
                return {"have": payload["blocks"][-1]["seq"]}
        return {}
