"""The two sides of a session, and their messages, as far as they were heard."""

from chargelink.gbt27930.catalogue import MESSAGES, Edition, Entry, Sender
from chargelink.trace.sessions.cadence import Beat
from chargelink.trace.sessions.states import WITH_VALUE, Shadow

STOPS = ("CST", "BST", "CEM", "BEM")
TRANSFERRED = {entry.name for entry in MESSAGES if entry.priority == 7}


class Talker:
    """One of the two sides, as far as it was heard."""

    __slots__ = ("edition", "last", "sender", "shadow")

    def __init__(self, sender: Sender) -> None:
        self.sender = sender
        self.shadow = Shadow(sender)
        self.last: float | None = None  # when it said anything
        self.edition: Edition | None = None


class Row:
    """What is known of one message of the catalogue, looked up once for the many times it comes."""

    __slots__ = ("beat", "name", "own", "peer", "stops", "transported", "valued")

    def __init__(self, entry: Entry, own: Talker, peer: Talker) -> None:
        self.name = entry.name
        self.beat = Beat(entry)
        self.own, self.peer = own, peer
        self.valued = entry.name in WITH_VALUE
        self.transported = entry.name in TRANSFERRED
        self.stops = entry.name in STOPS
