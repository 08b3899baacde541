"""One link under load: handlers that take long or call the edge, edges that flood, edges that do not read."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import msgpack
import pytest
from tests.hub.conftest import PATIENCE
from tests.hub.fake_edge import CallError, FakeEdge
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosedOK

from chargelink.hub.clock import now_ms
from chargelink.hub.gateway import connection, edges
from chargelink.hub.gateway.connection import MOST_OUTGOING, Connection, Handler, RefusalError
from chargelink.hub.gateway.edges import Edges
from chargelink.hub.gateway.listener import Listener
from chargelink.hub.gateway.websocket import Websocket
from chargelink.hub.serve import bound
from chargelink.hub.services.commands import EdgeAwayError, NoAnswerError
from chargelink.link.frames import LARGEST_FRAME, SUBPROTOCOLS, Code
from chargelink.link.messages import (
    Heartbeat,
    HeartbeatResponse,
    Nothing,
    Records,
    RecordsResponse,
    SignCertificateResponse,
    TriggerMessage,
)
from chargelink.link.peer import LATE_ANSWER, MOST_UNANSWERED, CallReceived
from chargelink.link.shape import Shape

CLOCK = HeartbeatResponse(current_time=1)
TRIGGER = TriggerMessage(requested_message="Heartbeat")
ACCEPTED = {"status": "Accepted"}


def batch(number: int, size: int = 10) -> dict[str, Any]:
    record = {"seq": number, "kind": "alarm", "at": 1, "body": bytes(size), "hash": bytes(32)}
    return {"epoch": "e", "first": number, "records": [record]}


@dataclass
class Port:
    """A listener with a handler; its links, and where to reach them."""

    address: str = ""
    links: asyncio.Queue[Connection] = field(default_factory=asyncio.Queue)
    ended: asyncio.Queue[Connection] = field(default_factory=asyncio.Queue)

    async def join(self) -> tuple[FakeEdge, Connection]:
        edge = await FakeEdge.join(self.address)
        return edge, await asyncio.wait_for(self.links.get(), PATIENCE)


@asynccontextmanager
async def listening(handle: Handler) -> AsyncIterator[Port]:
    port = Port()

    async def serving(websocket: Websocket) -> None:
        link = Connection("edge-1", websocket, handle, Counter())
        port.links.put_nowait(link)
        await link.run()
        await link.finish()
        port.ended.put_nowait(link)

    listener = Listener(serving, lambda websocket, request: None, SUBPROTOCOLS, LARGEST_FRAME, PATIENCE, PATIENCE)
    with bound(0) as listening_on:
        port.address = f"ws://127.0.0.1:{listening_on.getsockname()[1]}"
        async with listener.listening(listening_on, 16, None, 1001, "the test is over", PATIENCE):
            yield port


class Gate:
    """A handler whose `Records` wait until it opens; everything else is answered at once."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.begun = asyncio.Semaphore(0)
        self.done: list[int] = []

    def __call__(self, link: Connection, call: CallReceived) -> Shape | Awaitable[Shape]:
        return self.store(call.payload) if isinstance(call.payload, Records) else CLOCK

    async def store(self, records: Records) -> Shape:
        self.begun.release()
        await self.open.wait()
        self.done.append(records.first)
        return RecordsResponse(have=records.first)


async def test_a_handler_may_call_the_edge_and_wait() -> None:
    async def ask_back(link: Connection, call: CallReceived) -> Shape:
        assert await link.call(TRIGGER, PATIENCE)
        return CLOCK

    async with listening(ask_back) as port:
        edge, _ = await port.join()
        edge.answers["TriggerMessage"] = ACCEPTED
        assert await asyncio.gather(*(edge.call("Heartbeat", {}) for _ in range(5))) == [{"currentTime": 1}] * 5
        assert edge.asked.qsize() == 5
        with pytest.raises(CallError, match="InternalError"):  # a clock is the wrong answer to it
            await edge.call("StatusNotification", {"devices": []})
        await edge.close()


async def test_calls_of_one_action_are_handled_in_their_order_and_others_do_not_wait_for_them() -> None:
    gate = Gate()
    async with listening(gate) as port:
        edge, _ = await port.join()
        stored = [asyncio.create_task(edge.call("Records", batch(number))) for number in range(1, 9)]
        await asyncio.wait_for(gate.begun.acquire(), PATIENCE)
        assert await edge.call("Heartbeat", {}) == {"currentTime": 1}
        assert gate.done == []
        gate.open.set()
        assert [answer["have"] for answer in await asyncio.gather(*stored)] == [1, 2, 3, 4, 5, 6, 7, 8]
        assert gate.done == [1, 2, 3, 4, 5, 6, 7, 8]
        await edge.close()


