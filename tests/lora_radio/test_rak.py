"""RUI3 modems: how one is set up, what it says, and what goes wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
from chargelink.lora_radio.rak import AGAIN_AFTER, LOOKS_AFTER, Modem, Settings
from chargelink.sim.sockets.air import Air
from chargelink.sim.sockets.rak import RakModem

EUI = bytes(range(8))
FREQUENCY = 470_300_000
DOWN = Transmission(b"\xe0down", FREQUENCY, 8, 17)


class Bench:
    """Both ends of the line, `chunk` bytes at a time, and everything that was written to the modem."""

    def __init__(self, chunk: int = 1 << 16, **settings: str) -> None:
        self.now = 10.0
        self.chunk = chunk
        self.modem = Modem(EUI, Settings(FREQUENCY))
        self.far = RakModem(EUI, Air(), self.now, **settings)
        self.events: list[RadioEvent] = []
        self.written = b""
        self.modem.connected(self.now)

    def settle(self) -> None:
        """Until neither has anything to say."""
        while data := self.modem.data_to_send():
            self.written += data
            self.far.receive(data, self.now)
            answer = b"".join(self.far.data_to_send())
            for start in range(0, len(answer), self.chunk):
                self.events += self.modem.receive(answer[start : start + self.chunk], self.now)

    def after(self, seconds: float) -> None:
        self.now += seconds
        self.far.tick(self.now)
        self.events += self.modem.receive(b"".join(self.far.data_to_send()), self.now)
        self.events += self.modem.tick(self.now)
        self.settle()

    @property
    def settings_written(self) -> list[bytes]:
        return [line for line in self.written.split(b"\r\n") if b"=" in line and not line.endswith(b"=?")]


def ready(**settings: str) -> Bench:
    bench = Bench(1 << 16, **({"NWM": "0"} | settings))
    bench.settle()
    assert bench.events == [GatewayReachable(EUI)]
    bench.events.clear()
    return bench


def test_a_modem_from_the_factory_is_set_up() -> None:
    bench = Bench(chunk=1)
    bench.settle()
    assert bench.events == []
    with pytest.raises(UnreachableError):
        bench.modem.transmit(DOWN, bench.now)
    bench.after(AGAIN_AFTER)
    assert bench.events == [GatewayReachable(EUI)]
    assert bench.far.settings == {
        "NWM": "0",
        "P2P": "470300000:8:0:0:8:17",
        "IQINVER": "1",
        "SYNCWORD": "1424",
        "CAD": "1",
        "PRECV": "65533",
    }


@pytest.mark.parametrize(("before", "after"), [("868000000:7:125:0:8:14", "125"), ("868000000:7:1:0:8:14", "0")])
def test_the_bandwidth_is_written_as_the_firmware_has_it(before: str, after: str) -> None:
    assert ready(P2P=before).far.settings["P2P"] == f"470300000:8:{after}:0:8:17"


def test_what_is_set_is_not_written_to_flash_again() -> None:
    bench = ready()
    bench.written = b""
    bench.events += bench.modem.disconnected()
    bench.modem.connected(bench.now)
    bench.settle()
    assert bench.events == [GatewayLost(EUI), GatewayReachable(EUI)]
    assert bench.settings_written == [b"AT+PRECV=0", b"AT+PRECV=65533"]


@pytest.mark.parametrize("name", ["AT+PRECV=65533", "AT+CAD=?"])
def test_firmware_that_is_too_old_is_named_and_tried_again(name: str) -> None:
    bench = Bench(NWM="0")
    for _ in range(40):
        data = bench.modem.data_to_send()
        if data.strip() == name.encode():
            (refused,) = bench.modem.receive(b"\r\nAT_PARAM_ERROR\r\n", bench.now)
            assert isinstance(refused, Refused)
            assert name in refused.reason
            break
        bench.far.receive(data, bench.now)
        bench.modem.receive(b"".join(bench.far.data_to_send()), bench.now)
    assert not bench.modem.reachable
    bench.after(AGAIN_AFTER)
    assert bench.modem.reachable


def test_a_setting_that_does_not_hold_is_told() -> None:
    modem = Modem(EUI, Settings(FREQUENCY))
    modem.connected(0.0)
    events: list[RadioEvent] = []
    before, after = "AT+P2P=868000000:7:0:0:8:22", "AT+P2P=470300000:8:0:0:8:22"
    for answer in ("AT+NWM=0\r\nOK", "OK", f"{before}\r\nOK", "OK", f"{after}\r\nOK"):
        modem.data_to_send()
        events += modem.receive(answer.encode() + b"\r\n", 0.0)
    (refused,) = events
    assert isinstance(refused, Refused)
    assert after in refused.reason


@pytest.mark.parametrize(
    "text",
    ["+EVT:RXP2P:-112:1:1234\r\n", "+EVT:RXP2P, RSSI -112, SNR 1\r\n+EVT:1234\r\n"],
    ids=["as published", "old form"],
)
def test_a_packet_is_read(text: str) -> None:
    bench = ready()
    (event,) = bench.modem.receive(text.encode(), 1.25)
    assert isinstance(event, PacketReceived)
    packet = event.packet
    assert (packet.payload, packet.rssi, packet.snr) == (b"\x12\x34", -11_200, 100)
    assert (packet.frequency_hz, packet.data_rate, packet.clock_us) == (FREQUENCY, "SF8BW125", 1_250_000)


def test_a_packet_is_sent_when_the_modem_says_so() -> None:
    bench = ready()
    token = bench.modem.transmit(DOWN, bench.now)
    second = bench.modem.transmit(DOWN, bench.now)
    bench.settle()
    bench.after(0.0)
    assert bench.events == [Transmitted(EUI, second, TransmitResult("COLLISION_PACKET"))]
    bench.after(0.2)
    assert bench.events[1:] == [Transmitted(EUI, token, TransmitResult())]
    assert b"AT+PSEND=E0646F776E\r\n" in bench.written


@pytest.mark.parametrize(
    ("status", "said"), [("AT_BUSY_ERROR", "COLLISION_PACKET"), ("AT_PARAM_ERROR", "AT_PARAM_ERROR")]
)
def test_a_packet_that_is_refused_is_told(status: str, said: str) -> None:
    bench = ready()
    token = bench.modem.transmit(DOWN, bench.now)
    (event,) = bench.modem.receive(f"\r\n{status}\r\n".encode(), bench.now)
    assert event == Transmitted(EUI, token, TransmitResult(said))


def test_a_modem_that_falls_silent_is_set_up_again() -> None:
    bench = ready()
    token = bench.modem.transmit(DOWN, bench.now)
    bench.modem.data_to_send()  # and never arrives
    bench.after(3.0)
    assert bench.events == [TransmitUnanswered(EUI, token), GatewayLost(EUI), GatewayReachable(EUI)]


def test_a_modem_that_started_anew_by_itself_listens_again() -> None:
    bench = ready()
    bench.after(LOOKS_AFTER)
    assert bench.events == []
    bench.far.settings["PRECV"] = "0"
    bench.after(LOOKS_AFTER)
    assert bench.events == [GatewayLost(EUI), GatewayReachable(EUI)]
    assert bench.far.settings["PRECV"] == "65533"


LINES = ["OK", "AT_BUSY_ERROR", "+EVT:RXP2P:-1:2:E0", "+EVT:TXP2P DONE", "AT+NWM=1", "AT+PRECV=65533", "+EVT:", "\r\n"]


@given(st.lists(st.binary(max_size=20) | st.sampled_from([line.encode() + b"\r\n" for line in LINES]), max_size=12))
def test_any_bytes_are_survived(pieces: list[bytes]) -> None:
    bench = Bench(NWM="0")
    for piece in pieces:
        bench.events += bench.modem.receive(piece, bench.now)
    bench.modem.receive(b"\r\n", bench.now)
    for _ in range(6):
        bench.after(LOOKS_AFTER / 2)
    assert bench.modem.reachable
