"""What one message says that cannot be, though each of its fields is in range: never obeyed, always shown."""

from collections.abc import Callable, Iterator
from datetime import date
from enum import Enum
from typing import Any

from chargelink.gbt27930.charging import BCS, BCS2011, BMT, BSM, BSP, CCS
from chargelink.gbt27930.ending import BSD
from chargelink.gbt27930.parameters import BCP, CML, CTS
from chargelink.wire import Message

ZERO_RAW_CURRENT = -400_000  # mA: what a raw 0 stands for, sent by devices that mean "nothing yet"
COLDEST_CHARGE = -400  # 0.1 °C: below that nothing charges; unused sensors and a wrong offset look like this
MOST_RESERVED = 16  # bytes of BSP, SPN 3491 to 3506


class Implausible(Enum):
    """The contradictions known from the field."""

    RAW_ZERO_CURRENT = "current raw 0 means -400 A: probably not set", "电流原始值 0 表示 -400 A：可能未填写"
    LIMITS_CROSSED = "minimum current above maximum current", "最小输出电流大于最大输出电流"
    VOLTAGES_CROSSED = "minimum voltage above maximum voltage", "最低输出电压高于最高输出电压"
    ALL_ZERO = "all limits are zero", "全部限值为零"
    TEMPERATURES_CROSSED = "lowest temperature above the highest", "最低温度高于最高温度"
    CELLS_CROSSED = "lowest cell voltage above the highest", "最低单体电压高于最高单体电压"
    TOO_COLD = (
        "temperature at or below -40 °C: unused sensor or wrong offset",
        "温度不高于 -40 °C：传感器未用或偏移量错误",
    )
    TOO_LONG = "more than 16 bytes are reserved", "预留字节超过 16 个"
    NO_SUCH_DATE = "the date is incomplete or impossible", "日期不完整或不存在"
    ABOVE_OWN_LIMIT = "battery voltage above its own maximum", "电池电压高于其最高允许电压"

    def __init__(self, text: str, chinese: str) -> None:
        self.text = text
        self.chinese = chinese


def implausible(message: Message) -> tuple[Implausible, ...]:
    """What contradicts itself in a message."""
    judge = JUDGES.get(type(message))
    return tuple(judge(message)) if judge else ()


def _limits(message: CML) -> Iterator[Implausible]:
    lowest = message.min_output_current
    if not message.max_output_voltage and not message.min_output_voltage:
        yield Implausible.ALL_ZERO
    if message.min_output_voltage > message.max_output_voltage:
        yield Implausible.VOLTAGES_CROSSED
    if lowest is not None and lowest < message.max_output_current and lowest != ZERO_RAW_CURRENT:
        yield Implausible.LIMITS_CROSSED


def _clock(message: CTS) -> Iterator[Implausible]:
    parts = (message.year, message.month, message.day, message.hour, message.minute, message.second)
    there = [part for part in parts if part is not None]
    if message.flaws or not there:
        return  # told already, or not available
    try:
        possible = len(there) == len(parts) and date(*there[:3])
    except ValueError:
        possible = False
    if not possible:
        yield Implausible.NO_SUCH_DATE


def _battery(message: BCP) -> Iterator[Implausible]:
    if message.battery_voltage > message.max_total_voltage:
        yield Implausible.ABOVE_OWN_LIMIT


def _measured(message: BCS | BCS2011) -> Iterator[Implausible]:
    if message.measured_current == ZERO_RAW_CURRENT:
        yield Implausible.RAW_ZERO_CURRENT


def _output(message: CCS) -> Iterator[Implausible]:
    if message.output_current == ZERO_RAW_CURRENT and not message.output_voltage:
        yield Implausible.RAW_ZERO_CURRENT


def _state(message: BSM) -> Iterator[Implausible]:
    if message.min_temperature > message.max_temperature:
        yield Implausible.TEMPERATURES_CROSSED


def _temperatures(message: BMT) -> Iterator[Implausible]:
    if any(value is not None and value <= COLDEST_CHARGE for value in message.temperatures):
        yield Implausible.TOO_COLD


def _reserved(message: BSP) -> Iterator[Implausible]:
    if len(message.reserved) > MOST_RESERVED:
        yield Implausible.TOO_LONG


def _statistics(message: BSD) -> Iterator[Implausible]:
    if message.min_cell_voltage > message.max_cell_voltage:
        yield Implausible.CELLS_CROSSED
    if message.min_temperature > message.max_temperature:
        yield Implausible.TEMPERATURES_CROSSED


ADVISORY = (Implausible.ABOVE_OWN_LIMIT,)  # coded as the standard says, and still worth a look

JUDGES: dict[type[Message], Callable[[Any], Iterator[Implausible]]] = {
    CTS: _clock,
    CML: _limits,
    BCP: _battery,
    BCS: _measured,
    BCS2011: _measured,
    CCS: _output,
    BSM: _state,
    BMT: _temperatures,
    BSP: _reserved,
    BSD: _statistics,
}