async def test_an_edge_that_floods_is_made_to_wait_and_loses_nothing() -> None:
    gate = Gate()
    many, size = 600, 60_000
    async with listening(gate) as port:
        edge, link = await port.join()
        calls = [asyncio.create_task(edge.call("Records", batch(number, size))) for number in range(1, many + 1)]
        await asyncio.wait_for(gate.begun.acquire(), PATIENCE)
        while not link._peer.is_full:  # noqa: ASYNC110 - it fills as the network brings it
            await asyncio.sleep(0.001)
        held = len(link._peer._unanswered)
        assert held <= MOST_UNANSWERED
        for _ in range(100):  # more comes only when some are done
            await asyncio.sleep(0)
            assert len(link._peer._unanswered) == held
        gate.open.set()
        answers = await asyncio.wait_for(asyncio.gather(*calls), PATIENCE)
        assert [answer["have"] for answer in answers] == [*range(1, many + 1)]
        assert not link.defects
        await edge.close()


class Read:
    """A websocket of which everything has been read already."""

    subprotocol = "chargelink.1.json"

    def __init__(self, *messages: bytes) -> None:
        self.messages = [*messages]
        self.transport = self

    def get_write_buffer_size(self) -> int:
        return 0

    async def recv(self, decode: bool | None = None) -> bytes:
        if not self.messages:
            raise ConnectionClosedOK(None, None)
        return self.messages.pop(0)

    async def send(self, message: bytes | str) -> None:
        pass


async def test_messages_that_take_long_are_not_handled_in_one_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "TURN", -1.0)
    order: list[str] = []

    def handle(link: Connection, call: CallReceived) -> Shape:
        order.append("call")
        asyncio.get_running_loop().call_soon(order.append, "others")
        return CLOCK

    calls = Read(*(b'[2,"%d","Heartbeat",{}]' % number for number in range(3)))
    await Connection("edge-1", cast(Websocket, calls), handle, Counter()).run()
    assert order == ["call", "others"] * 3


async def test_the_answer_of_an_edge_that_floods_is_taken() -> None:
    gate = Gate()
    async with listening(gate) as port:
        edge, link = await port.join()
        asking = asyncio.create_task(link.call(TRIGGER, PATIENCE))
        await asyncio.wait_for(edge.asked.get(), PATIENCE)
        calls = [asyncio.create_task(edge.call("Records", batch(number))) for number in range(1, MOST_UNANSWERED + 6)]
        for late in calls[MOST_UNANSWERED:]:
            with pytest.raises(CallError, match="GenericError"):
                await late
        await edge.frame([3, "1", ACCEPTED])
        assert await asyncio.wait_for(asking, PATIENCE)
        gate.open.set()
        await asyncio.gather(*calls[:MOST_UNANSWERED])
        assert link.defects == {"GenericError": 5}
        await edge.close()


async def test_a_reader_that_has_stopped_goes_on_when_the_edge_is_asked() -> None:
    gate = Gate()
    async with listening(gate) as port:
        edge, link = await port.join()
        edge.answers["TriggerMessage"] = ACCEPTED
        calls = [asyncio.create_task(edge.call("Records", batch(number))) for number in range(1, MOST_UNANSWERED + 1)]
        while not link._peer.is_full:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        assert await link.call(TRIGGER, PATIENCE)
        gate.open.set()
        await asyncio.gather(*calls)
        await edge.close()


async def test_an_edge_that_never_reads_is_cut_and_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "UNREAD", 0.2)
    monkeypatch.setattr(connection, "CLOSING", 0.2)
    most = 0

    def handle(link: Connection, call: CallReceived) -> Shape:
        nonlocal most
        most = max(most, link._peer.outgoing)
        return SignCertificateResponse(status="Accepted", certificate_chain="x" * 60_000)

    async with listening(handle) as port:
        protocols: Any = ["chargelink.1.msgpack"]
        deaf = await connect(f"{port.address}/link/edge-1", subprotocols=protocols, max_queue=1, close_timeout=0)
        link = await port.links.get()
        for number in range(1_000):
            await deaf.send(msgpack.packb([2, str(number), "SignCertificate", {"csr": b""}]))
        assert await asyncio.wait_for(port.ended.get(), PATIENCE) is link
        assert most <= MOST_OUTGOING
        await deaf.close()


