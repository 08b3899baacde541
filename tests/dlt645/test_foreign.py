"""PyPI dlt645 3.2.0 as a foreign master of our meter and as a foreign meter of our master: what works between the two,
and its known defects, each as a row, so that we notice when one is mended."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from dlt645.model.types.dlt645_type import PasswordManager
from dlt645.protocol.protocol import DLT645Protocol
from dlt645.service.clientsvc.client_service import MeterClientService
from dlt645.service.serversvc.server_service import MeterServerService

from chargelink.dlt645 import Frame
from chargelink.dlt645.bodies import Credentials, Password
from chargelink.dlt645.master import Master, MasterEvent, Refused, Reply, TimedOut
from chargelink.dlt645.meter import Commanded, Meter
from chargelink.dlt645.request import (
    Request,
    broadcast_time,
    clear_demand,
    clear_events,
    clear_meter,
    freeze,
    read,
    read_address,
    set_baud,
    set_password,
    write,
    write_address,
)

ADDRESS = "123456781012"
ON_THE_LINE = bytes.fromhex(ADDRESS)[::-1]
BY = Credentials("02", "000000", "00000000")
REGISTERS = {
    "00010000": bytes.fromhex("45230100"),
    "02010100": bytes.fromhex("0123"),
    "02020100": bytes.fromhex("568492"),
    "02030000": bytes.fromhex("563492"),
    "02060000": bytes.fromhex("9808"),
    "04000401": ON_THE_LINE,
}


class Line:
    """The package's port: hands its bytes to our meter and takes the answer. `sent` are its frames."""

    def __init__(self) -> None:
        self.meter = Meter(ADDRESS, dict(REGISTERS))
        self.sent: list[Frame] = []

    def _ensure_connection(self) -> bool:
        return True

    def send_only(self, data: bytes) -> bool:
        self.sent.append(Frame.decode(bytes(data)))
        return True

    def send_request(self, data: bytes, retries: int = 1) -> bytes | None:
        self.send_only(data)
        for event in self.meter.receive(bytes(data), 0.0):
            if isinstance(event, Commanded):
                answer = event.frame.data if event.frame.function == 0x17 else b""
                self.meter.answer(event.frame, answer, 0.0)
        self.meter.tick(1.0)
        return self.meter.data_to_send() or None


@pytest.fixture(scope="module")
def client() -> Any:
    """The package's client, made once: its table of identifiers takes a second."""
    return MeterClientService(None)


@pytest.fixture
def master(client: Any) -> Any:
    """The client on a fresh line, with its address in the order that meters expect."""
    client.client = Line()
    client.address = bytearray(ON_THE_LINE)
    return client


@pytest.mark.parametrize(
    ("ask", "value"),
    [
        (lambda client: client.read_00(0x00010000), 123.45),
        (lambda client: client.read_02(0x02010100), 230.1),
        (lambda client: client.read_02(0x02020100), -128.456),
        (lambda client: client.read_02(0x02030000), -12.3456),
        (lambda client: client.read_02(0x02060000), 0.898),
    ],
)
def test_a_foreign_master_reads_our_meter(master: Any, ask: Callable[[Any], Any], value: float) -> None:
    assert ask(master).value == pytest.approx(value)


def test_a_foreign_master_is_refused_and_answered(master: Any) -> None:
    assert master.read_02(0x02800002) is None  # D1 02
    master.write_04(0x04000103, "15", "02000000")  # it tells nobody that it was answered
    assert master.read_address() is not None
    written, read_back = master.client.sent[-2:]
    assert written == write(ADDRESS, "04000103", b"\x15", BY).frame()
    assert read_back == read_address().frame()


SENDS: list[tuple[str, Callable[[Any], Any], Request]] = [
    # what it sends, where a meter of the standard expects what the request beside it sends
    (
        "the time high byte first",
        lambda client: client.broadcast_time_sync(datetime(2026, 11, 20, 8, 15, 30)),
        broadcast_time("2026-11-20 08:15:30"),
    ),
    (
        "the moment of a freeze high byte first",
        lambda client: client.freeze(99, 1, 0, 30),
        freeze("99-01 00:30", ADDRESS),
    ),
    (
        "a rate in BCD of bps/300 instead of one bit",
        lambda client: client.change_baud_rate(9600),
        set_baud(ADDRESS, 0x20),
    ),
    (
        "the identifier of passwords as 40000C00 instead of 04000C01",
        lambda client: client.change_password("02000000", "02123456"),
        set_password(ADDRESS, Password("02", "000000"), Password("02", "123456")),
    ),
    (
        "an identifier and no operator to clear demands",
        lambda client: client.clear_demand(0x01010000, "02000000"),
        clear_demand(ADDRESS, BY),
    ),
    ("the same to clear the meter", lambda client: client.clear_meter("02000000"), clear_meter(ADDRESS, BY)),
    (
        "a new address high byte first",
        lambda client: client.write_address("123456781013"),
        write_address("123456781013", ADDRESS),
    ),
]


