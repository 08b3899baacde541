"""A DC charge on CAN as candump writes it: handshake, parameters, a second of charging, one wrongly coded demand."""

from chargelink.gbt27930.catalogue import TRANSPORTED_ABOVE, by_class
from chargelink.gbt27930.causes import ChargerCause, VehicleCause, flagged
from chargelink.gbt27930.charging import BCL, BCS, BSM, CCS
from chargelink.gbt27930.codes import (
    BatteryType,
    ChargeMode,
    ChargePermission,
    Excess,
    Health,
    Level,
    Ownership,
    Permission,
    Ready,
    Recognition,
)
from chargelink.gbt27930.ending import BSD, BST, CSD, CST
from chargelink.gbt27930.handshake import BHM, BRM, CHM, CRM, VERSION_2015
from chargelink.gbt27930.identifier import BMS, CHARGER
from chargelink.gbt27930.parameters import BCP, BRO, CML, CRO, CTS
from chargelink.gbt27930.transport import Receiver, Sender
from chargelink.wire import Message

START = 1_780_000_000.0  # s
HEALTHY = (Level.NORMAL, Level.NORMAL, Excess.NORMAL, Excess.NORMAL, Health.NORMAL, Health.NORMAL)
ENTRIES = by_class()


class Recorder:
    """Writes what is said as candump does."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.now = START

    def say(self, message: Message, *, after: float = 0.02) -> None:
        """A message `after` s, by the transport protocol if it is long."""
        self.now += after
        entry, payload = ENTRIES[type(message)], message.encode()
        if len(payload) > TRANSPORTED_ABOVE:
            self.carry(entry.pgn, payload)
        else:
            self.write(entry.identifier, payload)

    def carry(self, pgn: int, payload: bytes) -> None:
        """A transfer from the BMS to the charger, each step by the side whose turn it is."""
        sender, receiver = Sender(BMS, CHARGER), Receiver(CHARGER, BMS)
        sender.send(pgn, payload, self.now)
        done = False
        while not done:
            for frame in sender.data_to_send():
                self.write(*frame)
                receiver.receive(*frame, self.now)
            self.now += 0.004
            for frame in receiver.data_to_send():
                self.write(*frame)
                done = bool(sender.receive(*frame, self.now))
            if sender.deadline is not None and not done:
                self.now = max(self.now, min(sender.deadline, self.now + 0.01))
                sender.tick(self.now)

    def write(self, identifier: int, data: bytes) -> None:
        self.lines.append(f"({self.now:.6f}) can0 {identifier:08X}#{data.hex().upper()}\n")


def can_session() -> str:
    """Handshake, parameters, a second of charging, stopped at the charger; one BCL codes its current wrongly."""
    bus = Recorder()
    for _ in range(2):
        bus.say(CHM(VERSION_2015), after=0.25)
        bus.say(BHM(420_000))
    bus.say(CRM(Recognition.NOT_RECOGNISED, 1, "CN1"))
    battery = (BatteryType.LIFEPO4, 152_000, 364_800)
    made = (2024, 5, 17, 149, Ownership.OWNED)
    bus.say(BRM(VERSION_2015, *battery, "DEMO", bytes(4), *made, b"\xff", "LDEMO0000DEMO0001", bytes(8)))
    bus.say(CRM(Recognition.RECOGNISED, 1, "CN1"))
    bus.say(BCP(3_650, -250_000, 55_400_000, 420_000, 550, 413, 378_500))
    bus.say(CTS(None, None, None, None, None, None))
    bus.say(CML(950_000, 200_000, -250_000, 0))
    bus.say(BRO(Ready.NOT_READY))
    bus.say(BRO(Ready.READY), after=0.25)
    bus.say(CRO(Ready.NOT_READY))
    bus.say(CRO(Ready.READY), after=0.25)
    for step in range(5):
        current = -min(200_000, 50_000 * (step + 1))
        bus.say(BCL(410_000, current, ChargeMode.CONSTANT_CURRENT), after=0.05)
        bus.say(CCS(380_000 + 500 * step, current, 0, Permission.PERMITTED))
    bus.now += 0.05
    bus.write(ENTRIES[BCL].identifier, BCL(410_000, 6_074_800, ChargeMode.CONSTANT_CURRENT).encode(checked=False))
    bus.say(BSM(53, 310, 7, 280, 16, *HEALTHY, ChargePermission.PERMITTED))
    bus.say(BCS(382_000, -200_000, 3_420, 1, 420, 38))
    bus.say(flagged(CST, {ChargerCause.MANUAL}))
    bus.say(flagged(BST, {VehicleCause.CHARGER_STOPPED}))
    bus.say(BSD(420, 3_310, 3_420, 280, 310))
    bus.say(CSD(1, 100_000, 1))
    return "".join(bus.lines)
