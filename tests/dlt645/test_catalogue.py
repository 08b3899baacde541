"""The identifier tables themselves, and every entry of them value to bytes and back."""

import re
from collections import Counter
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.dlt645.catalogue import STANDARD, Access, Item, Row, modern_identifier
from chargelink.dlt645.catalogue.axis import AXES
from chargelink.dlt645.forms import (
    Ascii,
    Binary,
    Bits,
    Digits,
    Form,
    Hexadecimal,
    Listed,
    Moment,
    Number,
    Opaque,
    Record,
    Stamp,
    Value,
)
from chargelink.dlt645.forms.unit import VOLT
from chargelink.dlt645.profiles import PROFILES
from chargelink.wire import DecodeError, EncodeError

IDENTIFIER = re.compile(r"[0-9A-F]{4}|[0-9A-F]{8}")
ROWS = [*STANDARD.rows, *(row for profile in PROFILES.values() for row in profile.rows)]


def identifiers(row: Row) -> list[str]:
    codes = [AXES[axis].steps for axis in row.axes]
    return [row.pattern.format(**dict(zip(row.axes, chosen, strict=True))) for chosen in product(*codes)]


def an_item(row: Row) -> Item:
    item = row.find(identifiers(row)[-1])
    assert item is not None
    return item


def test_the_tables_are_large_enough() -> None:
    assert len(STANDARD.rows) > 400
    assert sum(row.size for row in STANDARD.rows) > 20_000


def test_every_identifier_stands_in_one_row_only() -> None:
    counts = Counter(identifier for row in STANDARD.rows if not row.block for identifier in identifiers(row))
    assert [identifier for identifier, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.pattern)
def test_every_row_is_well_formed(row: Row) -> None:
    item = an_item(row)
    assert IDENTIFIER.fullmatch(item.identifier)
    assert re.fullmatch(r"[a-z][a-z0-9_]*", item.name)
    assert re.search(r"[\u4e00-\u9fff]", item.chinese)
    assert "{" not in item.name + item.chinese
    assert item.form.layout
    assert row.form.size is None or 0 < row.form.size <= 255


def test_an_identifier_leads_to_its_row() -> None:
    for row in STANDARD.rows:
        if not row.block and not row.repeats:
            item = an_item(row)
            assert STANDARD.find(item.identifier) == item
            assert STANDARD.expand(item.identifier) == (item,)


@pytest.mark.parametrize(
    ("identifier", "name", "size", "unit"),
    [
        ("00010000", "forward_active_energy", 4, "kWh"),
        ("00010100", "forward_active_energy_t1", 4, "kWh"),
        ("0001010C", "forward_active_energy_t1_settlement_12", 4, "kWh"),
        ("00150000", "forward_active_energy_a", 4, "kWh"),
        ("00600000", "precise_forward_active_energy", 5, "kWh"),
        ("00900200", "remaining_money", 4, "yuan"),
        ("01010000", "forward_active_max_demand", 8, ""),
        ("02010200", "voltage_b", 2, "V"),
        ("02020300", "current_c", 3, "A"),
        ("02030000", "active_power_total", 3, "kW"),
        ("02060000", "power_factor_total", 2, ""),
        ("020A0115", "voltage_harmonic_a_21", 2, "%"),
        ("02800002", "frequency", 2, "Hz"),
        ("03300D00", "cover_open_count", 3, "times"),
        ("03300201", "demand_clear_record_1", 202, ""),
        ("03300D01", "cover_open_record_1", 60, ""),
        ("04000402", "meter_number", 6, ""),
        ("04000503", "status_word_3", 2, ""),
        ("05060001", "freeze_time", 5, ""),
        ("1D000001", "trip_count", 3, "times"),
        ("9010", "forward_active_energy", 4, "kWh"),
        ("B611", "voltage_a", 2, "V"),
        ("C032", "meter_number", 6, ""),
    ],
)
def test_known_entries(identifier: str, name: str, size: int, unit: str) -> None:
    item = STANDARD.find(identifier)
    assert item is not None
    assert (item.name, item.form.size, item.form.unit) == (name, size, unit)


@pytest.mark.parametrize(
    ("block", "names"),
    [
        ("0001FF00", ["forward_active_energy", "forward_active_energy_t1", "forward_active_energy_t2"]),
        ("000100FF", ["forward_active_energy", "forward_active_energy_settlement_1"]),
        ("0001FF01", ["forward_active_energy_settlement_1", "forward_active_energy_t1_settlement_1"]),
        ("0201FF00", ["voltage_a", "voltage_b", "voltage_c"]),
        ("0203FF00", ["active_power_total", "active_power_a", "active_power_b", "active_power_c"]),
        ("020AFF01", ["voltage_harmonic_a_1", "voltage_harmonic_b_1", "voltage_harmonic_c_1"]),
        ("040005FF", ["status_word_1", "status_word_2"]),
        ("040001FF", ["date", "time"]),
        ("0504FF01", ["freeze_time", "freeze_forward_active_energy", "freeze_reverse_active_energy"]),
        ("05060101", ["freeze_forward_active_energy", "freeze_forward_active_energy_t1"]),
        ("901F", ["forward_active_energy", "forward_active_energy_t1"]),
        ("B61F", ["voltage_a", "voltage_b", "voltage_c"]),
    ],
)
def test_blocks_hold_their_items_in_order(block: str, names: list[str]) -> None:
    assert [item.name for item in STANDARD.expand(block)[: len(names)]] == names


