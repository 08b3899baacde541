"""Every control code, cell by cell: what is sent, what answers it, what refuses it, and both ends together."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from chargelink.dlt645 import ALL_METERS, ANY_METER, Edition, ErrorWord, Frame, explain
from chargelink.dlt645.bodies import Credentials, Password, Relay
from chargelink.dlt645.control import AnyError, ErrorWord1997, RelayError, SecurityError
from chargelink.dlt645.master import Master, MasterEvent, Refused, Reply, Sent
from chargelink.dlt645.meter import Commanded, Meter
from chargelink.dlt645.request import (
    Request,
    broadcast_time,
    clear_demand,
    clear_demand_1997,
    clear_events,
    clear_meter,
    freeze,
    load_profile,
    read,
    read_address,
    read_again,
    relay,
    security,
    set_baud,
    set_baud_1997,
    set_password,
    set_password_1997,
    terminal_signal,
    write,
    write_1997,
    write_address,
)
from chargelink.wire import EncodeError

ADDRESS = "000000000161"
OTHER = "000000000162"
BY = Credentials("02", "ccbeac", "12345678")
PROOF = "02 AC BE CC 78 56 34 12"
OLD, NEW = Password("02", "ccbeac"), Password("04", "123456")


class Cell(NamedTuple):
    """A request, the control code and data that it sends, the answer's data, and an error word that refuses it."""

    request: Request
    control: int
    data: str
    answer: str
    error: AnyError
    edition: str = "2007"


TRIP = Relay(BY, 0x1A, "2099-12-31 23:59:59")
CELLS = {
    "write": Cell(write(ADDRESS, "04000103", b"\x15", BY), 0x14, f"03 01 00 04 {PROOF} 15", "", ErrorWord(0x04)),
    "write address": Cell(write_address(OTHER, ADDRESS), 0x15, "62 01 00 00 00 00", "", ErrorWord(0x01)),
    "freeze": Cell(freeze("99-01 00:00", ADDRESS), 0x16, "00 00 01 99", "", ErrorWord(0x01)),
    "baud": Cell(set_baud(ADDRESS, 0x20), 0x17, "20", "20", ErrorWord(0x08)),
    "password": Cell(
        set_password(ADDRESS, OLD, NEW),
        0x18,
        "05 0C 00 04 02 AC BE CC 04 56 34 12",
        "04 56 34 12",
        ErrorWord(0x04),
    ),
    "clear demand": Cell(clear_demand(ADDRESS, BY), 0x19, PROOF, "", ErrorWord(0x04)),
    "clear meter": Cell(clear_meter(ADDRESS, BY), 0x1A, PROOF, "", ErrorWord(0x04)),
    "clear events": Cell(clear_events(ADDRESS, BY), 0x1B, f"{PROOF} FF FF FF FF", "", ErrorWord(0x04)),
    "clear one kind": Cell(clear_events(ADDRESS, BY, "033000ff"), 0x1B, f"{PROOF} FF 00 30 03", "", ErrorWord(0x04)),
    "relay": Cell(relay(ADDRESS, TRIP), 0x1C, f"{PROOF} 1A 00 59 59 23 31 12 99", "", ErrorWord(0x04)),
    "relay, with ESAM": Cell(
        relay(ADDRESS, TRIP), 0x1C, f"{PROOF} 1A 00 59 59 23 31 12 99", "04 00", RelayError(0x0110)
    ),
    "terminal": Cell(terminal_signal(0x02, ADDRESS), 0x1D, "02", "02", ErrorWord(0x01)),
    "security": Cell(
        security(ADDRESS, "078102FF", b"\x01\x02", "12345678"),
        0x03,
        "FF 02 81 07 78 56 34 12 01 02",
        "FF 02 81 07 AA BB",
        SecurityError(0x8008),
    ),
    "write, 1997": Cell(
        write_1997(ADDRESS, "C032", b"\x01", OLD), 0x04, "32 C0 02 AC BE CC 01", "", ErrorWord1997(0x04), "1997"
    ),
    "write address, 1997": Cell(
        write_address(OTHER, ADDRESS, Edition.DLT645_1997),
        0x0A,
        "62 01 00 00 00 00",
        "",
        ErrorWord1997(0x01),
        "1997",
    ),
    "baud, 1997": Cell(set_baud_1997(ADDRESS, 0x10), 0x0C, "10", "10", ErrorWord1997(0x01), "1997"),
    "password, 1997": Cell(
        set_password_1997(ADDRESS, OLD, NEW),
        0x0F,
        "02 AC BE CC 04 56 34 12",
        "04 56 34 12",
        ErrorWord1997(0x04),
        "1997",
    ),
    "clear demand, 1997": Cell(clear_demand_1997(ADDRESS), 0x10, "", "", ErrorWord1997(0x04), "1997"),
}
every_cell = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
Device = Callable[[Meter, Frame], None]


