"""Sender and receiver on one bus: what is sent arrives whole, or both sides are told."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.gbt27930.bus import BCP, BCS, BMV, BRM, DATA_TO_CHARGER, Bus, shown

from chargelink.gbt27930.identifier import BMS, CHARGER
from chargelink.gbt27930.transport import (
    Aborted,
    Endpoint,
    Event,
    Frame,
    Observer,
    Received,
    Receiver,
    Sender,
    Sent,
    TimedOut,
)

MESSAGES = {BRM: bytes(range(49)), BCP: bytes(range(13)), BCS: b"abcdefghi", BMV: bytes(range(252))}


def payloads(events: list[Event]) -> list[bytes]:
    return [event.payload for event in events if isinstance(event, Received)]


def endings(events: list[Event]) -> list[int]:
    """The PGNs that the sender was told about, in order."""
    return [event.pgn for event in events if isinstance(event, Sent | Aborted | TimedOut)]


@pytest.mark.parametrize("limit", [255, 7, 2, 1])
@pytest.mark.parametrize("window", [255, 5, 1])
@pytest.mark.parametrize("size", [9, 13, 41, 49, 252, 512, 1785])
def test_every_size_through_every_window(size: int, window: int, limit: int) -> None:
    payload = Random(size).randbytes(size)
    vehicle = Sender(BMS, CHARGER, max_packets=limit, spacing=0)
    vehicle.send(BMV, payload, now=0.0)
    bus = Bus(vehicle, Receiver(CHARGER, BMS, window=window))
    bus.run()
    assert payloads(bus.events[1]) == [payload]
    assert [type(event) for event in bus.events[0]] == [Sent]


def test_the_time_that_cell_voltages_take() -> None:
    """252 bytes in 36 packets 10 ms apart: the 0.4 s seen on a real bus."""
    vehicle = Sender(BMS, CHARGER)
    vehicle.send(BMV, MESSAGES[BMV], now=0.0)
    bus = Bus(vehicle, Receiver(CHARGER, BMS))
    bus.run()
    (sent,) = bus.events[0]
    assert isinstance(sent, Sent)
    assert sent.took == pytest.approx(0.354, abs=0.001)


@given(st.sets(st.integers(1, 36)), st.sampled_from([255, 7, 3]))
@settings(deadline=None)
def test_any_packets_lost_once_arrive_later(lost: set[int], window: int) -> None:
    still_lost = set(lost)

    def loses(number: int, frame: Frame) -> bool:
        first_time = frame.identifier == DATA_TO_CHARGER and frame.data[0] in still_lost
        if first_time:
            still_lost.remove(frame.data[0])
        return first_time

    vehicle = Sender(BMS, CHARGER, spacing=0.01)
    vehicle.send(BMV, MESSAGES[BMV], now=0.0)
    bus = Bus(vehicle, Receiver(CHARGER, BMS, window=window), lost=loses)
    bus.run()
    assert payloads(bus.events[1]) == [MESSAGES[BMV]]
    assert endings(bus.events[0]) == [BMV]
    assert isinstance(bus.events[0][0], Sent)


@pytest.mark.parametrize("number", range(10))
def test_any_one_frame_lost_is_made_good(number: int) -> None:
    """RTS, CTS, seven TP.DT, EndOfMsgACK: each may be lost once."""
    vehicle = Sender(BMS, CHARGER)
    vehicle.send(BRM, MESSAGES[BRM], now=0.0)
    bus = Bus(vehicle, Receiver(CHARGER, BMS), lost=lambda sent, frame: sent == number)
    bus.run()
    assert set(payloads(bus.events[1])) == {MESSAGES[BRM]}
    assert isinstance(bus.events[0][0], Sent)
    assert len(bus.frames) > 10


@given(seed=st.integers(0, 2**32), loss=st.floats(0, 0.7), jitter=st.floats(0, 0.3))
@settings(deadline=None)
def test_on_a_bad_line_everything_arrives_or_is_reported(seed: int, loss: float, jitter: float) -> None:
    """Frames get lost and late; nobody waits for ever, nobody believes what is not so."""
    random = Random(seed)
    vehicle = Sender(BMS, CHARGER)
    for pgn, payload in MESSAGES.items():
        vehicle.send(pgn, payload, now=0.0)
    bus = Bus(
        vehicle,
        Receiver(CHARGER, BMS, window=random.choice([255, 7, 1])),
        lost=lambda number, frame: random.random() < loss,
        delay=lambda number: 0.001 + random.random() * jitter,
    )
    bus.run()
    received = [(event.pgn, event.payload) for event in bus.events[1] if isinstance(event, Received)]
    assert set(received) <= set(MESSAGES.items())
    assert endings(bus.events[0]) == list(MESSAGES)
    assert {event.pgn for event in bus.events[0] if isinstance(event, Sent)} <= {pgn for pgn, _ in received}
    assert all(node.deadline is None for node in bus.nodes)


@given(seed=st.integers(0, 2**32), loss=st.floats(0, 0.5))
@settings(deadline=None)
def test_an_observer_sees_whatever_the_receiver_got(seed: int, loss: float) -> None:
    random = Random(seed)
    vehicle = Sender(BMS, CHARGER)
    for pgn, payload in MESSAGES.items():
        vehicle.send(pgn, payload, now=0.0)
    bus = Bus(vehicle, Receiver(CHARGER, BMS), lost=lambda number, frame: random.random() < loss)
    bus.run()
    observer = Observer()
    seen = [event for frame in bus.frames for event in observer.receive(*frame, 0.0)]
    assert set(payloads(bus.events[1])) <= set(payloads(seen)) <= set(MESSAGES.values())


def test_both_directions_at_once() -> None:
    """J1939 allows it, one session each way; the charger's messages in GB/T 27930 never need it."""
    charger, vehicle = Endpoint(CHARGER, BMS), Endpoint(BMS, CHARGER)
    charger.send(0x2000, bytes(100), now=0.0)
    vehicle.send(BMV, MESSAGES[BMV], now=0.0)
    vehicle.send(0x2000, bytes(40), now=0.0)
    bus = Bus(charger, vehicle)
    bus.run()
    assert payloads(bus.events[0]) == [MESSAGES[BMV], bytes(40)]
    assert payloads(bus.events[1]) == [bytes(100)]
    assert endings(bus.events[0]) == [0x2000]
    assert endings(bus.events[1]) == [BMV, 0x2000]


