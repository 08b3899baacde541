"""An edge for the tests: speaks the link with `websockets` and `msgpack` and nothing of ours."""

import asyncio
import hashlib
import json
import ssl
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Self

import msgpack
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

NIGHT = 1_763_571_600_000  # 2025-11-20 01:00 in China, UTC milliseconds


def identifier(number: int) -> str:
    """A session id: a UUID of version 7, born now, with a number to tell it by."""
    return str(uuid.UUID(int=(int(time.time() * 1000) << 80) | (0x7 << 76) | (0b10 << 62) | number))


PERIODS = [
    {"start": "00:00", "end": "08:00", "name": "valley", "energyPrice": 30_000, "servicePrice": 40_000},
    {"start": "08:00", "end": "24:00", "name": "peak", "energyPrice": 110_000, "servicePrice": 40_000},
]
TARIFF = {"id": "site-1", "version": 1, "name": "night and day", "periods": PERIODS, "perUse": None}
TARIFF_BODY = msgpack.packb(TARIFF)
TARIFF_HASH = hashlib.sha256(TARIFF_BODY).hexdigest()


def started(edge: str, session: str, **other: Any) -> dict[str, Any]:
    """The body of a `session.started`."""
    return {
        "sessionId": session,
        "edgeId": edge,
        "device": "gun-1",
        "kind": "dc",
        "authorisedBy": "local",
        "tariffId": "site-1",
        "tariffHash": TARIFF_HASH,
        "at": NIGHT,
        "start": {"at": NIGHT, "register": 5_000_000},
        **other,
    }


def ended(edge: str, session: str, *, total: int = 700, **other: Any) -> dict[str, Any]:
    """The body of a `session.ended`: 10 kWh in the valley, 3.00 yuan of electricity and 4.00 of service."""
    line = {"period": "valley", "energy": 10_000_000, "because": "10.000000 kWh in the valley"}
    return {
        "sessionId": session,
        "edgeId": edge,
        "device": "gun-1",
        "kind": "dc",
        "authorisedBy": "local",
        "tariffId": "site-1",
        "tariffHash": TARIFF_HASH,
        "startedAt": NIGHT,
        "at": NIGHT + 3_600_000,
        "stopReason": "SOCLimitReached",
        "stoppedBy": "vehicle",
        "readings": [
            {"at": NIGHT, "register": 5_000_000},
            {"at": NIGHT + 3_600_000, "register": 15_000_000},
        ],
        "socStart": 200,
        "socEnd": 800,
        "bill": {
            "sessionId": session,
            "tariffId": "site-1",
            "tariffHash": TARIFF_HASH,
            "rulesVersion": 1,
            "lines": [
                {"what": "energy", "price": 30_000, "amount": 300, **line},
                {"what": "service", "price": 40_000, "amount": 400, **line},
            ],
            "total": total,
            "energy": 10_000_000,
            "verifiedMeter": True,
            "fault": False,
        },
        **other,
    }


def sample(session: str, at: int, **other: Any) -> dict[str, Any]:
    """A point of a session's curve."""
    point = {"voltage": 380_000, "current": 100_000, "power": 38_000_000, "energy": 1_000_000, "soc": 500}
    return {"device": "gun-1", "sessionId": session, "at": at, **point, **other}


def device(name: str = "gun-1", kind: str = "gun", state: str = "idle", **detail: Any) -> dict[str, Any]:
    """A device as it is now."""
    return {"id": name, "kind": kind, "state": state, "at": int(time.time() * 1000), "detail": detail}


def record(seq: int, kind: str, body: Any, **other: Any) -> dict[str, Any]:
    """A record of the journal; a body of bytes is taken as it is."""
    raw = body if isinstance(body, bytes) else msgpack.packb(body)
    return {"seq": seq, "kind": kind, "at": NIGHT, "body": raw, "hash": hashlib.sha256(raw).digest(), **other}


class CallError(Exception):
    """A CALLERROR: code and text."""


class FakeEdge:
    """One link. Answers the hub's calls with what `answers` holds, and remembers them in `asked`."""

    def __init__(self, websocket: ClientConnection, edge: str) -> None:
        self.websocket = websocket
        self.edge = edge
        self.text = websocket.subprotocol == "chargelink.1.json"
        self.answers: dict[str, Any] = {}
        self.takers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {}  # who answers calls, by action
        self.asked: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
        self.refused: asyncio.Queue[list[Any]] = asyncio.Queue()  # CALLERRORs to none of our calls
        self._calls = 0
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._reader = asyncio.create_task(self._read(), name=f"fake edge {edge}")

    @classmethod
    async def join(
        cls,
        link: str,
        edge: str = "edge-1",
        protocol: str = "chargelink.1.msgpack",
        tls: ssl.SSLContext | None = None,
    ) -> Self:
        """Connect, without saying who we are yet."""
        address = f"{link}/link/{edge}"
        return cls(await connect(address, subprotocols=[protocol], ssl=tls), edge)  # type: ignore[list-item]

    async def boot(
        self, epoch: str = "epoch-1", devices: tuple[dict[str, Any], ...] = (), **more: Any
    ) -> dict[str, Any]:
        """Say who we are."""
        said = {"edgeId": self.edge, "epoch": epoch, "software": "fake 1", "devices": list(devices), **more}
        return await self.call("BootNotification", said)

    async def send(self, *records: dict[str, Any], epoch: str = "epoch-1", lane: str = "record") -> int:
        """Send records, in one batch; the watermark that the hub acknowledges."""
        batch = {"epoch": epoch, "first": records[0]["seq"], "records": list(records), "lane": lane}
        return int((await self.call("Records", batch))["have"])

    async def call(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        """Ask the hub. Raises CallError."""
        self._calls += 1
        answer = self._waiting[str(self._calls)] = asyncio.get_running_loop().create_future()
        await self.frame([2, str(self._calls), action, payload])
        result: dict[str, Any] = await asyncio.wait_for(answer, 30)
        return result

    async def frame(self, frame: list[Any]) -> None:
        """Send any frame."""
        await self.websocket.send(json.dumps(frame) if self.text else msgpack.packb(frame))

    async def close(self) -> None:
        await self.websocket.close()
        await self._reader

    async def _read(self) -> None:
        with suppress(ConnectionClosed):
            await self._take_all()
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionError("the link ended"))
                answer.exception()  # the test may not wait for it

    async def _take_all(self) -> None:
        async for message in self.websocket:
            frame = json.loads(message) if isinstance(message, str) else msgpack.unpackb(message)
            if frame[0] == 2:
                await self._answer(*frame[1:])
            elif frame[0] == 3:
                self._waiting.pop(frame[1]).set_result(frame[2])
            elif frame[1] in self._waiting:
                self._waiting.pop(frame[1]).set_exception(CallError(*frame[2:4]))
            else:
                self.refused.put_nowait(frame[1:])

    async def _answer(self, call: str, action: str, payload: dict[str, Any]) -> None:
        if action == "WatchLive":  # which depends on whether somebody watches
            await self.frame([3, call, {"status": "Accepted"}])
            return
        if action in self.takers:
            await self.frame([3, call, self.takers[action](payload)])
            return
        self.asked.put_nowait((action, payload))
        if action in self.answers:
            await self.frame([3, call, self.answers[action]])
