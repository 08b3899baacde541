"""The construct, the table, the plain module and the shown fields agree with the generated codec."""

from typing import Any

import construct
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wire.declared import EVERYTHING, Blob, Mixed

from chargelink.gbt27930.catalogue import by_class
from chargelink.gbt27930.charging import BCL, BCS, BMT, BMV, CCS, Cell
from chargelink.gbt27930.ending import BEM, BST
from chargelink.wire import Message
from chargelink.wire.construct import to_construct
from chargelink.wire.layout import layout
from chargelink.wire.plain import plain_module
from chargelink.wire.show import shown
from chargelink.wire.table import table

DECLARED = [*EVERYTHING, *by_class()]


def plain(value: Any) -> Any:
    """Messages and containers as dictionaries, to compare them."""
    if isinstance(value, Message):
        of = layout(type(value))
        return {
            field.name: plain(getattr(value, field.name)) for field in [*of.fields, *([of.rest] if of.rest else [])]
        }
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("cls", DECLARED, ids=lambda cls: cls.__name__)
@given(data=st.data())
def test_construct_reads_and_builds_the_same(cls: type[Message], data: st.DataObject) -> None:
    of = layout(cls)
    rest = (layout(of.rest.element).length if of.rest.element else 1) * data.draw(st.integers(0, 4)) if of.rest else 0
    raw = data.draw(st.binary(min_size=of.length + rest, max_size=of.length + rest))
    message = cls.decode(raw)
    form = to_construct(cls)
    assert plain(form.parse(raw)) == plain(message)
    if not message.flaws:
        assert form.build(plain(message)) == message.encode()


def test_construct_of_a_shorter_message() -> None:
    parsed = to_construct(CCS, 6).parse(bytes.fromhex("CC0CA00F0000"))
    assert plain(parsed) == {"output_voltage": 327_600, "output_current": 0, "elapsed_time": 0}
    with pytest.raises(construct.StreamError):
        to_construct(CCS).parse(bytes.fromhex("CC0CA00F0000"))


def test_shown_fields_carry_their_units() -> None:
    assert shown(BCL.decode(bytes.fromhex("A510D80E02"))) == {
        "voltage_demand_V": 426.1,
        "current_demand_A": -20.0,
        "charge_mode": "CC",
    }
    assert shown(CCS(327_600, 0, 0)) == {
        "output_voltage_V": 327.6,
        "output_current_A": 0.0,
        "elapsed_time_min": 0,
        "charging_permitted": None,
    }
    assert shown(BMT((-500, None, 255))) == {"temperatures_C": [-50.0, None, 25.5]}
    assert shown(BMV((Cell(3330, 1), Cell(None, 15))))["cells"][1] == {"voltage_V": None, "group": 15}
    assert shown(Blob(1, b"\xab"))["content"] == "ab"


def test_shown_codes_that_nobody_knows() -> None:
    assert shown(BCL(0, 0, 9))["charge_mode"] == "0x09"
    assert shown(CCS(0, 0, 0, 2))["charging_permitted"] == "10"
    flags = bytes.fromhex("ff ff 61 19 ff ff")
    text = b"A\xe9\x00\\"
    mixed = Mixed.decode(text + bytes.fromhex("01 02 03 ff ff ff") + flags)
    assert shown(mixed)["name"] == r"A\xe9\x00" + "\\"
    assert shown(mixed)["serial_hex"] == "010203"


def test_table() -> None:
    rows = table(BCS).splitlines()
    assert rows[0].startswith("| byte | bits | field |")
    assert "| 1-2 | 16 | `measured_voltage_V` | 0..1500 V, step 0.1 |  | SPN 3075 |" in rows
    assert "| 6.5 | 4 | `max_cell_group` | 0..15 |  | 0..15 |" in rows
    assert "| 7.1 | 2 | `charging_permitted` | 0 00 paused 暂停, 1 01 permitted 允许 |" in table(CCS)


@pytest.mark.parametrize("cls", DECLARED, ids=lambda cls: cls.__name__)
def test_a_table_has_a_row_for_every_field(cls: type[Message]) -> None:
    of = layout(cls)
    assert len(table(cls).splitlines()) == 2 + len(of.fields) + (of.rest is not None)


PLAIN = (BCL, BCS, CCS, BST, BEM)


@pytest.fixture(scope="module")
def plain_code() -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(plain_module("For the test.", *PLAIN), names)
    return names


@pytest.mark.parametrize("cls", PLAIN, ids=lambda cls: cls.__name__)
@given(raw=st.binary(max_size=10))
def test_the_plain_module_decodes_the_same(cls: type[Message], plain_code: dict[str, Any], raw: bytes) -> None:
    decoded = plain_code[f"decode_{cls.__name__.lower()}"](raw)
    if decoded is None:
        assert len(raw) < layout(cls).shortest
        return
    message = cls.decode(raw)
    assert decoded == (*plain(message).values(), bool(message.flaws))


def test_a_plain_module_holds_numbers_only() -> None:
    with pytest.raises(TypeError, match="numbers only"):
        plain_module("Not this.", Mixed)