def test_two_pairs_on_one_bus_do_not_disturb_each_other() -> None:
    pairs = [(0x56, 0xF4), (0x57, 0xF5)]
    vehicles = [Endpoint(bms, charger) for charger, bms in pairs]
    chargers = [Endpoint(charger, bms) for charger, bms in pairs]
    for vehicle, letter in zip(vehicles, (b"a", b"b"), strict=True):
        vehicle.send(BMV, letter * 252, now=0.0)
    bus = Bus(*vehicles, *chargers)
    bus.run()
    assert payloads(bus.events[2]) == [b"a" * 252]
    assert payloads(bus.events[3]) == [b"b" * 252]
    assert bus.now < 0.5


def test_an_endpoint_gives_up_both_sides() -> None:
    charger, vehicle = Endpoint(CHARGER, BMS), Endpoint(BMS, CHARGER)
    vehicle.send(BRM, MESSAGES[BRM], now=0.0)
    for frame in vehicle.data_to_send():
        charger.receive(*frame, now=0.0)
    charger.data_to_send()
    charger.send(0x2000, bytes(9), now=-0.5)
    charger.data_to_send()
    assert charger.deadline == 0.75, "T3 of its own RTS runs out before T2 of its CTS"
    charger.abort()
    assert shown(charger.data_to_send()) == ["1CECF456#FF02FFFFFF000200", "1CECF456#FF02FFFFFF002000"]
    assert charger.deadline is None
