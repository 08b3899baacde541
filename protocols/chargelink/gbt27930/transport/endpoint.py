"""A node of the bus: the responder and the originator of one pair of addresses behind the same four verbs."""

from collections.abc import Callable, Collection

from chargelink.gbt27930.transport.events import Event
from chargelink.gbt27930.transport.frames import UNLIMITED, Frame
from chargelink.gbt27930.transport.receiver import Receiver, everything
from chargelink.gbt27930.transport.sender import Sender
from chargelink.gbt27930.transport.timing import TYPICAL_SPACING


class Endpoint:
    """Receives from and sends to the node `peer`, one session each way; see `Receiver` and `Sender` for the options."""

    def __init__(
        self,
        own: int,
        peer: int,
        *,
        accepts: Callable[[int], bool] = everything,
        window: int = UNLIMITED,
        spacing: float = TYPICAL_SPACING,
        max_packets: int = UNLIMITED,
    ) -> None:
        self.receiver = Receiver(own, peer, accepts=accepts, window=window)
        self.sender = Sender(own, peer, spacing=spacing, max_packets=max_packets)

    @property
    def deadline(self) -> float | None:
        """When `tick` wants to be called; None while there is nothing to wait for."""
        deadlines = [one.deadline for one in (self.receiver, self.sender) if one.deadline is not None]
        return min(deadlines, default=None)

    def send(self, pgn: int, payload: bytes, now: float) -> None:
        """Send a message of 9..1785 bytes; see `Sender.send`."""
        self.sender.send(pgn, payload, now)

    def data_to_send(self) -> list[Frame]:
        """Take the frames that are to be sent: answers to the peer first, for they are awaited."""
        return self.receiver.data_to_send() + self.sender.data_to_send()

    def receive(self, identifier: int, data: bytes, now: float) -> list[Event]:
        """Take any frame of the bus, with its 29-bit identifier."""
        return self.receiver.receive(identifier, data, now) + self.sender.receive(identifier, data, now)

    def tick(self, now: float) -> list[Event]:
        """Let time pass."""
        return self.receiver.tick(now) + self.sender.tick(now)

    def keep(self, pgns: Collection[int], now: float) -> None:
        """Give up sending every message but these; see `Sender.keep`."""
        self.sender.keep(pgns, now)

    def abort(self) -> None:
        """Give up every session under way and tell the peer."""
        self.receiver.abort()
        self.sender.abort()
