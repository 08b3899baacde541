"""Which edition a meter speaks, and who it is."""

import pytest
from tests.dlt645.procedures.wire import ADDRESS, START, Device, a_master, played

from chargelink.dlt645 import ANY_METER, Frame
from chargelink.dlt645.procedures import EditionDetection
from chargelink.wire import EncodeError

MODERN = {"00010000": bytes(4), "04000401": bytes.fromhex("610100000000")}
OLD = {"9010": bytes(4), "C032": bytes.fromhex("610100000000")}


class Speaks(Device):
    """Hears only the functions of its editions; `echoes`: answers a wildcard with it."""

    def __init__(self, registers: dict[str, bytes], functions: set[int], echoes: bool = False) -> None:
        super().__init__(registers)
        self.functions, self.echoes = functions, echoes

    def hear(self, data: bytes, baud: int, now: float) -> None:
        if not data:
            return
        frame = Frame.decode(data)
        if frame.function not in self.functions:
            return
        if self.echoes and frame.address == ANY_METER:
            self.meter.address = ANY_METER
        super().hear(data, baud, now)
        self.meter.address = ADDRESS


IN_2007, IN_1997 = {0x11, 0x13}, {0x01}


@pytest.mark.parametrize("asked", [ANY_METER, ADDRESS])
@pytest.mark.parametrize(
    ("registers", "functions", "editions"),
    [
        (MODERN, IN_2007, ["2007"]),
        (OLD, IN_1997, ["1997"]),
        (MODERN | OLD, IN_2007 | IN_1997, ["2007", "1997"]),
        (MODERN, IN_2007 | IN_1997, ["2007"]),  # refuses what it does not speak
        (OLD, IN_1997 | {0x11}, ["1997"]),
        (MODERN, {0x11}, ["2007"]),  # no 13, but its address as a parameter
    ],
)
def test_editions(asked: str, registers: dict[str, bytes], functions: set[int], editions: list[str]) -> None:
    procedure = EditionDetection(a_master(), START, asked)
    played(procedure, Speaks(registers, functions))
    assert procedure.outcome == (tuple(editions), ADDRESS)


@pytest.mark.parametrize(
    ("number", "address"),
    [("610100000000", ADDRESS), ("620100000000", ""), ("FFFFFFFFFFFF", ""), ("AA0100000000", "")],
)
def test_a_meter_that_echoes_the_wildcard(number: str, address: str) -> None:
    """The number on its plate is its address only if it answers to it."""
    device = Speaks(OLD | {"C032": bytes.fromhex(number)}, IN_1997, echoes=True)
    procedure = EditionDetection(a_master(), START)
    played(procedure, device)
    assert procedure.outcome == (("1997",), address)


@pytest.mark.parametrize("asked", [ANY_METER, ADDRESS])
def test_nobody_there(asked: str) -> None:
    procedure = EditionDetection(a_master(), START, asked)
    _, over = played(procedure, Speaks({}, set()))
    assert procedure.outcome == ((), "" if asked == ANY_METER else ADDRESS)
    assert over - START < 10


def test_an_address_that_is_none() -> None:
    with pytest.raises(EncodeError):
        EditionDetection(a_master(), START, "12")
