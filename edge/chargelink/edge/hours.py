"""In which periods of its tariff a device may charge, as staff set it on site; a start in another one is refused.

What is under way when such a period begins goes on: its price and its end were agreed.
"""

from collections.abc import Collection, Iterable
from typing import get_args

from chargelink.edge.ledger import Memory
from chargelink.edge.ledger.tariffs import NoTariffError
from chargelink.model import Tariff
from chargelink.model.tariff import PeriodName
from chargelink.tariff.calendar import calendar_of, midnight
from chargelink.tariff.words import PERIODS, clock, day_of_year

NAMES: tuple[str, ...] = get_args(PeriodName)
KEPT = "hours/"  # before the name of a device, in the ledger's memory
AHEAD = 7 * 86_400_000  # ms that the next hours are looked for


class ClosedError(NoTariffError):
    """Nothing is sold there at this time of day."""


class Hours:
    """The hours of each device. Every method but `require` raises LedgerError."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._open: dict[str, frozenset[str]] = {}

    async def load(self, devices: Iterable[str]) -> None:
        """Find what was set."""
        for device in devices:
            if value := await self._memory.get(KEPT + device):
                self._open[device] = frozenset(value.decode().split())

    async def set(self, device: str, periods: Collection[str]) -> None:
        """From now on it may charge in these periods only; none: always. Durable when this returns."""
        await self._memory.put(KEPT + device, " ".join(sorted(periods)).encode())
        self._open[device] = frozenset(periods)

    def of(self, device: str) -> list[str]:
        """The periods in which it may charge, the dearest first; none: in all."""
        return [name for name in NAMES if name in self._open.get(device, ())]

    def require(self, device: str, tariff: Tariff, at: int) -> None:
        """Raises ClosedError, in both languages, for a start at a time (UTC ms) at which it may not charge."""
        open_in = self._open.get(device)
        if not open_in or not tariff.periods:
            return
        stretches = calendar_of(tariff).stretches(at, at + AHEAD)
        now = next(stretches)
        if now.rate.name in open_in:
            return
        following = next((one for one in stretches if one.rate.name in open_in), None)
        name = PERIODS[now.rate.name]
        english, chinese = f"{device} does not charge in {name.english} hours", f"{device} 在{name.chinese}时段不充电"
        if following is not None:
            begin = clock(following.start)
            if midnight(following.start) != midnight(at):
                begin = f"{day_of_year(following.start)} {begin}"
            english += f"; it does again from {begin}, and a start can be planned for then"
            chinese += f"；{begin} 起可充电，可预约"
        raise ClosedError(f"{english} / {chinese}")
