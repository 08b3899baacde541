"""What a simulated meter has measured: energy to the milliwatt-hour, and how DL/T 645 tells it."""

import re
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sim.meters.bench import ADDRESS, Bench

from chargelink.dlt645.catalogue import STANDARD, Catalogue
from chargelink.sim.cable import Probe, decode, encode
from chargelink.sim.meter import address, energy
from chargelink.sim.meters.device import BOTH, Built
from chargelink.sim.meters.quantities import kept, quantity
from chargelink.sim.meters.register import MWH, SILENT, Register
from chargelink.sim.meters.registers import Registers

KWH = 1_000_000  # mWh
FULL = Probe(400_000, 90_000)  # 36 kW


def test_36_kw_for_100_s_are_a_kilowatt_hour() -> None:
    bench = Bench(Built(energy=5 * KWH))
    bench.wait(timedelta(seconds=100), FULL)
    assert bench.value("00600000") == 6 * KWH
    assert bench.value("00010000") == 6 * KWH
    bench.meter.measure(FULL, bench.now)
    assert bench.value("02010100") == 400_000
    assert bench.value("02020100") == 90_000
    assert bench.value("02030000") == 36_000_000
    assert bench.raw("04000401") == bytes.fromhex("610100000000")


def test_what_comes_back_is_counted_apart() -> None:
    bench = Bench()
    bench.wait(timedelta(seconds=100), Probe(400_000, -9_000))
    energies = bench.meter.register.energies
    assert (energies.forward[0], energies.reverse[0]) == (0, KWH // 10)
    bench.meter.measure(Probe(400_000, -9_000), bench.now)
    assert bench.value("02020100") == -9_000
    assert bench.value("00000000") == 100_000  # combined: forward + reverse
    assert [bench.value(f"0400050{word}") for word in (1, 2, 4)] == [1 << 4, 1, 1 << 6]


def test_a_display_cuts() -> None:
    bench = Bench(Built(energy=19_999))
    assert bench.value("00600000") == 19_900
    assert bench.value("00010000") == 10_000


def test_an_older_meter_has_no_precise_energy() -> None:
    registers = Bench(Built(coarse=True)).meter.meter.registers
    assert "00600000" not in registers
    assert "00010000" in registers


def test_what_has_too_many_digits_is_not_available() -> None:
    bench = Bench()
    bench.meter.measure(Probe(1_000_000, 250_000), bench.now)
    assert bench.value("02010100") is None  # XXX.X V
    assert bench.value("02030000") is None  # XX.XXXX kW


def test_alternating_current_has_a_frequency_and_one_phase() -> None:
    bench = Bench(Built(alternating=True))
    bench.meter.measure(Probe(220_000, 5_000), bench.now)
    assert bench.value("02800002") == 50_000
    assert bench.values("0201FF00") == [220_000, None, None]
    assert bench.values("0203FF00") == [1_100_000, 1_100_000, None, None]
    assert bench.value("02010200") is None
    assert bench.raw("02010200") == b"\xff\xff"
    assert bench.value("02060000") == 1000
    assert Bench().raw("02800002") == b""


def test_registers_can_be_listed() -> None:
    rows = [row for row in STANDARD.rows if row.pattern in ("0060{tariff}00", "04000503", "0207{phase}00")]
    meter = Bench().meter
    registers = Registers(partial(quantity, meter), partial(kept, meter), Catalogue(rows))
    assert sorted(registers) == [*(f"0060{tariff:02}00" for tariff in range(5)), "04000503"]
    assert len(registers) == 6


def test_a_vendors_meter_tells_the_same_in_other_digits() -> None:
    bench = Bench(Built(energy=12_345_678, profile="yada_dc", editions=BOTH))
    bench.meter.measure(Probe(751_234, -251_005), bench.now)
    assert bench.value("02000200") == 751_234
    assert bench.value("02000100") == -2_510_050  # in 0.1 mA
    assert bench.raw("00D10000") == (12_345).to_bytes(4, "little")
    assert bench.value("B691") == 751_234
    status = Bench(Built(energy=12_345_678, profile="energy_status"))
    assert status.raw("00010000") == bytes.fromhex("34120000 00")


def test_the_edition_of_1997() -> None:
    bench = Bench(Built(energy=12_345_678, editions=BOTH))
    bench.meter.measure(Probe(221_900, 5_678), bench.now)
    assert bench.value("9010") == 12_340_000
    assert bench.values("901F") == [12_340_000, 0, 0, 12_340_000, 0]  # total, T1..T4
    assert bench.value("B611") == 221_000  # V
    assert bench.value("B621") == 5_670  # 10 mA
    assert bench.raw("A010") == bytes(3)
    assert bench.raw("B010") == bytes(4)
    assert bench.raw("C032") == bytes.fromhex(ADDRESS)[::-1]
    assert bench.raw("C010") == bytes.fromhex("05201126")  # Friday


def test_a_silent_probe_measures_nothing() -> None:
    register = Register()
    register.measure(FULL, 10.0)
    register.pass_time(3_600.0)
    assert register.energies.forward[0] == round(36_000_000 * SILENT / 3_600)
    assert register.probe == Probe(0, 0)


@given(st.lists(st.tuples(st.integers(0, 1_000_000), st.integers(-250_000, 250_000), st.floats(-1, 2)), max_size=30))
def test_registers_never_run_backwards(story: list[tuple[int, int, float]]) -> None:
    register = Register()
    now = 100.0
    for voltage, current, step in story:
        before = register.flowed
        register.tariff = 1 + voltage % 4
        now += step  # even a clock that does
        register.measure(Probe(voltage, current), now)
        assert register.flowed[0] >= before[0]
        assert register.flowed[1] >= before[1]


@given(st.lists(st.floats(0.001, 0.1), min_size=1, max_size=50))
def test_how_often_it_is_measured_never_matters(steps: list[float]) -> None:
    register = Register()
    now = 0.0
    for step in steps:
        register.measure(Probe(500_000, 100_000), now)
        now += step
    register.pass_time(now)
    assert register.flowed[0] / MWH == pytest.approx(50_000_000 * now / 3600, abs=1.1)


def test_probe_datagrams() -> None:
    assert encode(Probe(380_000, 98_000)) == b'{"voltage_mV":380000,"current_mA":98000}'
    assert decode(b'{"voltage_mV":380000,"current_mA":98000}', Probe) == Probe(380_000, 98_000)


@given(st.binary(max_size=60))
def test_any_datagram_is_a_probe_or_none(datagram: bytes) -> None:
    assert decode(datagram, Probe) is None or b"voltage_mV" in datagram


@pytest.mark.parametrize(("text", "mwh"), [("0", 0), ("1234.5", 1_234_500_000), ("0.000001", 1)])
def test_a_register_from_the_command_line(text: str, mwh: int) -> None:
    assert energy(text) == mwh


@pytest.mark.parametrize("text", ["-1", "1e9", "nan", "inf", "x", "0.0000001"])
def test_no_register_shows_that(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        energy(text)


def test_addresses_from_the_command_line() -> None:
    assert address("161") == ADDRESS
    for text in ("1234567890123", "AA", "", "-1", "999999999999"):
        with pytest.raises(ValueError, match=f"^{text}$"):
            address(text)
