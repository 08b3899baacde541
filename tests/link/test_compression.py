"""Compressed frames: who gets them, what they save, and what a hostile one cannot do."""

import hashlib
import json
import re
import zlib
from pathlib import Path
from typing import Any

import msgpack
import pytest
from tests.link.curves import CAR_SESSION, car

from chargelink.link.dictionary import DICTIONARY
from chargelink.link.frames import COMPRESSIONS, LARGEST_FRAME, WORTH_COMPRESSING, Codec
from chargelink.link.messages import (
    BootNotification,
    BootNotificationResponse,
    Device,
    MeterValues,
    StatusNotification,
)
from chargelink.link.peer import CallReceived, Defect, Peer

DEVICES = tuple(
    Device(id=f"gun-{number}", kind="gun", state="idle", at=number, detail={"words": "the same again"})
    for number in range(100)
)
DETAIL = {
    "phase": "charging",
    "session": CAR_SESSION,
    "voltage": 400_100,
    "current": 119_900,
    "soc": 500,
    "guard": "permit",
}
SHA = "7a7fa83a12781345ab018e3dcec6e39f5c7dd78cc46f60bb5a7bb69f20df9fb0"
STATUS = StatusNotification(devices=DEVICES)


WORDS = [
    ("zlib", "zlib"),
    (None, "zlib"),
    ("zlib", None),
    ("brotli", "zstd"),
    ("zlib.1", "zlib.1"),
    ("zlib.1", "zlib"),
    ("zlib", "zlib.1"),
    (None, "zlib.1"),
]


def boot(word: str | None) -> BootNotification:
    return BootNotification(edge_id="e", epoch="a", software="1", compression=word)


def answer(word: str | None) -> BootNotificationResponse:
    return BootNotificationResponse(current_time=1, interval=1, compression=word)


def booted(codec: Codec, of_edge: str | None, of_hub: str | None) -> tuple[Peer, Peer]:
    edge, hub = Peer("edge", codec), Peer("hub", codec)
    edge.call(boot(of_edge), 0.0)
    for message in edge.data_to_send():
        for event in hub.receive(message, 0.0):
            assert isinstance(event, CallReceived)
            hub.answer(event.id, answer(of_hub))
    for message in hub.data_to_send():
        edge.receive(message, 0.0)
    return edge, hub


@pytest.mark.parametrize("codec", Codec)
@pytest.mark.parametrize(("of_edge", "of_hub"), WORDS)
def test_who_is_sent_compressed_frames(codec: Codec, of_edge: str | None, of_hub: str | None) -> None:
    edge, hub = booted(codec, of_edge, of_hub)
    assert (edge.compress, hub.compress) == tuple(word if word in COMPRESSIONS else None for word in (of_hub, of_edge))
    edge.call(STATUS, 0.0)
    [message] = edge.data_to_send()
    plain = codec.pack([2, "2", "StatusNotification", STATUS])
    if of_hub in COMPRESSIONS:
        assert isinstance(message, bytes)  # a binary message, in JSON too
        assert message[0] == 0x78
        assert len(message) < len(plain) / 3
    else:
        assert message == (plain.decode() if codec.text else plain)
    [event] = hub.receive(message, 0.0)
    assert isinstance(event, CallReceived)
    assert event.payload == STATUS


def test_who_never_said_a_word_of_it_is_read() -> None:
    hub = Peer("hub")
    frame = zlib.compress(msgpack.packb([2, "1", "Heartbeat", {}]))
    assert isinstance(hub.receive(frame, 0.0)[0], CallReceived)


def test_a_short_frame_of_the_present_takes_a_third_with_the_dictionary() -> None:
    charge = [*car(100)]
    shapes = (
        StatusNotification(
            devices=(Device(id="gun-1", kind="gun", state="charging", at=charge[-1].at, detail=DETAIL),)
        ),
        MeterValues(samples=(charge[-1],)),
    )
    for shape in shapes:
        edge, hub = booted(Codec.MSGPACK, "zlib.1", "zlib.1")
        edge.call(shape, 0.0)
        [message] = edge.data_to_send()
        assert len(message) < len(Codec.MSGPACK.pack([2, "2", type(shape).__name__, shape])) * 0.6
        [event] = hub.receive(message, 0.0)
        assert isinstance(event, CallReceived)
        assert event.payload == shape


