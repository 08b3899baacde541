"""EBYTE modems: how one is set up, its stream, and what goes wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.lora_radio.ebyte import (
    AGAIN_AFTER,
    ANSWER_WITHIN,
    COMPLETE_WITHIN,
    LONGEST,
    Modem,
    Settings,
    crc8,
    unwrap,
    wrapped,
)
from chargelink.lora_radio.gwmp import TransmitResult
from chargelink.lora_radio.radio import (
    GatewayLost,
    GatewayReachable,
    PacketReceived,
    RadioEvent,
    Refused,
    Transmission,
    Transmitted,
    TransmitUnanswered,
    UnreachableError,
)
from chargelink.sim.sockets.air import Air
from chargelink.sim.sockets.ebyte import EbyteModem

EUI = bytes(range(8))
FREQUENCY = 471_125_000
DOWN = Transmission(b"\xe0down", FREQUENCY, 8, 17)
WANTED = bytes.fromhex("ffff0062113d90")


def settle(modem: Modem, far: EbyteModem, now: float = 0.0) -> list[RadioEvent]:
    events: list[RadioEvent] = []
    while data := modem.data_to_send():
        far.receive(data, now)
        for answer in far.data_to_send():
            for byte in answer:
                events += modem.receive(bytes([byte]), now)
    return events


@pytest.fixture
def modem() -> Modem:
    modem = Modem(EUI, Settings(FREQUENCY))
    modem.connected(0.0)
    assert settle(modem, EbyteModem(EUI, Air(), 0.0)) == [GatewayReachable(EUI)]
    return modem


def test_a_modem_is_set_up_once() -> None:
    modem, far = Modem(EUI, Settings(FREQUENCY)), EbyteModem(EUI, Air(), 0.0)
    with pytest.raises(UnreachableError):
        modem.transmit(DOWN, 0.0)
    modem.connected(0.0)
    assert settle(modem, far) == [GatewayReachable(EUI)]
    assert far.registers == WANTED
    modem.disconnected()
    modem.connected(0.0)
    written = b""
    while data := modem.data_to_send():
        written += data
        far.receive(data, 0.0)
        modem.receive(b"".join(far.data_to_send()), 0.0)
    assert written == bytes.fromhex("c0c1c2c30202 c10007 c0c1c2c30200")


def test_the_power_is_one_that_the_band_allows() -> None:
    assert [Settings(FREQUENCY, power).registers[4] & 3 for power in (17, 13, 10)] == [1, 2, 3]
    with pytest.raises(ValueError, match="22 dBm"):
        Modem(EUI, Settings(FREQUENCY, 22))
    with pytest.raises(ValueError, match="none of the channels"):
        Modem(EUI, Settings(470_300_000))


def test_registers_that_do_not_hold_are_told() -> None:
    modem = Modem(EUI, Settings(FREQUENCY))
    modem.connected(0.0)
    events = modem.receive(bytes.fromhex("c1c2c30202"), 0.0)
    for registers in ("00000062101200", "00000062101200"):
        events += modem.receive(bytes.fromhex("c10007" + registers), 0.0)
    (refused,) = events
    assert isinstance(refused, Refused)
    assert "00 00 00 62" in refused.reason
    modem.data_to_send()
    modem.tick(AGAIN_AFTER)
    assert modem.data_to_send() == bytes.fromhex("c0c1c2c30202")


def test_a_modem_that_knows_no_such_command_is_asked_again() -> None:
    modem = Modem(EUI, Settings(FREQUENCY))
    modem.connected(0.0)
    (refused,) = modem.receive(b"\xff\xff\xff", 0.0)
    assert isinstance(refused, Refused)
    modem.data_to_send()
    modem.tick(ANSWER_WITHIN)
    assert modem.data_to_send() == b""
    modem.tick(AGAIN_AFTER)
    assert modem.data_to_send() == bytes.fromhex("c0c1c2c30202")


def test_a_packet_has_the_level_behind_it(modem: Modem) -> None:
    assert crc8(b"123456789") == 0xF4
    assert modem.receive(wrapped(b"\xe0up"), 1.0) == []
    (event,) = modem.receive(bytes([256 - 85]), 1.0)
    assert isinstance(event, PacketReceived)
    assert (event.packet.payload, event.packet.rssi, event.packet.snr) == (b"\xe0up", -8_500, None)
    modem.receive(wrapped(b"\xe0bare"), 2.0)
    (event,) = modem.tick(2.0 + COMPLETE_WITHIN)
    assert isinstance(event, PacketReceived)
    assert (event.packet.payload, event.packet.rssi) == (b"\xe0bare", None)


def test_a_frame_that_is_cut_off_holds_up_nothing(modem: Modem) -> None:
    assert modem.receive(wrapped(b"\xe0" * 50)[:20], 1.0) == []
    (refused,) = modem.tick(1.0 + COMPLETE_WITHIN)
    assert isinstance(refused, Refused)
    (event,) = modem.receive(wrapped(b"\xe0next") + b"\xab", 2.0)
    assert isinstance(event, PacketReceived)


def test_one_packet_at_a_time(modem: Modem) -> None:
    first, second = modem.transmit(DOWN, 0.0), modem.transmit(DOWN, 0.0)
    assert modem.data_to_send() == wrapped(DOWN.frame)
    assert modem.tick(0.0) == [Transmitted(EUI, second, TransmitResult("COLLISION_PACKET"))]
    assert modem.tick(1.0) == [Transmitted(EUI, first, TransmitResult())]
    third = modem.transmit(DOWN, 1.0)
    assert modem.disconnected() == [TransmitUnanswered(EUI, third), GatewayLost(EUI)]
    assert modem.data_to_send() == b""


@given(
    st.lists(st.binary(min_size=1, max_size=LONGEST), max_size=4), st.binary(max_size=8).filter(lambda x: 0xA5 not in x)
)
def test_frames_are_found_behind_noise(frames: list[bytes], noise: bytes) -> None:
    stream = bytearray(b"".join(noise + wrapped(frame) for frame in frames))
    assert [unwrap(stream) for _ in frames] == frames
    assert unwrap(stream) is None


@given(st.lists(st.binary(max_size=30), max_size=12))
def test_any_bytes_are_survived(pieces: list[bytes]) -> None:
    modem, far = Modem(EUI, Settings(FREQUENCY)), EbyteModem(EUI, Air(), 0.0)
    modem.connected(0.0)
    for now, piece in enumerate(pieces):
        modem.receive(piece, now)
        modem.tick(now + 0.5)
    modem.tick(90.0)
    modem.tick(100.0)
    if not modem.reachable:
        settle(modem, far, 100.0)
    assert modem.reachable
    (event,) = [one for one in modem.receive(wrapped(b"\xe0") + b"\xab", 110.0) if isinstance(one, PacketReceived)]
    assert event.packet.payload == b"\xe0"
