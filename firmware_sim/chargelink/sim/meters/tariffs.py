"""Which tariff holds: the year's zones name a day table, whose slots name a tariff (DL/T 645-2007, 040x00nn)."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

MOST_TARIFFS = 63


class Slot(NamedTuple):
    """What holds now, each counted from 1."""

    tariff: int
    slot: int
    day_table: int
    zone: int


def entries(table: bytes) -> list[tuple[int, int, int]]:
    """MMDDNN or hhmmNN as three numbers each; what is no BCD is left out. Entries travel NN first."""
    found = []
    for at in range(0, len(table) - 2, 3):
        digits = table[at : at + 3][::-1].hex()
        if digits.isdecimal():
            found.append((int(digits[:2]), int(digits[2:4]), int(digits[4:])))
    return found


def holding(parameters: Mapping[str, bytes], at: datetime) -> Slot:
    """What holds at a moment by the first set of tables; of a table without entries tariff 1."""
    day_table, zone = _last_begun(entries(parameters.get("04010000", b"")), (at.month, at.day))
    tariff, slot = _last_begun(entries(parameters.get(f"040100{day_table:02X}", b"")), (at.hour, at.minute))
    return Slot(min(max(tariff, 1), MOST_TARIFFS), slot, day_table, zone)


def _last_begun(table: Iterable[tuple[int, int, int]], moment: tuple[int, int]) -> tuple[int, int]:
    """What the entry that began last names, and which it is; before the first one the last still holds."""
    best = last = (1, 1)
    begun = None
    latest = (-1, -1)
    for number, (first, second, names) in enumerate(table, 1):
        begins = (first, second)
        if begins >= latest:
            latest, last = begins, (names, number)
        if begins <= moment and (begun is None or begins >= begun):
            begun, best = begins, (names, number)
    return last if begun is None else best
