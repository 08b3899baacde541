"""The meter: what it answers, to whom, and what it is silent about; and both ends on good and bad lines."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.dlt645 import ErrorWord, Frame, readings
from chargelink.dlt645.address import abbreviates, is_meant
from chargelink.dlt645.bodies import Credentials, Relay
from chargelink.dlt645.catalogue import STANDARD
from chargelink.dlt645.master import Master, MasterEvent, Refused, Reply, TimedOut
from chargelink.dlt645.meter import Asked, Commanded, Meter
from chargelink.dlt645.request import Request, broadcast_time, read, read_address, relay
from chargelink.wire import EncodeError

ADDRESS = "000000000161"
LONG = bytes(range(202))
REGISTERS = {
    "00010000": bytes.fromhex("26000000"),
    "00010100": bytes.fromhex("20000000"),
    "00010200": bytes.fromhex("06000000"),
    "02010100": bytes.fromhex("5622"),
    "03300201": LONG,
    "9010": bytes.fromhex("54040000"),
    "901F": bytes(number % 100 for number in range(400)),
}


def meter() -> Meter:
    return Meter(ADDRESS, REGISTERS)


def answer_to(frame: Frame, answering: Meter | None = None) -> Frame | None:
    """What a meter says to a frame, after its delay."""
    answering = answering or meter()
    answering.receive(frame.encode(), 0.0)
    assert answering.data_to_send() == b""
    answering.tick(0.02)
    raw = answering.data_to_send()
    return Frame.decode(raw) if raw else None


@pytest.mark.parametrize(
    ("written", "address", "meant"),
    [
        (ADDRESS, ADDRESS, True),
        ("000000000162", ADDRESS, False),
        ("AAAAAAAAAAAA", ADDRESS, True),
        ("AAAAAAAAAA61", ADDRESS, True),
        ("AAAAAAAAAA62", ADDRESS, False),
        ("AA00AA000161", ADDRESS, False),  # after the first real digits no wildcard counts
        ("999999999999", ADDRESS, False),
        ("161", ADDRESS, False),
    ],
)
def test_abbreviated_addresses(written: str, address: str, meant: bool) -> None:
    assert abbreviates(written, address) is meant
    assert is_meant(written, 0x11, address) is meant


@pytest.mark.parametrize("function", [0x14, 0x17, 0x19, 0x1A, 0x1B, 0x1C])
def test_what_changes_a_meter_must_name_it(function: int) -> None:
    assert not is_meant("AAAAAAAAAAAA", function, ADDRESS)
    assert is_meant(ADDRESS, function, ADDRESS)


@pytest.mark.parametrize("function", [0x08, 0x16, 0x1D])
def test_what_is_for_all(function: int) -> None:
    assert is_meant("999999999999", function, ADDRESS)


@pytest.mark.parametrize(
    ("request_", "control", "data"),
    [
        (read(ADDRESS, "00010000"), 0x91, "00000100 26000000"),
        (read("AAAAAAAAAAAA", "00010000"), 0x91, "00000100 26000000"),
        (read(ADDRESS, "0001FF00"), 0x91, "00FF0100 26000000 20000000 06000000"),
        (read(ADDRESS, "0201FF00"), 0x91, "00FF0102 5622 FFFF FFFF"),  # phases that it does not have
        (read(ADDRESS, "9010"), 0x81, "1090 54040000"),
        (read(ADDRESS, "02800002"), 0xD1, "02"),
        (read(ADDRESS, "0202FF00"), 0xD1, "02"),
        (read_address(), 0x93, "610100000000"),
    ],
)
def test_answers(request_: Request, control: int, data: str) -> None:
    assert answer_to(request_.frame()) == Frame(ADDRESS, control, bytes.fromhex(data))


@pytest.mark.parametrize(
    "frame",
    [
        read("000000000162", "00010000").frame(),
        read("999999999999", "00010000").frame(),
        Frame(ADDRESS, 0x91, bytes.fromhex("00000100")),
        relay("AAAAAAAAAAAA", Relay(Credentials(), 0x1A, "2099-12-31 23:59:59")).frame(),
        broadcast_time("2022-03-17 14:07:47").frame(),
    ],
    ids=str,
)
def test_silence(frame: Frame) -> None:
    assert answer_to(frame) is None


def test_a_damaged_request_is_met_with_silence() -> None:
    answering = meter()
    raw = bytearray(read(ADDRESS, "00010000").frame().encode())
    raw[-2] ^= 1
    answering.receive(bytes(raw), 0.0)
    answering.tick(10.0)
    assert answering.data_to_send() == b""
    assert answering.deadline is None


def test_what_is_long_goes_out_in_parts() -> None:
    answering = meter()
    request = read(ADDRESS, "03300201")
    head = bytes.fromhex("01023003")
    assert answer_to(request.frame(), answering) == Frame(ADDRESS, 0xB1, head + LONG[:170])
    assert answer_to(request.frame(1), answering) == Frame(ADDRESS, 0x92, head + LONG[170:] + b"\x01")
    assert answer_to(request.frame(1), answering) == Frame(ADDRESS, 0x92, head + LONG[170:] + b"\x01")
    assert answer_to(request.frame(2), answering) == Frame(ADDRESS, 0xD2, b"\x02")
    assert answer_to(read(ADDRESS, "00010000").frame(1), answering) == Frame(ADDRESS, 0xD2, b"\x02")


def test_commands_are_for_the_device_to_answer() -> None:
    trip = relay(ADDRESS, Relay(Credentials(), 0x1A, "2099-12-31 23:59:59")).frame()
    answering = meter()
    assert answering.receive(trip.encode(), 0.0) == [Commanded(trip)]
    answering.refuse(trip, ErrorWord.NOT_AUTHORISED, 0.0)
    answering.tick(0.02)
    assert Frame.decode(answering.data_to_send()) == Frame(ADDRESS, 0xDC, b"\x04")
    answering.answer(trip, b"", 1.0)
    answering.tick(1.02)
    assert Frame.decode(answering.data_to_send()) == Frame(ADDRESS, 0x9C)
    everybody = broadcast_time("2022-03-17 14:07:47").frame()
    assert answering.receive(everybody.encode(), 2.0) == [Commanded(everybody)]
    answering.answer(everybody, b"", 2.0)
    assert answering.deadline is None


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=12)), max_size=6))
def test_whatever_is_asked_is_answered_or_met_with_silence(asked: list[tuple[int, bytes]]) -> None:
    answering = meter()
    for now, (control, data) in enumerate(asked):
        answering.receive(Frame(ADDRESS, control, data).encode(), float(now))
        answering.tick(now + 0.5)
        raw = answering.data_to_send()
        if raw:
            answer = Frame.decode(raw)
            assert answer.from_meter
            assert answer.function == control


def test_reading_is_told() -> None:
    frame = read(ADDRESS, "00010000").frame()
    assert meter().receive(frame.encode(), 0.0) == [Asked(frame, "00010000", known=True)]


def test_a_meter_needs_an_address_and_parts_that_fit() -> None:
    for address, part in (("AAAAAAAAAAAA", 170), ("161", 170), (ADDRESS, 0), (ADDRESS, 196)):
        with pytest.raises(EncodeError):
            Meter(address, {}, part=part)


def test_every_catalogue_value_that_fits_travels_from_meter_to_master() -> None:
    for row in STANDARD.rows:
        item = row.find(row.pattern) if not row.axes else None
        if item is None or not item.form.size or row.repeats:
            continue
        value = item.form.read(bytes(item.form.size))
        registers = {item.identifier: item.form.encode(value)}
        events = exchange(Master(), Meter(ADDRESS, registers), read(ADDRESS, item.identifier), lambda raw: [raw])
        (reply,) = events
        assert isinstance(reply, Reply)
        assert readings(item.identifier, reply.data).readings[0].value == value


Line = Callable[[bytes], list[bytes]]


def exchange(master: Master, answering: Meter, request: Request, line: Line) -> list[MasterEvent]:
    """One exchange over a line that may cut, lose, damage; a clock that jumps from deadline to deadline."""
    now = 0.0
    ends: list[MasterEvent] = []
    master.request(request, now)
    while master.busy:
        for chunk in line(master.data_to_send()):
            now += 0.01
            answering.receive(chunk, now)
        now = max(now, answering.deadline or now)
        answering.tick(now)
        for chunk in line(answering.data_to_send()):
            now += 0.01
            ends += master.receive(chunk, now)
        due = [time for time in (master.deadline, answering.deadline) if time is not None]
        if due:
            now = max(now, min(due))
            ends += master.tick(now)
    return [event for event in ends if isinstance(event, Reply | Refused | TimedOut)]


def byte_by_byte(raw: bytes) -> list[bytes]:
    return [raw[at : at + 1] for at in range(len(raw))]


def noisy(seed: int) -> Line:
    dice = random.Random(seed)
    return lambda raw: [dice.randbytes(dice.randrange(9)).replace(b"\x68", b"\x00"), raw] if raw else []


def lossy(seed: int) -> Line:
    dice = random.Random(seed)
    return lambda raw: [raw] if raw and dice.random() > 0.3 else []


def damaging(seed: int) -> Line:
    dice = random.Random(seed)

    def line(raw: bytes) -> list[bytes]:
        damaged = bytearray(raw)
        if damaged and dice.random() < 0.3:
            damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
        return [bytes(damaged)] if raw else []

    return line


LINES = [byte_by_byte, noisy(1), lossy(2), damaging(3), noisy(4), lossy(5), damaging(6)]


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("identifier", ["00010000", "03300201", "901F"])
def test_bad_lines_cost_time_but_no_truth(line: Line, identifier: str) -> None:
    request = read(ADDRESS, identifier)
    events = exchange(Master(retries=60), meter(), request, line)
    assert [event.data for event in events if isinstance(event, Reply)] == [REGISTERS[identifier]]
    assert len(events) == 1
