"""What every way to the air has in common: a transmission, what a radio can do, what it says, and what it may send.

A backend is a codec without I/O in this package and a port in the edge. All hand up the same events, with a packet as
`ReceivedPacket`, and all refuse by `check` what the band or the radio itself forbids: no configuration gets past it.
"""

from typing import NamedTuple

from chargelink.lora_radio.airtime import CN470, LONGEST_PAYLOAD, Band, airtime_us
from chargelink.lora_radio.gwmp import TransmitResult
from chargelink.lora_radio.packets import ReceivedPacket, Statistics
from chargelink.wire import ChargelinkError, EncodeError

WIDTH_HZ = 125_000
COLLISION = TransmitResult("COLLISION_PACKET")  # another packet was still on its way


class ForbiddenError(EncodeError):
    """The band does not allow a transmission, or the radio cannot make it; nothing was sent."""


class UnreachableError(ChargelinkError):
    """Nothing can be sent through a gateway: it has opened no way back, or its line is gone."""


class Transmission(NamedTuple):
    """A packet to send: LoRa at 125 kHz, 4/5, preamble 8, explicit header, CRC.

    `power_dbm` is what the radio feeds its antenna. `clock_us` is the moment by the gateway's own counter of 32 bits,
    None for at once. `inverted` IQ is that of downlinks, so that sockets do not hear each other.
    """

    frame: bytes
    frequency_hz: int
    spreading_factor: int
    power_dbm: int
    clock_us: int | None = None
    inverted: bool = True


class Capabilities(NamedTuple):
    """What a radio can do. `frequencies` in Hz, None for all of its band; `longest` packet in bytes.

    `listens`: it listens before it talks by itself. `timed`: it sends at a given moment. `any_iq`: it sends with either
    sense of IQ, not only as gateways do. `power_dbm` is the one power that it is set to, None where each packet has its
    own.
    """

    listens: bool
    timed: bool
    longest: int = LONGEST_PAYLOAD
    frequencies: tuple[int, ...] | None = None
    spreading_factors: tuple[int, ...] | None = None
    any_iq: bool = False
    power_dbm: int | None = None


class PacketReceived(NamedTuple):
    """A gateway heard a packet whose CRC is not wrong."""

    gateway: bytes
    packet: ReceivedPacket


class PacketDropped(NamedTuple):
    """A gateway handed up a packet that must not be used."""

    gateway: bytes
    reason: str


class GatewayReported(NamedTuple):
    """A gateway's statistics."""

    gateway: bytes
    statistics: Statistics


class GatewayReachable(NamedTuple):
    """Packets can be sent through a gateway."""

    gateway: bytes


class GatewayLost(NamedTuple):
    """They can no longer: it has been silent for too long, or its line is gone."""

    gateway: bytes


class Transmitted(NamedTuple):
    """A gateway took a packet to send, or said why not: see `result.error`."""

    gateway: bytes
    token: int
    result: TransmitResult


class TransmitUnanswered(NamedTuple):
    """Whether a packet was sent is unknown: the gateway did not say in time."""

    gateway: bytes
    token: int


class Refused(NamedTuple):
    """Something came from `source` that is not for us or cannot be read."""

    reason: str
    data: bytes
    source: str


RadioEvent = (
    PacketReceived
    | PacketDropped
    | GatewayReported
    | GatewayReachable
    | GatewayLost
    | Transmitted
    | TransmitUnanswered
    | Refused
)


def check(transmission: Transmission, capabilities: Capabilities, band: Band = CN470) -> None:
    """Raises ForbiddenError for what the band or the radio forbids, EncodeError for what LoRa lacks."""
    frame, frequency, factor, power, clock_us, inverted = transmission
    if not frame or len(frame) > capabilities.longest:
        raise ForbiddenError(f"{len(frame)} bytes; this radio sends 1 to {capabilities.longest}")
    lasts = airtime_us(len(frame), factor)
    half = WIDTH_HZ // 2
    if not band.lowest_hz + half <= frequency <= band.highest_hz - half:
        raise ForbiddenError(f"{frequency} Hz is outside of {band.lowest_hz} to {band.highest_hz} Hz ({band.source})")
    if lasts > band.longest_us:
        raise ForbiddenError(f"{len(frame)} bytes at SF{factor} last {lasts} us, more than {band.longest_us}")
    if power > band.highest_power_dbm:
        raise ForbiddenError(f"{power} dBm is more than {band.highest_power_dbm} dBm")
    if capabilities.frequencies is not None and frequency not in capabilities.frequencies:
        raise ForbiddenError(f"this radio is on {', '.join(map(str, capabilities.frequencies))} Hz, not on {frequency}")
    if capabilities.spreading_factors is not None and factor not in capabilities.spreading_factors:
        raise ForbiddenError(f"this radio does not send at SF{factor}")
    if capabilities.power_dbm is not None and power < capabilities.power_dbm:
        raise ForbiddenError(f"this radio is set to {capabilities.power_dbm} dBm, more than {power}")
    if clock_us is not None and not capabilities.timed:
        raise ForbiddenError("this radio sends at once, never at a given moment")
    if not inverted and not capabilities.any_iq:
        raise ForbiddenError("this radio is set to inverted IQ, as gateways send")
