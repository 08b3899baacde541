"""Five layouts written by hand as `construct`s, from the standard's field tables, read random bytes as we do."""

from typing import Any

import construct as c
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.gbt27930.charging import BCL, BCS, BSM, CCS
from chargelink.gbt27930.parameters import CML
from chargelink.wire import Message


def scaled(number: Any, step: int, offset: int = 0) -> Any:
    return c.ExprAdapter(number, lambda raw, _: raw * step + offset, lambda value, _: (value - offset) // step)


def octet(*fields: Any) -> Any:
    """Bit fields of one byte, the highest bits first."""
    return c.BitStruct(*fields)


def state(name: str) -> Any:
    return name / c.BitsInteger(2)


volts = scaled(c.Int16ul, 100)  # mV
amperes = scaled(c.Int16ul, 100, -400_000)  # mA
degrees = scaled(c.Int8ul, 10, -500)  # 0.1 °C
percent = scaled(c.Int8ul, 10)  # 0.1 %

# SPN 3077: a number of 16 bits, 4 of them the group and 12 the voltage; bytes turned round to read the high one first.
cell = c.ByteSwapped(c.BitStruct("group" / c.BitsInteger(4), "voltage" / scaled(c.BitsInteger(12), 10)))

LAYOUTS: dict[type[Message], Any] = {
    BCL: c.Struct("voltage_demand" / volts, "current_demand" / amperes, "charge_mode" / c.Int8ul),
    BCS: c.Struct(
        "measured_voltage" / volts,
        "measured_current" / amperes,
        "highest" / cell,
        "soc" / percent,
        "remaining_time" / c.Int16ul,
    ),
    CCS: c.Struct(
        "output_voltage" / volts,
        "output_current" / amperes,
        "elapsed_time" / c.Int16ul,
        "flags" / octet(c.Padding(6), state("charging_permitted")),
    ),
    CML: c.Struct(
        "max_output_voltage" / volts,
        "min_output_voltage" / volts,
        "max_output_current" / amperes,
        "min_output_current" / amperes,
    ),
    BSM: c.Struct(
        "max_cell_voltage_number" / scaled(c.Int8ul, 1, 1),
        "max_temperature" / degrees,
        "max_temperature_point" / scaled(c.Int8ul, 1, 1),
        "min_temperature" / degrees,
        "min_temperature_point" / scaled(c.Int8ul, 1, 1),
        "sixth" / octet(*map(state, ("over_temperature", "over_current", "soc_state", "cell_voltage_state"))),
        "seventh" / octet(c.Padding(2), *map(state, ("charge_permission", "output_connector", "insulation"))),
    ),
}


def flat(parsed: Any) -> dict[str, int]:
    """The fields of a construct, those of nested ones beside the others."""
    fields: dict[str, int] = {}
    for name, value in parsed.items():
        if isinstance(value, c.Container):
            fields |= flat(value)
        elif name != "_io":
            fields[name] = value
    return fields


def named(parsed: Any) -> dict[str, int]:
    """By our names."""
    ours = {"group": "max_cell_group", "voltage": "max_cell_voltage"}
    return {ours.get(name, name): value for name, value in flat(parsed).items()}


@pytest.mark.parametrize("cls", LAYOUTS, ids=lambda cls: cls.__name__)
def test_random_bytes_mean_the_same(cls: type[Message]) -> None:
    length = LAYOUTS[cls].sizeof()

    @given(st.binary(min_size=length, max_size=length))
    def same(data: bytes) -> None:
        message, parsed = cls.decode(data), named(LAYOUTS[cls].parse(data))
        fields = {name: getattr(message, name) for name in message.__struct_fields__ if name != "flaws"}
        absent = {name for name, value in fields.items() if value is None}
        assert all(data[-1] & 3 == 3 or data[-2:] == b"\xff\xff" for _ in absent)  # all ones: not available
        assert {name: fields[name] for name in fields.keys() - absent} == {
            name: parsed[name] for name in parsed.keys() - absent
        }

    same()


@pytest.mark.parametrize("cls", LAYOUTS, ids=lambda cls: cls.__name__)
def test_what_the_construct_builds_we_write_too(cls: type[Message]) -> None:
    """Undefined bits apart: we fill with ones, a construct's padding with zeros."""
    layout = LAYOUTS[cls]
    undefined = bytes(layout.sizeof() - 1) + bytes(({CCS: 0xFC, BSM: 0xC0}.get(cls, 0),))

    @given(st.binary(min_size=layout.sizeof(), max_size=layout.sizeof()))
    def same(data: bytes) -> None:
        built = bytes(byte | fill for byte, fill in zip(layout.build(layout.parse(data)), undefined, strict=True))
        assert cls.decode(data).encode(checked=False) == built

    same()
