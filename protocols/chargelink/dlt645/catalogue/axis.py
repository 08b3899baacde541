"""What varies in an identifier: tariff, settlement day, phase. One row of the catalogue then stands for many items.

A row writes `{tariff}` where the digits stand in its identifier, and again where the word stands in its names.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple


class Step(NamedTuple):
    """A value of an axis: the end that it gives an English name, and its Chinese word."""

    suffix: str
    chinese: str


@dataclass(frozen=True)
class Axis:
    """Hexadecimal digits to what they stand for, in the order in which a block holds them.

    `block` are the digits that ask for all of them at once, "" where no such block exists.
    """

    steps: dict[str, Step]
    block: str = "FF"
    width: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "width", len(next(iter(self.steps))))


def _numbered(numbers: Iterable[int], suffix: str, chinese: str) -> dict[str, Step]:
    return {f"{number:02X}": Step(suffix.format(number), chinese.format(number)) for number in numbers}


PHASES = {"01": Step("_a", "A相"), "02": Step("_b", "B相"), "03": Step("_c", "C相")}

NOW = Step("", "")
LAST_MONTH = Step("_settlement_1", "（上月）")
MONTH_BEFORE_LAST = Step("_settlement_2", "（上上月）")

AXES = {
    "tariff": Axis({"00": Step("", "总"), **_numbered(range(1, 0x40), "_t{}", "费率{}")}),
    "settlement": Axis({"00": Step("", ""), **_numbered(range(1, 13), "_settlement_{}", "（上{}结算日）")}),
    "phase": Axis(PHASES),
    "total_or_phase": Axis({"00": Step("_total", "总"), **PHASES}),
    "line": Axis({"01": Step("_ab", "AB"), "02": Step("_bc", "BC"), "03": Step("_ca", "CA")}),
    "harmonic": Axis(_numbered(range(1, 0x16), "_{}", "{}次")),
    "record": Axis(_numbered(range(1, 11), "_{}", "（上{}次）"), block=""),
    "back": Axis({"00": Step("", ""), **_numbered(range(1, 63), "", "（上{}次）")}, block=""),
    "month": Axis({"0": NOW, "4": LAST_MONTH, "8": MONTH_BEFORE_LAST}, block=""),  # 90, 94, 98: active
    "odd_month": Axis({"1": NOW, "5": LAST_MONTH, "9": MONTH_BEFORE_LAST}, block=""),  # 91, 95, 99: reactive
    "rate": Axis(
        {"0": Step("", "总"), **{f"{rate:X}": Step(f"_t{rate}", f"费率{rate}") for rate in range(1, 15)}}, "F"
    ),
    "wire": Axis({"1": PHASES["01"], "2": PHASES["02"], "3": PHASES["03"]}, "F"),
    "total_or_wire": Axis({"0": Step("_total", "总"), "1": PHASES["01"], "2": PHASES["02"], "3": PHASES["03"]}, "F"),
    "holiday": Axis(_numbered(range(1, 255), "_{}", "{}"), block=""),
}
