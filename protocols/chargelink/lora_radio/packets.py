"""The JSON inside GWMP: received packets (rxpk), packets to transmit (txpk), gateway statistics (stat).

Each is a typed struct in integer units; the tables RECEIVED, TRANSMIT and STATISTICS say under which key and in which
unit a field travels (PROTOCOL.TXT of Lora-net/packet_forwarder, chapters 4 and 6; PROTOCOL.md of Lora-net/sx1302_hal).

Lenient in: keys may be missing, unknown keys are skipped, base64 without padding or with the URL alphabet is read. What
is odd is listed in `flaws`. Strict out: `to_json` writes standard base64, and frequencies and levels in the forwarder's
own precision.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

import msgspec

from chargelink.lora_radio import lorawan
from chargelink.wire import DecodeError

LARGEST = 1 << 63  # no field of the protocol comes near; keeps hostile numbers out of everything behind


class Key(NamedTuple):
    """One JSON key: the field it fills, its type, and by how much the field's unit is smaller than the key's."""

    key: str
    field: str
    kind: type
    scale: int = 1
    unit: str = ""
    meaning: str = ""


_COMMON = (
    Key("tmst", "clock_us", int, 1, "µs", "the gateway's counter, 32 bits, wraps after 71.6 minutes"),
    Key("freq", "frequency_hz", float, 1_000_000, "Hz", "centre frequency (MHz in JSON)"),
    Key("rfch", "radio", int, 1, "", "radio chain"),
    Key("modu", "modulation", str, 1, "", "LORA or FSK"),
    Key("datr", "data_rate", object, 1, "", 'LoRa: "SF8BW125"; FSK: bits per second'),
    Key("codr", "coding_rate", str, 1, "", 'LoRa: "4/5" to "4/8"'),
    Key("size", "size", int, 1, "bytes", "payload as the gateway counts it"),
    Key("tmms", "gps_ms", int, 1, "ms", "GPS time since 1980-01-06"),
)
RECEIVED = (
    *_COMMON,
    Key("chan", "channel", int, 1, "", "IF channel of the concentrator"),
    Key("stat", "crc", int, 1, "", "1 right, 0 no CRC, -1 wrong: to be dropped"),
    Key("rssi", "rssi", float, 100, "0.01 dBm", "strength of the channel"),
    Key("lsnr", "snr", float, 100, "0.01 dB", "LoRa signal to noise ratio"),
    Key("time", "time", str, 1, "", "UTC, ISO 8601"),
    Key("rssis", "signal_rssi", float, 100, "0.01 dBm", "strength of the signal (SX1302)"),
    Key("foff", "frequency_offset_hz", int, 1, "Hz", "offset of the sender (SX1302)"),
    Key("ftime", "fine_time_ns", int, 1, "ns", "fine time stamp (SX1303)"),
    Key("mid", "modem", int, 1, "", "demodulator (SX1302)"),
    Key("jver", "version", int, 1, "", "version of the rxpk format (SX1302)"),
)
TRANSMIT = (
    *_COMMON,
    Key("imme", "immediate", bool, 1, "", "send at once, whatever the time fields say"),
    Key("powe", "power_dbm", int, 1, "dBm", "transmit power"),
    Key("fdev", "deviation_hz", int, 1, "Hz", "FSK frequency deviation"),
    Key("ipol", "inverted", bool, 1, "", "LoRa: inverted IQ, as for downlinks"),
    Key("prea", "preamble", int, 1, "", "symbols (LoRa) or bytes (FSK)"),
    Key("ncrc", "without_crc", bool, 1, "", "no CRC behind the payload"),
    Key("nhdr", "without_header", bool, 1, "", "LoRa: implicit header"),
)
STATISTICS = (
    Key("time", "time", str, 1, "", "UTC"),
    Key("lati", "latitude", float, 10_000_000, "1e-7°", "north positive"),
    Key("long", "longitude", float, 10_000_000, "1e-7°", "east positive"),
    Key("alti", "altitude", float, 10, "0.1 m", "above sea level"),
    Key("rxnb", "received", int, 1, "", "packets heard"),
    Key("rxok", "received_right", int, 1, "", "of them with a right CRC"),
    Key("rxfw", "forwarded", int, 1, "", "of them forwarded"),
    Key("ackr", "acknowledged", float, 100, "0.01 %", "datagrams acknowledged by the server"),
    Key("dwnb", "datagrams", int, 1, "", "datagrams received from the server"),
    Key("txnb", "transmitted", int, 1, "", "packets sent"),
    Key("temp", "temperature", float, 10, "0.1 °C", "of the concentrator (SX1302)"),
)


class Payload(NamedTuple):
    """The radio payload of a packet: `data` is None when it cannot be read at all, `flaw` says what is not standard."""

    data: bytes | None
    flaw: str | None


def read_base64(text: str) -> Payload:
    """Read base64 as it is met: standard, without padding, with the URL alphabet, or both alphabets mixed."""
    try:
        return Payload(base64.b64decode(text, validate=True), None)
    except ValueError as error:  # binascii.Error too
        flaw = f"not standard base64: {error}"
    bare = text.translate(str.maketrans("-_", "+/")).rstrip("=")
    try:
        return Payload(base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True), flaw)
    except (ValueError, binascii.Error):
        return Payload(None, flaw)


class _Document(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A JSON object with a table of keys. `flaws` are words about keys that could not be used."""

    flaws: tuple[str, ...] = ()

    @classmethod
    def table(cls) -> tuple[Key, ...]:
        """The table of the class."""
        raise NotImplementedError

    @classmethod
    def from_json(cls, document: object) -> Self:
        """Read a decoded JSON object. Raises DecodeError when it is no object; a bad value is left out and named."""
        if not isinstance(document, Mapping):
            raise DecodeError(f"{cls.__name__} is no JSON object: {str(document)[:40]}")
        values: dict[str, Any] = {}
        flaws: list[str] = []
        for key in cls.table():
            given = document.get(key.key)
            if given is None:
                continue
            value = _value(key, given)
            if value is None:
                flaws.append(f"{key.key}: {str(given)[:40]!r}")
            else:
                values[key.field] = value
        return cls._completed(document, values, flaws)

    @classmethod
    def _completed(cls, document: Mapping[str, Any], values: dict[str, Any], flaws: list[str]) -> Self:
        return cls(**values, flaws=tuple(flaws))

    def to_json(self) -> dict[str, Any]:
        """The JSON object, without keys that have no value."""
        shown: dict[str, Any] = {}
        for key in self.table():
            value = getattr(self, key.field)
            if value is not None:
                shown[key.key] = value if key.scale == 1 else _shown(value, key.scale)
        return shown

    def presented(self) -> dict[str, Any]:
        """For people and programs: as `to_json`, the payload in hexadecimal."""
        return self.to_json()


