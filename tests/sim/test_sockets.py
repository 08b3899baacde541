"""The physics of simulated sockets: what e-bikes draw, what outlets count and cut, what the air does to packets."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargelink.lora_radio.airtime import airtime_us
from chargelink.lora_socket.codes import OutletState, Place, Result, StopReason
from chargelink.lora_socket.commands import RATED_OUTLET, Limit, Start
from chargelink.sim.sockets.air import CAPTURE, CARRIER_SENSE, LEVEL, Air, Packet, Radio
from chargelink.sim.sockets.ebike import CURVES, MILLIWATT_MILLISECONDS, Curve, Ebike
from chargelink.sim.sockets.outlet import NO_LOAD_FOR, PLUG_WAIT, UNPLUGGED_FOR, Ended, Outlet

CHANNEL, OTHER = 470_300_000, 471_100_000
MINUTE = 60_000  # ms


def outlet(load: Ebike | None = None, top_up: int = 0) -> Outlet:
    made = Outlet(Place.A, 0, RATED_OUTLET, top_up)
    if load is not None:
        made.plug(load)
    return made


def start(**other: int) -> Start:
    values = {"session": 7, "most_minutes": 480, "most_energy": 3_000_000, "most_power": 800_000, "flags": 1}
    return Start(**(values | {"full_threshold": 30_000, "full_minutes": 10} | other))  # type: ignore[arg-type]


def until_it_ends(charged: Outlet, limit: int = 24 * 60 * MINUTE) -> Ended:
    for now in range(charged.now, charged.now + limit, MINUTE):
        if ended := charged.advance(now):
            return ended
    raise AssertionError("it does not end")


@pytest.mark.parametrize("curve", CURVES.values(), ids=CURVES)
def test_a_whole_charge_rises_tapers_and_ends_full(curve: Curve) -> None:
    load = Ebike(curve)
    charged = outlet(load, top_up=45 * MINUTE)
    assert charged.start(start(most_minutes=720)) is Result.OK
    powers = []
    while not charged.topping_up:
        powers.append(charged.power)
        assert charged.advance(charged.now + MINUTE) is None
    peak = powers.index(max(powers))
    assert powers[: peak + 1] == sorted(powers[: peak + 1])
    assert powers[peak:] == sorted(powers[peak:], reverse=True)
    assert charged.state is OutletState.TOP_UP
    ended = until_it_ends(charged)
    assert ended.reason is StopReason.FULL
    assert charged.was_full
    assert 0.85 * load.capacity < ended.charge.energy < 1.1 * load.capacity
    assert 3 * 60 * MINUTE < ended.charge.elapsed < 12 * 60 * MINUTE
    assert sum(ended.charge.tiers) == ended.charge.elapsed


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 40), st.integers(1, 2_000_000), st.lists(st.integers(1, 90_000), min_size=1, max_size=30))
def test_energy_is_what_was_drawn_whatever_the_steps(cap: int, capacity: int, steps: list[int]) -> None:
    load = Ebike(CURVES["lithium"], capacity)
    charged = outlet(load)
    charged.start(start(most_energy=cap * 1000))
    ended = None
    for step in steps:
        before = 0 if charged.charge is None else charged.charge.drawn
        ended = ended or charged.advance(charged.now + step)
        if charged.charge is not None:
            assert charged.charge.drawn >= before
    charge = charged.charge or (ended and ended.charge)
    assert charge
    assert charge.drawn <= cap * 1000 * MILLIWATT_MILLISECONDS
    assert charge.elapsed <= sum(steps)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"most_energy": 5_000}, StopReason.ENERGY),
        ({"most_minutes": 2}, StopReason.TIME),
        ({"most_power": 100_000}, StopReason.OVERLOAD),
    ],
)
def test_each_limit_stops_by_itself(limits: dict[str, int], reason: StopReason) -> None:
    charged = outlet(Ebike(CURVES["lithium"]))
    charged.start(start(**limits))
    ended = until_it_ends(charged)
    assert ended.reason is reason
    if reason is StopReason.ENERGY:
        assert ended.charge.energy == 5_000
    if reason is StopReason.TIME:
        assert ended.charge.elapsed == 2 * MINUTE


def test_without_load_it_waits_a_while() -> None:
    charged = outlet()
    charged.start(start())
    assert charged.advance(PLUG_WAIT - 2_000) is None
    ended = until_it_ends(charged)
    assert (ended.reason, ended.charge.energy) == (StopReason.NO_LOAD, 0)


def test_pulling_the_plug_ends_it_after_a_moment() -> None:
    charged = outlet(Ebike(CURVES["lithium"]))
    charged.start(start())
    charged.advance(MINUTE)
    charged.unplug()
    assert charged.advance(MINUTE + UNPLUGGED_FOR - 1_000) is None
    ended = charged.advance(MINUTE + UNPLUGGED_FOR + 2_000)
    assert ended
    assert ended.reason is StopReason.UNPLUGGED
    assert UNPLUGGED_FOR < NO_LOAD_FOR


@pytest.mark.parametrize(
    ("wish", "result"),
    [
        ({}, Result.OK),
        ({"session": 8}, Result.BUSY),
    ],
)
def test_a_second_start(wish: dict[str, int], result: Result) -> None:
    charged = outlet()
    assert charged.start(start()) is Result.OK
    assert charged.start(start(**wish)) is result


@pytest.mark.parametrize(
    "wish",
    [{"session": 0}, {"most_power": 0}, {"most_power": RATED_OUTLET + 1000}, {"most_minutes": 0}, {"most_energy": 0}],
)
def test_a_start_without_a_sensible_limit_is_refused(wish: dict[str, int]) -> None:
    assert outlet().start(start(**wish)) is Result.LIMIT


def test_limits_change_while_it_runs() -> None:
    charged = outlet(Ebike(CURVES["lithium"]))
    charged.start(start())
    assert charged.limit(Limit(8, 400_000, 10, 1_000)) is Result.NO_SESSION
    assert charged.limit(Limit(7, 0, 10, 1_000)) is Result.LIMIT
    assert charged.limit(Limit(7, 400_000, 10, 1_000)) is Result.OK
    assert until_it_ends(charged).charge.energy == 1_000


def packet(frequency: int = CHANNEL, inverted: bool = False, length: int = 20) -> Packet:
    return Packet(frequency, 8, inverted, bytes(length))


def air() -> Air:
    made = Air()
    made.listen("gateway", inverted=False)
    made.listen(1, inverted=True, frequencies=frozenset({CHANNEL}))
    made.listen(2, inverted=True, frequencies=frozenset({OTHER}))
    return made


def test_a_packet_arrives_when_its_last_symbol_does() -> None:
    space = air()
    end = space.transmit(1, packet(), 10.0)
    assert end == pytest.approx(10.0 + airtime_us(20, 8) / 1_000_000)
    assert space.tick(end - 0.001) == []
    (heard,) = space.tick(end)
    assert (heard.station, heard.at) == ("gateway", end)


def test_sockets_hear_downlinks_of_their_channel_only() -> None:
    space = air()
    space.transmit("gateway", packet(inverted=True), 10.0)
    assert [heard.station for heard in space.tick(11.0)] == [1]


@pytest.mark.parametrize(
    ("second", "heard"), [(packet(), 0), (packet(OTHER), 2)], ids=["the same channel", "another channel"]
)
def test_packets_collide_on_one_channel(second: Packet, heard: int) -> None:
    space = air()
    space.transmit(1, packet(), 10.0)
    space.transmit(2, second, 10.05)
    assert len(space.tick(11.0)) == heard
    assert space.collisions == (0 if heard else 2)


def test_of_two_packets_the_stronger_by_6_db_survives() -> None:
    """Over many places of two sockets: exactly one is heard where they differ enough, none where they do not."""
    captured = 0
    for seed in range(40):
        space = Air(seed=seed, spread=40)
        space.listen("gateway", inverted=False)
        levels = {number: space.level("gateway", number) for number in (1, 2)}
        assert all(-10_500 <= level <= -6_500 for level in levels.values())
        space.transmit(1, packet(), 10.0)
        space.transmit(2, packet(length=21), 10.05)
        heard = space.tick(11.0)
        strong, weak = sorted(levels, key=lambda number: -levels[number])
        if levels[strong] - levels[weak] >= CAPTURE:
            assert [(len(one.packet.payload), one.packet.level) for one in heard] == [(19 + strong, levels[strong])]
        else:
            assert heard == []
        captured += len(heard)
        assert (space.captured, space.collisions) == (len(heard), 2 - len(heard))
    assert 10 < captured < 40


def test_levels_are_a_matter_of_the_seed_and_alike_both_ways() -> None:
    spaces = [Air(seed=seed, spread=60) for seed in (1, 1, 2)]
    first, again, other = ([space.level(b"gateway", number) for number in range(1, 30)] for space in spaces)
    assert first == again != other
    assert first[4] == spaces[0].level(5, b"gateway")
    assert {Packet(CHANNEL, 8, False, b"", level).snr for level in (-8_500, -11_000)} == {850, 700}
    assert Air(seed=7).level(1, 2) == LEVEL


def test_who_talks_hears_nothing_on_any_channel() -> None:
    space = air()
    space.transmit("gateway", packet(OTHER, inverted=True, length=100), 10.0)
    end = space.transmit(1, packet(), 10.05)
    assert [heard.station for heard in space.tick(end)] == []
    assert [heard.station for heard in space.tick(11.0)] == [2]


def test_a_radio_listens_before_it_talks() -> None:
    space = air()
    end = space.transmit(1, packet(), 10.0)
    radio = Radio(space, 2)
    radio.send(packet(), 10.0 + 2 * CARRIER_SENSE, quick=True)
    while radio.deadline is not None:
        radio.tick(radio.deadline)
    assert space.deadline == end
    assert len(space.tick(12.0)) == 2
    assert space.collisions == 0


def test_what_the_air_loses_is_a_matter_of_the_seed() -> None:
    def lost(seed: int) -> list[int]:
        space = Air(0.3, seed)
        space.listen("gateway", inverted=False)
        for number in range(200):
            space.transmit(1, packet(), float(number))
        return [int(heard.at) for heard in space.tick(1000.0)]

    assert lost(1) == lost(1) != lost(2)
    assert 100 < len(lost(1)) < 180
