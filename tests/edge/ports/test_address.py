"""How ports are addressed, and what is said of addresses that cannot be meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.edge.ports.address import Address, AddressError
from chargelink.edge.ports.modbus import ModbusPort


def test_a_device() -> None:
    address = Address.parse("serial:/dev/ttyS1?baud=9600&parity=E")
    assert (address.scheme, address.path, address.options) == ("serial", "/dev/ttyS1", {"baud": "9600", "parity": "E"})
    assert address.number("baud", 2400, 300, 115_200) == 9600
    assert address.number("stop", 1, 1, 2) == 1
    assert address.choice("parity", "NEO") == "E"


def test_a_peer() -> None:
    address = Address.parse("modbus-tcp://127.0.0.1:1502?unit=3")
    assert (address.scheme, address.host, address.port, address.options) == (
        "modbus-tcp", "127.0.0.1", 1502, {"unit": "3"},
    )  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "", "/dev/ttyS1", "serial:/dev/ttyS1?baud", "serial:/dev/ttyS1?baud=", "serial:/x?baud=1&baud=2",
        "modbus-tcp://127.0.0.1:99999", "modbus-tcp://[::1", "modbus-tcp://127.0.0.1:x",
    ],
)  # fmt: skip
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(AddressError):
        Address.parse(text)


@pytest.mark.parametrize("value", ["0", "-1", "9600.0", "fast", "٣٠٠٠", "99999999"])
def test_numbers_that_are_none(value: str) -> None:
    address = Address.parse(f"serial:/dev/ttyS1?baud={value}")
    with pytest.raises(AddressError, match="baud"):
        address.number("baud", 2400, 300, 115_200)


def test_options_that_nobody_knows() -> None:
    with pytest.raises(AddressError, match="no option speed; there are baud, parity"):
        Address.parse("serial:/dev/ttyS1?speed=9600").only("baud", "parity")


@pytest.mark.parametrize(
    "text",
    [
        "modbus-tcp:/dev/ttyS1",
        "modbus-rtu://127.0.0.1:502",
        "serial:/dev/ttyS1",
        "modbus-tcp://127.0.0.1?baud=9600",
        "modbus-tcp://127.0.0.1?unit=0",
        "modbus-rtu:/dev/ttyS1?parity=X",
    ],
)
def test_no_modbus_is_there(text: str) -> None:
    with pytest.raises(AddressError):
        ModbusPort(Address.parse(text))


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_not(text: str) -> None:
    try:
        address = Address.parse(text)
    except AddressError:
        return
    assert address.scheme