class _Packet(_Document, frozen=True, kw_only=True):
    """What received packets and packets to transmit have in common; None: not stated."""

    clock_us: int | None = None
    frequency_hz: int | None = None
    radio: int | None = None
    modulation: str | None = None
    data_rate: str | int | None = None
    coding_rate: str | None = None
    size: int | None = None
    gps_ms: int | None = None
    payload: bytes | None = None
    payload_flaw: str | None = None

    @classmethod
    def _completed(cls, document: Mapping[str, Any], values: dict[str, Any], flaws: list[str]) -> Self:
        text = document.get("data")
        if isinstance(text, str):
            values["payload"], values["payload_flaw"] = read_base64(text)
        elif text is not None:
            flaws.append(f"data: {str(text)[:40]!r}")
        return cls(**values, flaws=tuple(flaws))

    @property
    def size_right(self) -> bool:
        """Whether the payload is as long as the gateway says."""
        return self.payload is not None and self.size == len(self.payload)

    def to_json(self) -> dict[str, Any]:
        shown = super().to_json()
        if self.payload is not None:
            shown["size"] = len(self.payload)
            shown["data"] = base64.b64encode(self.payload).decode()
        return shown

    def presented(self) -> dict[str, Any]:
        shown = super().to_json()
        if self.payload_flaw is not None:
            shown["payload_error"] = self.payload_flaw
        elif self.payload is not None:
            shown["payload_hex"] = self.payload.hex()
            shown["size_ok"] = self.size_right
            if self.modulation == "LORA":
                frame = lorawan.read(self.payload)
                shown["lorawan"] = None if frame is None else frame.fields()
        return shown


class ReceivedPacket(_Packet, frozen=True, kw_only=True):
    """rxpk: a packet that a gateway heard. Units: see RECEIVED."""

    channel: int | None = None
    crc: int | None = None
    rssi: int | None = None
    snr: int | None = None
    time: str | None = None
    signal_rssi: int | None = None
    frequency_offset_hz: int | None = None
    fine_time_ns: int | None = None
    modem: int | None = None
    version: int | None = None

    @classmethod
    def table(cls) -> tuple[Key, ...]:
        return RECEIVED

    @property
    def intact(self) -> bool:
        """Whether a receiver may use the payload: it can be read and its CRC is not wrong."""
        return self.payload is not None and self.crc != -1


class TransmitPacket(_Packet, frozen=True, kw_only=True):
    """txpk: a packet that a gateway shall send. Units: see TRANSMIT."""

    immediate: bool | None = None
    power_dbm: int | None = None
    deviation_hz: int | None = None
    inverted: bool | None = None
    preamble: int | None = None
    without_crc: bool | None = None
    without_header: bool | None = None

    @classmethod
    def table(cls) -> tuple[Key, ...]:
        return TRANSMIT


class Statistics(_Document, frozen=True, kw_only=True):
    """stat: what a gateway did since its last report. Units: see STATISTICS.

    `others` are keys that the protocol does not have, as they came: gateways describe themselves here (pfrm, desc).
    """

    time: str | None = None
    latitude: int | None = None
    longitude: int | None = None
    altitude: int | None = None
    received: int | None = None
    received_right: int | None = None
    forwarded: int | None = None
    acknowledged: int | None = None
    datagrams: int | None = None
    transmitted: int | None = None
    temperature: int | None = None
    others: dict[str, Any] = {}

    @classmethod
    def table(cls) -> tuple[Key, ...]:
        return STATISTICS

    @classmethod
    def _completed(cls, document: Mapping[str, Any], values: dict[str, Any], flaws: list[str]) -> Self:
        known = {key.key for key in STATISTICS}
        others = {key: value for key, value in document.items() if key not in known}
        return cls(**values, others=others, flaws=tuple(flaws))

    def to_json(self) -> dict[str, Any]:
        return super().to_json() | self.others


def _value(key: Key, given: object) -> Any:
    """The value of a key in the field's unit, None when it is of another type or absurd."""
    if key.kind is bool:
        return given if isinstance(given, bool) else None
    if key.kind is str:
        return given if isinstance(given, str) else None
    if key.kind is object and isinstance(given, str):
        return given
    if isinstance(given, bool) or not isinstance(given, int | float) or abs(given) > LARGEST:
        return None
    if key.scale == 1:
        return int(given) if given == int(given) else None
    return round(given * key.scale)


def _shown(value: int, scale: int) -> int | float:
    """A scaled integer in the unit of its key: exact to the last decimal, whole numbers without a point."""
    return value // scale if value % scale == 0 else value / scale
