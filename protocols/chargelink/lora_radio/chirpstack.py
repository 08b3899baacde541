"""Gateways of ChirpStack 4 by MQTT: topics, and the messages of its `gw.proto` that carry raw packets.

The gateway's topics and not the application's: LS1 is no LoRaWAN, and ChirpStack has no event for what is not. A
gateway (ChirpStack Gateway Bridge, or the MQTT Forwarder) publishes `gateway/ID/event/up` and answers `command/down`
with `event/ack`; `state/conn` is retained and says whether it is connected. Messages are protobuf by default, JSON
where the gateway is set to it. The power of a packet to send is in dBm EIRP here, 2.15 dB less than the same in ERP.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Any, NamedTuple

from chargelink.lora_radio import protobuf
from chargelink.lora_radio.gwmp import TransmitResult
from chargelink.lora_radio.packets import ReceivedPacket
from chargelink.lora_radio.protobuf import Field, Kind, Message
from chargelink.lora_radio.radio import (
    GatewayLost,
    GatewayReachable,
    PacketDropped,
    PacketReceived,
    RadioEvent,
    Refused,
    Transmission,
    Transmitted,
    TransmitUnanswered,
    UnreachableError,
)
from chargelink.wire import DecodeError

ANSWER_WITHIN = 2.0  # s from command/down to event/ack, by way of the broker
CODE_RATES = ("CR_UNDEFINED", "CR_4_5", "CR_4_6", "CR_4_7", "CR_4_8")
CRC = ("NO_CRC", "BAD_CRC", "CRC_OK")
STATUSES = (
    "IGNORED",
    "OK",
    "TOO_LATE",
    "TOO_EARLY",
    "COLLISION_PACKET",
    "COLLISION_BEACON",
    "TX_FREQ",
    "TX_POWER",
    "GPS_UNLOCKED",
    "QUEUE_FULL",
    "INTERNAL_ERROR",
    "DUTY_CYCLE_OVERFLOW",
)
_LORA = Message(
    (
        Field(1, "bandwidth", Kind.UNSIGNED),
        Field(2, "spreadingFactor", Kind.UNSIGNED),
        Field(5, "codeRate", CODE_RATES),
        Field(4, "polarizationInversion", Kind.BOOL),
        Field(6, "preamble", Kind.UNSIGNED),
    )
)
_MODULATION = Message((Field(3, "lora", _LORA),))
_UPLINK_TX = Message((Field(1, "frequency", Kind.UNSIGNED), Field(2, "modulation", _MODULATION)))
_UPLINK_RX = Message(
    (
        Field(1, "gatewayId", Kind.STRING),
        Field(2, "uplinkId", Kind.UNSIGNED),
        Field(6, "rssi", Kind.SIGNED),
        Field(7, "snr", Kind.FLOAT),
        Field(13, "context", Kind.BYTES),
        Field(16, "crcStatus", CRC),
    )
)
UPLINK = Message((Field(1, "phyPayload", Kind.BYTES), Field(4, "txInfo", _UPLINK_TX), Field(5, "rxInfo", _UPLINK_RX)))
_TIMING = Message((Field(1, "immediately", Message(())),))
_DOWNLINK_TX = Message(
    (
        Field(1, "frequency", Kind.UNSIGNED),
        Field(2, "power", Kind.SIGNED),
        Field(3, "modulation", _MODULATION),
        Field(6, "timing", _TIMING),
    )
)
_ITEM = Message((Field(1, "phyPayload", Kind.BYTES), Field(3, "txInfo", _DOWNLINK_TX)))
DOWNLINK = Message(
    (
        Field(3, "downlinkId", Kind.UNSIGNED),
        Field(5, "items", _ITEM, repeated=True),
        Field(7, "gatewayId", Kind.STRING),
    )
)
ACK = Message(
    (
        Field(6, "gatewayId", Kind.STRING),
        Field(2, "downlinkId", Kind.UNSIGNED),
        Field(5, "items", Message((Field(1, "status", STATUSES),)), repeated=True),
    )
)
CONNECTION = Message((Field(3, "gatewayId", Kind.STRING), Field(2, "state", ("OFFLINE", "ONLINE"))))


class Marshaler(Enum):
    """In which form messages travel, as the gateway is set to it."""

    PROTOBUF = "protobuf"
    JSON = "json"

    def read(self, message: Message, data: bytes) -> dict[str, Any]:
        """Raises DecodeError."""
        return (protobuf.decode if self is Marshaler.PROTOBUF else protobuf.from_json)(message, data)

    def write(self, message: Message, values: dict[str, Any]) -> bytes:
        return (protobuf.encode if self is Marshaler.PROTOBUF else protobuf.to_json)(message, values)


class Publication(NamedTuple):
    """A message for the broker."""

    topic: str
    payload: bytes


def topic(prefix: str, gateway: bytes, what: str) -> str:
    """As `gateway/a84041ffff1e2d3c/event/up`, below a region's prefix where ChirpStack has one."""
    return f"{prefix}/gateway/{gateway.hex()}/{what}" if prefix else f"gateway/{gateway.hex()}/{what}"


