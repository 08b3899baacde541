"""EBYTE E22-400T22 modems on a serial line: bytes in, bytes out, with registers for everything else.

EBYTE E22-xxxT22S user manual (2024), 7.1 and 7.2. The modem keeps its modulation to itself, so it reaches only modems
of its own make, and its stream has no bounds: a frame travels as A5, length, frame, CRC-8 over both (polynomial 07),
after which the modem that heard it puts a byte of level. Registers are read first, and written only where they differ.
"""

from collections import deque
from enum import Enum, auto
from typing import NamedTuple

from chargelink.lora_radio.gwmp import TransmitResult
from chargelink.lora_radio.packets import ReceivedPacket
from chargelink.lora_radio.radio import (
    COLLISION,
    Capabilities,
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

CHANNEL_0_HZ = 410_125_000
CHANNEL_STEP_HZ = 1_000_000
CHANNELS = range(61, 84)  # within 470 to 510 MHz; how wide 60 reaches below is not published
POWERS = {17: 0b01, 13: 0b10, 10: 0b11}  # dBm of the 22 dBm models; 00 is more than the band allows
AIR_RATE = 2400  # bit/s
LONGEST = 200  # bytes: with what is around it one sub-packet, and 0.8 s at AIR_RATE
OVERHEAD = 40  # bytes of preamble and headers, at most

ANSWER_WITHIN = 1.0  # s
AGAIN_AFTER = 3.0  # s
COMPLETE_WITHIN = 0.5  # s from one piece of a frame to the next
START = 0xA5
CONFIGURE, TRANSPARENT = (bytes([0xC0, 0xC1, 0xC2, 0xC3, 2, mode]) for mode in (2, 0))
CONFIGURED, IS_TRANSPARENT = (bytes([0xC1, 0xC2, 0xC3, 2, mode]) for mode in (2, 0))
READ = bytes([0xC1, 0, 7])
WRITE = bytes([0xC0, 0, 7])
REFUSED = b"\xff\xff\xff"


class Settings(NamedTuple):
    """What the modem is set to: a frequency in Hz that is one of its channels, a power in dBm."""

    frequency_hz: int
    power_dbm: int = 17

    @property
    def channel(self) -> int:
        """The number of the channel. Raises ValueError for a frequency that is none within the band."""
        channel, rest = divmod(self.frequency_hz - CHANNEL_0_HZ, CHANNEL_STEP_HZ)
        if rest or channel not in CHANNELS:
            raise ValueError(f"{self.frequency_hz} Hz is none of the channels 471125000, 472125000 to 493125000 Hz")
        return channel

    @property
    def registers(self) -> bytes:
        """Registers 00 to 06. Raises ValueError for a power that the modem does not have."""
        if self.power_dbm not in POWERS:
            raise ValueError(f"{self.power_dbm} dBm is none of {', '.join(map(str, POWERS))}")
        serial = 0b011_00_010  # 9600 8N1, AIR_RATE
        transmit = 0b00_0_1_00_00 | POWERS[self.power_dbm]  # sub-packets of 240 bytes, modes by command
        receive = 0b1_0_0_1_0000  # level after each packet, to everyone, no relay, listens before it talks
        return bytes([0xFF, 0xFF, 0, serial, transmit, self.channel, receive])

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            listens=True,
            timed=False,
            longest=LONGEST,
            frequencies=(self.frequency_hz,),
            spreading_factors=(8,),
            power_dbm=self.power_dbm,
        )


def crc8(data: bytes) -> int:
    """CRC-8, polynomial 07, from 0."""
    value = 0
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = (value << 1 ^ 0x07) & 0xFF if value & 0x80 else value << 1
    return value


def wrapped(frame: bytes) -> bytes:
    """A frame as it travels in the stream."""
    body = bytes([len(frame)]) + frame
    return bytes([START]) + body + bytes([crc8(body)])


def unwrap(stream: bytearray) -> bytes | None:
    """Take the next whole frame from the stream, and what is none before it; None when there is no whole one."""
    while stream:
        if stream[0] == START:
            if len(stream) < 2:
                return None
            length = stream[1]
            if 0 < length <= LONGEST:
                if len(stream) < length + 3:
                    return None
                body = bytes(stream[1 : length + 2])
                if crc8(body) == stream[length + 2]:
                    del stream[: length + 3]
                    return body[1:]
        del stream[0]
    return None


class _Step(Enum):
    """What is awaited of the modem."""

    CONFIGURED = auto()
    REGISTERS = auto()
    WRITTEN = auto()
    TRANSPARENT = auto()
    READY = auto()


