"""What the modules are told is never above any limit, and says which limit it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.edge.charge.setpoint import clamped
from chargelink.edge.charge.situation import UNKNOWN, Asked, Charge, GunLimits, Situation, Vehicle
from chargelink.gbt27930.parameters import BCP
from chargelink.model import Caps

LIMITS = GunLimits(max_voltage=750_000, min_voltage=200_000, max_current=250_000, max_power=60_000_000)
BATTERY = BCP(4_200, -150_000, 40_000_000, 400_000, 550, 600, 370_000)


def situation(
    asked: Asked | None = Asked(390_000, 100_000),  # noqa: B008 - immutable
    *,
    battery: BCP | None = BATTERY,
    handshake_limit: int | None = 410_000,
    permits: bool = True,
    outside: int = 380_000,
    power: int | None = None,
    limits: GunLimits = LIMITS,
) -> Situation:
    vehicle = Vehicle(handshake_limit=handshake_limit, battery=battery, asked=asked, permits=permits)
    charge = Charge(caps=Caps(power=power))
    return Situation(limits, UNKNOWN._replace(outside_voltage=outside), vehicle=vehicle, charge=charge)


CASES = [
    (situation(), (390_000, 100_000, "demand")),
    (situation(None), (0, 0, "no demand")),
    (situation(permits=False), (390_000, 0, "vehicle pauses")),
    (situation(Asked(390_000, 160_000)), (390_000, 150_000, "battery")),
    (situation(Asked(390_000, 160_000), battery=None, handshake_limit=None), (390_000, 157_894, "charger")),
    (situation(Asked(390_000, 160_000), outside=420_000), (390_000, 142_857, "charger")),
    (situation(limits=LIMITS._replace(max_current=80_000)), (390_000, 80_000, "gun")),
    (situation(power=19_000_000), (390_000, 50_000, "session")),
    (situation(Asked(405_000, 100_000)), (400_000, 100_000, "demand")),  # BCP
    (situation(Asked(405_000, 100_000), handshake_limit=380_000), (380_000, 100_000, "demand")),  # BHM
    (situation(Asked(199_900, 100_000)), (199_900, 0, "voltage below the charger's")),
    (situation(Asked(0, 400_000)), (0, 0, "voltage below the charger's")),
    (situation(Asked(390_000, 0)), (390_000, 0, "demand")),
    (situation(Asked(390_000, -5_000)), (390_000, 0, "demand")),
    (situation(power=0), (390_000, 0, "session")),
]


@pytest.mark.parametrize(("given_situation", "expected"), CASES)
def test_clamped(given_situation: Situation, expected: tuple[int, int, str]) -> None:
    assert clamped(given_situation) == expected


milliamperes = st.integers(-400_000, 400_000)
millivolts = st.integers(0, 1_500_000)
limits = st.builds(
    GunLimits,
    max_voltage=st.integers(300_000, 1_000_000),
    min_voltage=st.integers(0, 300_000),
    max_current=st.integers(0, 600_000),
    max_power=st.integers(0, 480_000_000),
)


@given(
    st.builds(Asked, millivolts, milliamperes),
    limits,
    st.none() | millivolts,
    millivolts,
    st.integers(-400_000, 0),
    st.integers(-1_500_000, 1_500_000),
    st.none() | st.integers(0, 10**9),
    st.booleans(),
)
def test_never_above_any_limit(
    asked: Asked,
    gun: GunLimits,
    handshake: int | None,
    battery_voltage: int,
    battery_current: int,
    outside: int,
    power: int | None,
    permits: bool,
) -> None:
    battery = BCP(4_200, battery_current, 0, battery_voltage, 550, 600, 370_000)
    told = clamped(
        situation(
            asked, battery=battery, handshake_limit=handshake, permits=permits, outside=outside, power=power, limits=gun
        )
    )
    assert 0 <= told.voltage <= min(asked.voltage, gun.max_voltage, battery_voltage, handshake or 10**9)
    assert 0 <= told.current <= max(min(asked.current, gun.max_current, -battery_current), 0)
    assert told.current * max(outside, gun.min_voltage) <= gun.max_power * 1000
    assert power is None or told.current * outside <= power * 1000
    assert permits or told.current == 0
    assert told.because
