"""A tester at the other end of a charger or of a vehicle, as GB/T 34658 has it: says what it is told to, and listens.

Time jumps to whatever comes next. The tester has its own transport and its own eyes: it knows messages by name.
"""

from collections.abc import Mapping
from typing import NamedTuple

from chargelink.gbt27930.catalogue import BY_PGN, TRANSPORTED_ABOVE, by_class
from chargelink.gbt27930.causes import flagged
from chargelink.gbt27930.charging import BCL, BCS, BSM, CCS
from chargelink.gbt27930.codes import (
    BatteryType,
    ChargeMode,
    ChargePermission,
    Ownership,
    Permission,
    Ready,
    Recognition,
)
from chargelink.gbt27930.dialogue import ADDRESSES, Dialogue, Event
from chargelink.gbt27930.ending import BEM, BSD, BST, CEM, CSD, CST
from chargelink.gbt27930.handshake import BHM, BRM, CHM, CRM, VERSION_2015
from chargelink.gbt27930.identifier import Identifier
from chargelink.gbt27930.parameters import BCP, BRO, CML, CRO
from chargelink.gbt27930.transport import Endpoint, Frame, Received
from chargelink.wire import Message

ENTRIES = by_class()
IDENTITY = BRM(
    VERSION_2015, BatteryType.LIFEPO4, 152_000, 364_800, "DEMO", bytes(4), 2024, 5, 17, 149, Ownership.OWNED,
    None, "LDEMO0000DEMO0001", bytes(8),
)  # fmt: skip
BATTERY = BCP(3_650, -250_000, 55_400_000, 420_000, 550, 413, 378_500)
DEMAND = BCL(410_000, -100_000, ChargeMode.CONSTANT_CURRENT)
STATUS = BCS(380_000, -99_000, 3_450, 1, 420, 38)
SOUND = BSM(53, 310, 7, 280, 16, 0, 0, 0, 0, 0, 0, ChargePermission.PERMITTED)
FORBIDS = BSM(53, 310, 7, 280, 16, 0, 0, 0, 0, 0, 0, ChargePermission.FORBIDDEN)
TOO_HOT = BSM(53, 560, 7, 280, 16, 0, 0, 0, 1, 0, 0, ChargePermission.PERMITTED)

MESSAGES: dict[str, Message] = {
    "BHM": BHM(420_000),
    "BRM": IDENTITY,
    "BCP": BATTERY,
    "BRO(00)": BRO(Ready.NOT_READY),
    "BRO(AA)": BRO(Ready.READY),
    "BRO(FF)": BRO(Ready.INVALID),
    "BCL": DEMAND,
    "BCS": STATUS,
    "BSM": SOUND,
    "BSM fault": TOO_HOT,
    "BSM forbids": FORBIDS,
    "BST": BST(1, *(0,) * 13),
    "BSD": BSD(800, 3_310, 3_420, 280, 310),
    "BEM": BEM(0, 0, 1, 0, 0, 0, 0),
    "CHM": CHM(VERSION_2015),
    "CRM(00)": CRM(Recognition.NOT_RECOGNISED, 1, None),
    "CRM(AA)": CRM(Recognition.RECOGNISED, 1, None),
    "CML": CML(750_000, 200_000, -250_000, 0),
    "CRO(00)": CRO(Ready.NOT_READY),
    "CRO(AA)": CRO(Ready.READY),
    "CCS": CCS(380_000, -99_000, 1, Permission.PERMITTED),
    "CST": flagged(CST, {"manual_stop"}),
    "CSD": CSD(1, 400_000, 1),
    "CEM": CEM(0, 0, 0, 0, 1, 0, 0),
}


class Said(NamedTuple):
    """A message of the device under test."""

    at: float
    name: str
    payload: bytes


class Opposite:
    """Stands opposite a device that begins at time 0."""

    def __init__(self, device: Dialogue) -> None:
        self.device = device
        self.now = 0.0
        self.said: list[Said] = []
        self.events: list[Event] = []
        own, peer = ADDRESSES[device.side.opposite], ADDRESSES[device.side]
        self._endpoint = Endpoint(own, peer, spacing=0.0)
        self._peer = peer

    @property
    def state(self) -> str:
        return self.device.state.value

    def names(self, since: float = 0.0) -> list[str]:
        """What the device said, each name once, in order."""
        return [*dict.fromkeys(said.name for said in self.said if said.at >= since)]

    def times(self, name: str) -> list[float]:
        return [said.at for said in self.said if said.name == name]

    def say(self, *names: str) -> None:
        """Say messages now, long ones by transport, and hear what comes back."""
        for name in names:
            self.say_message(MESSAGES[name])

    def say_message(self, message: Message) -> None:
        entry, payload = ENTRIES[type(message)], message.encode()
        if len(payload) > TRANSPORTED_ABOVE:
            self._endpoint.send(entry.pgn, payload, self.now)
        else:
            self.events += self.device.receive(entry.identifier, payload, self.now)
        self.settle()

    def say_frame(self, frame: Frame) -> None:
        self.events += self.device.receive(*frame, self.now)
        self.settle()

    def run(self, seconds: float, repeating: Mapping[str, float] | None = None) -> None:
        """Let time pass while saying messages at their periods in s, the first time one period from now."""
        due = {name: self.now + period for name, period in (repeating or {}).items()}
        end = self.now + seconds
        self.settle()
        while True:
            moments = [*due.values(), end]
            moments += [one.deadline for one in (self.device, self._endpoint) if one.deadline is not None]
            self.now = max(self.now, min(moments))
            self.events += self.device.tick(self.now)
            self._endpoint.tick(self.now)
            for name in [name for name, moment in due.items() if moment <= self.now]:
                due[name] += (repeating or {})[name]
                self.say(name)
            self.settle()
            if self.now >= end:
                return

    def settle(self) -> None:
        """Carry frames both ways until nobody has more to say at this moment."""
        while True:
            from_device, from_tester = self.device.data_to_send(), self._endpoint.data_to_send()
            if not from_device and not from_tester:
                return
            for frame in from_device:
                self._hear(frame)
            for frame in from_tester:
                self.events += self.device.receive(*frame, self.now)

    def _hear(self, frame: Frame) -> None:
        for event in self._endpoint.receive(*frame, self.now):
            if isinstance(event, Received):
                self.said.append(Said(self.now, BY_PGN[event.pgn].name, event.payload))
        entry = BY_PGN.get(Identifier.decode(frame.identifier).pgn)
        if entry is not None:
            self.said.append(Said(self.now, entry.name, frame.data))
