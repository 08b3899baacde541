"""What the hub is compared with, each a process of its own: `python -m bench.hub.servers echo|ocpp`.

echo    `websockets` on uvloop, and nothing else: answers with as many bytes as the hub would, without looking at a call
ocpp    PyPI `ocpp` as a central system of OCPP 2.0.1, on the same `websockets` and uvloop
"""

import asyncio
import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import msgpack
import uvloop
from ocpp.routing import on
from ocpp.v201 import ChargePoint, call_result
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from chargelink.hub.collector import spare

BACKLOG = 1024
INTERVAL = 30
HEARTBEAT_ANSWER = msgpack.packb({"currentTime": 1_771_689_600_123})


async def echo(socket: ServerConnection) -> None:
    """The first call is answered so that an edge believes it, all others by their id and the answer's bytes."""
    try:
        _, call, *_ = msgpack.unpackb(await socket.recv())
        boot = {"currentTime": 1_771_689_600_123, "interval": INTERVAL, "have": {}}
        await socket.send(msgpack.packb([3, call, boot]))
        async for message in socket:
            assert isinstance(message, bytes)
            end = 3 + (message[2] & 0x1F)
            await socket.send(b"\x93\x03" + message[2:end] + (b"\x80" if len(message) > 40 else HEARTBEAT_ANSWER))
    except ConnectionClosed:
        pass


class Station(ChargePoint):  # type: ignore[misc]
    """One charging station at the central system."""

    @on("BootNotification")  # type: ignore[untyped-decorator]
    def boot(self, **_: Any) -> call_result.BootNotification:
        return call_result.BootNotification(clock(), INTERVAL, "Accepted")

    @on("Heartbeat")  # type: ignore[untyped-decorator]
    def heartbeat(self) -> call_result.Heartbeat:
        return call_result.Heartbeat(clock())

    @on("MeterValues")  # type: ignore[untyped-decorator]
    def meter_values(self, **_: Any) -> call_result.MeterValues:
        return call_result.MeterValues()


def clock() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def ocpp(socket: ServerConnection) -> None:
    assert socket.request is not None
    with suppress(ConnectionClosed):
        await Station(socket.request.path.rpartition("/")[2], socket).start()


async def main(name: str, port: int) -> None:
    handler, subprotocol = {"echo": (echo, "chargelink.1.msgpack"), "ocpp": (ocpp, "ocpp2.0.1")}[name]
    names = [Subprotocol(subprotocol)]
    logging.disable(logging.WARNING)
    async with serve(handler, "127.0.0.1", port, subprotocols=names, compression=None, backlog=BACKLOG) as server:
        spare()
        print(f"ready link=ws://127.0.0.1:{next(iter(server.sockets)).getsockname()[1]}", flush=True)
        await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(sys.argv[1], int(sys.argv[2])))