def test_a_stream_that_needs_another_dictionary_is_refused() -> None:
    deflater = zlib.compressobj(zdict=b"another")
    [defect] = Peer("hub").receive(deflater.compress(b"another thing") + deflater.flush(), 0.0)
    assert isinstance(defect, Defect)


def test_the_dictionary_never_changes_and_stands_on_the_page() -> None:
    assert hashlib.sha256(DICTIONARY).hexdigest() == SHA
    page = (Path(__file__).parents[2] / "docs" / "protocols" / "link.md").read_text()
    rows = re.findall(r"^    ([0-9a-f ]+)$", page.partition("## The dictionary\n")[2], re.MULTILINE)
    assert bytes.fromhex(" ".join(rows)) == DICTIONARY


def test_short_frames_and_those_that_do_not_shrink_travel_as_they_are() -> None:
    edge, _ = booted(Codec.MSGPACK, "zlib", "zlib")
    edge.call(StatusNotification(devices=DEVICES[:5]), 0.0)
    noise = "".join(chr(0x4E00 + number * 7919 % 20_000) for number in range(5000))
    edge.call(StatusNotification(devices=(Device(id="g", kind="gun", state="", at=1, detail={noise: ""}),)), 0.0)
    short, noisy = edge.data_to_send()
    assert len(short) < WORTH_COMPRESSING < len(noisy)
    assert short[0] == 0x94
    assert isinstance(noisy, bytes)
    assert len(noisy) <= len(msgpack.packb([2, "3", "StatusNotification", {"devices": [{noise: ""}]}])) + 100


def call(size: int) -> bytes:
    """A call whose frame has so many bytes."""
    empty = len(msgpack.packb([2, "1", "Heartbeat", {"pad": bytes(70_000)}])) - 70_000
    frame: bytes = msgpack.packb([2, "1", "Heartbeat", {"pad": bytes(size - empty)}])
    assert len(frame) == size
    return frame


def test_a_frame_may_be_as_large_compressed_as_plain() -> None:
    assert isinstance(Peer("hub").receive(zlib.compress(call(LARGEST_FRAME)), 0.0)[0], CallReceived)
    assert isinstance(Peer("hub").receive(call(LARGEST_FRAME), 0.0)[0], CallReceived)


GOOD = zlib.compress(msgpack.packb([2, "1", "Heartbeat", {}]))
HOSTILE: list[tuple[bytes, str]] = [
    (zlib.compress(call(LARGEST_FRAME + 1)), "more than"),
    (zlib.compress(bytes(50 << 20), 9), "more than"),
    (GOOD[:-1], "end is missing"),
    (GOOD[:3], "end is missing"),
    (b"\x78", "end is missing"),
    (GOOD + b"\x00", "follows"),
    (GOOD + GOOD, "follows"),
    (GOOD[:-1] + bytes([GOOD[-1] ^ 1]), "does not decompress"),
    (b"\x78\x01" + b"\xff" * 100, "does not decompress"),
    (b"\x78\xbb" + b"\x00" * 20, "does not decompress"),  # asks for a dictionary
    (zlib.compress(GOOD), "a frame is an array"),  # once is enough
    (zlib.compress(b""), "no MessagePack"),
]


@pytest.mark.parametrize(("message", "words"), HOSTILE)
def test_hostile_streams_are_refused(message: bytes, words: str) -> None:
    assert len(message) <= LARGEST_FRAME
    hub = Peer("hub")
    [defect] = hub.receive(message, 0.0)
    assert isinstance(defect, Defect)
    assert words in defect.text
    [sent] = hub.data_to_send()
    assert msgpack.unpackb(sent)[:3] == [4, "-1", defect.kind]


def test_compressed_json_is_a_binary_message() -> None:
    edge, hub = booted(Codec.JSON, "zlib", "zlib")
    edge.call(STATUS, 0.0)
    [message] = edge.data_to_send()
    assert isinstance(message, bytes)
    frame: list[Any] = json.loads(zlib.decompress(message))
    assert frame[:3] == [2, "2", "StatusNotification"]
    assert hub.compress
