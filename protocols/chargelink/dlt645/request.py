"""What a master can ask, and how its answer is told from others: function, address, identifier, sequence."""

from dataclasses import dataclass

from chargelink.dlt645.address import abbreviates
from chargelink.dlt645.bodies import (
    Address,
    BaudFeature,
    BroadcastTime,
    ClearEvents,
    Credentials,
    Freeze,
    Password,
    Relay,
    Security,
    SetPassword,
    TerminalSignal,
    Write,
    Write1997,
)
from chargelink.dlt645.control import Edition, Function, Function1997
from chargelink.dlt645.forms import Moment, Stamp
from chargelink.dlt645.frame import ALL_METERS, ANY_METER, Frame
from chargelink.dlt645.reading import identifier_bytes
from chargelink.wire import EncodeError

PASSWORDS = 0x04000C01  # the identifier of level 0; level 9 is eight above
PROFILE_TIME = Moment("YYMMDDhhmm")


@dataclass(frozen=True)
class Request:
    """One thing asked of a meter.

    `identifier` heads the data of request and answer, "" where there is none. `besides` is the rest of the data.
    `answered` is False for what is sent to all. `repeatable` may be sent again if no answer comes: what reads.
    `becomes` is the address that the meter is given, under which some answer already.
    """

    address: str
    function: int
    identifier: str = ""
    besides: bytes = b""
    answered: bool = True
    repeatable: bool = False
    becomes: str = ""

    def frame(self, sequence: int = 0) -> Frame:
        """The frame that asks; for `sequence` 1..255 the one that asks for that follow-up. Raises EncodeError."""
        data = (identifier_bytes(self.identifier) if self.names_identifier else b"") + self.besides
        if not sequence:
            return Frame(self.address, self.function, data)
        if self.function == Function1997.READ:
            return Frame(self.address, Function1997.READ_FOLLOW_UP, data)
        return Frame(self.address, Function.READ_FOLLOW_UP, data + bytes((sequence,)))

    def is_answered_by(self, reply: Frame, sequence: int = 0) -> bool:
        """Whether a frame answers this, or its follow-up `sequence`.

        A refusal names no identifier: function and address must do.
        """
        asked = self.frame(sequence)
        if not reply.from_meter or reply.function != asked.function:
            return False
        if not self._is_asked(reply.address):
            return False
        if reply.refused:
            return bool(reply.data)
        if self.function == Function.READ_ADDRESS:
            return len(reply.data) == 6
        if not self.heads_answer:
            return True
        if not reply.data.startswith(identifier_bytes(self.identifier)):
            return False
        return not self._numbers(sequence) or (len(reply.data) > 4 and reply.data[-1] == sequence)

    def value_of(self, reply: Frame, sequence: int = 0) -> bytes:
        """The data of an answer without identifier and sequence number."""
        head = len(self.identifier) // 2 if self.heads_answer else 0
        return reply.data[head:-1] if self._numbers(sequence) else reply.data[head:]

    @property
    def edition(self) -> Edition:
        """The document that the request is of; 08 is the same in both."""
        # 03 is security in 2007, whose identifiers have eight digits, and reading again in 1997.
        modern = self.function >= Function.READ or self.function == Function.BROADCAST_TIME
        if modern or (self.function == Function.SECURITY and len(self.identifier) == 8):
            return Edition.DLT645_2007
        return Edition.DLT645_1997

    @property
    def reads(self) -> bool:
        """Whether the answer is the data of an identifier, which may come in several frames."""
        return self.function in (Function.READ, Function1997.READ)

    @property
    def reads_again(self) -> bool:
        """Whether the meter is asked to say once more what it said last (1997); the request then names nothing."""
        return self.function == Function1997.READ_AGAIN and self.edition is Edition.DLT645_1997

    @property
    def names_identifier(self) -> bool:
        """Whether the request's data begins with the identifier."""
        return bool(self.identifier) and not self.reads_again

    @property
    def heads_answer(self) -> bool:
        """Whether the answer's data begins with the identifier."""
        return self.reads or self.function == Function.SECURITY

    @property
    def numbered(self) -> bool:
        """Whether follow-ups bear a sequence number, which the 1997 edition does not have."""
        return self.function == Function.READ

    def _is_asked(self, address: str) -> bool:
        """Whether a meter that answers from `address` can have been meant. Some answer AA with AA."""
        if self.address == ALL_METERS or address in (self.address, self.becomes):
            return True
        return abbreviates(self.address, address)

    def _numbers(self, sequence: int) -> bool:
        """Whether the answer ends with a sequence number."""
        return sequence > 0 and self.numbered


def read(address: str, identifier: str, besides: bytes = b"") -> Request:
    """Read an identifier: eight digits in the 2007 edition, four in that of 1997.

    `besides` for a load profile: the number of blocks, or that and a time (mm hh DD MM YY).
    Raises ValueError for what is no identifier.
    """
    identifier_bytes(identifier)
    function = Function1997.READ if len(identifier) == 4 else Function.READ
    return Request(address, function, identifier.upper(), besides, repeatable=True)


def load_profile(address: str, identifier: str, blocks: int, since: str = "") -> Request:
    """Read `blocks` 1..255 records of a load profile (06cc00nn), from "2026-11-20 08:15" on if the identifier is that
    of a given time. Raises EncodeError for another number or what is no time."""
    if not 0 < blocks <= 0xFF:
        raise EncodeError(f"{blocks} records: 1..255")
    return read(address, identifier, bytes((blocks,)) + (PROFILE_TIME.encode(Stamp(since)) if since else b""))


