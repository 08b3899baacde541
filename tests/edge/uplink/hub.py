"""A small hub for tests: `websockets` and `msgpack`, and nothing of ours, so that the two check each other."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgpack
from websockets.asyncio.server import Server, ServerConnection, serve
from websockets.typing import Subprotocol


class FakeHub:
    """Keeps records in memory as a real one keeps them on disk: what it knows outlives a restart of its server."""

    def __init__(self, subprotocol: str = "chargelink.1.msgpack") -> None:
        self.subprotocol = Subprotocol(subprotocol)
        in_json = subprotocol.endswith("json")
        self.pack: Callable[[Any], bytes | str] = json.dumps if in_json else msgpack.packb
        self.unpack: Callable[[Any], Any] = json.loads if in_json else msgpack.unpackb
        self.port = 0
        self.store: dict[tuple[str, str, int], dict[str, Any]] = {}
        self.conflicts = 0
        self.blocks: dict[tuple[str, int], dict[str, Any]] = {}
        self.gaps: list[dict[str, Any]] = []
        self.measured: dict[str, int] = {}  # up to which it has the telemetry, by epoch
        self.order: list[str] = []  # what was asked
        self.live_interval = 5
        self.boots: list[dict[str, Any]] = []
        self.devices: dict[str, str] = {}
        self.samples: list[dict[str, Any]] = []
        self.heartbeats = 0
        self.answers: dict[str, list[Any]] = {}
        self.paths: list[str] = []
        self.time = 1_000_000  # ms when an edge boots
        self.connection: ServerConnection | None = None
        self.reply: Callable[[list[Any]], Any] | None = None  # in place of the usual answer, unless it gives None
        self.silent: set[str] = set()  # actions that it never answers
        self.asked: list[dict[str, Any]] = []  # what it was asked to authorise
        self.changed = asyncio.Condition()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Server]:
        """Listen; the second time on the same port."""
        async with serve(
            self._edge,
            "127.0.0.1",
            self.port,
            subprotocols=[self.subprotocol],
            compression=None,
        ) as server:
            self.port = next(iter(server.sockets)).getsockname()[1]
            yield server

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to have happened."""
        async with asyncio.timeout(20), self.changed:
            await self.changed.wait_for(condition)

    async def call(self, identifier: str, action: str, payload: dict[str, Any]) -> list[Any]:
        """Ask the edge something and wait for the frame that answers."""
        assert self.connection is not None
        await self.connection.send(self.pack([2, identifier, action, payload]))
        await self.until(lambda: identifier in self.answers)
        return self.answers[identifier]

    async def close(self) -> None:
        """Break the connection off."""
        assert self.connection is not None
        await self.connection.close(1011, "broken")

    def bodies(self, epoch: str) -> list[Any]:
        """What is stored of an epoch, in order."""
        return [msgpack.unpackb(record["body"]) for key, record in sorted(self.store.items()) if key[0] == epoch]

    def have(self, epoch: str) -> int:
        seqs = {seq for stored, _, seq in self.store if stored == epoch}
        return next(seq for seq in range(len(seqs) + 1) if seq + 1 not in seqs)

    async def _edge(self, connection: ServerConnection) -> None:
        self.connection = connection
        assert connection.request is not None
        self.paths.append(connection.request.path)
        async for message in connection:
            frame = self.unpack(message)
            if frame[0] == 2:
                self.order.append(frame[2])
                if frame[2] == "Authorize":
                    self.asked.append(frame[3])
                if frame[2] in self.silent:
                    await self._tell()
                    continue
                reply = (self.reply and self.reply(frame)) or [3, frame[1], self._answer(frame[2], frame[3])]
                await connection.send(reply if isinstance(reply, bytes) else self.pack(reply))
            else:
                self.answers[frame[1]] = frame
            await self._tell()

    async def _tell(self) -> None:
        async with self.changed:
            self.changed.notify_all()

    def _answer(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        match action:
            case "BootNotification":
                self.boots.append(payload)
                self.devices |= {device["id"]: device["state"] for device in payload["devices"]}
                epoch = payload["epoch"]
                last = self.store.get((epoch, "record", self.have(epoch)))
                hashes = {"record": last["hash"]} if last else {}
                return {
                    "currentTime": self.time,
                    "interval": 30,
                    "liveInterval": self.live_interval,
                    "have": {
                        "record": self.have(epoch),
                        "telemetry": self.measured.get(payload["telemetryEpoch"] or "", 0),
                    },
                    "hashes": hashes,
                }
            case "StatusNotification":
                self.devices |= {device["id"]: device["state"] for device in payload["devices"]}
            case "MeterValues":
                self.samples += payload["samples"]
            case "Heartbeat":
                self.heartbeats += 1
                return {"currentTime": 1}
            case "Records":
                for record in payload["records"]:
                    assert hashlib.sha256(record["body"]).digest() == record["hash"]
                    key = (payload["epoch"], payload["lane"], record["seq"])
                    self.conflicts += self.store.setdefault(key, record)["hash"] != record["hash"]
                return {"have": self.have(payload["epoch"])}
            case "Telemetry":
                epoch = payload["epoch"]
                for block in payload["blocks"]:
                    known = self.blocks.setdefault((epoch, block["seq"]), block)
                    self.conflicts += known["body"] != block["body"]
                    self.measured[epoch] = max(self.measured.get(epoch, 0), block["seq"])
                self.gaps += payload["gaps"]
                for gap in payload["gaps"]:
                    self.measured[epoch] = max(self.measured.get(epoch, 0), gap["last"])
                return {"have": self.measured[epoch]}
        return {}
