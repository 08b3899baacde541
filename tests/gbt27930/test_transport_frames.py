"""TP.CM and TP.DT as declared: bytes both ways, and the tables themselves."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.gbt27930.bus import CONTROL_FRAMES, frame

from chargelink.gbt27930.transport import frames
from chargelink.gbt27930.transport.frames import (
    CONNECTION,
    NAMES,
    REASONS,
    Abort,
    AbortReason,
    Broadcast,
    ClearToSend,
    Connection,
    Control,
    DataPacket,
    EndOfMessage,
    RequestToSend,
    decode_connection,
    packets_needed,
)
from chargelink.wire import DecodeError, EncodeError

MESSAGES = [
    ("10 31 00 07 FF 00 02 00", RequestToSend(0x10, 49, 7, 0xFF, 0x000200)),
    ("10 31 00 07 07 00 02 00", RequestToSend(0x10, 49, 7, 7, 0x000200)),
    ("10 F9 06 FF 01 00 15 00", RequestToSend(0x10, 1785, 255, 1, 0x001500)),
    ("11 07 01 FF FF 00 02 00", ClearToSend(0x11, 7, 1, 0x000200)),
    ("11 00 FF FF FF 00 02 00", ClearToSend(0x11, 0, 0xFF, 0x000200)),
    ("13 31 00 07 FF 00 02 00", EndOfMessage(0x13, 49, 7, 0x000200)),
    ("20 09 00 02 FF 00 11 00", Broadcast(0x20, 9, 2, 0x001100)),
    ("FF 03 FF FF FF 00 06 00", Abort(0xFF, 3, 0x000600)),
    ("FF FF FF FF FF CA FE 01", Abort(0xFF, 0xFF, 0x01FECA)),
]


@pytest.mark.parametrize(("data", "message"), MESSAGES, ids=[data for data, _ in MESSAGES])
def test_both_ways(data: str, message: Connection) -> None:
    assert decode_connection(bytes.fromhex(data)) == message
    assert message.encode() == bytes.fromhex(data)


@pytest.mark.parametrize("row", CONTROL_FRAMES, ids=lambda row: row["id"])
def test_single_frames_of_real_buses(row: dict[str, Any]) -> None:
    message = decode_connection(frame(row["raw"][0]).data)
    shown_names = {"max_packets": "max_packets_per_CTS", "total_size": "total_size_bytes"}
    fields = {shown_names.get(name, name): value for name, value in msgspec.structs.asdict(message).items()}
    assert NAMES[type(message)] == row["message"]
    assert not fields.pop("flaws")
    assert {**fields, "pgn": f"0x{message.pgn:06X}"} == row["fields"]


def test_reserved_bytes_are_not_compared() -> None:
    assert decode_connection(bytes.fromhex("11 07 01 00 00 00 02 00")) == ClearToSend(0x11, 7, 1, 0x000200)
    assert decode_connection(bytes.fromhex("FF 01 12 34 56 00 02 00")) == Abort(0xFF, 1, 0x000200)


def test_a_data_packet() -> None:
    data = bytes.fromhex("03 00 01 02 03 04 05 06")
    assert DataPacket.decode(data) == DataPacket(3, bytes(range(7)))
    assert DataPacket(3, bytes(range(7))).encode() == data
    assert DataPacket.decode(bytes(8)).flaws, "there is no packet 0"


@pytest.mark.parametrize(
    ("size", "packets"), [(9, 2), (13, 2), (14, 2), (15, 3), (41, 6), (49, 7), (252, 36), (512, 74), (1785, 255)]
)
def test_packets_of_a_message(size: int, packets: int) -> None:
    assert packets_needed(size) == packets


@pytest.mark.parametrize(
    ("size", "packets", "fits"),
    [(49, 7, True), (49, 6, False), (49, 8, False), (8, 2, False), (9, 2, True), (1785, 255, True), (1786, 255, False)],
)
def test_an_announcement_has_to_agree_with_itself(size: int, packets: int, fits: bool) -> None:
    assert frames.conforms(RequestToSend(0x10, size, packets, 0xFF, 0x000200)) is fits


def test_every_message_has_a_name_and_a_control_byte() -> None:
    assert set(NAMES) == {*CONNECTION.values(), DataPacket}
    assert set(CONNECTION) == set(Control)
    assert len(set(NAMES.values())) == len(NAMES)


def test_abort_reasons_are_told_apart_in_both_languages() -> None:
    assert [int(reason) for reason in AbortReason] == [*range(1, 10), 250]
    assert set(REASONS.values()) == set(AbortReason)
    for language in ("text", "chinese"):
        assert len({getattr(reason, language) for reason in AbortReason}) == len(AbortReason)
    assert all(not reason.chinese.isascii() for reason in AbortReason)


@pytest.mark.parametrize("control", [byte for byte in range(256) if byte not in set(Control)])
def test_unknown_control_bytes(control: int) -> None:
    with pytest.raises(DecodeError, match=r"no TP\.CM message"):
        decode_connection(bytes((control, 0, 0, 0, 0, 0, 2, 0)))


@given(
    st.binary(max_size=12)
    | st.tuples(st.sampled_from(Control), st.binary(max_size=9)).map(lambda p: bytes((p[0],)) + p[1])
)
def test_any_bytes_decode_or_raise_the_documented_error(data: bytes) -> None:
    try:
        message = decode_connection(data)
    except DecodeError:
        return
    assert decode_connection(message.encode(checked=False)) == message


def test_what_does_not_fit_is_our_error() -> None:
    with pytest.raises(EncodeError):
        RequestToSend(0x10, 1786, 255, 0xFF, 0x000200).encode()
    with pytest.raises(EncodeError):
        DataPacket(0, bytes(7)).encode()