def exchanged(request: Request, device: Device, registers: dict[str, bytes] | None = None) -> list[MasterEvent]:
    """What the master is told after a device at the other end of a good line has done with the request."""
    master, meter = Master(), Meter(ADDRESS, registers or {}, part=4)
    master.request(request, 0.0)
    now, told = 0.0, []
    while master.busy and now < 60:
        for event in meter.receive(master.data_to_send(), now):
            if isinstance(event, Commanded):
                device(meter, event.frame)
        meter.tick(now + 0.05)
        told += master.receive(meter.data_to_send(), now + 0.1)
        now += 0.1
    return told


@every_cell
def test_what_is_sent(cell: Cell) -> None:
    frame = cell.request.frame()
    assert frame == Frame(ADDRESS, cell.control, bytes.fromhex(cell.data))
    assert (cell.request.edition, cell.request.repeatable, cell.request.answered) == (cell.edition, False, True)
    message = explain(frame)
    assert message.edition == cell.edition
    assert message.flaws == ()


@every_cell
def test_it_is_answered(cell: Cell) -> None:
    answer = bytes.fromhex(cell.answer)
    told = exchanged(cell.request, lambda meter, frame: meter.answer(frame, answer, 0.0))
    head = 4 if cell.control == 0x03 else 0
    assert told == [Reply(cell.request, ADDRESS, answer[head:], 1)]


@every_cell
def test_it_is_refused(cell: Cell) -> None:
    (told,) = exchanged(cell.request, lambda meter, frame: meter.refuse(frame, cell.error, 0.0))
    assert isinstance(told, Refused)
    assert (told.error, type(told.error)) == (cell.error, type(cell.error))
    assert told.words
    assert not told.has_none
    password = 0x08 if isinstance(cell.error, SecurityError) else 0x04
    assert told.not_authorised == bool(cell.error & password)


@every_cell
def test_an_answer_of_another_function_or_meter_is_none(cell: Cell) -> None:
    answer = bytes.fromhex(cell.answer)
    stranger = "000000000777"
    assert cell.request.is_answered_by(Frame(ADDRESS, cell.control | 0x80, answer))
    assert not cell.request.is_answered_by(Frame(stranger, cell.control | 0x80, answer))
    assert not cell.request.is_answered_by(Frame(ADDRESS, 0x91, answer))
    assert not cell.request.is_answered_by(Frame(ADDRESS, cell.control, answer))


@pytest.mark.parametrize(
    ("request_", "control", "data"),
    [
        (broadcast_time("2022-03-17 14:07:47"), 0x08, "47 07 14 17 03 22"),
        (freeze(), 0x16, "99 99 99 99"),
        (terminal_signal(0x00), 0x1D, "00"),
    ],
)
def test_what_is_for_all_is_heard_by_the_device_and_answered_by_nobody(
    request_: Request, control: int, data: str
) -> None:
    heard: list[Frame] = []

    def device(meter: Meter, frame: Frame) -> None:
        heard.append(frame)
        meter.answer(frame, b"", 0.0)  # which the meter does not send

    assert exchanged(request_, device) == [Sent(request_)]
    assert heard == [Frame(ALL_METERS, control, bytes.fromhex(data))]


def test_an_answer_may_bear_the_new_address() -> None:
    def device(meter: Meter, frame: Frame) -> None:
        meter.address = OTHER
        meter.answer(frame, b"", 0.0)

    for asked in (ADDRESS, ANY_METER):
        request = write_address(OTHER, asked)
        assert exchanged(request, device) == [Reply(request, OTHER, b"", 1)]
    assert not read(ADDRESS, "00010000").is_answered_by(Frame(OTHER, 0x91, bytes(8)))


def test_reading_the_address_and_a_block_and_a_profile() -> None:
    def silent(meter: Meter, frame: Frame) -> None:
        raise AssertionError(frame)

    registers = {"06000001": bytes(9), "9010": b"\x01\x02\x03\x04\x05"}
    (told,) = exchanged(read_address(), silent)
    assert told == Reply(read_address(), ADDRESS, bytes.fromhex("610100000000"), 1)
    profile = load_profile(ADDRESS, "06000001", 3, "2026-11-20 08:15")
    assert profile.frame().data == bytes.fromhex("01 00 00 06 03 15 08 20 11 26")
    assert profile.frame(2).data == bytes.fromhex("01 00 00 06 03 15 08 20 11 26 02")
    assert exchanged(profile, silent, registers) == [Reply(profile, ADDRESS, bytes(9), 3)]
    assert load_profile(ADDRESS, "06000000", 255).frame().data == bytes.fromhex("00 00 00 06 FF")