@pytest.mark.parametrize("identifier", ["", "9", "02010000", "0001FFFF", "00017F00", "FFFFFFFF", "00010G00"])
def test_what_the_tables_do_not_have(identifier: str) -> None:
    assert STANDARD.find(identifier) is None
    assert STANDARD.expand(identifier) == ()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("9010", "00010000"),
        ("901F", "0001FF00"),
        ("9410", "00010001"),
        ("9140", "00080000"),
        ("B611", "02010100"),
        ("B621", "02020100"),
        ("B630", "02030000"),
        ("C010", "04000101"),
        ("C011", "04000102"),
        ("C033", None),
        ("FFFF", None),
    ],
)
def test_the_1997_edition_maps_to_that_of_2007(old: str, new: str | None) -> None:
    assert modern_identifier(old) == new


def test_what_both_editions_have_bears_one_name() -> None:
    for row in STANDARD.rows:
        item = an_item(row)
        modern = modern_identifier(item.identifier) if len(item.identifier) == 4 else None
        if modern is not None:
            other = STANDARD.find(modern)
            assert other is not None
            assert (other.name, other.form.unit or item.form.unit) == (item.name, item.form.unit)


def test_a_vendors_profile_goes_before_the_standard() -> None:
    wide = PROFILES["wide"].catalogue.find("02020100")
    assert wide is not None
    assert (wide.name, wide.form.size) == ("current_a", 4)
    assert PROFILES["yada_dc"].catalogue.find("00010000") == STANDARD.find("00010000")


def test_passwords_are_only_written() -> None:
    item = STANDARD.find("04000C03")
    assert item is not None
    assert item.access is Access.WRITE


def values(form: Form) -> st.SearchStrategy[Value]:
    """Values that a form can carry."""
    match form:
        case Number():
            most = 10 ** (2 * form.size) * (8 if form.signed else 10) // 10 - 1
            return st.integers(-most if form.signed else 0, most).map(lambda count: count * form.step)
        case Binary():
            return st.integers(0, 256**form.size - 2).map(lambda count: count * form.step)
        case Digits():
            return st.text("0123456789", min_size=2 * form.size, max_size=2 * form.size)
        case Hexadecimal():
            return (
                st.binary(min_size=form.size, max_size=form.size)
                .filter(lambda raw: raw.strip(b"\xff"))
                .map(lambda raw: raw.hex().upper())
            )
        case Ascii():
            return st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=form.size)
        case Opaque():
            size = form.size
            return (
                st.binary(min_size=size or 1, max_size=size or 20)
                .filter(lambda raw: raw.strip(b"\xff"))
                .map(lambda raw: raw.hex(" ").upper())
            )
        case Bits():
            return st.integers(0, 256**form.size - 2)
        case Moment():
            return st.text("0123456789", min_size=2 * form.size, max_size=2 * form.size).map(
                lambda digits: form.read(bytes.fromhex(digits))
            )
        case Record():
            return st.tuples(*(st.none() | values(part) for _, part in form.parts)).filter(any)
        case Listed():
            return st.lists(values(form.entry), max_size=5).map(tuple)
    raise AssertionError(form)


FORMS = list({repr(row.form): row.form for row in ROWS}.values())


@given(st.data())
def test_every_value_comes_back(data: st.DataObject) -> None:
    form = data.draw(st.sampled_from(FORMS))
    value = data.draw(values(form))
    raw = form.encode(value)
    assert form.size in (None, len(raw))
    assert form.decode(raw) == value
    assert form.present(value)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.layout[:40])
def test_absent_travels_as_ones(form: Form) -> None:
    assert form.decode(form.encode(None)) is None
    assert form.present(None)["value"] is None


@given(st.sampled_from(FORMS), st.binary(max_size=20))
def test_any_bytes_are_a_value_or_raise_the_documented_error(form: Form, raw: bytes) -> None:
    try:
        value = form.decode(raw)
    except DecodeError:
        assert form.present_undecodable(raw)["value"]
        return
    assert form.present(value)
    if value is not None:
        assert isinstance(form.doubt(value), str)


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (Number(4, 2, VOLT), "1"),
        (Number(4, 2, VOLT), 5),
        (Number(2), 10_000),
        (Number(2), -1),
        (Number(2, signed=True), 8000),
        (Binary(2), 65536),
        (Binary(2), 65535),
        (Digits(2), "123"),
        (Digits(2), "12a4"),
        (Hexadecimal(2), "12A"),
        (Hexadecimal(2), "12A4B6"),
        (Hexadecimal(2), "12G4"),
        (Ascii(3), "four"),
        (Ascii(3), " a"),
        (Ascii(3), "日"),
        (Opaque(2), "00"),
        (Opaque(2), "zz"),
        (Bits(1), 256),
        (Moment("hhmmss"), "12:00"),
        (Moment("hhmmss"), 12),
        (Moment("hhmmNN"), "12:00"),
        (Moment("YYMMDDWW"), Stamp("2016-01-11", 100)),
        (Record((("a", Number(1)),)), (1, 2)),
        (Listed(Number(1)), 1),
    ],
)
def test_what_does_not_fit_is_not_built(form: Form, value: Value) -> None:
    with pytest.raises(EncodeError):
        form.encode(value)


def test_a_weekday_is_computed_if_none_is_given() -> None:
    assert Moment("YYMMDDWW").encode("2016-01-11") == bytes.fromhex("01110116")
    assert Moment("YYMMDDWW").encode("2016-01-10") == bytes.fromhex("00100116")
