"""Freezes: registers as they stood at a moment, kept by kind, the newest first (DL/T 645-2007, table A.6)."""

from collections import deque
from datetime import datetime
from typing import NamedTuple

from chargelink.dlt645.catalogue import STANDARD
from chargelink.dlt645.forms import Form, Stamp, Value
from chargelink.sim.meters.clock import written
from chargelink.sim.meters.display import shown
from chargelink.sim.meters.holdings import Holdings

TIMED, INSTANT, HOURLY, DAILY, MONTHLY = "00", "01", "04", "06", "07"
KINDS = (TIMED, INSTANT, HOURLY, DAILY, MONTHLY)
KEPT = 62
ANY = "99"
ENERGIES = {"01": "forward_active_energy", "02": "reverse_active_energy"}
DEMANDS = {"09": "forward_active_max_demand", "0A": "reverse_active_max_demand"}
POWERS = "10"


class Frozen(NamedTuple):
    """`power` in mW. `tariffs` is how many the meter had."""

    when: datetime
    holdings: Holdings
    power: int
    tariffs: int


class Freezes:
    def __init__(self) -> None:
        self._kept: dict[str, deque[Frozen]] = {kind: deque(maxlen=KEPT) for kind in KINDS}
        self._pattern = ""

    def keep(self, kind: str, frozen: Frozen) -> None:
        self._kept[kind].appendleft(frozen)

    def schedule(self, pattern: str) -> bool:
        """Freeze whenever "MM-DD hh:mm" comes, 99 for any; False for one that is refused: a month, or no time."""
        pairs = _pairs(pattern)
        limits = ((ANY, ANY), ("01", "31"), ("00", "23"), ("00", "59"))
        if any(pair != ANY and not low <= pair <= high for pair, (low, high) in zip(pairs, limits, strict=True)):
            return False
        self._pattern = pattern
        return True

    def is_due(self, when: datetime) -> bool:
        """Whether the schedule names this minute."""
        if not self._pattern:
            return False
        now = _pairs(when.strftime("%m-%d %H:%M"))
        return all(pair in (ANY, other) for pair, other in zip(_pairs(self._pattern), now, strict=True))

    def clear(self) -> None:
        for kept in self._kept.values():
            kept.clear()

    def value(self, identifier: str) -> bytes | None:
        """What 05 kind register n-back holds, None if nothing: 01 is the last one."""
        kind, register, back = identifier[2:4], identifier[4:6], int(identifier[6:], 16)
        item = STANDARD.find(identifier)
        if item is None or kind not in self._kept or not 0 < back <= len(self._kept[kind]):
            return None
        frozen = self._kept[kind][back - 1]
        if register == "00":
            return shown(item.form, Stamp(written(frozen.when)[:-3]))
        if register == POWERS:
            return shown(item.form, (frozen.power, frozen.power, *(None,) * 6))
        name = (ENERGIES | DEMANDS).get(register)
        if name is None:
            return None
        return _by_tariff(item.form, name, frozen, totals_only=kind == HOURLY)


def _by_tariff(form: Form, name: str, frozen: Frozen, totals_only: bool) -> bytes:
    """The total, then each tariff."""
    names = [name] if totals_only else [name, *(f"{name}_t{number}" for number in range(1, frozen.tariffs + 1))]
    values: list[Value] = [frozen.holdings.value(each, frozen.tariffs, 0) for each in names]
    return b"".join(shown(form, value) for value in values)


def _pairs(moment: str) -> list[str]:
    return moment.replace(" ", "-").replace(":", "-").split("-")