class Server:
    """The side of the network for `gateways` (EUIs). Without I/O; `now` in seconds of a clock that never runs back.

    Say `disconnected` when the broker is gone. A gateway is reachable once it says that it is connected, or is heard.
    """

    def __init__(self, gateways: Sequence[bytes], marshaler: Marshaler, prefix: str = "") -> None:
        self.marshaler = marshaler
        self._prefix = prefix
        self._topics = {
            topic(prefix, gateway, what): (gateway, what)
            for gateway in gateways
            for what in ("event/up", "event/ack", "state/conn")
        }
        self._reachable: set[bytes] = set()
        self._asked: dict[tuple[bytes, int], float] = {}  # until when the answer counts
        self._outbox: list[Publication] = []
        self._token = 0

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """What to ask the broker for."""
        return tuple(self._topics)

    @property
    def reachable(self) -> frozenset[bytes]:
        """Gateways through which a packet can be sent."""
        return frozenset(self._reachable)

    @property
    def deadline(self) -> float | None:
        """When `tick` has something to do, None when nothing is awaited."""
        return min(self._asked.values(), default=None)

    def data_to_send(self) -> list[Publication]:
        """What to publish."""
        outbox, self._outbox = self._outbox, []
        return outbox

    def transmit(self, gateway: bytes, transmission: Transmission, now: float) -> int:
        """Have a packet sent; the token names it in a later event. Raises UnreachableError."""
        if gateway not in self._reachable:
            raise UnreachableError(f"gateway {gateway.hex()} is not connected to the broker")
        self._token = self._token % 0xFFFF_FFFF + 1
        tx_info = {
            "frequency": transmission.frequency_hz,
            "power": transmission.power_dbm,
            "modulation": {
                "lora": {
                    "bandwidth": 125_000,
                    "spreadingFactor": transmission.spreading_factor,
                    "codeRate": "CR_4_5",
                    "polarizationInversion": transmission.inverted,
                    "preamble": 8,
                }
            },
            "timing": {"immediately": {}},
        }
        values = {
            "downlinkId": self._token,
            "items": [{"phyPayload": transmission.frame, "txInfo": tx_info}],
            "gatewayId": gateway.hex(),
        }
        message = self.marshaler.write(DOWNLINK, values)
        self._outbox.append(Publication(topic(self._prefix, gateway, "command/down"), message))
        self._asked[gateway, self._token] = now + ANSWER_WITHIN
        return self._token

    def receive(self, came: Publication, now: float) -> list[RadioEvent]:
        """Take a message of the broker."""
        known = self._topics.get(came.topic)
        if known is None:
            return [Refused("not one of our topics", came.payload, came.topic)]
        gateway, what = known
        try:
            if what == "state/conn":
                online = self.marshaler.read(CONNECTION, came.payload).get("state") == "ONLINE"
                return self._found(gateway) if online else self._missed(gateway)
            event = self._up(gateway, came.payload, now) if what == "event/up" else self._ack(gateway, came.payload)
        except DecodeError as error:
            return [Refused(str(error), came.payload, came.topic)]
        return [*self._found(gateway), event]

    def disconnected(self) -> list[RadioEvent]:
        """The broker is gone, and with it every gateway; what was asked for may have been sent."""
        unanswered = [TransmitUnanswered(gateway, token) for gateway, token in self._asked]
        self._asked.clear()
        self._outbox.clear()
        return [*unanswered, *(event for gateway in sorted(self._reachable) for event in self._missed(gateway))]

    def tick(self, now: float) -> list[RadioEvent]:
        """Let time pass: packets of which nobody says whether they were sent."""
        late = [asked for asked, until in self._asked.items() if until <= now]
        for asked in late:
            del self._asked[asked]
        return [TransmitUnanswered(*asked) for asked in late]

    def _up(self, gateway: bytes, data: bytes, now: float) -> RadioEvent:
        values = self.marshaler.read(UPLINK, data)
        rx, tx = values.get("rxInfo", {}), values.get("txInfo", {})
        lora = tx.get("modulation", {}).get("lora", {})
        if rx.get("crcStatus") == "BAD_CRC":
            return PacketDropped(gateway, "the packet's CRC is wrong")
        if not values.get("phyPayload"):
            return PacketDropped(gateway, "a packet without payload")
        snr = rx.get("snr", 0.0)
        packet = ReceivedPacket(
            clock_us=round(now * 1_000_000) % (1 << 32),
            frequency_hz=tx.get("frequency"),
            crc=1 if rx.get("crcStatus") == "CRC_OK" else 0,
            modulation="LORA",
            data_rate=f"SF{lora.get('spreadingFactor', 0)}BW{lora.get('bandwidth', 0) // 1000}",
            rssi=rx.get("rssi", 0) * 100,
            snr=round(snr * 100) if abs(snr) < 1000 else None,
            payload=values["phyPayload"],
        )
        return PacketReceived(gateway, packet)

    def _ack(self, gateway: bytes, data: bytes) -> RadioEvent:
        values = self.marshaler.read(ACK, data)
        token = values.get("downlinkId", 0)
        if self._asked.pop((gateway, token), None) is None:
            raise DecodeError("an acknowledgement that nothing waits for")
        statuses = [item.get("status", "IGNORED") for item in values.get("items", [])]
        said = "NONE" if "OK" in statuses else next((status for status in statuses), "IGNORED")
        return Transmitted(gateway, token, TransmitResult(said))

    def _found(self, gateway: bytes) -> list[RadioEvent]:
        if gateway in self._reachable:
            return []
        self._reachable.add(gateway)
        return [GatewayReachable(gateway)]

    def _missed(self, gateway: bytes) -> list[RadioEvent]:
        if gateway not in self._reachable:
            return []
        self._reachable.discard(gateway)
        return [GatewayLost(gateway)]
