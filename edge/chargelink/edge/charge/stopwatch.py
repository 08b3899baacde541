"""For how long has something been so?"""

from collections.abc import Iterable

from chargelink.edge.charge.phases import Condition
from chargelink.edge.charge.situation import Situation


class Stopwatch:
    """Times conditions. One that fails once begins anew."""

    def __init__(self) -> None:
        self._since: dict[Condition, float] = {}

    def clear(self) -> None:
        """Nothing has been so."""
        self._since.clear()

    def look(self, conditions: Iterable[Condition], situation: Situation, now: float) -> None:
        """Note which of them are so now."""
        for condition in conditions:
            if condition(situation):
                self._since.setdefault(condition, now)
            else:
                self._since.pop(condition, None)

    def ripe(self, condition: Condition, held: float) -> float | None:
        """When it has been so for `held` s; None while it is not."""
        since = self._since.get(condition)
        return None if since is None else since + held
