"""The simulated battery keeps to physics: energy is balanced, SOC and voltage rise, the end tapers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargelink.sim.battery import TERNARY, Battery
from chargelink.sim.bms import Bms
from chargelink.wire import EncodeError, Message

STEP = 20  # ms


def charged(bms: Bms, seconds: int, step: int = STEP) -> list[tuple[int, int, int]]:
    """Charge as the BMS demands: current, voltage and SOC of every step."""
    battery = bms.battery
    rows = []
    for _ in range(seconds * 1000 // step):
        battery.carry(bms.demand, step)
        rows.append((battery.current, battery.voltage, battery.soc))
        if bms.satisfied:
            break
    return rows


def test_a_whole_charge_tapers() -> None:
    rows = charged(Bms(Battery(400_000, 100), most_current=100_000, target=1000), 120)
    currents, voltages, socs = zip(*rows, strict=True)
    assert currents[0] == max(currents) == 100_000
    taper = currents.index(next(current for current in currents if current < 100_000))
    assert set(currents[:taper]) == {100_000}  # constant current, then
    assert list(currents[taper:]) == sorted(currents[taper:], reverse=True)  # constant voltage, tapering
    assert max(voltages) <= 403_300  # 403.2 V, and what one step adds
    assert min(voltages[taper:]) >= 403_000
    assert list(socs) == sorted(socs)
    assert socs[-1] >= 990


@given(st.lists(st.tuples(st.integers(-200_000, 200_000), st.integers(1, 1000)), max_size=40))
def test_energy_is_balanced(steps: list[tuple[int, int]]) -> None:
    """What goes in at the terminals is stored at the open-circuit voltage or becomes heat."""
    battery = Battery(40_000_000, 500)
    stored = 0
    for current, milliseconds in steps:
        before = battery.ocv
        battery.carry(current, milliseconds)
        assert before <= battery.ocv if current >= 0 else before >= battery.ocv
        stored += before * current // 1000 * milliseconds
    duration = sum(milliseconds for _, milliseconds in steps)
    error = abs(battery.energy - battery.heat - stored)
    assert error <= 30 * 1000 * duration  # 30 W: the voltage rises within a step, and rounding


@pytest.mark.parametrize("step", [1, 7, 20, 100])
def test_the_step_hardly_matters(step: int) -> None:
    bms = Bms(Battery(400_000, 620), most_current=100_000, target=800)
    seconds = len(charged(bms, 60, step)) * step / 1000
    assert seconds == pytest.approx(0.18 * 400_000 * 3.6 / (355.2 * 100), abs=0.2)
    assert bms.battery.stored == pytest.approx(0.18 * 400_000 * (3.87 + 0.125) / 3.7, rel=0.03)


def test_it_warms_and_cools() -> None:
    battery = Battery(40_000_000, 500, temperature=250)
    for _ in range(6000):
        battery.carry(200_000, 100)
    hot = battery.temperature
    assert hot == pytest.approx(250 + 4_800 * 600 / 20_000 * 10, rel=0.2)
    for _ in range(18_000):
        battery.carry(0, 100)
    assert 250 < battery.temperature < 250 + (hot - 250) * 0.4


@pytest.mark.parametrize(("soc", "voltage"), [(0, 288_000), (620, 364_608), (1000, 402_240)])
def test_open_circuit_voltage(soc: int, voltage: int) -> None:
    assert Battery(400_000, soc).ocv == pytest.approx(voltage, abs=20)


def test_the_curve_rises() -> None:
    assert list(TERNARY.curve) == sorted(TERNARY.curve)
    assert [voltage for _, voltage in TERNARY.curve] == sorted({voltage for _, voltage in TERNARY.curve})


@settings(max_examples=50, deadline=None)
@given(st.integers(1_000, 500_000_000), st.integers(0, 1000), st.integers(2_000, 400_000), st.integers(1, 1000))
def test_the_bms_can_say_whatever_it_is(capacity: int, soc: int, most_current: int, target: int) -> None:
    bms = Bms(Battery(capacity, soc), most_current=most_current // 100 * 100, target=target)
    for _ in range(3):
        messages: list[Message] = [bms.identity, bms.parameters, *bms.charging(bms.demand), bms.statistics]
        for message in messages:
            try:
                assert type(message).decode(message.encode()).flaws == ()
            except EncodeError as error:
                raise AssertionError(message) from error
        bms.battery.carry(bms.demand, STEP)
    assert bms.battery.energy >= 0
