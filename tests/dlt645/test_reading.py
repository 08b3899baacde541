"""The data of identifiers as values: inner units, decimals, absent phases, odd lengths, damaged digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.dlt645 import readings
from chargelink.dlt645.forms import Stamp, Value
from chargelink.dlt645.profiles import PROFILES
from chargelink.dlt645.reading import identifier_bytes, identifier_of


@pytest.mark.parametrize(
    ("identifier", "data", "value", "shown"),
    [
        ("00010000", "26 00 00 00", 260_000, {"value": "0.26", "unit": "kWh"}),
        ("00000000", "26 00 00 80", -260_000, {"value": "-0.26", "unit": "kWh"}),
        ("00010000", "26 00 00 80", 800000_260_000, {"value": "800000.26", "unit": "kWh"}),
        ("00600000", "34 12 00 00 00", 123_400, {"value": "0.1234", "unit": "kWh"}),
        ("02010100", "19 23", 231_900, {"value": "231.9", "unit": "V"}),
        ("02020100", "99 49 80", -4_999, {"value": "-4.999", "unit": "A"}),
        ("02030000", "12 25 00", 251_200, {"value": "0.2512", "unit": "kW"}),
        ("02060000", "01 85", -501, {"value": "-0.501", "unit": ""}),
        ("02800002", "03 50", 50_030, {"value": "50.03", "unit": "Hz"}),
        ("02800007", "31 82", -231, {"value": "-23.1", "unit": "°C"}),
        ("00900200", "56 98 01 00", 19_856, {"value": "198.56", "unit": "yuan"}),
        ("04000402", "91 40 02 01 18 07", "071801024091", {"value": "071801024091"}),
        ("04000101", "01 11 01 16", Stamp("2016-01-11", 1), {"value": "2016-01-11", "weekday": "01"}),
        ("04000102", "55 53 21", Stamp("21:53:55"), {"value": "21:53:55"}),
        ("0400040D", "00 " * 13 + "33 2E 31", "1.3", {"value": "1.3"}),
        ("04000503", "50 00", 0x50, {"value": "0050", "set": ["relay_open", "relay_command_trip"]}),
        ("04000503", "04 00", 4, {"value": "0004", "set": ["power_supply=battery"]}),
        (
            "01010000",
            "45 23 01 45 13 20 05 24",
            (1_234_500, Stamp("2024-05-20 13:45")),
            {"value": "1.2345", "unit": "kW", "time": "2024-05-20 13:45"},
        ),
        (
            "04010001",
            "01 00 00 02 30 08",
            (Stamp("00:00", 1), Stamp("08:30", 2)),
            {"value": [{"value": "00:00", "number": "01"}, {"value": "08:30", "number": "02"}]},
        ),
        ("B611", "26 02", 226_000, {"value": "226", "unit": "V"}),
    ],
)
def test_a_value_and_how_it_is_shown(identifier: str, data: str, value: Value, shown: dict[str, object]) -> None:
    (reading,), extra, known = readings(identifier, bytes.fromhex(data))
    assert (reading.value, reading.presented, reading.flaw) == (value, shown, None)
    assert (extra, known) == (b"", True)


@pytest.mark.parametrize(
    ("identifier", "data", "values"),
    [
        ("0201FF00", "56 22 FF FF FF FF", [225_600, None, None]),
        ("0201FF00", "56 22", [225_600]),  # a single-phase meter that sends what it has
        ("0001FF00", "01 00 00 00 02 00 00 00 03 00 00 00", [10_000, 20_000, 30_000]),
        ("000100FF", "01 00 00 00 02 00 00 00", [10_000, 20_000]),  # now and one settlement day back
        ("0203FF00", "12 25 00 12 25 80", [251_200, -251_200]),  # total and phase A of four
        (
            "0101FF00",
            "45 23 01 45 13 20 05 24 FF FF FF FF FF FF FF FF",
            [(1_234_500, Stamp("2024-05-20 13:45")), None],
        ),
        ("0202FF00", "00 10 00 00 20 00 00 30 80", [1000, 2000, -3000]),
        ("0504FF01", "00 10 20 05 24 AA 01 00 00 00 AA 02 00 00 00", [Stamp("2024-05-20 10:00"), 10_000, 20_000]),
        ("0504FF01", "00 10 20 05 24 01 00 00 00 02 00 00 00", [Stamp("2024-05-20 10:00"), 10_000, 20_000]),
        ("05060101", "01 00 00 00 02 00 00 00", [10_000, 20_000]),
        ("006000FF", "01 00 00 00 00 02 00 00 00 00", [100, 200]),
        ("00010000", "", []),
    ],
)
def test_blocks_are_as_long_as_their_data(identifier: str, data: str, values: list[Value | None]) -> None:
    found = readings(identifier, bytes.fromhex(data))
    assert [reading.value for reading in found.readings] == values
    assert (found.extra, found.flaws) == (b"", [])


@pytest.mark.parametrize(
    ("identifier", "data", "presented", "flaw"),
    [
        (
            "00010000",
            "00 00 0E 00",
            {"forward_active_energy": {"value": "nonBCD:00000e00", "unit": "kWh"}},
            "forward_active_energy: 000e0000 is not BCD",
        ),
        (
            "00010000",
            "37 26 00 00 01",
            {"forward_active_energy": {"value": "26.37", "unit": "kWh"}, "extra_bytes": "01"},
            "1 byte more than the identifier has",
        ),
        (
            "00010000",
            "37 26",
            {"forward_active_energy": {"value": "short:3726", "unit": "kWh"}},
            "forward_active_energy: 2 bytes, not 4",
        ),
        (
            "0201FF00",
            "56 22 01",
            {"voltage_a": {"value": "225.6", "unit": "V"}, "extra_bytes": "01"},
            "1 byte more than the identifier has",
        ),
        (
            "05060001",
            "00 00 09 34 15",
            {"freeze_time": {"value": "2015-34-09 00:00"}},
            "freeze_time: 2015-34-09 00:00 is no possible time",
        ),
    ],
)
def test_what_is_odd_is_kept_and_told(identifier: str, data: str, presented: dict[str, object], flaw: str) -> None:
    found = readings(identifier, bytes.fromhex(data))
    assert found.presented == presented
    assert [words.english for words in found.flaws] == [flaw]


def test_an_unknown_identifier_keeps_its_bytes() -> None:
    found = readings("BCAA0109", b"\xaa\x00")
    assert (found.presented, found.known, found.flaws) == ({"raw": "AA 00"}, False, [])


def test_a_vendors_form() -> None:
    found = readings("02000100", bytes.fromhex("34 12 00 80"), PROFILES["yada_dc"].catalogue)
    assert found.presented == {"current_a": {"value": "-0.1234", "unit": "A"}}


SOME = ["00010000", "0001FF00", "0203FF00", "03300201", "04010000", "05060101", "901F", "FFFFFFFF"]


@given(st.sampled_from(SOME), st.binary())
def test_any_data_is_read(identifier: str, data: bytes) -> None:
    found = readings(identifier, data)
    assert isinstance(found.presented, dict)
    kept = b"".join(reading.raw for reading in found.readings) + found.extra
    assert len(kept) >= len(data) - data.count(0xAA)


def test_identifiers_travel_low_byte_first() -> None:
    assert identifier_of(bytes.fromhex("00 FF 01 02")) == "0201FF00"
    assert identifier_of(bytes.fromhex("10 90"), 2) == "9010"
    assert identifier_of(b"\x00", 2) == ""
    assert identifier_bytes("0201FF00") == bytes.fromhex("00 FF 01 02")
    for wrong in ("", "00", "000100", "0001000G"):
        with pytest.raises(ValueError, match="hexadecimal"):
            identifier_bytes(wrong)
