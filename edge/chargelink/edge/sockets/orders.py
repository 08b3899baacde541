"""A command on its way to a socket: the same id until it is answered or expires, whatever the air does meanwhile.

Three tries 0.4 s apart are the session's. After them the command waits until the socket is heard again, and is then
tried three times more. A START that expired unanswered is over: the socket refuses it from then on.
"""

from dataclasses import dataclass

from chargelink.lora_socket.codes import Place, Result
from chargelink.lora_socket.commands import Command, Stop, expiry_after
from chargelink.wire import Message

START_WITHIN = 30  # s
STOP_WITHIN = 3600  # s
VALID = 30  # s that a command on the air may still be done


@dataclass
class Order:
    """One command for one place of a socket. `until` in network time, s; `sent` while tries are under way.

    It gets its `id` when it is sent for the first time.
    """

    place: Place
    operation: Message
    until: int
    id: int | None = None
    sent: bool = False

    def command(self, network_time: int) -> Command:
        """The command as it goes on the air now."""
        assert self.id is not None, "an order gets its id before it is sent"
        seconds = max(1, min(self.until - network_time, VALID))
        return Command(self.id, expiry_after(network_time, seconds), self.place, self.operation)

    def expired(self, network_time: int) -> bool:
        """Whether it must not be sent any more."""
        return network_time >= self.until


def within(operation: Message) -> int:
    """For how many seconds a command is tried: stopping is tried until it is done."""
    return STOP_WITHIN if isinstance(operation, Stop) else START_WITHIN


def succeeded(operation: Message, result: Result | int) -> bool:
    """Whether a result means that what was wanted is so. A STOP of what does not run any more is done."""
    if isinstance(operation, Stop) and result == Result.NO_SESSION:
        return True
    return result in (Result.OK, Result.DUPLICATE)
