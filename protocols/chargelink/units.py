"""Units on the inside and on a screen.

Inside, every quantity is an integer in a small unit named at its declaration ("mV"); a screen or a JSON file shows it
in the unit people use ("V"). The division happens once, here: 426100 mV / 1000 shows 426.1 exactly.
"""

from typing import NamedTuple


class Shown(NamedTuple):
    """How a unit is shown: the suffix of a JSON name, the symbol for people, and the divisor from the inside."""

    suffix: str
    symbol: str
    divisor: int


SHOWN = {
    "": Shown("", "", 1),
    "mV": Shown("V", "V", 1000),
    "mA": Shown("A", "A", 1000),
    "µA": Shown("mA", "mA", 1000),
    "mW": Shown("W", "W", 1000),
    "mWh": Shown("kWh", "kWh", 1_000_000),
    "mAh": Shown("Ah", "Ah", 1000),
    "0.1 °C": Shown("C", "°C", 10),
    "0.1 %": Shown("percent", "%", 10),
    "min": Shown("min", "min", 1),
    "s": Shown("s", "s", 1),
    "ms": Shown("ms", "ms", 1),
    "W": Shown("W", "W", 1),
    "Wh": Shown("Wh", "Wh", 1),
    "dBm": Shown("dBm", "dBm", 1),
    "°C": Shown("C", "°C", 1),
}
