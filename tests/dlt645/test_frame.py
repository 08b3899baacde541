"""One frame: built strictly, read in full, every cause of refusal in words; an independent package as the judge."""

from contextlib import suppress

import pytest
from dlt645.protocol.protocol import DLT645Protocol  # the judge: only its frame layer is used
from hypothesis import given
from hypothesis import strategies as st

from chargelink.dlt645 import Frame, Frame698
from chargelink.dlt645.frame698 import crc_x25
from chargelink.wire import DecodeError, EncodeError

REPLY = bytes.fromhex("68 61 01 00 00 00 00 68 91 08 33 33 34 33 59 33 33 33 8A 16")

addresses = st.builds(
    lambda wild, digits: "AA" * wild + digits[2 * wild :],
    st.integers(0, 6),
    st.text("0123456789", min_size=12, max_size=12),
)
frames = st.builds(Frame, addresses, st.integers(0, 255), st.binary(max_size=200))


def test_the_parts_of_a_frame() -> None:
    frame = Frame.decode(REPLY)
    assert frame == Frame("000000000161", 0x91, bytes.fromhex("00000100 26000000"))
    assert frame.from_meter
    assert frame.function == 0x11
    assert not frame.refused
    assert not frame.more_follows


@given(frames, st.integers(0, 9))
def test_what_is_built_is_read_the_same(frame: Frame, preamble: int) -> None:
    raw = frame.encode(preamble)
    assert raw[:preamble] == b"\xfe" * preamble
    assert Frame.decode(raw) == frame


@given(frames, st.integers(0, 4))
def test_the_judge_builds_and_reads_the_same(frame: Frame, preamble: int) -> None:
    wire_address = bytes.fromhex(frame.address)[::-1]
    raw = bytes(DLT645Protocol.build_frame(wire_address, frame.control, frame.data, preamble))
    assert frame.encode(preamble) == raw
    judged = DLT645Protocol.deserialize(raw)
    assert judged is not None
    assert (bytes(judged.addr), judged.ctrl_code, bytes(judged.data)) == (wire_address, frame.control, frame.data)


@given(st.binary(max_size=64))
def test_any_bytes_are_a_frame_or_raise_the_documented_error(raw: bytes) -> None:
    for kind in (Frame, Frame698):
        with suppress(DecodeError):
            kind.decode(raw)


@given(frames, st.data())
def test_one_wrong_byte_is_never_taken(frame: Frame, data: st.DataObject) -> None:
    raw = bytearray(frame.encode(preamble=0))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(DecodeError):
        Frame.decode(bytes(raw))


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty"),
        (b"\xfe\xfe", "preamble only, no frame"),
        (b"\x00" * 12, "no start byte 68"),
        (b"\x00\x00" + REPLY, "2 stray bytes before the frame"),
        (REPLY[:6], "incomplete frame: 6 bytes, header cut"),
        (REPLY[:-1], "incomplete frame: 19 of 20 bytes"),
        (REPLY[:9] + b"\xff" + REPLY[10:], "length FF over the 200-byte limit, 20 of 267 bytes"),
        (REPLY[:7] + b"\x69" + REPLY[8:], "second start byte 69, not 68"),
        (REPLY[:-2] + b"\x8b\x16", "checksum 8B, computed 8A"),
        (REPLY[:-1] + b"\x17", "end byte 17, not 16"),
        (REPLY[:-2] + b"\x00\x00", "checksum 00, computed 8A; end byte 00, not 16"),
        (REPLY + b"\x0d", "1 byte after the frame"),
    ],
)
def test_a_refusal_says_why(raw: bytes, words: str) -> None:
    with pytest.raises(DecodeError, match=f"^{words}$"):
        Frame.decode(raw)


@pytest.mark.parametrize(
    "frame",
    [
        Frame("00000000016", 0x11),
        Frame("0000000001G1", 0x11),
        Frame("00AA00000161", 0x11),
        Frame("00000000016１", 0x11),
        Frame("000000000161", 0x111),
        Frame("000000000161", -1),
        Frame("000000000161", 0x91, bytes(201)),
    ],
)
def test_what_the_standard_forbids_is_not_built(frame: Frame) -> None:
    with pytest.raises(EncodeError):
        frame.encode()


def test_crc_of_698() -> None:
    assert crc_x25(b"123456789") == 0x906E
