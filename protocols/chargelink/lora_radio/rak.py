"""RAKwireless RUI3 modems (RAK3172 and its kin) as raw LoRa radios: AT commands on a serial line.

RUI3 AT Command Manual, LoRa P2P. Firmware 3.4.0 at least, for AT+PRECV=65533, which hears and still sends. Settings are
read first and written only where they differ, for the modem keeps them in flash.
"""

from collections import deque
from enum import Enum, auto
from typing import NamedTuple

from chargelink.lora_radio.airtime import airtime_us
from chargelink.lora_radio.gwmp import TransmitResult
from chargelink.lora_radio.packets import ReceivedPacket
from chargelink.lora_radio.radio import (
    COLLISION,
    Capabilities,
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

ANSWER_WITHIN = 2.0  # s from a command to its status
AGAIN_AFTER = 3.0  # s from a setting that failed, or a reboot, to the next try
SENT_WITHIN = 2.0  # s beyond its airtime until the modem says that a packet is out; it may listen first
LOOKS_AFTER = 30.0  # s between two looks whether it still listens: one that started anew by itself does not
LONGEST_LINE = 640  # bytes; 255 of payload are 510 digits
PRIVATE_SYNC_WORD = "1424"  # 0x12 as the SX126x has it
STATUSES = ("OK", "AT_ERROR", "AT_PARAM_ERROR", "AT_BUSY_ERROR", "AT_TEST_PARAM_OVERFLOW", "AT_NO_NETWORK_JOINED")
LISTEN = "AT+PRECV=65533"
LISTENS = "AT+PRECV=?"
BANDWIDTHS = ("0", "125")  # 125 kHz, as an index or in kHz: firmwares differ


class Settings(NamedTuple):
    """What the modem is set to: one channel in Hz, a spreading factor, a power in dBm."""

    frequency_hz: int
    spreading_factor: int = 8
    power_dbm: int = 17

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(
            listens=True,
            timed=False,
            frequencies=(self.frequency_hz,),
            spreading_factors=(self.spreading_factor,),
            power_dbm=self.power_dbm,
        )


class _Step(Enum):
    """How far the modem is set up."""

    MODE = auto()
    QUIET = auto()  # no setting is taken while it receives
    RADIO = auto()
    INVERTED = auto()
    SYNC_WORD = auto()
    SENSE = auto()
    LISTEN = auto()
    READY = auto()


_QUERIES = {
    _Step.MODE: "AT+NWM",
    _Step.RADIO: "AT+P2P",
    _Step.INVERTED: "AT+IQINVER",
    _Step.SYNC_WORD: "AT+SYNCWORD",
    _Step.SENSE: "AT+CAD",
}
_WANTED = {_Step.MODE: "0", _Step.INVERTED: "1", _Step.SYNC_WORD: PRIVATE_SYNC_WORD, _Step.SENSE: "1"}


class _Sending(NamedTuple):
    token: int
    until: float


class Modem:
    """One modem, the gateway of this EUI. Without I/O; `now` in seconds of a clock that never runs back.

    Say `connected` when its line is open, and `disconnected` when it is gone.
    """

    def __init__(self, gateway: bytes, settings: Settings) -> None:
        self.gateway = gateway
        self.settings = settings
        self.capabilities = settings.capabilities
        self._step = _Step.MODE
        self._command = ""  # whose status is awaited
        self._value = ""  # that came before the status
        self._written = False  # this step's setting; it is read back once
        self._deadline: float | None = None
        self._sending: _Sending | None = None
        self._old_form: tuple[int, int] | None = None  # level and SNR of a packet that the next line brings
        self._told: deque[RadioEvent] = deque()
        self._line = bytearray()
        self._outbox = bytearray()
        self._token = 0

    @property
    def reachable(self) -> bool:
        """Whether it is set up: packets can be sent."""
        return self._step is _Step.READY

    @property
    def deadline(self) -> float | None:
        """When `tick` has something to do; long ago where it has already."""
        waits = [self._deadline, None if self._sending is None else self._sending.until]
        if self._told:
            return 0.0
        return min((wait for wait in waits if wait is not None), default=None)

    def data_to_send(self) -> bytes:
        """Bytes for the line."""
        data = bytes(self._outbox)
        self._outbox.clear()
        return data

    def connected(self, now: float) -> None:
        """The line is open: set the modem up."""
        self._line.clear()
        self._begin(now)

    def disconnected(self) -> list[RadioEvent]:
        """The line is gone."""
        self._deadline = None
        self._outbox.clear()
        return self._lose()

    def transmit(self, transmission: Transmission, now: float) -> int:
        """Have a packet sent; the token names it in a later event, soon if another is on its way.

        Raises UnreachableError while the modem is not set up.
        """
        if not self.reachable:
            raise UnreachableError(f"modem {self.gateway.hex()} is not set up")
        self._token += 1
        if self._sending is not None:
            self._told.append(Transmitted(self.gateway, self._token, COLLISION))
        else:
            frame, _, factor, *_ = transmission
            self._sending = _Sending(self._token, now + airtime_us(len(frame), factor) / 1e6 + SENT_WITHIN)
            self._write(f"AT+PSEND={frame.hex().upper()}")
        return self._token

    def receive(self, data: bytes, now: float) -> list[RadioEvent]:
        """Take bytes of the line, however they are cut."""
        events: list[RadioEvent] = []
        for byte in data:
            if byte not in b"\r\n":
                self._line.append(byte)
                if len(self._line) <= LONGEST_LINE:
                    continue
            if self._line:
                line = bytes(self._line)
                self._line.clear()
                events += self._read(line, now)
        return events

    def tick(self, now: float) -> list[RadioEvent]:
        """Let time pass: commands without an answer, packets of which nobody says that they are out."""
        events, self._told = [*self._told], deque()
        if self._sending is not None and self._sending.until <= now:
            events.append(TransmitUnanswered(self.gateway, self._sending.token))
            self._sending = None
            events += self._lose()  # a modem that says nothing is set up again
            self._begin(now)
        elif self._deadline is not None and self._deadline <= now:
            self._deadline = None
            if self.reachable and not self._command:
                self._look(now)
            else:
                events += self._lose()
                self._begin(now)
        return events

    def _look(self, now: float) -> None:
        """Ask whether it still listens, but not while it sends."""
        if self._sending is None:
            self._say(LISTENS, now)
        else:
            self._deadline = now + LOOKS_AFTER

    def _begin(self, now: float) -> None:
        self._step = _Step.MODE
        self._ask(now)

    def _ask(self, now: float) -> None:
        """Begin a step: read its setting, or give its command."""
        self._written = False
        query = _QUERIES.get(self._step)
        self._say({_Step.QUIET: "AT+PRECV=0", _Step.LISTEN: LISTEN}[self._step] if query is None else f"{query}=?", now)

    def _say(self, command: str, now: float) -> None:
        self._command, self._value = command, ""
        self._deadline = now + ANSWER_WITHIN
        self._write(command)

    def _write(self, command: str) -> None:
        self._outbox += command.encode() + b"\r\n"

    def _read(self, line: bytes, now: float) -> list[RadioEvent]:
        text = line.decode("ascii", "replace").strip()
        if self._old_form is not None and text.startswith("+EVT:"):
            (rssi, snr), self._old_form = self._old_form, None
            return self._packet(text.removeprefix("+EVT:"), rssi, snr, line, now)
        if text.startswith("+EVT:"):
            return self._event(text.removeprefix("+EVT:"), line, now)
        if text in STATUSES:
            return self._status(text, now)
        query, mark, value = text.partition("=")
        if mark and self._command == f"{query}=?":
            self._value = value
            return []
        if not self.reachable:
            return []  # what a modem says when it starts
        return [Refused("no line of a RUI3 modem", line, self.gateway.hex())]

    def _event(self, text: str, line: bytes, now: float) -> list[RadioEvent]:
        match text.split(":"):
            case ["TXP2P DONE"]:
                sent, self._sending = self._sending, None
                return [] if sent is None else [Transmitted(self.gateway, sent.token, TransmitResult())]
            case ["RXP2P", rssi, snr, payload] if _number(rssi) and _number(snr):
                return self._packet(payload, int(rssi), int(snr), line, now)
            case [old] if old.startswith("RXP2P, RSSI "):
                rssi, _, snr = old.removeprefix("RXP2P, RSSI ").partition(", SNR ")
                if _number(rssi) and _number(snr):
                    self._old_form = int(rssi), int(snr)
                    return []
            case ["RXP2P RECEIVE TIMEOUT" | "RXP2P_RECEIVE_TIMEOUT"] if self.reachable:
                self._say(LISTEN, now)
                return []
            case ["RXP2P ERROR" | "RXP2P_ERROR" | "RXP2P RECEIVE ERROR"]:
                return [PacketDropped(self.gateway, "the packet's CRC is wrong")]
        return [Refused("no event of a RUI3 modem", line, self.gateway.hex())]

    def _packet(self, digits: str, rssi: int, snr: int, line: bytes, now: float) -> list[RadioEvent]:
        try:
            payload = bytes.fromhex(digits)
        except ValueError:
            payload = b""
        if not payload:
            return [Refused("a packet that is no hexadecimal", line, self.gateway.hex())]
        if not self.reachable:
            return []  # heard by settings that are not ours
        packet = ReceivedPacket(
            clock_us=round(now * 1_000_000) % (1 << 32),
            frequency_hz=self.settings.frequency_hz,
            crc=1,
            modulation="LORA",
            data_rate=f"SF{self.settings.spreading_factor}BW125",
            rssi=rssi * 100,
            snr=snr * 100,
            payload=payload,
        )
        return [PacketReceived(self.gateway, packet)]

    def _status(self, text: str, now: float) -> list[RadioEvent]:
        if self.reachable and self._command and (self._value or self._sending is None):
            return self._looked(now)
        if self.reachable:
            if text == "OK" or self._sending is None:
                return []
            sent, self._sending = self._sending, None
            result = COLLISION if text == "AT_BUSY_ERROR" else TransmitResult(text)
            return [Transmitted(self.gateway, sent.token, result)]
        if not self._command:
            return []
        command, self._command = self._command, ""
        if self._step is not _Step.QUIET and text != "OK":
            self._deadline = now + AGAIN_AFTER
            return [Refused(f"the modem says {text} to {command}", text.encode(), self.gateway.hex())]
        if command.endswith("=?") and not self._as_wanted():
            return self._set(now)
        if self._written and not command.endswith("=?"):
            self._say(f"{_QUERIES[self._step]}=?", now)
            return []
        self._step = _Step(self._step.value + 1)
        if not self.reachable:
            self._ask(now)
            return []
        self._deadline = now + LOOKS_AFTER
        return [GatewayReachable(self.gateway)]

    def _looked(self, now: float) -> list[RadioEvent]:
        """A command to a modem that was set up has its status."""
        command, self._command = self._command, ""
        self._deadline = now + LOOKS_AFTER
        if command != LISTENS or f"AT+PRECV={self._value}" == LISTEN:
            return []
        events = self._lose()
        self._begin(now)
        return events

    def _as_wanted(self) -> bool:
        if self._step is not _Step.RADIO:
            return self._value == _WANTED[self._step]
        frequency, factor, power = self.settings
        return self._value in [f"{frequency}:{factor}:{width}:0:8:{power}" for width in BANDWIDTHS]

    def _set(self, now: float) -> list[RadioEvent]:
        """Write what differs; after a second time it is the modem that is not as it should be."""
        query = _QUERIES[self._step]
        if self._written:
            self._deadline = now + AGAIN_AFTER
            return [Refused(f"the modem keeps {query}={self._value}", self._value.encode(), self.gateway.hex())]
        self._written = True
        if self._step is _Step.RADIO:
            frequency, factor, power = self.settings
            fields = self._value.split(":")
            index = len(fields) > 2 and _number(fields[2]) and int(fields[2]) < 10
            wanted = f"{frequency}:{factor}:{BANDWIDTHS[0] if index else BANDWIDTHS[1]}:0:8:{power}"
        else:
            wanted = _WANTED[self._step]
        self._say(f"{query}={wanted}", now)
        if self._step is _Step.MODE:
            self._command = ""  # it starts anew, whatever it answers
            self._deadline = now + AGAIN_AFTER
        return []

    def _lose(self) -> list[RadioEvent]:
        events: list[RadioEvent] = [*self._told]
        self._told.clear()
        if self._sending is not None:
            events.append(TransmitUnanswered(self.gateway, self._sending.token))
            self._sending = None
        if self.reachable:
            events.append(GatewayLost(self.gateway))
        self._step = _Step.MODE
        return events


def _number(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdecimal() and len(digits) <= 3
