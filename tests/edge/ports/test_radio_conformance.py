"""What every radio of the edge does alike, whatever its wire: each test runs on each kind."""

from collections.abc import AsyncIterator

import pytest
from tests.edge.ports.radio_rig import FREQUENCY, GATEWAY, Hall, Rig
from tests.edge.ports.radio_rigs import RIGS
from tests.edge.sockets.yard import UTC, eui, keys

from chargelink.edge.ports.address import LinkError
from chargelink.edge.sockets.events import SiteEvent
from chargelink.edge.sockets.memory import Memory
from chargelink.edge.sockets.plan import RadioPlan
from chargelink.edge.sockets.site import Site
from chargelink.lora_radio.radio import (
    ForbiddenError,
    GatewayLost,
    GatewayReachable,
    PacketReceived,
    RadioEvent,
    Transmission,
    Transmitted,
    TransmitUnanswered,
)
from chargelink.sim.sockets.flash import Identity
from chargelink.sim.sockets.street import Street

LONG = bytes(range(111))  # the longest frame of LS1: a piece of an image


@pytest.fixture(params=[*RIGS])
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    rig = RIGS[request.param]()
    yield rig
    await rig.end()


@pytest.fixture
async def hall(rig: Rig) -> Hall:
    hall = Hall(rig.new_station, rig.now())
    await rig.begin(hall)
    return hall


def received(rig: Rig) -> list[bytes]:
    return [event.packet.payload or b"" for event in rig.events if isinstance(event, PacketReceived)]


def answered(rig: Rig, *tokens: int) -> bool:
    told = {event.token for event in rig.events if isinstance(event, Transmitted | TransmitUnanswered)}
    return told.issuperset(tokens)


def result(rig: Rig, token: int) -> RadioEvent:
    (event,) = [one for one in rig.events if isinstance(one, Transmitted | TransmitUnanswered) and one.token == token]
    return event


async def heard_from_peer(rig: Rig, hall: Hall, payload: bytes) -> None:
    before = len(received(rig))
    hall.say(payload, rig.now())
    rig.move()
    await rig.until(lambda: len(received(rig)) > before)
    assert received(rig)[before:] == [payload]


async def sent_to_peer(rig: Rig, hall: Hall, payload: bytes) -> None:
    before = len(hall.heard)
    token = rig.send(payload)
    await rig.until(lambda: answered(rig, token))
    event = result(rig, token)
    assert isinstance(event, Transmitted)
    assert event.result.error == "NONE"
    await rig.until(lambda: len(hall.heard) > before)
    assert [packet.payload for packet in hall.heard[before:]] == [payload]


async def test_packets_come_with_what_the_radio_knows_of_them(rig: Rig, hall: Hall) -> None:
    for payload in (b"\xe0", b"\xe0\r\n+EVT:\xa5\xc1\x00\xff", LONG):
        await heard_from_peer(rig, hall, payload)
    (event, *_) = [event for event in rig.events if isinstance(event, PacketReceived)]
    assert event.gateway == GATEWAY
    assert event.packet.frequency_hz == FREQUENCY
    assert event.packet.rssi == pytest.approx(-8_500, abs=50)
    assert event.packet.clock_us is not None


async def test_packets_go_out_as_they_are(rig: Rig, hall: Hall) -> None:
    for payload in (b"\xe0", b"\xe0\r\n+EVT:\xa5\xc1\x00\xff", LONG):
        await sent_to_peer(rig, hall, payload)
        assert (hall.heard[-1].frequency_hz, hall.heard[-1].inverted) == (FREQUENCY, True)


async def test_time_stamps_run_with_the_radio(rig: Rig, hall: Hall) -> None:
    for payload in (b"\xe01", b"\xe02"):
        await heard_from_peer(rig, hall, payload)
    first, second = (event.packet.clock_us for event in rig.events if isinstance(event, PacketReceived))
    assert first is not None
    assert second is not None
    assert 0 < (second - first) % (1 << 32) < 60_000_000


async def test_the_same_payload_twice_is_told_twice(rig: Rig, hall: Hall) -> None:
    """Whether it is a copy is for the site to decide, which knows of all radios."""
    for _ in range(2):
        await heard_from_peer(rig, hall, b"\xe0same")


@pytest.mark.parametrize(
    "transmission",
    [
        Transmission(b"\xe0", FREQUENCY, 8, 18),
        Transmission(b"\xe0", 433_000_000, 8, 17),
        Transmission(b"\xe0", 510_000_000, 8, 17),
        Transmission(bytes(100), FREQUENCY, 10, 17),  # 1.0 s on the air
        Transmission(bytes(11), FREQUENCY, 12, 17),
        Transmission(b"", FREQUENCY, 8, 17),
    ],
    ids=["power", "other band", "edge of the band", "SF10", "SF12", "nothing"],
)
async def test_what_the_band_forbids_is_not_sent(rig: Rig, hall: Hall, transmission: Transmission) -> None:
    with pytest.raises(ForbiddenError):
        rig.port.transmit(GATEWAY, transmission)
    await sent_to_peer(rig, hall, b"\xe0allowed")
    assert len(hall.heard) == 1


