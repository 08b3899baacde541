"""What a site tells its owner. A socket is named by its EUI."""

from typing import NamedTuple

from chargelink.edge.sockets.orders import Order
from chargelink.lora_socket.channel import Reason
from chargelink.lora_socket.messages import CommandResult
from chargelink.lora_socket.session import Received


class SocketJoined(NamedTuple):
    """A socket asked to join, and is let in."""

    eui: bytes


class SocketOnline(NamedTuple):
    """A socket is heard, for the first time or again."""

    eui: bytes


class SocketLost(NamedTuple):
    """A socket missed its polls; `silent` s since it was heard."""

    eui: bytes
    silent: float


class Told(NamedTuple):
    """A socket said something: a status, a meter value, an event, a settlement.

    Events and settlements are repeated until `Site.acknowledge` is called, so call it when they are stored.
    """

    eui: bytes
    received: Received


class OrderAnswered(NamedTuple):
    """A socket says what became of a command."""

    eui: bytes
    order: Order
    answer: CommandResult


class OrderExpired(NamedTuple):
    """A command was not answered in time. Whether it was done is unknown; from now on it will not be done."""

    eui: bytes
    order: Order


class FrameRefused(NamedTuple):
    """A frame that is not obeyed, and why."""

    address: int
    reason: Reason | None  # None: no frame of ours at all
    detail: str


class UnderAttack(NamedTuple):
    """Many frames with wrong tags within a minute claim to come from an address."""

    address: int
    frames: int


SiteEvent = SocketJoined | SocketOnline | SocketLost | Told | OrderAnswered | OrderExpired | FrameRefused | UnderAttack
