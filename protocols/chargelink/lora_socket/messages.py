"""The bodies that sockets and edge exchange all day. Numbers are little endian; ranges mark what no socket can mean."""

from hashlib import sha256
from typing import Annotated, Self

from chargelink.lora_socket.codes import (
    Answer,
    BeaconFlags,
    EventCode,
    OutletState,
    Place,
    Result,
    Severity,
    StatusFlags,
    StopReason,
)
from chargelink.wire import Message, Part, Raw, Rest, bits, i8, u8, u16, u24, u32

Voltage = Annotated[int, u16(100, unit="mV", high=400_000)]
Power = Annotated[int, u16(100, unit="mW", high=5_000_000)]
Temperature = Annotated[int, i8(unit="°C", low=-50, high=125)]
Session = Annotated[int, u32(note="chosen by the edge")]
Frequency = Annotated[int, u24(100, note="Hz, 470-510 MHz; 0: not used")]

SETTLEMENT_DIGEST = 8  # bytes


class JoinRequest(Message, frozen=True):
    """JOIN_REQ, 16 bytes, of which the first 11 are clear."""

    eui: Annotated[bytes, Raw(8, note="as written, clear")]
    dev_nonce: Annotated[int, u24(note="clear; grows with every request")]
    model: Annotated[int, u8()]
    firmware: Annotated[int, u16(note="major in the high byte, minor in the low")]
    capabilities: Annotated[int, u8(note="bit 0 outlet A, 1 outlet B, 2 USB 1, 3 USB 2")]
    reset_reason: Annotated[int, u8()]


class JoinAccept(Message, frozen=True):
    """JOIN_ACC, 24 bytes, of which the first 3 are clear."""

    join_nonce: Annotated[int, u24(low=1, note="clear; grows with every answer")]
    address: Annotated[int, u16(low=1, high=0xFFDF)]
    network_time: Annotated[int, u32(unit="s", note="since 1970")]
    frequency_1: Frequency
    frequency_2: Frequency
    frequency_3: Frequency
    channel: Annotated[int, u8(high=2, note="of the three, where this socket is polled")]
    spreading_factor: Annotated[int, u8(low=7, high=12)]
    power: Annotated[int, i8(unit="dBm", high=17)]
    group_key_epoch: Annotated[int, u8(high=127)]
    parameter_version: Annotated[int, u8()]
    cycle: Annotated[int, u8(unit="s", note="of polling")]


class OutletStatus(Message, frozen=True):
    """One outlet in a STATUS, 7 bytes."""

    substate: Annotated[int, bits(4, "1.1", note="of the model")]
    state: Annotated[OutletState | int, bits(4, "1.5")]
    power: Power
    energy: Annotated[int, u16(1000, unit="mWh", note="of the session, in Wh")]
    elapsed: Annotated[int, u16(unit="s", note="of the session")]


class Status(Message, frozen=True):
    """STATUS, 20 bytes: the answer to a poll while anything is going on."""

    flags: Annotated[int, u8(note="StatusFlags")]
    voltage: Voltage
    temperature: Temperature
    leakage: Annotated[int, u8(250, unit="µA")]
    negative_rssi: Annotated[int, u8(unit="dBm", note="of the last downlink, its sign dropped")]
    outlet_a: Annotated[OutletStatus, Part()]
    outlet_b: Annotated[OutletStatus, Part()]

    def has(self, flag: StatusFlags) -> bool:
        """Whether a flag is set."""
        return bool(self.flags & flag)


class StatusShort(Message, frozen=True):
    """STATUS_SHORT, 3 bytes: the answer of a socket at rest."""

    flags: Annotated[int, u8(note="StatusFlags")]
    state_a: Annotated[OutletState | int, bits(4, "2.1")]
    state_b: Annotated[OutletState | int, bits(4, "2.5")]
    temperature: Temperature


class Event(Message, frozen=True):
    """EVENT, 7 bytes: sent by the socket on its own until it is acknowledged; the edge knows it again by its id."""

    id: Annotated[int, u16()]
    code: Annotated[EventCode | int, u8()]
    place: Annotated[Place | int, bits(4, "4.1")]
    severity: Annotated[Severity | int, bits(4, "4.5")]
    value: Annotated[int, u16(note="what the code says it is")]
    age: Annotated[int, u8(unit="s", note="255: that or more")]


class Meter(Message, frozen=True):
    """METER, 12 bytes: one outlet, measured."""

    place: Annotated[Place | int, u8()]
    voltage: Voltage
    current: Annotated[int, u16(unit="mA", high=25_000)]
    power: Power
    power_factor: Annotated[int, u8(high=100, name="power_factor_percent")]
    contact_temperature: Temperature
    energy: Annotated[int, u24(100, unit="mWh", note="of the session")]


