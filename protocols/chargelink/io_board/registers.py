"""The Modbus map of the board, as data.

Quantities are integers in the unit that the point names. What takes two words has the high word first. K1K2 and K3K4
are the names of GB/T 18487.1-2015, annex B, for the DC contactors of a charger and those of its 12 V auxiliary supply.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from chargelink.wire import DecodeError, EncodeError

WORD = 0xFFFF


class Space(Enum):
    """The four address spaces of Modbus (MODBUS Application Protocol V1.1b3, 4.3)."""

    COIL = "coil"
    DISCRETE_INPUT = "discrete input"
    INPUT_REGISTER = "input register"
    HOLDING_REGISTER = "holding register"

    @property
    def is_bits(self) -> bool:
        return self in (Space.COIL, Space.DISCRETE_INPUT)

    @property
    def is_written(self) -> bool:
        return self in (Space.COIL, Space.HOLDING_REGISTER)


@dataclass(frozen=True)
class Point:
    """One thing that the board tells or is told: a bit, or `size` words as one integer `low..high` of `unit`."""

    name: str
    chinese: str
    space: Space
    address: int
    size: int = 1
    low: int = 0
    high: int = 1
    unit: str = ""
    note: str = ""

    @property
    def addresses(self) -> range:
        return range(self.address, self.address + self.size)

    def is_plausible(self, value: int) -> bool:
        """What is not is to be shown, never obeyed."""
        return self.low <= value <= self.high

    def encode(self, value: int) -> tuple[int, ...]:
        """The words, high one first. Raises EncodeError for a value out of `low..high`."""
        if not self.is_plausible(value):
            raise EncodeError(f"{self.name}: {value} {self.unit} is not within {self.low}..{self.high}")
        return tuple(value >> 16 * place & WORD for place in reversed(range(self.size)))

    def decode(self, words: Sequence[int]) -> int:
        """The value; a plausible one or not. Raises DecodeError for another number of words, or what is no word."""
        if len(words) != self.size or not all(0 <= word <= WORD for word in words):
            raise DecodeError(f"{self.name}: {list(words)} are not {self.size} words")
        value = 0
        for word in words:
            value = value << 16 | word
        bits = 16 * self.size
        return value - (1 << bits) if self.low < 0 and value >> (bits - 1) else value


def _coil(address: int, name: str, chinese: str, note: str = "") -> Point:
    return Point(name, chinese, Space.COIL, address, note=note)


def _discrete_input(address: int, name: str, chinese: str, note: str = "") -> Point:
    return Point(name, chinese, Space.DISCRETE_INPUT, address, note=note)


AC_CONTACTOR = _coil(0, "ac_contactor", "交流接触器", "e-stop and door are in its coil circuit")
K1K2 = _coil(1, "k1k2", "直流输出接触器", "closes only while the permit is present")
K3K4 = _coil(2, "k3k4", "低压辅助电源接触器")
LOCK = _coil(3, "lock", "电子锁")
BLEED = _coil(4, "bleed", "泄放电阻")
MODULES = _coil(5, "modules", "功率模块使能", "run only while the permit is present")

AC_FEEDBACK = _discrete_input(0, "ac_feedback", "交流接触器反馈")
K1K2_FEEDBACK = _discrete_input(1, "k1k2_feedback", "直流输出接触器反馈", "mirror contact")
K3K4_FEEDBACK = _discrete_input(2, "k3k4_feedback", "低压辅助电源接触器反馈")
LOCK_FEEDBACK = _discrete_input(3, "lock_feedback", "电子锁反馈")
E_STOP = _discrete_input(4, "e_stop", "急停按下")
DOOR_OPEN = _discrete_input(5, "door_open", "柜门打开")
PERMIT = _discrete_input(6, "permit", "安全允许", "output of the one-shot")
MODULE_FAULT = _discrete_input(7, "module_fault", "功率模块故障")

CC1 = Point("cc1", "检测点1电压", Space.INPUT_REGISTER, 0, high=15_000, unit="mV", note="4 V: plugged in and latched")
INSIDE_VOLTAGE = Point(
    "inside_voltage", "接触器内侧电压", Space.INPUT_REGISTER, 1, 2, -1_500_000, 1_500_000, "mV", "module side of K1K2"
)
OUTSIDE_VOLTAGE = Point(
    "outside_voltage", "接触器外侧电压", Space.INPUT_REGISTER, 3, 2, -1_500_000, 1_500_000, "mV", "vehicle side of K1K2"
)
CURRENT = Point(
    "current", "输出电流", Space.INPUT_REGISTER, 5, 2, -1_000_000, 1_000_000, "mA", "positive into the vehicle"
)
MODULE_TEMPERATURE = Point(
    "module_temperature", "模块温度", Space.INPUT_REGISTER, 7, 1, -500, 2_000, "0.1 °C", "hottest module"
)
INSULATION = Point(
    "insulation", "绝缘电阻", Space.INPUT_REGISTER, 8, 2, high=100_000, unit="kohm", note="the worse pole to PE"
)

VOLTAGE_SET = Point("voltage_set", "设定电压", Space.HOLDING_REGISTER, 0, 2, high=1_000_000, unit="mV")
CURRENT_LIMIT = Point("current_limit", "限定电流", Space.HOLDING_REGISTER, 2, 2, high=600_000, unit="mA")
WATCHDOG = Point(
    "watchdog", "通信看门狗", Space.HOLDING_REGISTER, 4, high=60_000, unit="ms",
    note="all coils drop when no request came for so long; 0 switches that off",
)  # fmt: skip

OUTPUTS = (AC_CONTACTOR, K1K2, K3K4, LOCK, BLEED, MODULES)
INPUTS = (AC_FEEDBACK, K1K2_FEEDBACK, K3K4_FEEDBACK, LOCK_FEEDBACK, E_STOP, DOOR_OPEN, PERMIT, MODULE_FAULT)
MEASURED = (CC1, INSIDE_VOLTAGE, OUTSIDE_VOLTAGE, CURRENT, MODULE_TEMPERATURE, INSULATION)
SETTINGS = (VOLTAGE_SET, CURRENT_LIMIT, WATCHDOG)

POINTS = {
    Space.COIL: OUTPUTS,
    Space.DISCRETE_INPUT: INPUTS,
    Space.INPUT_REGISTER: MEASURED,
    Space.HOLDING_REGISTER: SETTINGS,
}


def size(space: Space) -> int:
    """How many bits or words an address space has. They begin at 0 and leave no gap: one request reads them all."""
    return sum(point.size for point in POINTS[space])


def decode(space: Space, words: Sequence[int]) -> Iterator[tuple[Point, int]]:
    """Every point of a space with its value. Raises DecodeError unless there are `size(space)` words."""
    if len(words) != size(space):
        raise DecodeError(f"{len(words)} {space.value}s, not {size(space)}")
    for point in POINTS[space]:
        yield point, point.decode(words[point.address : point.address + point.size])


def register_table() -> str:
    """The map as a Markdown table."""
    head = "| space | address | name | | values | note |\n|---|---|---|---|---|---|"
    return "\n".join([head, *(_row(point) for points in POINTS.values() for point in points)])


def _row(point: Point) -> str:
    last = point.addresses[-1]
    address = str(point.address) if point.size == 1 else f"{point.address}-{last}"
    values = f"{point.low}..{point.high} {point.unit}".strip()
    return f"| {point.space.value} | {address} | `{point.name}` | {point.chinese} | {values} | {point.note} |"
