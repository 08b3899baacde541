"""Table of messages: PGN, sender, period, priority and length. GB/T 27930-2015, tables 3 to 7; GB/T 27930-2011."""

from enum import Enum
from typing import NamedTuple

from chargelink.gbt27930.charging import BCL, BCS, BCS2011, BMT, BMV, BSM, BSP, CCS
from chargelink.gbt27930.ending import BEM, BSD, BST, BST2011, CEM, CSD, CSD2011, CST, CST2011
from chargelink.gbt27930.handshake import BHM, BRM, CHM, CRM, CRM2011
from chargelink.gbt27930.identifier import BMS, CHARGER, Identifier
from chargelink.gbt27930.parameters import BCP, BRO, CML, CRO, CTS
from chargelink.wire import Message


class Edition(Enum):
    """The two editions found on sites; what 2023 adds to connector GB/T 20234.3 keeps the layouts of 2015."""

    OF_2011 = "2011"
    OF_2015 = "2015"


class Sender(Enum):
    """Who sends a message. The value is how recordings are labelled."""

    CHARGER = "charger->BMS"
    BMS = "BMS->charger"

    @property
    def opposite(self) -> "Sender":
        return Sender.BMS if self is Sender.CHARGER else Sender.CHARGER


class Entry(NamedTuple):
    """One message. `period` in ms (0: sent once, on an event), `lengths` in bytes, the usual one first."""

    name: str
    english: str
    chinese: str
    pgn: int
    sender: Sender
    priority: int
    period: int
    of_2015: type[Message] | None
    lengths_2015: tuple[int, ...]
    of_2011: type[Message] | None
    lengths_2011: tuple[int, ...]

    def layout(self, edition: Edition) -> type[Message]:
        """The class of an edition; a message that the edition lacks is read as in the other."""
        first, second = self.of_2015, self.of_2011
        if edition is Edition.OF_2011:
            first, second = second, first
        found = first or second
        if found is None:
            raise AssertionError(f"{self.name} is in no edition")
        return found

    def lengths(self, edition: Edition) -> tuple[int, ...]:
        """The lengths that an edition allows; empty where any is right or the edition lacks the message."""
        return self.lengths_2011 if edition is Edition.OF_2011 else self.lengths_2015

    @property
    def identifier(self) -> int:
        """The identifier on the bus between the addresses that the standard fixes."""
        from_charger = self.sender is Sender.CHARGER
        destination, source = (BMS, CHARGER) if from_charger else (CHARGER, BMS)
        return Identifier(self.priority, self.pgn, destination, source).encode()


_C, _B = Sender.CHARGER, Sender.BMS

MESSAGES = (
    Entry("CHM", "charger handshake", "充电机握手", 0x2600, _C, 6, 250, CHM, (3,), None, ()),
    Entry("BHM", "vehicle handshake", "车辆握手", 0x2700, _B, 6, 250, BHM, (2,), None, ()),
    Entry("CRM", "charger recognition", "充电机辨识", 0x0100, _C, 6, 250, CRM, (8,), CRM2011, (8,)),
    Entry("BRM", "vehicle identification", "BMS和车辆辨识", 0x0200, _B, 7, 250, BRM, (49,), BRM, (41,)),
    Entry("BCP", "battery parameters", "动力蓄电池充电参数", 0x0600, _B, 7, 500, BCP, (13,), BCP, (13,)),
    Entry("CTS", "charger time", "充电机发送时间同步信息", 0x0700, _C, 6, 500, CTS, (7,), CTS, (7,)),
    Entry("CML", "charger limits", "充电机最大输出能力", 0x0800, _C, 6, 250, CML, (8,), CML, (6,)),
    Entry("BRO", "battery readiness", "动力蓄电池充电准备就绪状态", 0x0900, _B, 4, 250, BRO, (1,), BRO, (1,)),
    Entry("CRO", "charger readiness", "充电机输出准备就绪状态", 0x0A00, _C, 4, 250, CRO, (1,), CRO, (1,)),
    Entry("BCL", "charge demand", "电池充电需求", 0x1000, _B, 6, 50, BCL, (5,), BCL, (5,)),
    Entry("BCS", "battery status", "电池充电总状态", 0x1100, _B, 7, 250, BCS, (9,), BCS2011, (9,)),
    Entry("CCS", "charger status", "充电机充电状态", 0x1200, _C, 6, 50, CCS, (7, 8), CCS, (6,)),
    Entry("BSM", "battery state", "动力蓄电池状态信息", 0x1300, _B, 6, 250, BSM, (7,), BSM, (7,)),
    Entry("BMV", "cell voltages", "单体动力蓄电池电压", 0x1500, _B, 7, 10_000, BMV, (), BMV, ()),
    Entry("BMT", "battery temperatures", "动力蓄电池温度", 0x1600, _B, 7, 10_000, BMT, (), BMT, ()),
    Entry("BSP", "reserved by the battery", "动力蓄电池预留", 0x1700, _B, 7, 10_000, BSP, (), BSP, ()),
    Entry("BST", "BMS stops", "BMS中止充电", 0x1900, _B, 4, 10, BST, (4,), BST2011, (4,)),
    Entry("CST", "charger stops", "充电机中止充电", 0x1A00, _C, 4, 10, CST, (4,), CST2011, (4,)),
    Entry("BSD", "BMS statistics", "BMS统计数据", 0x1C00, _B, 6, 250, BSD, (7,), BSD, (7,)),
    Entry("CSD", "charger statistics", "充电机统计数据", 0x1D00, _C, 6, 250, CSD, (8,), CSD2011, (5,)),
    Entry("BEM", "BMS error", "BMS错误", 0x1E00, _B, 2, 250, BEM, (4,), BEM, (4,)),
    Entry("CEM", "charger error", "充电机错误", 0x1F00, _C, 2, 250, CEM, (4,), CEM, (4,)),
)

BY_PGN = {entry.pgn: entry for entry in MESSAGES}
BY_NAME = {entry.name: entry for entry in MESSAGES}

DIAGNOSTICS = {  # annex B, informative, hardly used: known by name only, and either side may send them
    0x2000: "DM1",
    0x2100: "DM2",
    0x2200: "DM3",
    0x2300: "DM4",  # printed as 8906 in table B.2; 8960 in its clause is right
    0x2400: "DM5",
    0x2500: "DM6",
}

TRANSPORTED_ABOVE = 8  # bytes: what is longer comes by the transport protocol


def by_class() -> dict[type[Message], Entry]:
    """The entry of every message class."""
    classes = {entry.of_2011: entry for entry in MESSAGES if entry.of_2011}
    return classes | {entry.of_2015: entry for entry in MESSAGES if entry.of_2015}
