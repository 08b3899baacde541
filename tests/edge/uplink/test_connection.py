"""One connection with a hub that misbehaves: memory and log stay small."""

import asyncio
from types import SimpleNamespace
from typing import Any

import msgpack
import pytest
from structlog.testing import capture_logs

from chargelink.edge.uplink.connection import MOST_OUTGOING, Connection, Edge

NOTHING_BEHIND_IT: Any = SimpleNamespace(**dict.fromkeys(Edge._fields))


class DeafHub:
    """Talks without end and reads nothing: what is sent to it never arrives."""

    subprotocol = "chargelink.1.msgpack"
    close_reason = ""

    def __init__(self, message: bytes) -> None:
        self.message = message
        self.said = 0

    def __aiter__(self) -> "DeafHub":
        return self

    async def __anext__(self) -> bytes:
        self.said += 1
        await asyncio.sleep(0)
        return self.message

    async def send(self, message: bytes) -> None:
        await asyncio.Event().wait()


@pytest.mark.parametrize(
    "message",
    [b"\xc1", msgpack.packb([2, "", "X", {}]), msgpack.packb([2, "1", "TriggerMessage", {"requestedMessage": "X"}])],
)
async def test_a_hub_that_talks_and_does_not_read_is_not_heard_for_long(message: bytes) -> None:
    hub: Any = DeafHub(message)
    connection = Connection(hub, NOTHING_BEHIND_IT, asyncio.Event(), lambda: None)
    with capture_logs() as logs:
        listening = asyncio.create_task(connection._listen())
        for _ in range(20 * MOST_OUTGOING):
            await asyncio.sleep(0)
        assert not listening.done()
        assert hub.said == connection._conversation.outgoing == MOST_OUTGOING
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    assert len(logs) <= 2  # the first, and the tenth


async def test_it_is_heard_again_when_it_has_read() -> None:
    hub: Any = DeafHub(b"\xc1")
    connection = Connection(hub, NOTHING_BEHIND_IT, asyncio.Event(), lambda: None)
    listening = asyncio.create_task(connection._listen())
    while connection._conversation.outgoing < MOST_OUTGOING:  # noqa: ASYNC110 - nothing tells
        await asyncio.sleep(0)
    connection._conversation.data_to_send()
    await connection._flush()
    for _ in range(20 * MOST_OUTGOING):
        await asyncio.sleep(0)
    assert hub.said == 2 * MOST_OUTGOING
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
