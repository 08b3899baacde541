"""A charge seen from the side of the bus: found, followed, its energy calculated, its end understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.edge.charge.world import World

from chargelink.edge.charge.causes import Cause
from chargelink.edge.charge.observed import ChargeGone, ChargeSeen, Observed, ObservedEvent, Progress
from chargelink.edge.charge.phases import Phase
from chargelink.gbt27930.catalogue import Sender
from chargelink.gbt27930.transport import Frame
from chargelink.sim.vehicle_faults import Declared


def followed(frames: list[tuple[float, Frame]], until: float = 1e6) -> list[ObservedEvent]:
    observed = Observed()
    events: list[ObservedEvent] = []
    for now, frame in frames:
        events += observed.hear(frame.identifier, frame.data, now)
    return events + observed.tick(until)


@pytest.fixture(scope="module")
def charged() -> World:
    world = World().charging()
    world.until(Phase.RELEASED)
    return world


def test_a_charge_becomes_a_session_with_curves(charged: World) -> None:
    events = followed(charged.bus)
    assert [type(event) for event in events if not isinstance(event, Progress)] == [ChargeSeen, ChargeGone]
    seen, gone = events[0], events[-1]
    assert seen == ChargeSeen("LSIMULATED0000001", 620)
    assert isinstance(gone, ChargeGone)
    assert (gone.by, gone.causes) == (Sender.BMS, ("soc_target_reached",))
    assert (gone.soc_start, gone.soc) == (620, 660)
    assert charged.finished is not None
    assert gone.energy == pytest.approx(charged.battery.stored, rel=0.1)  # seconds of charge, 50 ms between CCS
    points = [event for event in events if isinstance(event, Progress)]
    assert len(points) >= 2
    assert [point.energy for point in points] == sorted(point.energy for point in points)
    assert max(point.current for point in points) > 90_000


def test_listening_may_begin_in_the_middle(charged: World) -> None:
    middle = next(at for at, frame in charged.bus if frame.identifier == 0x1812F456) + 1.0  # CCS
    events = followed([(at, frame) for at, frame in charged.bus if at >= middle])
    assert [type(event) for event in events if not isinstance(event, Progress)] == [ChargeSeen, ChargeGone]


def test_a_bus_that_falls_silent_ends_the_session_once(charged: World) -> None:
    begun = next(at for at, frame in charged.bus if frame.identifier == 0x1812F456)
    observed = Observed()
    for at, frame in charged.bus:
        if at < begun + 1.0:
            observed.hear(frame.identifier, frame.data, at)
    deadline = observed.deadline
    assert deadline is not None
    assert observed.tick(deadline - 0.001) == []
    gone = observed.tick(deadline)
    assert [type(event) for event in gone] == [ChargeGone]
    assert isinstance(gone[0], ChargeGone)
    assert gone[0].by is None
    assert observed.tick(deadline + 100) == []
    assert observed.deadline is None


def test_two_charges_in_a_row_are_two_sessions(charged: World) -> None:
    again = [(at + 1000.0, frame) for at, frame in charged.bus]
    events = followed(charged.bus + again)
    assert sum(isinstance(event, ChargeSeen) for event in events) == 2
    assert sum(isinstance(event, ChargeGone) for event in events) == 2


def test_a_charge_that_begins_anew_is_two_sessions_whose_energy_is_the_charge() -> None:
    """On the bus it looks like a plug that was pulled and came back: with vehicles of 2011 no CHM tells them apart."""
    world = World(target=900).charging()
    world.lose_bus(1.5)
    world.until(Phase.CHARGING)
    world.run(2.0)
    world.stop()
    world.until(Phase.RELEASED)
    gone = [event for event in followed(world.bus) if isinstance(event, ChargeGone)]
    assert [(one.by, one.causes) for one in gone] == [
        (Sender.CHARGER, ("bcl_timeout",)),
        (Sender.CHARGER, ("manual_stop",)),
    ]
    assert sum(one.energy for one in gone) == pytest.approx(world._energy, rel=0.1)
    assert gone[0].soc is not None
    assert gone[1].soc_start is not None
    assert gone[0].soc <= gone[1].soc_start < gone[0].soc + 50  # a small battery


@pytest.mark.parametrize(("stop", "by"), [(Cause.LOCAL, Sender.CHARGER), (Cause.EMERGENCY_STOP, Sender.CHARGER)])
def test_who_stopped(stop: Cause, by: Sender) -> None:
    world = World(target=900).charging()
    world.stop(stop)
    world.until(Phase.RELEASED, Phase.HELD)
    gone = followed(world.bus)[-1]
    assert isinstance(gone, ChargeGone)
    assert gone.by is by
    assert stop.value.said in gone.causes


def test_without_the_charger_the_battery_is_believed(charged: World) -> None:
    events = followed([(at, frame) for at, frame in charged.bus if frame.identifier != 0x1812F456])
    gone = events[-1]
    assert isinstance(gone, ChargeGone)
    assert gone.energy == pytest.approx(charged.battery.stored, rel=0.25)


def test_a_vehicle_that_codes_its_demand_wrongly_is_followed_all_the_same() -> None:
    world = World(target=900).charging(faults=(Declared.parse("wrong-current@2"),))
    world.until(Phase.RELEASED, Phase.HELD)
    assert any(isinstance(event, ChargeGone) for event in followed(world.bus))


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0x1812F456, 0x181156F4, 0x101AF456, 0x1826F456, 0x181DF456, 0x1CEC56F4]),
            st.binary(max_size=8),
        ),
        max_size=40,
    )
)
def test_any_frames_begin_and_end_in_turns(frames: list[tuple[int, bytes]]) -> None:
    events = followed([(number * 0.05, Frame(*frame)) for number, frame in enumerate(frames)])
    turns = [event for event in events if not isinstance(event, Progress)]
    assert all(isinstance(event, ChargeSeen if number % 2 == 0 else ChargeGone) for number, event in enumerate(turns))
    assert len(turns) % 2 == 0
