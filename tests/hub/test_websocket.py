"""The hub's own shell around the websocket protocol, against the client of `websockets` and against bare bytes."""

import asyncio
import gc
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, ConnectionClosedOK, InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.http11 import Request, Response

from chargelink.hub.gateway import listener as listeners
from chargelink.hub.gateway import websocket as websockets
from chargelink.hub.gateway.listener import Listener
from chargelink.hub.gateway.websocket import Websocket

PATIENCE = 30  # s for what takes much less
LARGEST = 1 << 16
HANDSHAKE = (
    b"GET / HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
)
KEY = b"Sec-WebSocket-Protocol: one\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"


def admit(socket: Websocket, request: Request) -> Response | None:
    return socket.respond(HTTPStatus.NOT_FOUND, "not here\n") if request.path == "/nowhere" else None


async def echo(socket: Websocket) -> None:
    with suppress(ConnectionClosed):
        while True:
            await socket.send(await socket.recv())


@asynccontextmanager
async def listening(
    handler: Callable[[Websocket], Awaitable[None]] = echo, opening: float = PATIENCE, closing: float = PATIENCE
) -> AsyncIterator[tuple[Listener, int]]:
    """A listener and its port."""
    with socket.create_server(("127.0.0.1", 0)) as port:
        listener = Listener(handler, admit, ["one", "two"], LARGEST, opening, closing)
        async with listener.listening(port, 100, None, 1001, "we go", PATIENCE):
            yield listener, port.getsockname()[1]


def client(port: int, path: str = "/", **options: object) -> connect:
    options = {"subprotocols": ["one"], "compression": None, "max_size": None} | options
    return connect(f"ws://127.0.0.1:{port}{path}", **options)  # type: ignore[arg-type]


async def until(good: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not good():  # noqa: ASYNC110 - asking again is the condition
            await asyncio.sleep(0.01)


async def farewell(connection: ClientConnection) -> tuple[int | None, str | None]:
    await asyncio.wait_for(connection.wait_closed(), PATIENCE)
    return connection.close_code, connection.close_reason


async def test_a_message_has_so_many_parts_and_no_more() -> None:
    async with listening() as (_, port), client(port) as connection:
        await connection.send([b""] * (websockets.MOST_PARTS - 1) + [b"x"])  # and an empty one that ends it: too many
        assert (await farewell(connection))[0] == 1009
    async with listening() as (_, port), client(port) as connection:
        await connection.send([b""] * (websockets.MOST_PARTS - 2) + [b"x"])
        assert await connection.recv() == b"x"


async def test_who_pings_and_reads_no_pong_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(websockets, "LARGEST_UNREAD", 1 << 20)
    async with listening() as (listener, port):
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1)
        writer.write(HANDSHAKE + KEY)
        ping = Frame(Opcode.PING, bytes(125)).serialize(mask=True)
        with suppress(ConnectionError):
            while True:
                writer.write(ping * 1000)
                await writer.drain()
        await until(lambda: not listener.websockets)
        writer.close()


async def test_text_and_bytes_come_back_whole_however_they_were_cut() -> None:
    async with listening() as (_, port), client(port, subprotocols=["three", "two"]) as connection:
        assert connection.subprotocol == "two"
        for message in ("充电", b"\x00\xff", "", b"", b"x" * LARGEST):
            await connection.send(message)
            assert await connection.recv() == message
        await connection.send(["充", "电", "桩"])
        assert await connection.recv() == "充电桩"
        await connection.send([b"a", b"", b"b"])
        assert await connection.recv() == b"ab"
        await asyncio.wait_for(await connection.ping(), PATIENCE)


@pytest.mark.parametrize("piece", [1, 7])
async def test_bytes_may_arrive_in_any_pieces(piece: int) -> None:
    async with listening() as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        data = HANDSHAKE + KEY + Frame(Opcode.TEXT, b"hello").serialize(mask=True)
        for at in range(0, len(data), piece):
            writer.write(data[at : at + piece])
            await writer.drain()
            await asyncio.sleep(0)
        answer = await asyncio.wait_for(reader.readuntil(b"hello"), PATIENCE)
        assert answer.startswith(b"HTTP/1.1 101 ")
        writer.close()


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (HANDSHAKE.replace(b"GET / ", b"GET /nowhere ") + KEY, b"404"),
        (HANDSHAKE.replace(b"GET", b"POST") + KEY, b"405"),
        (HANDSHAKE + b"\r\n", b"400"),
        (HANDSHAKE.replace(b"Upgrade: websocket\r\n", b"") + KEY, b"426"),
        (b"\xff\xfe\r\n\r\n", b""),  # no HTTP: nobody who would read an answer
    ],
)
async def test_what_is_no_handshake_is_refused_and_ended(request_bytes: bytes, status: bytes) -> None:
    async with listening() as (listener, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request_bytes)
        answer = await asyncio.wait_for(reader.read(), PATIENCE)
        assert answer[9:12] == status
        writer.close()
        await until(lambda: not listener.websockets)