def read_again(address: str, identifier: str) -> Request:
    """Ask a meter of the 1997 edition to say once more what it last said of `identifier` (four digits)."""
    if len(identifier_bytes(identifier)) != 2:
        raise ValueError(f"identifier {identifier!r} is not one of the 1997 edition: four digits")
    return Request(address, Function1997.READ_AGAIN, identifier.upper(), repeatable=True)


def read_address() -> Request:
    """Ask the only meter on the line who it is."""
    return Request(ANY_METER, Function.READ_ADDRESS, repeatable=True)


def write(address: str, identifier: str, value: bytes, credentials: Credentials) -> Request:
    """Set a parameter. Raises EncodeError."""
    return Request(address, Function.WRITE, identifier.upper(), Write(credentials, value).encode())


def write_1997(address: str, identifier: str, value: bytes, password: Password) -> Request:
    """Set a parameter of a meter of the 1997 edition, which knows no operator. Raises EncodeError."""
    body = Write1997(password.level, password.password, value)
    return Request(address, Function1997.WRITE, identifier.upper(), body.encode())


def write_address(new_address: str, address: str = ANY_METER, edition: Edition = Edition.DLT645_2007) -> Request:
    """Give a meter another address; most want their programming key pressed. Raises EncodeError."""
    function = Function.WRITE_ADDRESS if edition is Edition.DLT645_2007 else Function1997.WRITE_ADDRESS
    return Request(address, function, besides=Address(new_address).encode(), becomes=new_address)


def relay(address: str, command: Relay) -> Request:
    """Trip, close, alarm, keep power. Raises EncodeError."""
    return Request(address, Function.RELAY, besides=command.encode())


def set_baud(address: str, word: int) -> Request:
    """Change the rate; the meter answers at the old one. Raises EncodeError."""
    return Request(address, Function.SET_BAUD, besides=BaudFeature(word).encode())


def set_baud_1997(address: str, word: int) -> Request:
    """The same of the 1997 edition, whose feature words vendors take differently: any byte. Raises EncodeError."""
    if not 0 <= word <= 0xFF:
        raise EncodeError(f"feature word {word} is not a byte")
    return Request(address, Function1997.SET_BAUD, besides=bytes((word,)))


def set_password(address: str, old: Password, new: Password) -> Request:
    """Change the password of `new.level` 00..09, proving oneself by `old`, of that level or a higher one.

    The answer's data is the new one. Raises EncodeError.
    """
    body = SetPassword(old, new).encode()
    level = body[Password.SIZE]
    if level > 9:
        raise EncodeError(f"level {new.level!r} has no password: 00..09")
    return Request(address, Function.SET_PASSWORD, f"{PASSWORDS + level:08X}", body)


def set_password_1997(address: str, old: Password, new: Password) -> Request:
    """The same of the 1997 edition, where passwords have no identifier. Raises EncodeError."""
    return Request(address, Function1997.SET_PASSWORD, besides=SetPassword(old, new).encode())


def clear_demand(address: str, credentials: Credentials) -> Request:
    """Set the greatest demand to zero. Raises EncodeError."""
    return Request(address, Function.CLEAR_DEMAND, besides=credentials.encode())


def clear_demand_1997(address: str) -> Request:
    """The same of the 1997 edition, whose request carries no password."""
    return Request(address, Function1997.CLEAR_DEMAND)


def clear_meter(address: str, credentials: Credentials) -> Request:
    """Set all registers to zero: for meters that are not sealed yet. Raises EncodeError."""
    return Request(address, Function.CLEAR_METER, besides=credentials.encode())


def clear_events(address: str, credentials: Credentials, identifier: str = "FFFFFFFF") -> Request:
    """Forget all events, or those of "033000FF", whose last two digits must be FF. Raises EncodeError."""
    if identifier[-2:].upper() != "FF":
        raise EncodeError(f"{identifier!r} names one record; events are cleared by kind: end it with FF")
    return Request(address, Function.CLEAR_EVENTS, besides=ClearEvents(credentials, identifier.upper()).encode())


def terminal_signal(signal: int, address: str = ALL_METERS) -> Request:
    """Choose what the multi-function terminal gives out (`TERMINAL_SIGNALS`); to all nobody answers.

    Raises EncodeError.
    """
    body = TerminalSignal(signal).encode()
    return Request(address, Function.TERMINAL_SIGNAL, besides=body, answered=address != ALL_METERS)


def security(address: str, identifier: str, data: bytes, operator: str = "00000000") -> Request:
    """What only the meter's ESAM understands: identity, key update, recharge, by identifier (07xxxxFF).

    `data` goes as it is, the answer's data comes as it is. Raises EncodeError.
    """
    if len(identifier) != 8 or not identifier.startswith("07"):
        raise EncodeError(f"{identifier!r} is no identifier of security: 07xxxxFF")
    return Request(address, Function.SECURITY, identifier.upper(), Security(operator, data).encode())


def freeze(moment: str = "99-99 99:99", address: str = ALL_METERS) -> Request:
    """Keep the registers of a moment; to all meters nobody answers. Raises EncodeError."""
    return Request(address, Function.FREEZE, besides=Freeze(moment).encode(), answered=address != ALL_METERS)


def broadcast_time(time: str) -> Request:
    """Tell all meters the time, "2022-03-17 14:07:47"; nobody answers. Raises EncodeError."""
    return Request(ALL_METERS, Function.BROADCAST_TIME, besides=BroadcastTime(time).encode(), answered=False)
