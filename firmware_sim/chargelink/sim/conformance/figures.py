"""The numbers that devices are judged by, read from GB/T 27930-2015 (tables 3 to 7) and GB/T 34658-2017.

They stand here a second time on purpose, apart from `chargelink.gbt27930.catalogue`.
"""

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from chargelink.cli.language import Text


class Side(Enum):
    """Who is tested. The value is its address on the bus."""

    CHARGER = 0x56
    VEHICLE = 0xF4

    @property
    def opposite(self) -> "Side":
        return Side.VEHICLE if self is Side.CHARGER else Side.CHARGER

    @property
    def text(self) -> Text:
        return Text("charger", "充电机") if self is Side.CHARGER else Text("vehicle", "车辆 (BMS)")


class Figures(NamedTuple):
    """One message: its identifier, its period in ms, the lengths in bytes that are right, and whether it is long.

    Long messages travel by the transport protocol. No lengths: any is right.
    """

    identifier: int
    period: int
    lengths: tuple[int, ...] = ()
    long: bool = False

    @property
    def pdu_format(self) -> int:
        return self.identifier >> 16 & 0xFF


MESSAGES: Mapping[str, Figures] = {
    "CHM": Figures(0x1826F456, 250, (3,)),
    "BHM": Figures(0x182756F4, 250, (2,)),
    "CRM": Figures(0x1801F456, 250, (8,)),
    "BRM": Figures(0x1C0256F4, 250, (49,), long=True),
    "BCP": Figures(0x1C0656F4, 500, (13,), long=True),
    "CTS": Figures(0x1807F456, 500, (7,)),
    "CML": Figures(0x1808F456, 250, (8,)),
    "BRO": Figures(0x100956F4, 250, (1,)),
    "CRO": Figures(0x100AF456, 250, (1,)),
    "BCL": Figures(0x181056F4, 50, (5,)),
    "BCS": Figures(0x1C1156F4, 250, (9,), long=True),
    "CCS": Figures(0x1812F456, 50, (7, 8)),
    "BSM": Figures(0x181356F4, 250, (7,)),
    "BMV": Figures(0x1C1556F4, 10_000, (), long=True),
    "BMT": Figures(0x1C1656F4, 10_000, (), long=True),
    "BSP": Figures(0x1C1756F4, 10_000, (), long=True),
    "BST": Figures(0x101956F4, 10, (4,)),
    "CST": Figures(0x101AF456, 10, (4,)),
    "BSD": Figures(0x181C56F4, 250, (7,)),
    "CSD": Figures(0x181DF456, 250, (8,)),
    "BEM": Figures(0x081E56F4, 250, (4,)),
    "CEM": Figures(0x081FF456, 250, (4,)),
}
BY_FORMAT: Mapping[int, str] = {figures.pdu_format: name for name, figures in MESSAGES.items()}
TELLING = frozenset({"CRM", "BRO", "CRO"})  # their first byte is part of what they are called: CRM(AA)


TRANSPORT_CONTROL, TRANSPORT_DATA = 0xEC, 0xEB  # PDU formats of the transport protocol
PACKET = 7  # bytes of a long message in one frame


def figures_of(name: str) -> Figures:
    """Of a message, of one with what its first byte says (`CRM(AA)`), or of the request to send it (`RTS BRM`)."""
    return MESSAGES[name.removeprefix("RTS ").partition("(")[0]]


class Field(NamedTuple):
    """Two bits of a message: byte and bit counted from 1, as the standard does."""

    message: str
    byte: int
    bit: int

    def read(self, data: bytes) -> int | None:
        """The value 0..3; None when the message is too short."""
        return None if len(data) < self.byte else data[self.byte - 1] >> self.bit - 1 & 0b11


FIELDS: Mapping[str, Field] = {
    "3921": Field("CEM", 1, 1),
    "3922": Field("CEM", 2, 1),
    "3923": Field("CEM", 2, 3),
    "3924": Field("CEM", 3, 1),
    "3925": Field("CEM", 3, 3),
    "3926": Field("CEM", 3, 5),
    "3927": Field("CEM", 4, 1),
    "3901": Field("BEM", 1, 1),
    "3902": Field("BEM", 1, 3),
    "3903": Field("BEM", 2, 1),
    "3904": Field("BEM", 2, 3),
    "3905": Field("BEM", 3, 1),
    "3906": Field("BEM", 3, 3),
    "3907": Field("BEM", 4, 1),
    "3929": Field("CCS", 7, 1),
}


class Tolerances(NamedTuple):
    """How far from its number a device may be. The late ones are those usual with testers on the market.

    `period` and `early` are per cent, the others ms; nothing may be earlier than it may be late. `dated`: how well a
    frame is dated, which is done by software. `gap` is how many periods may lie between two messages at most, and
    `least_gap` is always allowed.
    """

    period: int = 10
    dated: int = 20
    gap: int = 3
    least_gap: int = 100
    early: int = 5
    after_1_s: int = 200
    after_5_s: int = 500
    after_longer: int = 3000

    def late(self, wait: int) -> int:
        """How much later than `wait` ms something may come, ms."""
        if wait <= 1000:
            return self.after_1_s
        return self.after_5_s if wait <= 5000 else self.after_longer

    def earliest(self, wait: int) -> float:
        """When what is due at `wait` ms may come at the earliest, ms."""
        return wait - min(wait * self.early / 100, self.late(wait))

    def mean(self, period: int, messages: int) -> tuple[float, float]:
        """The limits of the mean period of some messages, ms."""
        slack = period * self.period / 100 + self.dated / (messages - 1)
        return period - slack, period + slack

    def longest(self, period: int) -> int:
        """The longest gap between messages of a period, ms."""
        return max(period * self.gap, self.least_gap)