async def test_a_refusal_has_its_words() -> None:
    async with listening() as (_, port):
        with pytest.raises(InvalidStatus) as refused:
            await client(port, "/nowhere")
    assert refused.value.response.body == b"not here\n"


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        (Frame(Opcode.TEXT, b"\xff"), 1007),
        (Frame(Opcode.BINARY, b"x" * (LARGEST + 1)), 1009),
        (Frame(Opcode.CONT, b"of nothing"), 1002),
        (Frame(Opcode.PING, b"half", fin=False), 1002),
    ],
)
async def test_what_breaks_the_protocol_ends_it_with_the_right_code(frame: Frame, code: int) -> None:
    async with listening() as (_, port), client(port) as connection:
        connection.transport.write(frame.serialize(mask=True) if frame.fin else b"\x09\x80\0\0\0\0")
        assert (await farewell(connection))[0] == code


async def test_a_handler_hears_how_it_ended() -> None:
    ended: list[ConnectionClosed] = []

    async def listen(socket: Websocket) -> None:
        try:
            await socket.recv()
        except ConnectionClosed as end:
            ended.append(end)
        with pytest.raises(type(ended[-1])):
            await socket.send("too late")
        await socket.close()  # harmless

    async with listening(listen) as (_, port):
        async with client(port) as connection:
            await connection.close(1000, "bye")
        async with client(port) as connection:
            connection.transport.abort()
        await until(lambda: len(ended) == 2)
    assert [type(end) for end in ended] == [ConnectionClosedOK, ConnectionClosedError]
    assert ended[0].rcvd is not None
    assert ended[0].rcvd.reason == "bye"


async def test_a_handler_that_fails_or_returns_ends_the_connection() -> None:
    async def handle(socket: Websocket) -> None:
        if await socket.recv() == "fail":
            raise RuntimeError("as asked")

    async with listening(handle) as (_, port):
        async with client(port) as connection:
            await connection.send("fail")
            assert (await farewell(connection))[0] == 1011
        async with client(port) as connection:
            await connection.send("go")
            assert (await farewell(connection))[0] == 1000


async def test_who_does_not_listen_slows_who_sends() -> None:
    sent = 0
    reading = asyncio.Event()

    async def pour(socket: Websocket) -> None:
        nonlocal sent
        for sent in range(1, 1001):  # noqa: B007 - how far it came
            await socket.send(b"x" * LARGEST)

    async with listening(pour) as (_, port), client(port, max_queue=1) as connection:
        before = -1
        while before < sent:  # until nothing more goes
            before = sent
            await asyncio.sleep(0.2)
        assert sent < 1000
        reading.set()
        messages = 0
        with suppress(ConnectionClosed):
            while True:
                await connection.recv()
                messages += 1
    assert messages == sent == 1000


async def test_a_slow_handler_slows_who_sends() -> None:
    go = asyncio.Event()
    received = 0

    async def wait(socket: Websocket) -> None:
        nonlocal received
        await go.wait()
        with suppress(ConnectionClosed):
            while True:
                await socket.recv()
                received += 1

    async with listening(wait) as (listener, port), client(port) as connection:
        flood = asyncio.create_task(send_all(connection, 2000))
        await asyncio.wait({flood}, timeout=0.5)
        assert not flood.done()
        assert all(len(one._messages or ()) <= 2 * websockets.MOST_MESSAGES for one in listener.websockets)
        go.set()
        await asyncio.wait_for(flood, PATIENCE)
        await until(lambda: received == 2000)


async def send_all(connection: ClientConnection, count: int) -> None:
    for _ in range(count):
        await connection.send(b"x" * LARGEST)


async def test_silence_is_pinged_and_the_dead_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "SWEEP", 0.01)
    monkeypatch.setattr(websockets, "PING", 0.2)
    async with listening() as (listener, port), client(port, ping_interval=None) as alive:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HANDSHAKE + KEY)
        answer = await asyncio.wait_for(reader.read(), PATIENCE)  # until the hub gives it up
        assert answer.endswith(Frame(Opcode.PING, b"").serialize(mask=False))
        writer.close()
        await alive.send("still here")
        assert await alive.recv() == "still here"
        assert len(listener.websockets) == 1


async def test_a_handshake_and_a_goodbye_have_their_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "SWEEP", 0.01)

    async def leave(socket: Websocket) -> None:
        await socket.close(4001, "go")

    async with listening(leave, opening=0.1, closing=0.1) as (listener, port):
        for sent in (b"", HANDSHAKE, HANDSHAKE + KEY):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            with suppress(ConnectionError):
                await asyncio.wait_for(reader.read(), PATIENCE)
            await until(lambda: not listener.websockets)
            writer.close()


async def test_at_the_end_all_are_told() -> None:
    async with listening() as (_, port):
        first, second = await client(port), await client(port)
    assert [await farewell(one) for one in (first, second)] == [(1001, "we go")] * 2


async def test_what_has_ended_leaves_nothing_to_the_collector() -> None:
    async with listening() as (listener, port):
        async with client(port) as connection:  # whatever is made once is made now
            await connection.send("hello")
            await connection.recv()
        await until(lambda: not listener.websockets and not listener._tasks)
        gc.collect()
        gc.disable()
        try:
            for orderly in (True, False):
                async with client(port) as connection:
                    await connection.send("hello")
                    await connection.recv()
                    if not orderly:
                        connection.transport.abort()
            await until(lambda: not listener.websockets and not listener._tasks)
            await asyncio.sleep(0.05)
            assert not [one for one in gc.get_objects() if type(one) is Websocket]
        finally:
            gc.enable()
