"""The UDP between a LoRa gateway and its server, both sides our own: a keep-alive, a join, a poll and its answer."""

import json
from datetime import UTC, datetime

from docs.recordings.socket import CHANNELS, START, OnAir, conversation

from chargelink.lora_radio.gateway import Gateway, TransmitRequested
from chargelink.lora_radio.gwmp import TransmitResult
from chargelink.lora_radio.packets import ReceivedPacket, Statistics
from chargelink.lora_radio.server import Server, immediately

EUI = bytes.fromhex("0016c001f153a14c")
SOURCE = ("192.0.2.10", 40_000)  # an address for documentation, RFC 5737
SHOWN = 5  # packets of the conversation: join, beacon, poll and answer


class Forwarding:
    """A gateway, its server, and a log of their datagrams."""

    def __init__(self) -> None:
        self.gateway = Gateway(EUI, START - 2.0)
        self.server = Server({EUI: [SOURCE[0]]})
        self.lines = ["# datagrams of a packet forwarder in hexadecimal, as captured on UDP port 1700\n"]

    def carry(self, now: float) -> None:
        """Everything that either side has to say."""
        while datagrams := self.gateway.data_to_send():
            for datagram in datagrams:
                self._log(now, "up", datagram)
                self.server.receive(datagram, SOURCE, now)
            self.answer(now)

    def answer(self, now: float) -> None:
        for datagram, _ in self.server.data_to_send():
            self._log(now, "down", datagram)
            for event in self.gateway.receive(datagram, now):
                if isinstance(event, TransmitRequested):
                    self.gateway.acknowledge(event.token, TransmitResult())

    def pass_on(self, packet: OnAir) -> None:
        """A packet of the radio: heard by the gateway, or sent through it."""
        if packet.down:
            self.server.transmit(EUI, immediately(CHANNELS[0], 8, packet.frame, 14), packet.time)
            self.answer(packet.time)
        else:
            self.gateway.push((heard(packet),), packet.time)
        self.carry(packet.time)

    def _log(self, now: float, direction: str, raw: bytes) -> None:
        time = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        self.lines.append(f"{time}  {direction}: {raw.hex()}\n")


def heard(packet: OnAir) -> ReceivedPacket:
    """How a gateway tells of a packet."""
    return ReceivedPacket(
        clock_us=round((packet.time - START + 1) * 1_000_000),
        frequency_hz=CHANNELS[0],
        channel=0,
        radio=0,
        crc=1,
        modulation="LORA",
        data_rate="SF8BW125",
        coding_rate="4/5",
        rssi=-8700,
        snr=825,
        payload=packet.frame,
    )


def packet_forwarder() -> str:
    """The way back opens, five packets, statistics; then a packet as a forwarder prints it, with a wrong CRC."""
    forwarding = Forwarding()
    forwarding.carry(START - 2.0)
    packets = conversation()[:SHOWN]
    for packet in packets:
        forwarding.pass_on(packet)
    now = packets[-1].time + 1
    forwarding.gateway.push((), now, Statistics(received=2, received_right=2, forwarded=2, acknowledged=10_000))
    forwarding.carry(now)
    damaged = heard(packets[0]).to_json() | {"stat": -1, "rssi": -121}
    return "".join(forwarding.lines) + f"JSON up: {json.dumps({'rxpk': [damaged]})}\n"