def test_a_device_may_answer_reads_itself() -> None:
    asked: list[tuple[str, bytes]] = []

    def device(identifier: str, besides: bytes) -> bytes | AnyError | None:
        asked.append((identifier, besides))
        return {"06000000": b"\x01" * besides[0] if besides else None, "04000C01": ErrorWord.NOT_AUTHORISED}.get(
            identifier
        )

    meter = Meter(ADDRESS, {"00010000": bytes(4)}, device=device)
    said: list[Frame] = []
    for request in (
        load_profile(ADDRESS, "06000000", 3),
        read(ADDRESS, "04000C01"),
        read(ADDRESS, "00010000"),
        read(ADDRESS, "9010"),
    ):
        meter.receive(request.frame().encode(), 0.0)
        meter.tick(1.0)
        said.append(Frame.decode(meter.data_to_send()))
    assert [frame.control for frame in said] == [0x91, 0xD1, 0x91, 0xC1]
    assert [frame.data[4:] or frame.data for frame in said] == [b"\x01" * 3, b"\x04", bytes(4), b"\x02"]
    assert asked[0] == ("06000000", b"\x03")


def test_the_1997_edition_says_again_what_it_said_last() -> None:
    meter = Meter(ADDRESS, {"9010": b"\x01\x02\x03\x04", "00010000": bytes(4)})
    again = read_again(ADDRESS, "9010")
    assert again.frame() == Frame(ADDRESS, 0x03)
    said: list[Frame] = []
    for request in (again, read(ADDRESS, "00010000"), again, read(ADDRESS, "9010"), again):
        meter.receive(request.frame().encode(), 0.0)
        meter.tick(1.0)
        said.append(Frame.decode(meter.data_to_send()))
    nothing, _, nothing_of_1997, _, repeated = said
    assert nothing == nothing_of_1997 == Frame(ADDRESS, 0xC3, b"\x01")
    assert repeated == Frame(ADDRESS, 0x83, bytes.fromhex("10 90 01 02 03 04"))
    assert again.is_answered_by(repeated)
    assert again.value_of(repeated) == b"\x01\x02\x03\x04"
    assert not again.is_answered_by(Frame(ADDRESS, 0x83, bytes.fromhex("11 90 01 02 03 04")))
    assert again.edition is Edition.DLT645_1997


def test_security_to_a_wildcard_only_reads() -> None:
    heard: list[Frame] = []
    meter = Meter(ADDRESS, {})
    for identifier in ("078102FF", "070102FF"):
        request = security(ANY_METER, identifier, b"")
        heard += [e.frame for e in meter.receive(request.frame().encode(), 0.0) if isinstance(e, Commanded)]
    assert [frame.data[1:3] for frame in heard] == [b"\x02\x81"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: set_baud(ADDRESS, 0x0A),  # two bits
        lambda: set_baud_1997(ADDRESS, 256),
        lambda: set_password(ADDRESS, OLD, Password("0A", "000000")),
        lambda: set_password(ADDRESS, OLD, Password("02", "12345")),
        lambda: clear_events(ADDRESS, BY, "03300001"),
        lambda: clear_demand(ADDRESS, Credentials(operator="1")),
        lambda: terminal_signal(0x03),
        lambda: security(ADDRESS, "00010000", b""),
        lambda: security(ADDRESS, "078102FF", b"", operator="12"),
        lambda: load_profile(ADDRESS, "06000000", 0),
        lambda: load_profile(ADDRESS, "06000001", 1, "yesterday"),
        lambda: write_address("12"),
        lambda: write_1997(ADDRESS, "C032", b"", Password("02", "xyzxyz")),
    ],
)
def test_what_cannot_be_asked(make: Callable[[], Request]) -> None:
    with pytest.raises(EncodeError):
        make()


def test_what_is_read_again_has_four_digits() -> None:
    with pytest.raises(ValueError, match="four digits"):
        read_again(ADDRESS, "00010000")


@pytest.mark.parametrize(
    ("function", "data", "has_none"),
    [(0x11, b"\x02", True), (0x11, b"\x04", False), (0x01, b"\x02", True), (0x01, b"\x01", False)],
)
def test_a_refusal_says_whether_there_is_none(function: int, data: bytes, has_none: bool) -> None:
    request = read(ADDRESS, "00010000" if function == 0x11 else "9010")
    master = Master()
    master.request(request, 0.0)
    master.data_to_send()
    (told,) = master.receive(Frame(ADDRESS, 0xC0 | function, data).encode(), 0.1)
    assert isinstance(told, Refused)
    assert told.has_none is has_none
