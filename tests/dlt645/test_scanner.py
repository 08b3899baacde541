"""Frames out of streams: noise, traps, every chunking, silence, hostile input."""

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.dlt645.vectors import ROWS, raw

from chargelink.dlt645 import Defect, Frame, Noise, Received, Scanner
from chargelink.dlt645.scanner import DLT645, DLT698, ScanEvent

REPLY = bytes.fromhex("68 61 01 00 00 00 00 68 91 08 33 33 34 33 59 33 33 33 8A 16")
FRAME = Frame.decode(REPLY)
STREAM = b"".join(b"\x00\x68" * (number % 3) + raw(row) for number, row in enumerate(ROWS))


def scanned(chunks: Iterable[bytes], scanner: Scanner | None = None) -> list[ScanEvent]:
    scanner = scanner or Scanner((DLT645, DLT698))
    return [event for chunk in chunks for event in scanner.receive(chunk, 0.0)] + scanner.flush()


def frames(events: Iterable[ScanEvent]) -> list[Frame]:
    return [e.frame for e in events if isinstance(e, Received) and isinstance(e.frame, Frame)]


def split(stream: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = sorted({0, len(stream), *(cut % (len(stream) + 1) for cut in cuts)})
    return [stream[start:end] for start, end in pairwise(places)]


@given(st.lists(st.integers(0, len(STREAM)), max_size=40))
def test_chunking_never_matters(cuts: list[int]) -> None:
    assert scanned(split(STREAM, cuts)) == scanned([STREAM])


def test_byte_by_byte() -> None:
    assert scanned(STREAM[at : at + 1] for at in range(len(STREAM))) == scanned([STREAM])


framed = st.builds(
    Frame,
    st.sampled_from(["042109984068", "000000611668", "681668166816", "166816681668", "AAAAAAAAAAAA"]),
    st.integers(0, 255),
    st.lists(st.sampled_from([0x35, 0xE3, 0x00, 0x33, 0xCD]), max_size=12).map(bytes),
).map(lambda frame: frame.encode(preamble=2))
noise = st.lists(st.sampled_from([0x00, 0x16, 0x91, 0xFF, 0xFE]), max_size=12).map(bytes)


@given(st.lists(st.tuples(noise, framed), min_size=1, max_size=6), st.lists(st.integers(0, 999), max_size=9))
def test_no_frame_is_lost_among_noise_without_start_bytes(pairs: list[tuple[bytes, bytes]], cuts: list[int]) -> None:
    stream = b"".join(part for pair in pairs for part in pair)
    assert frames(scanned(split(stream, cuts))) == [Frame.decode(frame) for _, frame in pairs]


@given(st.lists(st.one_of(st.binary(max_size=30), st.sampled_from([b"\x68", REPLY, b"\x16"])), max_size=12))
def test_every_byte_is_accounted_for(chunks: list[bytes]) -> None:
    events = scanned(chunks)
    preambles = sum(event.preamble for event in events if isinstance(event, Received))
    total = sum(len(event.raw) for event in events) + preambles
    # FE before a damaged frame is its preamble, and the only thing that nobody reports.
    assert total <= len(b"".join(chunks)) <= total + b"".join(chunks).count(0xFE)


@given(st.binary(max_size=400))
def test_a_frame_after_anything_is_found(before: bytes) -> None:
    """Whatever came before: once the line was quiet the next frame is found."""
    scanner = Scanner()
    scanner.receive(before, 0.0)
    assert frames(scanner.receive(REPLY, 0.5))[-1:] == [FRAME]


@pytest.mark.parametrize(
    "before",
    [
        b"\x68" + bytes(6),  # the real start byte looks like the second one of a frame seven bytes early
        bytes.fromhex("68 00 00 00 00 00 00 68 91 00"),  # a header with no data
        b"\x68\x68",
        b"\x16",
        bytes.fromhex("56 7B 16"),
        b"\xaa\xaa",
        REPLY[:-1],
        REPLY[:11],
    ],
    ids=lambda before: before.hex(" "),
)
def test_false_starts_cost_no_frame(before: bytes) -> None:
    assert frames(scanned([before + REPLY])) == [FRAME]


def test_a_false_header_hides_a_frame_until_the_line_is_quiet() -> None:
    scanner = Scanner()
    assert scanner.receive(bytes.fromhex("68 00 00 00 00 00 00 68 91 FF") + REPLY, now=10.0) == []
    assert scanner.deadline == 10.5
    assert scanner.tick(10.4) == []
    assert frames(scanner.tick(10.5)) == [FRAME]
    assert scanner.deadline is None
    assert scanner.noise_bytes == 10


def test_bytes_in_time_belong_together_and_late_ones_do_not() -> None:
    scanner = Scanner()
    scanner.receive(REPLY[:10], now=0.0)
    assert frames(scanner.receive(REPLY[10:], now=0.499)) == [FRAME]
    scanner.receive(REPLY[:10], now=1.0)
    assert frames(scanner.receive(REPLY[10:], now=1.5)) == []


def test_a_damaged_frame_is_told_from_noise() -> None:
    damaged = REPLY[:-2] + b"\x8b\x16"
    noise, defect, received = scanned([b"\x00\x01", b"\xfe" * 4 + damaged, b"\xfe\xfe" + REPLY])
    assert noise == Noise(b"\x00\x01")
    assert isinstance(defect, Defect)
    assert (defect.raw, defect.reason.english) == (damaged, "checksum 8B, computed 8A")
    assert received == Received(FRAME, REPLY, preamble=2)


def test_a_cut_frame_is_a_defect_at_the_end() -> None:
    (defect,) = scanned([REPLY[:15]])
    assert isinstance(defect, Defect)
    assert defect.reason.english == "incomplete frame: 15 of 20 bytes"


@pytest.mark.parametrize(
    "hostile",
    [b"\x68", b"\x68\x16", bytes.fromhex("68 16 16 16 16 16 16 68 16 FF"), b"\xfe", b"\x00"],
    ids=lambda hostile: hostile.hex(" "),
)
def test_hostile_streams_are_dropped_and_memory_stays_flat(hostile: bytes) -> None:
    scanner = Scanner((DLT645, DLT698))
    for _ in range(300):
        scanner.receive(hostile * 100, 0.0)
        assert len(scanner._held) < 0x4100  # the longest frame of 698.45
        assert len(scanner._dropped) < 600
    assert frames(scanner.flush() + scanner.receive(REPLY, 1.0)) == [FRAME]
