"""What requests other than reading carry. Data is without +33H, low byte first.

Writing proves itself by a level (PA 00..09, 00 highest), a password of that level and an operator code; hexadecimal
text, high byte first, as people write them. DL/T 645-2007, clause 7.
"""

from dataclasses import dataclass
from typing import ClassVar

from chargelink.dlt645.control import BAUD_RATES, Words
from chargelink.dlt645.forms import Digits, Moment, Presented, Stamp
from chargelink.wire import DecodeError, EncodeError


def hexadecimal(raw: bytes) -> str:
    """Bytes as people write them: high byte first."""
    return raw[::-1].hex()


def hexadecimal_bytes(written: str, size: int) -> bytes:
    """`size` bytes of what people write high byte first. Raises EncodeError."""
    try:
        raw = bytes.fromhex(written)
    except ValueError as error:
        raise EncodeError(f"{written!r} is not hexadecimal") from error
    if len(raw) != size:
        raise EncodeError(f"{written!r} is not {2 * size} hexadecimal digits")
    return raw[::-1]


def exactly(data: bytes, size: int) -> bytes:
    """`data`, which must have `size` bytes. Raises DecodeError."""
    if len(data) != size:
        raise DecodeError(f"{len(data)} data bytes, not {size}")
    return data


def at_least(data: bytes, size: int) -> bytes:
    """`data`, which must have `size` bytes or more. Raises DecodeError."""
    if len(data) < size:
        raise DecodeError(f"{len(data)} data bytes, fewer than {size}")
    return data


def moment_text(form: Moment, raw: bytes) -> str:
    """A moment in words. Raises DecodeError."""
    value = form.read(raw)
    return value.text


@dataclass(frozen=True)
class Credentials:
    """Level, password (3 bytes) and operator code (4 bytes)."""

    level: str = "02"
    password: str = "000000"  # noqa: S105 - what meters leave the factory with
    operator: str = "00000000"

    SIZE: ClassVar[int] = 8

    @classmethod
    def decode(cls, data: bytes) -> "Credentials":
        """PA P0 P1 P2 C0 C1 C2 C3. Raises DecodeError."""
        data = at_least(data, cls.SIZE)
        return cls(f"{data[0]:02X}", hexadecimal(data[1:4]), hexadecimal(data[4:8]))

    def encode(self) -> bytes:
        """Raises EncodeError for what is not hexadecimal of the right length."""
        return (
            hexadecimal_bytes(self.level, 1) + hexadecimal_bytes(self.password, 3) + hexadecimal_bytes(self.operator, 4)
        )

    @property
    def presented(self) -> Presented:
        return {"PA": self.level, "password": self.password, "operator": self.operator}


@dataclass(frozen=True)
class Write:
    """Function 14 without its identifier: credentials and the value."""

    credentials: Credentials
    data: bytes

    @classmethod
    def decode(cls, data: bytes) -> "Write":
        """Raises DecodeError."""
        return cls(Credentials.decode(data), data[Credentials.SIZE :])

    def encode(self) -> bytes:
        """Raises EncodeError."""
        return self.credentials.encode() + self.data

    @property
    def presented(self) -> Presented:
        return {**self.credentials.presented, "data": self.data.hex(" ").upper()}


@dataclass(frozen=True)
class Write1997:
    """Function 04 of the 1997 edition without its identifier: level, password and the value, no operator."""

    level: str
    password: str
    data: bytes

    @classmethod
    def decode(cls, data: bytes) -> "Write1997":
        """Raises DecodeError."""
        data = at_least(data, 4)
        return cls(f"{data[0]:02X}", hexadecimal(data[1:4]), data[4:])

    def encode(self) -> bytes:
        """Raises EncodeError."""
        return hexadecimal_bytes(self.level, 1) + hexadecimal_bytes(self.password, 3) + self.data

    @property
    def presented(self) -> Presented:
        return {"PA": self.level, "password": self.password, "data": self.data.hex(" ").upper()}