class Settle(Message, frozen=True):
    """SETTLE, 28 bytes: the final report of a session, kept in the socket's flash until it is acknowledged."""

    session: Session
    place: Annotated[Place | int, u8()]
    reason: Annotated[StopReason | int, u8()]
    started: Annotated[int, u32(unit="s", note="since 1970, network time")]
    duration: Annotated[int, u16(unit="s")]
    energy: Annotated[int, u24(100, unit="mWh")]
    peak_power: Power
    tier_1: Annotated[int, u16(unit="min", note="time at up to the first tier bound")]
    tier_2: Annotated[int, u16(unit="min")]
    tier_3: Annotated[int, u16(unit="min")]
    tier_4: Annotated[int, u16(unit="min")]
    tier_5: Annotated[int, u16(unit="min", note="time above the last tier bound")]
    flags: Annotated[int, u8(note="SettleFlags")]


class CommandResult(Message, frozen=True):
    """CMD_RES, 9 bytes: what became of a command."""

    id: Annotated[int, u16(note="of the CMD")]
    result: Annotated[Result | int, u8()]
    place: Annotated[Place | int, u8()]
    state: Annotated[OutletState | int, u8()]
    session: Session


class Info(Message, frozen=True):
    """INFO, 20 bytes: who a socket is and how it has been."""

    model: Annotated[int, u8()]
    hardware: Annotated[int, u8()]
    firmware: Annotated[int, u16(note="major in the high byte, minor in the low")]
    bank: Annotated[int, u8(high=1, note="firmware bank that runs")]
    capabilities: Annotated[int, u8(note="bit 0 outlet A, 1 outlet B, 2 USB 1, 3 USB 2")]
    reset_reason: Annotated[int, u8()]
    device_key_epoch: Annotated[int, u8()]
    uptime: Annotated[int, u32(unit="s")]
    outlet_rating: Annotated[int, u16(1000, unit="mW")]
    total_rating: Annotated[int, u16(1000, unit="mW")]
    parameter_version: Annotated[int, u8()]
    settlements_waiting: Annotated[int, u8()]
    bad_tags: Annotated[int, u16(note="frames refused since the start")]


class Poll(Message, frozen=True):
    """POLL, 1 byte: whose turn it is. May acknowledge an EVENT in passing."""

    answer: Annotated[Answer | int, u8()]


class SettlementReceipt(Message, frozen=True):
    """The edge has a settlement in durable storage: outlet, session and what exactly it holds, 13 bytes.

    The digest is the first 8 bytes of the SHA-256 of the 28 bytes of SETTLE's body. A socket deletes a record only when
    all three agree, so neither a number used twice nor a lost frame can cost a settlement.
    """

    place: Annotated[Place | int, u8()]
    session: Session
    digest: Annotated[bytes, Raw(SETTLEMENT_DIGEST)]

    @classmethod
    def of(cls, settle: Settle) -> Self:
        """The receipt of a settlement."""
        return cls(settle.place, settle.session, sha256(settle.encode(checked=False)).digest()[:SETTLEMENT_DIGEST])


class Acknowledgement(Message, frozen=True):
    """ACK: nothing but an acknowledgement. Of an EVENT: empty. Of a SETTLE: its receipt, or those of several."""

    receipts: Annotated[tuple[SettlementReceipt, ...], Rest(most=8)] = ()


class Beacon(Message, frozen=True):
    """BEACON, 10 bytes under the group key, every 32 s on each channel: time and what concerns everyone."""

    network_time: Annotated[int, u32(unit="s", note="since 1970")]
    fraction: Annotated[int, u8(note="1/256 s")]
    flags: Annotated[int, u8(note="BeaconFlags")]
    group_key_epoch: Annotated[int, u8(high=127)]
    cycle: Annotated[int, u8(unit="s", note="of polling")]
    parameter_version: Annotated[int, u8()]
    spare: Annotated[int, u8()] = 0

    def has(self, flag: BeaconFlags) -> bool:
        """Whether a flag is set."""
        return bool(self.flags & flag)


class NetworkTime(Message, frozen=True):
    """NETWORK_TIME, 5 bytes: the time for one socket, acknowledging the frame that shows that it needs it."""

    network_time: Annotated[int, u32(unit="s", note="since 1970")]
    fraction: Annotated[int, u8(note="1/256 s")]


class KeyUpdate(Message, frozen=True):
    """KEY_UPDATE, 19 bytes: a new group key, used from the BEACON that announces its epoch, or a new device key.

    `counter_floor` lets a socket that comes in the middle of an epoch follow the group's counter: its next frame counts
    from there, less than 16384 further on. 0 with a device key.
    """

    epoch: Annotated[int, bits(7, "1.1")]
    of_device: Annotated[int, bits(1, "1.8", note="0 group key, 1 device key")]
    key: Annotated[bytes, Raw(16)]
    counter_floor: Annotated[int, u16(16_384)]

    def __repr__(self) -> str:
        return f"KeyUpdate(epoch={self.epoch}, of_device={self.of_device}, key=..., counter_floor={self.counter_floor})"


class ChannelChange(Message, frozen=True):
    """CHAN, 7 bytes: move to another channel."""

    frequency: Frequency
    spreading_factor: Annotated[int, u8(low=7, high=12)]
    power: Annotated[int, i8(unit="dBm", high=17)]
    channel: Annotated[int, u8(high=2)]
    delay: Annotated[int, u8(unit="s")]
