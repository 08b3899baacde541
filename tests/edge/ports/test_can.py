"""A CAN bus over TCP against the simulated server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.edge.ports import can
from chargelink.edge.ports.address import AddressError, LinkError
from chargelink.edge.ports.can import CanBus, CanFrame
from chargelink.edge.ports.socketcand import Messages, connect, decoded, encode
from chargelink.sim.can_bus import Member

PATIENCE = 10.0  # s
FRAME = CanFrame(0x181056F4, bytes.fromhex("A510D80E02"))

frames = st.builds(CanFrame, st.integers(0, 0x1FFF_FFFF), st.binary(max_size=8))


@asynccontextmanager
async def server(port: int = 0) -> AsyncIterator[int]:
    members: set[Member] = set()
    listening = await asyncio.get_running_loop().create_server(lambda: Member(members), "127.0.0.1", port)
    async with listening:
        yield listening.sockets[0].getsockname()[1]
        for member in [*members]:
            member.transport.abort()


@asynccontextmanager
async def running(bus: CanBus) -> AsyncIterator[CanBus]:
    task = asyncio.create_task(bus.run())
    try:
        yield bus
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not so():  # noqa: ASYNC110 - nothing tells when a server let go
            await asyncio.sleep(0.005)


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(can, "REOPENS_AFTER", (0.01, 0.02))


async def test_frames_go_to_the_others_in_order() -> None:
    heard: list[CanFrame] = []
    async with server() as port:
        address = f"socketcand://127.0.0.1:{port}/can0"
        async with running(CanBus(address, heard.append)) as one, running(CanBus(address, heard.append)) as other:
            await until(lambda: one.connected and other.connected)
            sent = [CanFrame(FRAME.identifier, bytes((number,))) for number in range(8)]
            one.send(sent)
            await until(lambda: len(heard) == len(sent))
            assert heard == sent  # and not back to their sender


async def test_a_bus_that_went_away_is_opened_again_and_nothing_old_is_sent() -> None:
    heard: list[CanFrame] = []
    async with server() as port:
        bus = CanBus(f"socketcand://127.0.0.1:{port}/can0", lambda frame: None)
        task = asyncio.create_task(bus.run())
        await until(lambda: bus.connected)
    await until(lambda: not bus.connected)
    bus.send([FRAME, FRAME])
    assert bus.dropped == 2
    async with server(port), running(CanBus(f"socketcand://127.0.0.1:{port}/can0", heard.append)) as other:
        await until(lambda: bus.connected and other.connected)
        fresh = CanFrame(FRAME.identifier, b"new")
        bus.send([fresh])
        await until(lambda: bool(heard))
        assert heard == [fresh]
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not bus.connected


async def test_who_does_not_speak_socketcand_is_no_bus() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n< what >")
        await writer.drain()
        writer.close()

    listening = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with listening:
        port = listening.sockets[0].getsockname()[1]
        with pytest.raises(LinkError):
            await connect("127.0.0.1", port, "can0")
    with pytest.raises(LinkError):
        await connect("127.0.0.1", port, "can0")


@pytest.mark.parametrize(
    "address",
    [
        "socketcand://127.0.0.1:29536",
        "socketcand:can0",
        "socketcan:",
        "socketcan://host/can0",
        "slcan:/dev/ttyACM0",
        "can0",
        "socketcan:can0?bitrate=250000",
    ],
)
def test_what_is_no_bus_is_refused(address: str) -> None:
    with pytest.raises(AddressError):
        CanBus(address, lambda frame: None)


TEXTS = [
    ("frame 181056F4 1560.250000 A510D80E02", FRAME),
    ("frame 181056f4 1560.25 a5 10 d8 0e 02", FRAME),
    ("frame 181056F4 1.0", CanFrame(0x181056F4, b"")),
    ("frame 123 1.0 00", None),  # 11 bits
    ("frame 381056F4 1.0 00", None),  # more than 29
    ("frame 181056F4 1.0 112233445566778899", None),
    ("frame 181056F4 1.0 1", None),
    ("frame 181056F4 1.0 XY", None),
    ("frame 18105_F4 1.0 00", None),
    ("frame", None),
    ("ok", None),
    ("error 181056F4 1.0 00", None),
]


@pytest.mark.parametrize(("text", "frame"), TEXTS)
def test_texts(text: str, frame: CanFrame | None) -> None:
    assert decoded(text) == frame


def test_a_frame_is_sent_as_socketcand_wants_it() -> None:
    assert encode(FRAME) == b"< send 181056F4 5 a5 10 d8 e 2 >"


@given(st.lists(frames, max_size=5), st.data(), st.binary(max_size=8).filter(lambda noise: not {*b"<>"} & {*noise}))
def test_chunking_never_matters(sent: list[CanFrame], data: st.DataObject, noise: bytes) -> None:
    stream = b"".join(b"%s< frame %08X 1.0 %s >" % (noise, f.identifier, f.data.hex().encode()) for f in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    messages = Messages()
    texts = [t for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True) for t in messages.feed(stream[a:b])]
    assert [decoded(text) for text in texts] == sent


@given(st.lists(st.binary(max_size=700), max_size=8))
def test_any_bytes_are_survived_and_not_kept(chunks: list[bytes]) -> None:
    messages = Messages()
    for chunk in chunks:
        for text in messages.feed(chunk):
            decoded(text)
        assert len(messages._rest) <= 512