class Modem:
    """One modem, the gateway of this EUI. Without I/O; `now` in seconds of a clock that never runs back.

    Say `connected` when its line is open, and `disconnected` when it is gone. The modem does not say when a packet is
    out, so Transmitted means that it was given one, and has had the time to send it if the channel was free.
    """

    def __init__(self, gateway: bytes, settings: Settings) -> None:
        """Raises ValueError for settings that the modem cannot have."""
        self.gateway = gateway
        self.settings = settings
        self.capabilities = settings.capabilities
        self._registers = settings.registers
        self._step = _Step.CONFIGURED
        self._deadline: float | None = None
        self._sending: tuple[int, float] | None = None  # the token, and until when
        self._heard: bytes | None = None  # a frame whose level is still to come
        self._told: deque[RadioEvent] = deque()
        self._stream = bytearray()
        self._outbox = bytearray()
        self._token = 0

    @property
    def reachable(self) -> bool:
        """Whether it is set up: packets can be sent."""
        return self._step is _Step.READY

    @property
    def deadline(self) -> float | None:
        """When `tick` has something to do; long ago where it has already."""
        waits = [self._deadline, None if self._sending is None else self._sending[1]]
        return 0.0 if self._told else min((wait for wait in waits if wait is not None), default=None)

    def data_to_send(self) -> bytes:
        """Bytes for the line."""
        data = bytes(self._outbox)
        self._outbox.clear()
        return data

    def connected(self, now: float) -> None:
        """The line is open: set the modem up."""
        self._say(_Step.CONFIGURED, CONFIGURE, now)

    def disconnected(self) -> list[RadioEvent]:
        """The line is gone."""
        lost: list[RadioEvent] = [GatewayLost(self.gateway)] if self.reachable else []
        if self._sending is not None:
            self._told.append(TransmitUnanswered(self.gateway, self._sending[0]))
        told, self._told = self._told, deque()
        self._step, self._deadline, self._heard, self._sending = _Step.CONFIGURED, None, None, None
        self._outbox.clear()
        return [*told, *lost]

    def transmit(self, transmission: Transmission, now: float) -> int:
        """Have a packet sent; the token names it in a later event. Raises UnreachableError while not set up."""
        if not self.reachable:
            raise UnreachableError(f"modem {self.gateway.hex()} is not set up")
        self._token += 1
        if self._sending is not None:
            self._told.append(Transmitted(self.gateway, self._token, COLLISION))
        else:
            data = wrapped(transmission.frame)
            self._outbox += data
            self._sending = self._token, now + (len(data) + OVERHEAD) * 8 / AIR_RATE
        return self._token

    def receive(self, data: bytes, now: float) -> list[RadioEvent]:
        """Take bytes of the line, however they are cut."""
        self._stream += data
        return self._frames(now) if self.reachable else self._answer(now)

    def tick(self, now: float) -> list[RadioEvent]:
        """Let time pass: a modem that does not answer, a frame that does not go on."""
        events, self._told = [*self._told], deque()
        if self._sending is not None and self._sending[1] <= now:
            events.append(Transmitted(self.gateway, self._sending[0], TransmitResult()))
            self._sending = None
        if self._deadline is not None and self._deadline <= now:
            self._deadline = None
            if not self.reachable:
                self.connected(now)
                return events
            if self._heard is not None:
                events.append(self._packet(None, now))
            elif self._stream:
                events.append(Refused("a frame that is cut off", bytes(self._stream), self.gateway.hex()))
                self._stream.clear()
        return events

    def _frames(self, now: float) -> list[RadioEvent]:
        events: list[RadioEvent] = []
        while self._stream:
            if self._heard is not None:
                events.append(self._packet(self._stream.pop(0), now))
                continue
            before = len(self._stream)
            self._heard = unwrap(self._stream)
            if self._heard is None:
                if not self._stream:
                    events.append(Refused(f"{before} bytes that are no frame", b"", self.gateway.hex()))
                break
        waits = bool(self._stream) or self._heard is not None
        self._deadline = now + COMPLETE_WITHIN if waits else None
        return events

    def _packet(self, level: int | None, now: float) -> RadioEvent:
        payload, self._heard = self._heard, None
        packet = ReceivedPacket(
            clock_us=round(now * 1_000_000) % (1 << 32),
            frequency_hz=self.settings.frequency_hz,
            crc=1,
            rssi=None if level is None else (level - 256) * 100,
            payload=payload,
        )
        return PacketReceived(self.gateway, packet)

    def _answer(self, now: float) -> list[RadioEvent]:
        """The answer to a command; what a modem hears meanwhile may come before it."""
        wanted = {_Step.CONFIGURED: CONFIGURED, _Step.TRANSPARENT: IS_TRANSPARENT}.get(self._step, READ)
        at = self._stream.find(wanted)
        length = len(wanted) + (len(self._registers) if wanted == READ else 0)
        if at < 0 or len(self._stream) < at + length:
            del self._stream[: -2 * LONGEST]
            if self._stream.endswith(REFUSED):
                self._stream.clear()
                self._deadline = now + AGAIN_AFTER
                return [Refused(f"the modem refuses {self._step.name}", REFUSED, self.gateway.hex())]
            return []
        answer = bytes(self._stream[at + len(wanted) : at + length])
        self._stream.clear()
        if self._step is _Step.CONFIGURED:
            self._say(_Step.REGISTERS, READ, now)
        elif self._step is _Step.TRANSPARENT:
            self._step, self._deadline = _Step.READY, None
            return [GatewayReachable(self.gateway)]
        elif answer == self._registers:
            self._say(_Step.TRANSPARENT, TRANSPARENT, now)
        elif self._step is _Step.REGISTERS:
            self._say(_Step.WRITTEN, WRITE + self._registers, now)
        else:
            self._deadline = now + AGAIN_AFTER
            return [Refused(f"the modem keeps {answer.hex(' ')}", answer, self.gateway.hex())]
        return []

    def _say(self, step: _Step, command: bytes, now: float) -> None:
        self._step = step
        self._stream.clear()
        self._outbox += command
        self._deadline = now + ANSWER_WITHIN