async def test_an_edge_that_does_not_read_is_not_asked_more(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(lambda link, call: CLOCK) as port:
        edge, link = await port.join()
        link._sending = True  # somebody is at it, and does not get on
        asking = [asyncio.create_task(link.call(TRIGGER, PATIENCE)) for _ in range(MOST_OUTGOING)]
        await asyncio.sleep(0)
        with pytest.raises(EdgeAwayError):
            await link.call(TRIGGER, PATIENCE)
        link._sending = False
        edge.answers["TriggerMessage"] = ACCEPTED
        await link._send()
        assert len(await asyncio.gather(*asking)) == MOST_OUTGOING
        await edge.close()


async def test_a_late_answer_is_counted_and_nothing_else() -> None:
    async with listening(lambda link, call: CLOCK) as port:
        edge, link = await port.join()
        with pytest.raises(NoAnswerError):
            await link.call(TRIGGER, 0.01)
        await asyncio.wait_for(edge.asked.get(), PATIENCE)
        asking = asyncio.create_task(link.call(TRIGGER, PATIENCE))
        await asyncio.wait_for(edge.asked.get(), PATIENCE)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
        for number in ("1", "2"):
            await edge.frame([3, number, ACCEPTED])
        await edge.call("Heartbeat", {})
        assert link.defects == {LATE_ANSWER: 2}
        await edge.close()


async def test_what_a_handler_refuses_and_what_it_fails_at() -> None:
    def handle(link: Connection, call: CallReceived) -> Shape | Awaitable[Shape]:
        match call.payload:
            case Heartbeat():
                raise RefusalError(Code.SECURITY_ERROR, "no")
            case Records():
                return later()
            case _:
                raise RuntimeError("a bug")

    async def later() -> Shape:
        await asyncio.sleep(0)
        raise RefusalError(Code.NOT_SUPPORTED, "not here")

    async with listening(handle) as port:
        edge, _ = await port.join()
        for action, payload, code in (
            ("Heartbeat", {}, "SecurityError"),
            ("Records", batch(1), "NotSupported"),
            ("StatusNotification", {"devices": []}, "InternalError"),
        ):
            with pytest.raises(CallError, match=code):
                await edge.call(action, payload)
        await edge.close()


async def test_records_at_the_store_are_stored_though_their_link_is_gone() -> None:
    gate = Gate()
    async with listening(gate) as port:
        edge, link = await port.join()
        calls = [asyncio.create_task(edge.call("Records", batch(number))) for number in (1, 2)]
        await asyncio.wait_for(gate.begun.acquire(), PATIENCE)
        await edge.call("Heartbeat", {})  # both have arrived
        await link.close(4001, "a newer link took over")
        await edge.close()
        gate.open.set()
        await asyncio.wait_for(port.ended.get(), PATIENCE)
        assert gate.done == [1]  # the other was not begun, and will come again
        assert all(isinstance(end, ConnectionError) for end in await asyncio.gather(*calls, return_exceptions=True))


async def test_the_newest_link_wins_whichever_says_first_who_it_is() -> None:
    known = Edges()
    async with listening(lambda link, call: Nothing()) as port:
        (first, older), (second, newer) = await port.join(), await port.join()
        assert known.join(newer) is None
        assert known.join(older) is older  # it is to be closed
        assert known.join(newer) is None
        known.leave(older)
        assert known.has("edge-1")
        known.leave(newer)
        assert not known.has("edge-1")
        await first.close()
        assert await asyncio.wait_for(port.ended.get(), PATIENCE) is older
        assert known.join(older) is older  # it has ended before it was done saying who it is
        assert not known.has("edge-1")
        await second.close()


async def test_a_command_whose_time_is_over_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    known = Edges()
    async with listening(lambda link, call: CLOCK) as port:
        edge, link = await port.join()
        known.join(link)
        for expiry in (0, now_ms() - 1, now_ms()):
            with pytest.raises(EdgeAwayError):
                await known.call("edge-1", TRIGGER, expiry)
        await edge.call("Heartbeat", {})
        assert edge.asked.empty()
        await edge.close()
    monkeypatch.setattr(edges, "MOST_WAITING", 2)
    waiting = [asyncio.create_task(known.call("edge-9", TRIGGER, now_ms() + 60_000)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(EdgeAwayError, match="already wait"):
        await known.call("edge-9", TRIGGER, now_ms() + 60_000)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert not known._arrivals
