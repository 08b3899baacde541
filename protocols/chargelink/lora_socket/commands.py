"""CMD: something to be done once, named by an id, before it expires.

Command id (2), expiry (2), operation (1), place (1), then what the operation needs. The same id again means the same
command again: the socket repeats its answer and does nothing twice.
"""

from typing import Annotated, Self

import msgspec

from chargelink.lora_socket.codes import Place
from chargelink.lora_socket.messages import Session
from chargelink.wire import Flaw, Message, Rest, Why, u8, u16

LONGEST_VALID = 600  # s that a command may have ahead of it
RATED_OUTLET = 2_200_000  # mW; no frame can raise the socket's own limit above it
LONGEST_CHARGE = 720  # min

Minutes = Annotated[int, u16(unit="min", high=LONGEST_CHARGE)]
Energy = Annotated[int, u16(1000, unit="mWh")]
PowerLimit = Annotated[int, u16(1000, unit="mW", high=RATED_OUTLET)]


class Start(Message, frozen=True):
    """Begin a session. Of a session that runs: nothing changes, the answer is OK."""

    session: Session
    most_minutes: Minutes
    most_energy: Energy
    most_power: PowerLimit
    flags: Annotated[int, u8(note="StartFlags")]
    full_threshold: Annotated[int, u8(1000, unit="mW", note="full below it")]
    full_minutes: Annotated[int, u8(unit="min", note="for so long")]


class Stop(Message, frozen=True):
    """End a session; 0 ends whatever runs, for operators."""

    session: Session


class Limit(Message, frozen=True):
    """Change the limits of a session."""

    session: Session
    most_power: PowerLimit
    most_minutes: Minutes
    most_energy: Energy


class Lock(Message, frozen=True):
    """Start nothing until UNLOCK."""


class Unlock(Message, frozen=True):
    """Allow starts again."""


class ClearFault(Message, frozen=True):
    """Release a latched fault whose cause is gone."""


class Locate(Message, frozen=True):
    """Blink and beep, for whoever looks for the socket."""

    duration: Annotated[int, u8(unit="s")]


class Reboot(Message, frozen=True):
    """Start anew."""

    mode: Annotated[int, u8(high=1, note="0 at once, 1 when idle")]


class SelfTest(Message, frozen=True):
    """Test the protective circuits; the result comes as an EVENT."""


class SwitchUsb(Message, frozen=True):
    """Switch the USB port named by the place."""

    on: Annotated[int, u8(high=1)]


class RelayTest(Message, frozen=True):
    """Test the relay of an idle outlet."""


class UnknownOperation(Message, frozen=True):
    """What a newer edge may ask for; the answer is BAD_PARAMETER."""

    content: Annotated[bytes, Rest()] = b""


OPERATIONS: dict[int, type[Message]] = {
    1: Start,
    2: Stop,
    3: Limit,
    4: Lock,
    5: Unlock,
    6: ClearFault,
    7: Locate,
    8: Reboot,
    9: SelfTest,
    10: SwitchUsb,
    11: RelayTest,
}
_NUMBERS = {operation: number for number, operation in OPERATIONS.items()}


class CommandHead(Message, frozen=True):
    """The six bytes before an operation's own."""

    id: Annotated[int, u16()]
    expiry: Annotated[int, u16(unit="s")]
    operation: Annotated[int, u8()]
    place: Annotated[Place | int, u8()]


class Command(msgspec.Struct, frozen=True):
    """A CMD body. `expiry`: the low 16 bits of the network time, in s, from which on it must not be done any more."""

    id: int
    expiry: int
    place: Place | int
    operation: Message
    number: int = 0  # of an UnknownOperation
    flaws: tuple[Flaw, ...] = ()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a body of at least 6 bytes. Raises DecodeError when bytes are missing."""
        head = CommandHead.decode(data)
        kind = OPERATIONS.get(head.operation, UnknownOperation)
        operation = kind.decode(data[6:])
        flaws = (*head.flaws, *operation.flaws)
        if kind is UnknownOperation:
            flaws = (*flaws, Flaw("operation", head.operation, Why.UNKNOWN_CODE))
        return cls(head.id, head.expiry, head.place, operation, head.operation, flaws)

    def encode(self, length: None = None, checked: bool = True) -> bytes:
        """Write the body. Raises EncodeError for values that a socket must not be told."""
        number = _NUMBERS.get(type(self.operation), self.number)
        head = CommandHead(self.id, self.expiry, number, self.place)
        return head.encode(None, checked) + self.operation.encode(None, checked)

    def remaining(self, network_time: int) -> int | None:
        """Seconds until the command expires at `network_time` (s since 1970), None when it must not be done."""
        left = (self.expiry - network_time) % 0x10000
        return left if 0 < left <= LONGEST_VALID else None


def expiry_after(network_time: int, seconds: int) -> int:
    """The expiry of a command that is valid for `seconds` (1 to 600) from `network_time` on."""
    return (network_time + seconds) % 0x10000


def operation_name(operation: type[Message]) -> str:
    """START, CLEAR_FAULT and so on."""
    name = operation.__name__
    return "".join(f"_{char}" if char.isupper() and at else char for at, char in enumerate(name)).upper()
