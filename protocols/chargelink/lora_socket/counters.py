"""Frame counters: 32 bits are counted and sealed, the low 16 travel.

A counter never runs backwards under one key: a nonce used twice gives both messages away. So a sender takes its numbers
from blocks that it has reserved in durable storage before use; after a power cut it goes on behind the block.
"""

from chargelink.wire import EncodeError

MOST_MISSED = 16_384  # frames a receiver may have missed and still follow
ROTATE_AT = 1 << 31  # new session keys are due from here on; nothing is sealed any more
RENEW_AT = ROTATE_AT - MOST_MISSED  # a socket asks for new ones from here on, while frames still go
KEYS_LAST = 90 * 86_400  # s that session keys are used at most, then too
EDGE_BLOCK = 256
SOCKET_BLOCK = 64  # sockets write flash rarely, and reset rarely


def following(low: int, last: int) -> int:
    """The smallest counter above `last` (-1: none yet) whose low 16 bits are `low`."""
    return last + 1 + (low - last - 1) % 0x10000


def floor_of(counter: int) -> int:
    """Where somebody who comes in the middle begins to follow a counter: at most MOST_MISSED below it."""
    return counter // MOST_MISSED * MOST_MISSED


class SendCounter:
    """Numbers of frames sent under one key.

    `reserved` is what durable storage holds: everything below it may have been used, so counting goes on there. Before
    anything is sent, and again whenever `due` is not None, the owner writes `due` to durable storage, then calls
    `reserve(due)`. `due` comes half a block early, so that writing need not hold up a frame.
    """

    def __init__(self, reserved: int = 0, block: int = EDGE_BLOCK) -> None:
        if reserved < 0 or block < 1:
            raise EncodeError(f"no counter: reserved {reserved}, block {block}")
        self.block = block
        self.next = reserved
        self.reserved = reserved

    @property
    def due(self) -> int | None:
        """What durable storage should hold from now on, None when it holds enough."""
        return self.reserved + self.block if self.reserved - self.next <= self.block // 2 else None

    @property
    def exhausted(self) -> bool:
        """Whether the key has to be replaced before anything more is sealed."""
        return self.next >= ROTATE_AT

    @property
    def ready(self) -> bool:
        """Whether a number can be taken now."""
        return self.next < min(self.reserved, ROTATE_AT)

    def reserve(self, reserved: int) -> None:
        """Durable storage holds `reserved` now. Raises EncodeError where that would go back."""
        if reserved < self.reserved:
            raise EncodeError(f"counters up to {self.reserved} are reserved, {reserved} goes back")
        self.reserved = reserved

    def take(self) -> int:
        """The number of the next frame. Raises EncodeError when none is reserved, or the key is used up."""
        if self.exhausted:
            raise EncodeError("the key has sealed 2 ** 31 frames: a new join is due")
        if self.next >= self.reserved:
            raise EncodeError(f"counter {self.next} is not reserved in durable storage")
        self.next += 1
        return self.next - 1