@pytest.mark.parametrize(("ask", "request_"), [row[1:] for row in SENDS], ids=[row[0] for row in SENDS])
def test_a_defect_of_the_foreign_master(master: Any, ask: Callable[[Any], Any], request_: Request) -> None:
    ask(master)
    sent, ours = master.client.sent[-1], request_.frame()
    assert sent.function == ours.function
    assert sent.data != ours.data


def test_where_the_foreign_master_agrees(master: Any) -> None:
    master.clear_event("02000000")
    assert master.client.sent[-1] == clear_events(ADDRESS, BY).frame()


def test_the_foreign_master_turns_its_address_around(master: Any) -> None:
    master.set_address(ADDRESS)
    assert master.read_00(0x00010000) is None
    assert master.client.sent[0].address == "121078563412"


def test_the_foreign_master_reads_nonsense_where_a_phase_is_absent(master: Any) -> None:
    master.client.meter.registers["02010200"] = b"\xff\xff"
    item = master.read_02(0x02010200)
    assert item is None or item.value < 0  # we: None


def test_the_foreign_master_has_no_follow_up_and_no_relay(master: Any) -> None:
    assert not any(hasattr(master, name) for name in ("read_follow_up", "relay", "trip", "security"))


@pytest.fixture(scope="module")
def server() -> Any:
    """The package's server without a port, made once."""
    return MeterServerService(None)


Exchange = Callable[[Request], MasterEvent]


@pytest.fixture
def exchange(server: Any) -> Exchange:
    """How an exchange of our master with the package's meter ends."""
    server.address = bytearray(ON_THE_LINE)
    server.set_00(0x00010000, 123.45)
    server.set_02(0x02010100, 230.1)
    server.set_02(0x02020100, -12.345)
    server.password_manager = PasswordManager()
    server.set_password("02000000")

    def exchange(request: Request) -> MasterEvent:
        master = Master(retries=0)
        master.request(request, 0.0)
        answer = server.handle_request(DLT645Protocol.deserialize(master.data_to_send()))
        events = master.receive(bytes(answer or b""), 0.1) + master.tick(10.0)
        (ended,) = (event for event in events if isinstance(event, Reply | Refused | TimedOut))
        return ended

    return exchange


@pytest.mark.parametrize(
    ("identifier", "value"), [("00010000", 123_450_000), ("02010100", 230_100), ("02020100", -12_345)]
)
def test_our_master_reads_a_foreign_meter(exchange: Exchange, identifier: str, value: int) -> None:
    reply = exchange(read(ADDRESS, identifier))
    assert isinstance(reply, Reply)
    assert reply.readings().readings[0].value == value
    assert reply.readings().flaws == []


@pytest.mark.parametrize(
    "request_",
    [
        read_address(),
        freeze("99-99 99:99", ADDRESS),
        clear_events(ADDRESS, BY),
        set_password(ADDRESS, Password("02", "000000"), Password("02", "123456")),
        write(ADDRESS, "04000103", b"\x15", BY),
        write_address("123456781013", ADDRESS),
    ],
    ids=lambda request: request.function.name,
)
def test_our_master_commands_a_foreign_meter(exchange: Exchange, request_: Request) -> None:
    assert isinstance(exchange(request_), Reply)


REFUSES: list[tuple[str, Request, str]] = [
    ("no such identifier", read(ADDRESS, "02800099"), "has_none"),
    ("blocks", read(ADDRESS, "0201FF00"), "has_none"),
    ("precise energy", read(ADDRESS, "00600000"), "has_none"),
    ("the bit of a rate", set_baud(ADDRESS, 0x20), "error"),
    ("demands without its identifier", clear_demand(ADDRESS, BY), "error"),
]


@pytest.mark.parametrize(("request_", "why"), [row[1:] for row in REFUSES], ids=[row[0] for row in REFUSES])
def test_what_the_foreign_meter_refuses(exchange: Exchange, request_: Request, why: str) -> None:
    refused = exchange(request_)
    assert isinstance(refused, Refused)
    assert getattr(refused, why)


def test_a_foreign_meter_answers_for_others(exchange: Exchange) -> None:
    """To an address that is not its own it answers with an error word from that address, which is taken for that
    meter's refusal: on a shared line no master can tell."""
    refused = exchange(read("000000000777", "00010000"))
    assert isinstance(refused, Refused)
