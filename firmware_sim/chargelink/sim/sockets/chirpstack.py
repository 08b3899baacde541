"""A simulated LoRa gateway of ChirpStack: raw packets by MQTT, in protobuf or JSON.

What it sends and takes is a piece of bytes as all gateways have it here: a topic, a space, and the message.
"""

from typing import Any

from chargelink.lora_radio.airtime import CN470
from chargelink.lora_radio.chirpstack import ACK, CONNECTION, DOWNLINK, UPLINK, Marshaler, topic
from chargelink.sim.sockets.air import Air, Packet, Radio
from chargelink.wire import DecodeError

STATISTICS = 30.0  # s; nothing else goes out by itself


class ChirpstackGateway:
    """Hears every uplink in the air, sends what it is asked to at once. `now` in seconds."""

    def __init__(self, eui: bytes, air: Air, now: float, marshaler: Marshaler = Marshaler.PROTOBUF) -> None:
        self.eui = eui
        self.radio = Radio(air, eui)
        self._marshaler = marshaler
        self._outbox: list[bytes] = []
        self._uplinks = 0
        self._again = now
        air.listen(eui, inverted=False)
        self.tick(now)

    @property
    def command_topic(self) -> str:
        """What to subscribe to."""
        return topic("", self.eui, "command/down")

    @property
    def deadline(self) -> float:
        """When `tick` has something to do."""
        return self._again if self.radio.deadline is None else min(self._again, self.radio.deadline)

    def data_to_send(self) -> list[bytes]:
        """Pieces for the broker."""
        outbox, self._outbox = self._outbox, []
        return outbox

    def receive(self, datagram: bytes, now: float) -> None:
        """Take a piece of the broker."""
        name, _, message = datagram.partition(b" ")
        if name.decode() != self.command_topic:
            return
        try:
            down = self._marshaler.read(DOWNLINK, message)
        except DecodeError:
            return
        items = down.get("items", [])
        status = self._transmit(items[0], now) if items else "IGNORED"
        answer = {"gatewayId": self.eui.hex(), "downlinkId": down.get("downlinkId", 0), "items": [{"status": status}]}
        self._say("event/ack", self._marshaler.write(ACK, answer))

    def tick(self, now: float) -> None:
        """Let time pass."""
        self.radio.tick(now)
        if self._again <= now:
            self._again = now + STATISTICS
            self._say("state/conn", self._marshaler.write(CONNECTION, {"gatewayId": self.eui.hex(), "state": "ONLINE"}))

    def hear(self, packet: Packet, now: float) -> None:
        """A packet has arrived by air."""
        self._uplinks += 1
        lora = {"bandwidth": 125_000, "spreadingFactor": packet.spreading_factor, "codeRate": "CR_4_5"}
        uplink = {
            "phyPayload": packet.payload,
            "txInfo": {"frequency": packet.frequency_hz, "modulation": {"lora": lora}},
            "rxInfo": {
                "gatewayId": self.eui.hex(),
                "uplinkId": self._uplinks,
                "rssi": round(packet.level / 100),
                "snr": packet.snr / 100,
                "context": (round(now * 1_000_000) % (1 << 32)).to_bytes(4, "big"),
                "crcStatus": "CRC_OK",
            },
        }
        self._say("event/up", self._marshaler.write(UPLINK, uplink))

    def _transmit(self, item: dict[str, Any], now: float) -> str:
        tx = item.get("txInfo", {})
        lora = tx.get("modulation", {}).get("lora", {})
        frequency, payload = tx.get("frequency", 0), item.get("phyPayload", b"")
        if "immediately" not in tx.get("timing", {}) or not payload:
            return "TOO_EARLY"
        if not CN470.lowest_hz <= frequency <= CN470.highest_hz:
            return "TX_FREQ"
        if self.radio.busy:
            return "COLLISION_PACKET"
        packet = Packet(frequency, lora.get("spreadingFactor", 0), lora.get("polarizationInversion", False), payload)
        self.radio.send(packet, now, quick=True)
        return "OK"

    def _say(self, what: str, message: bytes) -> None:
        self._outbox.append(topic("", self.eui, what).encode() + b" " + message)
