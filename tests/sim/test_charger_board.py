"""The board as its master sees it, and the Modbus around it."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sim.cabinet import Cabinet

from chargelink.io_board.registers import CC1, CURRENT, K1K2, POINTS, VOLTAGE_SET, WATCHDOG, Space, size
from chargelink.sim.charger_board import POWER_UP_WATCHDOG, ChargerBoard
from chargelink.sim.modbus_slave import Conversation, answer, pack_bits, unpack_bits
from chargelink.wire import EncodeError


@pytest.fixture
def cabinet() -> Cabinet:
    return Cabinet()


@pytest.fixture
def board(cabinet: Cabinet) -> ChargerBoard:
    return ChargerBoard(cabinet.circuit, 0.0)


@pytest.mark.parametrize("space", Space)
def test_every_space_is_read_whole(board: ChargerBoard, space: Space) -> None:
    assert len(board.read(space, 0, size(space), 0.0)) == size(space)
    with pytest.raises(LookupError):
        board.read(space, 0, size(space) + 1, 0.0)
    with pytest.raises(LookupError):
        board.read(space, 1, 0, 0.0)


def test_what_is_written_is_commanded_and_read_back(board: ChargerBoard) -> None:
    board.write(Space.COIL, 0, [1, 1, 0, 1, 0, 0], 0.0)
    board.write(Space.HOLDING_REGISTER, 0, [*VOLTAGE_SET.encode(410_000), 0, 5_000], 0.0)
    commands = board.circuit.commands
    assert (commands.ac_contactor, commands.k1k2, commands.k3k4, commands.lock) == (1, 1, 0, 1)
    assert (commands.voltage_set, commands.current_limit) == (410_000, 5_000)
    assert board.read(Space.COIL, 0, 6, 0.0) == [1, 1, 0, 1, 0, 0]
    assert board.read(Space.HOLDING_REGISTER, 0, 5, 0.0) == [6, 16784, 0, 5_000, POWER_UP_WATCHDOG]


@pytest.mark.parametrize(
    ("space", "address", "words", "error"),
    [
        (Space.INPUT_REGISTER, 0, [1], LookupError),
        (Space.DISCRETE_INPUT, 6, [1], LookupError),  # the permit is the guard's
        (Space.COIL, 6, [1], LookupError),
        (Space.HOLDING_REGISTER, 0, [1], LookupError),  # half a voltage
        (Space.HOLDING_REGISTER, 1, [1, 1], LookupError),
        (Space.HOLDING_REGISTER, 0, [0xFFFF, 0], EncodeError),
        (Space.COIL, 0, [2], EncodeError),
    ],
)
def test_what_cannot_be_written_changes_nothing(
    board: ChargerBoard, space: Space, address: int, words: list[int], error: type[Exception]
) -> None:
    with pytest.raises(error):
        board.write(space, address, words, 0.0)
    assert board.read(Space.HOLDING_REGISTER, 0, 4, 0.0) == [0] * 4
    assert board.read(Space.COIL, 0, 6, 0.0) == [0] * 6


def test_the_watchdog_drops_every_coil(board: ChargerBoard) -> None:
    board.write(Space.HOLDING_REGISTER, WATCHDOG.address, [500], 1.0)
    board.write(Space.COIL, 0, [1] * 6, 1.0)
    board.step(1.4)
    board.read(Space.COIL, 0, 1, 1.4)  # any request is a sign of life
    board.step(1.9)
    assert board.circuit.commands.k1k2
    board.step(1.91)
    assert board.read(Space.COIL, 0, 6, 2.0) == [0] * 6
    assert board.circuit.commands.voltage_set == 0


def test_a_watchdog_of_0_never_barks(board: ChargerBoard) -> None:
    board.write(Space.HOLDING_REGISTER, WATCHDOG.address, [0], 0.0)
    board.write(Space.COIL, 0, [1] * 6, 0.0)
    board.step(60.0)
    assert board.read(Space.COIL, 0, 6, 60.0) == [1] * 6


def test_measurements_of_a_charge(board: ChargerBoard, cabinet: Cabinet) -> None:
    cabinet.charge()
    words = board.read(Space.INPUT_REGISTER, 0, size(Space.INPUT_REGISTER), cabinet.now)
    assert CC1.decode(words[:1]) == 4_000
    assert CURRENT.decode(words[5:7]) == pytest.approx(100_000, abs=100)


MODBUS = [  # request, answer, from the function code on
    ("01 0000 0006", "01 01 00"),
    ("02 0000 0008", "02 01 00"),
    ("03 0004 0001", "03 02 03E8"),
    ("04 0000 0001", "04 02 1770"),  # 6000 mV: nothing is plugged in
    ("05 0001 FF00", "05 0001 FF00"),
    ("05 0001 0000", "05 0001 0000"),
    ("06 0004 01F4", "06 0004 01F4"),
    ("0F 0000 0006 01 2B", "0F 0000 0006"),
    ("10 0000 0004 08 00064190 00001388", "10 0000 0004"),
    ("05 0001 1234", "85 03"),
    ("05 0009 FF00", "85 02"),
    ("06 0000 0001", "86 02"),
    ("03 0000 0000", "83 03"),
    ("03 0000 007E", "83 03"),
    ("03 0003 0005", "83 02"),
    ("03 00", "83 03"),
    ("0F 0000 0006 02 2B", "8F 03"),
    ("10 0000 0002 04 FFFFFFFF", "90 03"),
    ("2B 0E 01 00", "AB 01"),
]


@pytest.mark.parametrize(("request_hex", "answer_hex"), MODBUS)
def test_modbus_vectors(request_hex: str, answer_hex: str) -> None:
    board = ChargerBoard(Cabinet(None).circuit, 0.0)
    assert answer(board, bytes.fromhex(request_hex), 0.0) == bytes.fromhex(answer_hex)


def test_a_coil_written_by_modbus_is_a_coil(board: ChargerBoard) -> None:
    answer(board, bytes.fromhex("0F 0000 0006 01 2B"), 0.0)
    assert board.read(Space.COIL, 0, 6, 0.0) == [1, 1, 0, 1, 0, 1]
    assert K1K2.address == 1


@given(st.lists(st.integers(0, 1), max_size=40))
def test_bits_both_ways(bits: list[int]) -> None:
    assert unpack_bits(pack_bits(bits), len(bits)) == bits


@given(st.binary(max_size=40))
def test_any_request_is_answered(request: bytes) -> None:
    board = ChargerBoard(Cabinet().circuit, 0.0)
    reply = answer(board, request, 0.0)
    assert reply
    assert reply[0] & 0x7F == (request[0] if request else 0) & 0x7F


def framed(pdu: bytes, transaction: int = 7, unit: int = 1) -> bytes:
    return struct.pack(">HHHB", transaction, 0, len(pdu) + 1, unit) + pdu


@given(st.lists(st.sampled_from([bytes.fromhex(request) for request, _ in MODBUS[:5]]), max_size=5), st.data())
def test_chunking_never_matters(requests: list[bytes], data: st.DataObject) -> None:
    stream = b"".join(framed(request, number) for number, request in enumerate(requests))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    whole = Conversation(ChargerBoard(Cabinet().circuit, 0.0), 1)
    cut = Conversation(ChargerBoard(Cabinet().circuit, 0.0), 1)
    parts = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert b"".join(cut.receive(part, 0.0) for part in parts) == whole.receive(stream, 0.0)


def test_another_unit_is_not_here(board: ChargerBoard) -> None:
    conversation = Conversation(board, 1)
    assert conversation.receive(framed(bytes.fromhex("04 0000 0001"), unit=2), 0.0) == b""
    assert conversation.receive(framed(bytes.fromhex("04 0000 0001")), 0.0)


@given(st.binary(max_size=300))
def test_any_stream_is_survived(stream: bytes) -> None:
    conversation = Conversation(ChargerBoard(Cabinet().circuit, 0.0), 1)
    conversation.receive(stream, 0.0)
    conversation.receive(b"GET / HTTP/1.1\r\n\r\n", 0.0)


def test_what_is_no_modbus_ends_the_conversation(board: ChargerBoard) -> None:
    conversation = Conversation(board, 1)
    assert conversation.receive(b"GET / HTTP/1.1\r\n\r\n", 0.0) == b""
    assert conversation.closed


def test_every_point_is_held_somewhere(board: ChargerBoard) -> None:
    for space, points in POINTS.items():
        for point in points:
            words = board.read(space, point.address, point.size, 0.0)
            assert point.is_plausible(point.decode(words))
