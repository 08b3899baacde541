"""What a master can ask, and how its answer is told from others: function, address, identifier, sequence."""

from dataclasses import dataclass

from chargelink.dlt645.address import abbreviates
from chargelink.dlt645.bodies import Address, BaudFeature, BroadcastTime, Credentials, Freeze, Relay, Write
from chargelink.dlt645.control import Function, Function1997
from chargelink.dlt645.frame import ALL_METERS, ANY_METER, Frame
from chargelink.dlt645.reading import identifier_bytes


@dataclass(frozen=True)
class Request:
    """One thing asked of a meter.

    `identifier` heads the data of request and answer, "" where there is none. `besides` is the rest of the data.
    `answered` is False for what is sent to all. `repeatable` may be sent again if no answer comes: what reads.
    """

    address: str
    function: int
    identifier: str = ""
    besides: bytes = b""
    answered: bool = True
    repeatable: bool = False

    def frame(self, sequence: int = 0) -> Frame:
        """The frame that asks; for `sequence` 1..255 the one that asks for that follow-up. Raises EncodeError."""
        data = (identifier_bytes(self.identifier) if self.identifier else b"") + self.besides
        if not sequence:
            return Frame(self.address, self.function, data)
        if self.function == Function1997.READ:
            return Frame(self.address, Function1997.READ_FOLLOW_UP, data)
        return Frame(self.address, Function.READ_FOLLOW_UP, data + bytes((sequence,)))

    def is_answered_by(self, reply: Frame, sequence: int = 0) -> bool:
        """Whether a frame answers this, or its follow-up `sequence`.

        A refusal names no identifier: function and address must do. Some meters answer AA with AA.
        """
        asked = self.frame(sequence)
        if not reply.from_meter or reply.function != asked.function:
            return False
        if reply.address != self.address and not (
            abbreviates(self.address, reply.address) or self.address == ALL_METERS
        ):
            return False
        if reply.refused:
            return bool(reply.data)
        if self.function == Function.READ_ADDRESS:
            return len(reply.data) == 6
        if not self.reads:
            return True
        if not reply.data.startswith(identifier_bytes(self.identifier)):
            return False
        return not self._numbers(sequence) or (len(reply.data) > 4 and reply.data[-1] == sequence)

    def value_of(self, reply: Frame, sequence: int = 0) -> bytes:
        """The data of an answer without identifier and sequence number."""
        head = len(self.identifier) // 2 if self.reads else 0
        return reply.data[head:-1] if self._numbers(sequence) else reply.data[head:]

    @property
    def reads(self) -> bool:
        """Whether the answer is the data of an identifier, which may come in several frames."""
        return self.function in (Function.READ, Function1997.READ)

    @property
    def numbered(self) -> bool:
        """Whether follow-ups bear a sequence number, which the 1997 edition does not have."""
        return self.function == Function.READ

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


def read_address() -> Request:
    """Ask the only meter on the line who it is."""
    return Request(ANY_METER, Function.READ_ADDRESS, repeatable=True)


def write(address: str, identifier: str, value: bytes, credentials: Credentials) -> Request:
    """Set a parameter. Raises EncodeError."""
    return Request(address, Function.WRITE, identifier, Write(credentials, value).encode())


def write_address(new_address: str, address: str = ANY_METER) -> Request:
    """Give a meter another address; most want their programming key pressed. Raises EncodeError."""
    return Request(address, Function.WRITE_ADDRESS, besides=Address(new_address).encode())


def relay(address: str, command: Relay) -> Request:
    """Trip, close, alarm, keep power. Raises EncodeError."""
    return Request(address, Function.RELAY, besides=command.encode())


def set_baud(address: str, word: int) -> Request:
    """Change the rate; the meter answers at the old one. Raises EncodeError."""
    return Request(address, Function.SET_BAUD, besides=BaudFeature(word).encode())


def freeze(moment: str = "99-99 99:99", address: str = ALL_METERS) -> Request:
    """Keep the registers of a moment; to all meters nobody answers. Raises EncodeError."""
    return Request(address, Function.FREEZE, besides=Freeze(moment).encode(), answered=address != ALL_METERS)


def broadcast_time(time: str) -> Request:
    """Tell all meters the time, "2022-03-17 14:07:47"; nobody answers. Raises EncodeError."""
    return Request(ALL_METERS, Function.BROADCAST_TIME, besides=BroadcastTime(time).encode(), answered=False)