UNKNOWN = Words("unknown", "未知")
RELAY_COMMANDS = {
    0x1A: Words("trip (open relay)", "跳闸"),
    0x1B: Words("close permitted", "合闸允许"),
    0x1C: Words("direct close", "直接合闸"),
    0x1D: Words("trip, close again by itself", "跳闸后自动合闸"),
    0x1E: Words("trip, close again by itself", "跳闸后自动合闸"),
    0x2A: Words("alarm on", "报警"),
    0x2B: Words("alarm off", "报警解除"),
    0x3A: Words("keep power", "保电"),
    0x3B: Words("keep power off", "保电解除"),
}


@dataclass(frozen=True)
class Relay:
    """Function 1C: trip, close, alarm, keep power (State Grid's supplement).

    `command` one of `RELAY_COMMANDS` (N1). `wait` is N2: for 1D and 1E the meter closes again after that many times
    five minutes. `valid_until` "2099-12-31 23:59:59": the meter refuses once its clock is past it. An acknowledgement
    means accepted, not done: read status word 3 to be sure.
    """

    credentials: Credentials
    command: int
    valid_until: str
    wait: int = 0

    TIME: ClassVar[Moment] = Moment("YYMMDDhhmmss")

    @classmethod
    def decode(cls, data: bytes) -> "Relay":
        """Raises DecodeError."""
        data = exactly(data, 16)
        return cls(Credentials.decode(data), data[8], moment_text(cls.TIME, data[10:]), data[9])

    def encode(self) -> bytes:
        """Raises EncodeError."""
        if not (0 <= self.command <= 0xFF and 0 <= self.wait <= 0xFF):
            raise EncodeError(f"N1 {self.command} or N2 {self.wait} is not a byte")
        return self.credentials.encode() + bytes((self.command, self.wait)) + self.TIME.encode(Stamp(self.valid_until))

    @property
    def words(self) -> Words:
        """The command in words."""
        return RELAY_COMMANDS.get(self.command, UNKNOWN)

    @property
    def presented(self) -> Presented:
        return {
            **self.credentials.presented,
            "N1": f"{self.command:02X}",
            "command": self.words.english,
            "N2": f"{self.wait:02X}",
            "valid_until": self.valid_until,
        }


@dataclass(frozen=True)
class ClearEvents:
    """Function 1B: all events ("FFFFFFFF"), or those of one identifier ("033000FF"), whose DI0 travels as FF."""

    credentials: Credentials
    identifier: str = "FFFFFFFF"

    @classmethod
    def decode(cls, data: bytes) -> "ClearEvents":
        """Raises DecodeError."""
        data = exactly(data, 12)
        return cls(Credentials.decode(data), hexadecimal(data[8:]).upper())

    def encode(self) -> bytes:
        """Raises EncodeError."""
        return self.credentials.encode() + hexadecimal_bytes(self.identifier, 4)

    @property
    def presented(self) -> Presented:
        return {**self.credentials.presented, "identifier": self.identifier}


TERMINAL_SIGNALS = {
    0x00: Words("clock seconds", "时钟秒脉冲"),
    0x01: Words("demand period", "需量周期"),
    0x02: Words("slot switch", "时段投切"),
}


@dataclass(frozen=True)
class TerminalSignal:
    """Function 1D, request and reply: what the multi-function terminal gives out, one of `TERMINAL_SIGNALS`."""

    code: int

    @classmethod
    def decode(cls, data: bytes) -> "TerminalSignal":
        """Raises DecodeError."""
        return cls(exactly(data, 1)[0])

    def encode(self) -> bytes:
        """Raises EncodeError."""
        if self.code not in TERMINAL_SIGNALS:
            raise EncodeError(f"{self.code:02X} is no signal of the terminal")
        return bytes((self.code,))

    @property
    def presented(self) -> Presented:
        words = TERMINAL_SIGNALS.get(self.code, UNKNOWN)
        return {"terminal": f"{self.code:02X}", "signal": words.english}


@dataclass(frozen=True)
class BroadcastTime:
    """Function 08: the time for all meters, sent to 99 x 6; nobody answers."""

    time: str

    FORM: ClassVar[Moment] = Moment("YYMMDDhhmmss")

    @classmethod
    def decode(cls, data: bytes) -> "BroadcastTime":
        """Raises DecodeError."""
        return cls(moment_text(cls.FORM, exactly(data, 6)))

    def encode(self) -> bytes:
        """Raises EncodeError."""
        return self.FORM.encode(Stamp(self.time))

    @property
    def presented(self) -> Presented:
        return {"time": {"value": self.time}}


