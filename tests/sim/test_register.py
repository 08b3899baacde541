"""What a simulated meter has measured: energy to the milliwatt-hour, and how DL/T 645 tells it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.dlt645.reading import readings
from chargelink.sim.cable import Probe, decode, encode
from chargelink.sim.meter import address, energy
from chargelink.sim.register import SILENT, Register

ADDRESS = "000000000161"
KWH = 1_000_000  # mWh


def value(register: Register, identifier: str) -> object:
    (reading,) = readings(identifier, register[identifier]).readings
    return reading.value


def measured(register: Register, probe: Probe, seconds: float) -> None:
    for at in range(round(seconds / 0.02) + 1):
        register.measure(probe, at * 0.02)


def test_36_kw_for_100_s_are_a_kilowatt_hour() -> None:
    register = Register(ADDRESS, start=5 * KWH)
    measured(register, Probe(400_000, 90_000), 100)
    assert register.forward == 6 * KWH
    assert value(register, "00600000") == 6 * KWH
    assert value(register, "00010000") == 6 * KWH
    assert value(register, "02010100") == 400_000
    assert value(register, "02020100") == 90_000
    assert value(register, "02030000") == 36_000_000
    assert register["04000401"] == bytes.fromhex("610100000000")


def test_what_comes_back_is_counted_apart() -> None:
    register = Register(ADDRESS)
    measured(register, Probe(400_000, -9_000), 100)
    assert (register.forward, register.reverse) == (0, KWH // 10)
    assert value(register, "02020100") == -9_000


def test_a_display_cuts() -> None:
    register = Register(ADDRESS, start=19_999)
    assert value(register, "00600000") == 19_900
    assert value(register, "00010000") == 10_000


def test_an_older_meter_has_no_precise_energy() -> None:
    register = Register(ADDRESS, coarse=True)
    assert "00600000" not in register
    assert "00010000" in register
    assert len(register) == len([*register])


def test_what_has_too_many_digits_is_not_available() -> None:
    register = Register(ADDRESS)
    register.measure(Probe(1_000_000, 250_000), 1.0)
    assert value(register, "02010100") is None  # XXX.X V
    assert value(register, "02030000") is None  # XX.XXXX kW


def test_alternating_current_has_a_frequency() -> None:
    assert value(Register(ADDRESS, alternating=True), "02800002") == 50_000
    assert "02800002" not in Register(ADDRESS)


def test_a_silent_probe_measures_nothing() -> None:
    register = Register(ADDRESS)
    register.measure(Probe(400_000, 90_000), 10.0)
    register.pass_time(3_600.0)
    assert register.forward == round(36_000_000 * SILENT / 3_600)
    assert value(register, "02010100") == 0


@given(st.lists(st.tuples(st.integers(0, 1_000_000), st.integers(-250_000, 250_000), st.floats(-1, 2)), max_size=30))
def test_registers_never_run_backwards(story: list[tuple[int, int, float]]) -> None:
    register = Register(ADDRESS)
    now = 100.0
    for voltage, current, step in story:
        before = register.forward, register.reverse
        now += step  # even a clock that does
        register.measure(Probe(voltage, current), now)
        assert register.forward >= before[0]
        assert register.reverse >= before[1]


@given(st.lists(st.floats(0.001, 0.1), min_size=1, max_size=50))
def test_how_often_it_is_measured_never_matters(steps: list[float]) -> None:
    register = Register(ADDRESS)
    now = 0.0
    for step in steps:
        register.measure(Probe(500_000, 100_000), now)
        now += step
    register.pass_time(now)
    assert register.forward == pytest.approx(50_000_000 * now / 3600, abs=1.1)


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
    for text in ("1234567890123", "AA", "", "-1"):
        with pytest.raises(ValueError, match=f"^{text}$"):
            address(text)
