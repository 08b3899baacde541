"""Units: what people read, and the small one in which a value is an integer inside."""

from typing import NamedTuple


class Unit(NamedTuple):
    """`symbol` on screens ("kWh"), `inner` for the integer ("mWh"), and how many of those make one of the first."""

    symbol: str
    inner: str
    parts: int


KWH = Unit("kWh", "mWh", 1_000_000)
KVARH = Unit("kvarh", "mvarh", 1_000_000)
KVAH = Unit("kVAh", "mVAh", 1_000_000)
KW = Unit("kW", "mW", 1_000_000)
KVAR = Unit("kvar", "mvar", 1_000_000)
KVA = Unit("kVA", "mVA", 1_000_000)
VOLT = Unit("V", "mV", 1000)
AMPERE = Unit("A", "mA", 1000)
HERTZ = Unit("Hz", "mHz", 1000)
DEGREE = Unit("deg", "0.1 deg", 10)
CELSIUS = Unit("°C", "0.1 °C", 10)
PERCENT = Unit("%", "0.01 %", 100)
RATIO = Unit("", "1/1000", 1000)
YUAN = Unit("yuan", "fen", 100)
YUAN_PER_KWH = Unit("yuan/kWh", "1/100000 yuan per kWh", 100_000)
TIMES = Unit("times", "times", 1)
MINUTE = Unit("min", "min", 1)
MILLISECOND = Unit("ms", "ms", 1)
PER_KWH = Unit("imp/kWh", "imp/kWh", 1)
PER_KVARH = Unit("imp/kvarh", "imp/kvarh", 1)
PLAIN = Unit("", "", 1)