@dataclass(frozen=True)
class Freeze:
    """Function 16: freeze at "MM-DD hh:mm"; 99 for any month, day, hour; all 99: now."""

    moment: str = "99-99 99:99"

    FORM: ClassVar[Moment] = Moment("MMDDhhmm")

    @classmethod
    def decode(cls, data: bytes) -> "Freeze":
        """Raises DecodeError."""
        return cls(moment_text(cls.FORM, exactly(data, 4)))

    def encode(self) -> bytes:
        """Raises EncodeError."""
        return self.FORM.encode(Stamp(self.moment))

    @property
    def presented(self) -> Presented:
        return {"freeze": {"value": self.moment}}


@dataclass(frozen=True)
class BaudFeature:
    """Function 17, request and reply: the feature word, of which one bit says the rate (`BAUD_RATES`)."""

    word: int

    @classmethod
    def decode(cls, data: bytes) -> "BaudFeature":
        """Raises DecodeError."""
        return cls(exactly(data, 1)[0])

    def encode(self) -> bytes:
        """Raises EncodeError for a word that is no rate."""
        if self.word not in BAUD_RATES:
            raise EncodeError(f"feature word {self.word:02X} is no baud rate")
        return bytes((self.word,))

    @property
    def presented(self) -> Presented:
        return {"baud_feature": {"value": f"{self.word:02X}", "baud": BAUD_RATES.get(self.word)}}


@dataclass(frozen=True)
class Address:
    """Function 15, request ("new_address"), and the reply to 13 ("communication_address"): 12 digits."""

    address: str
    name: str = "communication_address"

    FORM: ClassVar[Digits] = Digits(6)

    @classmethod
    def decode(cls, data: bytes, name: str = "communication_address") -> "Address":
        """Raises DecodeError."""
        return cls(exactly(data, 6)[::-1].hex().upper(), name)

    def encode(self) -> bytes:
        """Raises EncodeError."""
        return self.FORM.write(self.address)

    @property
    def presented(self) -> Presented:
        return {self.name: {"value": self.address}}


@dataclass(frozen=True)
class Password:
    """A level (PA) and its password (3 bytes): the reply to 18 and 0F."""

    level: str
    password: str

    SIZE: ClassVar[int] = 4

    @classmethod
    def decode(cls, data: bytes) -> "Password":
        """Raises DecodeError."""
        data = exactly(data, cls.SIZE)
        return cls(f"{data[0]:02X}", hexadecimal(data[1:]))

    def encode(self) -> bytes:
        """Raises EncodeError."""
        return hexadecimal_bytes(self.level, 1) + hexadecimal_bytes(self.password, 3)

    @property
    def presented(self) -> Presented:
        return {"PA": self.level, "password": self.password}


@dataclass(frozen=True)
class SetPassword:
    """Function 18 without its identifier (04000C01 + level), and 0F of 1997: one that holds, then the new one."""

    old: Password
    new: Password

    @classmethod
    def decode(cls, data: bytes) -> "SetPassword":
        """Raises DecodeError."""
        data = exactly(data, 2 * Password.SIZE)
        return cls(Password.decode(data[: Password.SIZE]), Password.decode(data[Password.SIZE :]))

    def encode(self) -> bytes:
        """Raises EncodeError."""
        return self.old.encode() + self.new.encode()

    @property
    def presented(self) -> Presented:
        return {"old_PA": self.old.level, "old_password": self.old.password, **self.new.presented}


@dataclass(frozen=True)
class Security:
    """Function 03 without its identifier (07xxxxFF): an operator code and what only the meter's ESAM understands."""

    operator: str
    data: bytes

    @classmethod
    def decode(cls, data: bytes) -> "Security":
        """Raises DecodeError."""
        data = at_least(data, 4)
        return cls(hexadecimal(data[:4]), data[4:])

    def encode(self) -> bytes:
        """Raises EncodeError."""
        return hexadecimal_bytes(self.operator, 4) + self.data

    @property
    def presented(self) -> Presented:
        return {"operator": self.operator, "raw": self.data.hex(" ").upper()}
