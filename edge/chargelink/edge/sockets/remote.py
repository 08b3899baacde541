"""One socket as the edge knows it: its conversation, what it said last, what it is still to be told."""

from collections import deque
from typing import NamedTuple

from chargelink.edge.sockets.keys import SocketKey
from chargelink.edge.sockets.memory import Conversation, SocketMemory
from chargelink.edge.sockets.orders import Order
from chargelink.lora_socket.codes import Answer, OutletState, Place
from chargelink.lora_socket.keys import session_keys
from chargelink.lora_socket.messages import KeyUpdate, OutletStatus, Status, StatusShort
from chargelink.lora_socket.session import Received, Role, Session, SessionEvent

MISSED = 3  # polls, and
SILENT = 15.0  # s without a frame: lost
OFFERED_TRIES = 3  # polls under keys that were offered before those in use are tried again
OUTLETS = (Place.A, Place.B)
ENERGISED = (OutletState.CHARGING, OutletState.TOP_UP, OutletState.PAUSED)
METER = {Place.A: Answer.METER_A, Place.B: Answer.METER_B}


class Talk:
    """A session and the part of the memory that belongs to it."""

    def __init__(self, net: int, key: SocketKey, memory: Conversation) -> None:
        keys = session_keys(key.device_key, key.eui, net, memory.join_nonce, memory.dev_nonce)
        self.memory = memory
        self.session = Session(Role.EDGE, net, key.address, keys, reserved=memory.reserved, heard=memory.heard)
        self.tries = 0

    def hear(self, frame: bytes, now: float) -> list[SessionEvent]:
        """Take a frame; the counter heard goes into the memory, and to disk with the next block."""
        events = self.session.receive(frame, now)
        self.memory.heard = self.session.heard
        return events


class Outlook(NamedTuple):
    """What an outlet is doing, as far as known."""

    state: OutletState | int
    power: int = 0  # mW
    energy: int = 0  # mWh of the session
    elapsed: int = 0  # s of the session


class RemoteSocket:
    """A socket of the roster. `memory` is its part of the site's."""

    def __init__(self, net: int, key: SocketKey, channel: int, memory: SocketMemory, now: float) -> None:
        self.key = key
        self.channel = channel
        self.memory = memory
        self._net = net
        self.current = self._talk(memory.current)
        self.offered = self._talk(memory.offered)
        self.to_acknowledge: deque[Received] = deque()
        self.orders: deque[Order] = deque()
        self.key_update: KeyUpdate | None = None  # the group key that it has still to be told
        self.key_sent = False  # and is being told
        self.unsure: int | None = None  # counter of a frame that says that it wants to be told the time
        self.held = False  # tell it nothing more until it is heard: it does not answer
        self.online = False
        self.heard_at = now
        self.missed = 0
        self.poll_at = now
        self.outlets: dict[Place, Outlook] = {}
        self._questions = 0

    @property
    def address(self) -> int:
        """On the air."""
        return self.key.address

    @property
    def talk(self) -> Talk | None:
        """The session to speak under: one that was offered first, as its socket asked for it."""
        if self.offered is not None and (self.current is None or self.offered.tries < OFFERED_TRIES):
            return self.offered
        return self.current

    @property
    def energised(self) -> list[Place]:
        """Outlets that are on."""
        return [place for place, outlook in self.outlets.items() if outlook.state in ENERGISED]

    @property
    def at_rest(self) -> bool:
        """Whether all is known, and nothing is going on."""
        return len(self.outlets) == len(OUTLETS) and not self.energised

    def offer(self, conversation: Conversation) -> None:
        """The socket asked to join and is let in; its old conversation ends with its first frame of the new one."""
        self.memory.offered = conversation
        self.offered = self._talk(conversation)
        self.key_sent = self.held = False
        self.missed = 0

    def hear(self, frame: bytes, now: float) -> list[SessionEvent]:
        """Take a frame under the keys in use or those offered; the first of the latter ends the former."""
        refusals: list[SessionEvent] = []
        for talk in (self.current, self.offered):
            if talk is None:
                continue
            events = talk.hear(frame, now)
            if any(isinstance(event, Received) for event in events):
                self._heard(talk, now)
                return events
            refusals = events
        return refusals

    def question(self) -> Answer:
        """What the next poll asks: short while at rest; in turn the status and the meter of each outlet that is on."""
        if self.at_rest:
            return Answer.SHORT
        self._questions += 1
        choices = [Answer.STATUS, *(METER[place] for place in self.energised)]
        return choices[self._questions % len(choices)] if self.outlets else Answer.STATUS

    def learn(self, status: Status | StatusShort) -> None:
        """Remember what it says of its outlets."""
        if isinstance(status, Status):
            self.outlets = {Place.A: _outlook(status.outlet_a), Place.B: _outlook(status.outlet_b)}
        else:
            self.outlets = {Place.A: Outlook(status.state_a), Place.B: Outlook(status.state_b)}

    def _heard(self, talk: Talk, now: float) -> None:
        if talk is self.offered:
            self.current, self.offered = talk, None
            self.memory.current, self.memory.offered = talk.memory, None
            self.unsure = None
            self.to_acknowledge.clear()  # what it still has it will say again, under the new keys
            for order in self.orders:
                order.sent = False
        self.heard_at = now
        self.missed = 0

    def _talk(self, conversation: Conversation | None) -> Talk | None:
        return None if conversation is None else Talk(self._net, self.key, conversation)


def _outlook(outlet: OutletStatus) -> Outlook:
    return Outlook(outlet.state, outlet.power, outlet.energy, outlet.elapsed)
