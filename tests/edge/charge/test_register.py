"""Caps, a meter that stands still, and a charge of which nothing comes: cells of a table, then whole charges."""

import pytest
from tests.edge.charge.world import World

from chargelink.edge.charge.causes import Cause
from chargelink.edge.charge.phases import Phase
from chargelink.edge.charge.register import NO_ENERGY, STALLED, UNCOUNTED, Register, due, reached
from chargelink.edge.charge.situation import UNKNOWN, Charge, Vehicle
from chargelink.model import Caps, StopReason

LOOK = 0.05  # s
START = 7_000_000  # mWh
Case = tuple[Caps, int, int | None, float, Cause | None]

CASES: list[Case] = [  # caps, mWh, 0.1 %, s of charging, what ends it
    (Caps(), 5_000_000, 1000, 86_400.0, None),
    (Caps(energy=10_000), 9_999, 0, 1.0, None),
    (Caps(energy=10_000), 10_000, 0, 1.0, Cause.ENERGY_REACHED),
    (Caps(soc=800), 1, 799, 1.0, None),
    (Caps(soc=800), 1, 800, 1.0, Cause.SOC_REACHED),
    (Caps(soc=800), 1, None, 1.0, None),
    (Caps(soc=800), 0, 810, 0.0, Cause.SOC_REACHED),
    (Caps(minutes=2), 1, 0, 119.9, None),
    (Caps(minutes=2), 1, 0, 120.0, Cause.TIME_REACHED),
    (Caps(minutes=2), 0, 0, 120.0, Cause.TIME_REACHED),
    (Caps(), 0, 500, 119.9, None),
    (Caps(), 0, 500, 120.0, Cause.NO_ENERGY),
    (Caps(), 1, 500, 120.0, None),
    (Caps(energy=10, soc=10, minutes=1), 10, 10, 60.0, Cause.ENERGY_REACHED),
    (Caps(money=0), 5_000_000, 500, 600.0, None),  # what is due is for the books
]


@pytest.mark.parametrize(("caps", "energy", "soc", "seconds", "cause"), CASES)
def test_what_ends_a_charge(caps: Caps, energy: int, soc: int | None, seconds: float, cause: Cause | None) -> None:
    charge = Charge(caps, START, START + energy, began=40.0)
    stop = reached(charge, Vehicle(soc=soc), 40.0 + seconds)
    assert (stop and stop.cause) is cause


def test_it_is_looked_at_when_it_is_due() -> None:
    charge = Charge(Caps(minutes=5), START, START)
    assert due(charge) == []
    assert reached(charge, Vehicle(), 1e9) is None
    charge.began = 40.0
    assert due(charge) == [340.0, 40.0 + NO_ENERGY]
    charge.register += 1
    assert due(charge) == [340.0]


@pytest.mark.parametrize(
    ("voltage", "current", "seconds"),
    [
        (400_000, 150_000, STALLED),  # 60 kW: a minute, in which 1 kWh flowed
        (400_000, 4_500, STALLED),  # 1.8 kW: 30 Wh in the same minute
        (400_000, 2_250, 2 * STALLED),  # 0.9 kW: three steps take longer
        (400_000, 500, None),  # the instrument's noise
        (400_000, -50_000, None),
    ],
)
def test_a_register_that_stands_still_while_energy_flows(voltage: int, current: int, seconds: float | None) -> None:
    register, looks = Register(0.0), 0
    board = UNKNOWN._replace(outside_voltage=voltage, current=current)
    while register.stalled is None and looks < 200 / LOOK:
        register.see(board, looks * LOOK)
        looks += 1
    if seconds is None:
        assert register.stalled is None
    else:
        assert (looks - 1) * LOOK == pytest.approx(seconds, abs=2 * LOOK)
        assert register.stalled is not None


def test_each_step_of_the_register_begins_anew_and_a_pause_does_not_count() -> None:
    register = Register(0.0)
    flows, pause = UNKNOWN._replace(outside_voltage=400_000, current=100_000), UNKNOWN
    now, value = 0.0, START
    for minute in range(6):
        for _ in range(int(58 / LOOK)):
            register.see(flows, now)
            now += LOOK
        for _ in range(int(300 / LOOK)):
            register.see(pause, now)
            now += LOOK
        assert register.stalled is None, minute
        value += 10_000
        register.read(value, now)
    register.see(flows, now)
    register.see(flows, now + 3_600.0)  # nobody looked for an hour: it stands for half a second
    assert register.stalled is None


def plugged(capacity: int = 400_000, target: int = 900) -> World:
    world = World(capacity=capacity, target=target)
    world.until(Phase.AVAILABLE)
    world.plug()
    world.until(Phase.LOCKED)
    return world


def test_a_charge_ends_at_the_state_of_charge_that_was_asked_for() -> None:
    world = plugged()
    world.authorise(Caps(soc=640))
    world.until(Phase.RELEASED)
    assert world.finished is not None
    assert world.finished.stop.cause is Cause.SOC_REACHED
    assert world.finished.stop.cause.value.reason is StopReason.SOC_LIMIT_REACHED
    assert world.finished.vehicle.soc == 640


def test_a_car_that_has_as_much_already_gets_nothing() -> None:
    world = plugged()
    world.authorise(Caps(soc=600))
    world.until(Phase.RELEASED)
    assert world.finished is not None
    assert world.finished.stop.cause is Cause.SOC_REACHED
    assert world.finished.charge.energy < 2_000  # of the moment in which it was seen


def test_a_meter_that_stands_still_ends_the_charge() -> None:
    world = World(capacity=60_000_000, target=900).charging()
    world.meter_counts = False
    counted, since = world.register + int(world._energy), world.now
    world.until(Phase.RAMPING, within=STALLED + 2)
    assert STALLED - 1 <= world.now - since <= STALLED + 1
    assert world.causes == [Cause.METER_STALLED]
    world.until(Phase.RELEASED)
    assert world.finished is not None
    assert world.finished.charge.register == counted  # no more is sold than was counted


def test_a_coarse_meter_does_not_stand_still() -> None:
    world = plugged(capacity=60_000_000)
    world.meter_step = 10_000
    world.authorise(Caps(power=2_000_000))  # a step every 18 s
    world.until(Phase.CHARGING)
    world.run(3 * UNCOUNTED / 2_000_000 * 3600)
    assert world.phase is Phase.CHARGING


def test_a_car_that_takes_nothing_is_let_go_after_two_minutes() -> None:
    world = plugged()
    world.authorise(Caps(power=0))
    world.until(Phase.CHARGING)
    began = world.now
    world.until(Phase.RAMPING, within=NO_ENERGY + 1)
    assert world.now - began >= NO_ENERGY
    world.until(Phase.RELEASED)
    assert world.finished is not None
    assert world.finished.stop.cause is Cause.NO_ENERGY
    assert world.finished.charge.energy == 0