async def test_what_the_radio_cannot_do_is_refused(rig: Rig, hall: Hall) -> None:
    able = rig.port.capabilities
    if not able.timed:
        with pytest.raises(ForbiddenError):
            rig.port.transmit(GATEWAY, Transmission(b"\xe0", FREQUENCY, 8, 17, clock_us=1))
    if not able.any_iq:
        with pytest.raises(ForbiddenError):
            rig.port.transmit(GATEWAY, Transmission(b"\xe0", FREQUENCY, 8, 17, inverted=False))
    if able.frequencies is not None:
        with pytest.raises(ForbiddenError):
            rig.port.transmit(GATEWAY, Transmission(b"\xe0", FREQUENCY + 800_000, 8, 17))
    with pytest.raises(ForbiddenError):
        rig.port.transmit(GATEWAY, Transmission(bytes(able.longest + 1), FREQUENCY, 7, 17))
    with pytest.raises(LinkError):
        rig.port.transmit(bytes(8), Transmission(b"\xe0", FREQUENCY, 8, 17))
    assert hall.heard == []


async def test_a_radio_that_is_busy_says_so_or_sends_both(rig: Rig, hall: Hall) -> None:
    """Never a packet of which nobody hears anything, and the radio goes on afterwards."""
    tokens = [rig.send(bytes([0xE0, number]) + LONG) for number in range(3)]
    await rig.until(lambda: answered(rig, *tokens))
    results = [result(rig, token) for token in tokens]
    taken = [event for event in results if isinstance(event, Transmitted) and event.result.error == "NONE"]
    refused = [event for event in results if isinstance(event, Transmitted) and event.result.error != "NONE"]
    assert taken
    assert {event.result.error for event in refused} <= {"COLLISION_PACKET"}
    await rig.until(lambda: len(hall.heard) == len(taken))
    await sent_to_peer(rig, hall, b"\xe0after")


async def test_noise_on_the_wire_is_survived(rig: Rig, hall: Hall) -> None:
    for data in rig.noise():
        rig.put(data)
    await heard_from_peer(rig, hall, b"\xe0still here")
    await sent_to_peer(rig, hall, b"\xe0down")


async def test_a_wire_that_was_cut_is_taken_up_again(rig: Rig, hall: Hall) -> None:
    await rig.cut()
    await rig.plug()
    hall.station = rig.new_station(GATEWAY, hall.air, rig.now())
    rig.move()
    await rig.until(lambda: bool(rig.port.reachable))

    def through() -> bool:
        """Say it again as a socket does, until it was heard."""
        if b"\xe0back" not in received(rig) and hall.air.deadline is None:
            hall.say(b"\xe0back", rig.now())
            rig.move()
        return b"\xe0back" in received(rig)

    await rig.until(through)
    await rig.until(lambda: hall.air.deadline is None)
    await sent_to_peer(rig, hall, b"\xe0down")
    changes = [type(event) for event in rig.events if isinstance(event, GatewayReachable | GatewayLost)]
    assert changes[0] is GatewayReachable
    assert rig.port.counts["PacketReceived"] == len(received(rig))


async def test_a_socket_joins_and_is_polled(rig: Rig) -> None:
    """The whole of LS1: join, keys, beacon, poll and answer, through this radio."""
    identity = Identity(keys(1).sockets[0].eui, keys(1).sockets[0].device_key)
    street = Street([identity], GATEWAY, FREQUENCY, rig.now(), station=rig.new_station)
    await rig.begin(street)
    site = Site(keys(1), [eui(1)], RadioPlan((FREQUENCY,)), Memory(), rig.now(), UTC)
    taken = 0

    def step() -> bool:
        nonlocal taken
        told: list[SiteEvent] = []
        for event in rig.events[taken:]:
            if isinstance(event, PacketReceived):
                told += site.receive(event.packet.payload or b"", event.packet.frequency_hz or 0, rig.now())
        taken = len(rig.events)
        site.tick(rig.now())
        if site.to_store() is not None:
            site.stored()
        for _, frequency, factor, power, frame in site.data_to_send():
            rig.port.transmit(GATEWAY, Transmission(frame, frequency, factor, power))
        return site.sockets[eui(1)].online and street.sockets[1].flash.group is not None

    await rig.until(step)
