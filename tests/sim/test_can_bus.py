"""The bus of the simulators: every frame to all others, judged by python-can's socketcand interface."""

import contextlib
import os
import re
import signal
from collections.abc import Iterator
from itertools import pairwise

import can
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sim.processes import PATIENCE, can_bus, facts, simulator

from chargelink.cli.command import CommandError
from chargelink.sim.can_bus import LONGEST_BACKLOG
from chargelink.sim.can_client import CanClient, LinkError, SocketcandClient, joined, parsed
from chargelink.sim.socketcand import CanFrame, Messages, carried, frame, message, send, sent
from chargelink.wire import DecodeError, EncodeError

FRAMES = st.one_of(
    st.builds(CanFrame, st.integers(0, 0x1FFFFFFF), st.binary(max_size=8), st.just(True)),
    st.builds(CanFrame, st.integers(0, 0x7FF), st.binary(max_size=8), st.just(False)),
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with can_bus() as found:
        yield found


@contextlib.contextmanager
def python_can(address: str, name: str = "can0") -> Iterator[can.BusABC]:
    host, port, _ = parsed(address)
    bus = can.Bus(interface="socketcand", host=host, port=port, channel=name)
    try:
        yield bus
    finally:
        bus.shutdown()


def test_every_frame_goes_to_all_others(address: str) -> None:
    frames = [
        can.Message(arbitration_id=0x1826F456, data=b"\x01\x01\x00"),
        can.Message(arbitration_id=0x7FF, data=b"", is_extended_id=False),
        can.Message(arbitration_id=0x1CEC56F4, data=bytes.fromhex("10310007FF000200")),
    ]
    with python_can(address) as sender, python_can(address) as first, python_can(address) as second:
        for sent_frame in frames:
            sender.send(sent_frame)
        for listener in (first, second):
            for sent_frame in frames:
                heard = listener.recv(PATIENCE)
                assert heard
                assert heard.equals(sent_frame, timestamp_delta=None, check_channel=False, check_direction=False)
        second.send(frames[0])
        heard = sender.recv(PATIENCE)  # the first thing the sender hears is not what it said itself
        assert heard
        assert heard.data == frames[0].data


def test_buses_of_other_names_are_apart(address: str) -> None:
    with python_can(address) as ours, python_can(address, "can1") as other, python_can(address, "can1") as heard:
        ours.send(can.Message(arbitration_id=1, data=b"\x01"))
        other.send(can.Message(arbitration_id=2, data=b"\x02"))
        first = heard.recv(PATIENCE)
        assert first
        assert first.arbitration_id == 2


async def test_our_client_and_python_can_hear_each_other(address: str) -> None:
    with python_can(address) as other:
        async with joined(address) as client:
            await client.send([CanFrame(0x181056F4, b"\x01\x02"), CanFrame(0x123, b"", False)])
            first, second = other.recv(PATIENCE), other.recv(PATIENCE)
            assert first
            assert second
            assert (first.arbitration_id, bytes(first.data), first.is_extended_id) == (0x181056F4, b"\x01\x02", True)
            assert (second.arbitration_id, second.dlc, second.is_extended_id) == (0x123, 0, False)
            other.send(can.Message(arbitration_id=0x1812F456, data=b"\x03"))
            assert await client.receive() == [CanFrame(0x1812F456, b"\x03")]


async def test_noise_is_answered_and_hurts_nobody(address: str) -> None:
    async with joined(address) as client, joined(address) as other:
        assert isinstance(client, SocketcandClient)
        for noise in (b"\x00\xff<<<>", b"< open again >", b"< send XYZ 1 00 >", b"< send 100 9 1 >", b"<" + b"x" * 999):
            client._writer.write(noise)
        client._writer.write(b">")  # ends what was too long
        await client.send([CanFrame(0x18FF56F4, b"\x01")])
        assert await other.receive() == [CanFrame(0x18FF56F4, b"\x01")]


async def test_who_does_not_read_is_put_off(address: str) -> None:
    """The others go on meanwhile."""
    async with joined(address) as deaf, joined(address) as sender, joined(address) as listener:
        deaf._reader._transport.pause_reading()  # type: ignore[attr-defined]
        block = [CanFrame(0x18FF0000 + number, bytes(8)) for number in range(1000)]
        size = len(frame(block[0], 1e9)) * len(block)
        heard = 0
        for _ in range(8 * LONGEST_BACKLOG // size):
            await sender.send(block)
            while heard < len(block):
                heard += len(await listener.receive())
            heard = 0
        deaf._reader._transport.resume_reading()  # type: ignore[attr-defined]
        with pytest.raises(LinkError):
            await everything(deaf)


async def everything(client: CanClient) -> None:
    while True:
        await client.receive()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_in_order(number: signal.Signals) -> None:
    with simulator("can-bus") as process, python_can(facts(process)["can"]):
        os.kill(process.pid, number)
        assert process.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    "wrong",
    ["", "can0", "socketcand://", "socketcand://127.0.0.1/can0", "socketcand://127.0.0.1:x/can0", "http://a:1/b"],
)
def test_an_address_that_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(CommandError, match="no address of a bus"):
        parsed(wrong)


async def test_a_bus_that_is_not_there_is_named() -> None:
    with pytest.raises(CommandError, match=re.escape("no CAN bus at socketcand://127.0.0.1:1/can0")):
        async with joined("socketcand://127.0.0.1:1/can0"):
            pass


@given(FRAMES)
def test_frames_travel_both_ways(original: CanFrame) -> None:
    (there,) = Messages().feed(send(original))
    assert sent(there) == original
    (back,) = Messages().feed(frame(original, 1560.25))
    assert carried(back) == (original, 1560.25)


@given(st.lists(FRAMES, max_size=5), st.lists(st.integers(0, 200), max_size=8))
def test_chunks_do_not_matter(frames: list[CanFrame], cuts: list[int]) -> None:
    stream = b" noise ".join(map(send, frames))
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    messages = Messages()
    texts = [text for start, end in pairwise(edges) for text in messages.feed(stream[start:end])]
    assert [sent(text) for text in texts] == frames


@given(st.text(max_size=40))
def test_any_text_is_a_frame_or_the_documented_error(text: str) -> None:
    for read in (sent, carried):
        for line in (text, f"send {text}", f"frame {text}"):
            with contextlib.suppress(DecodeError):
                read(line)


@pytest.mark.parametrize("wrong", [CanFrame(0x800, b"", False), CanFrame(1 << 29, b""), CanFrame(0, bytes(9))])
def test_what_is_no_frame_is_not_sent(wrong: CanFrame) -> None:
    with pytest.raises(EncodeError):
        send(wrong)


def test_a_message_has_brackets() -> None:
    assert message("open", "can0") == b"< open can0 >"
