"""What happened to a meter: of each kind a count, and the last ten as records (DL/T 645-2007, table A.4)."""

from collections import deque
from collections.abc import Iterator

from chargelink.dlt645.forms import Value
from chargelink.sim.meters.parameters import encoded

MOST_COUNT = 999_999
KEPT = 10

PROGRAMMING, METER_CLEAR, DEMAND_CLEAR, EVENT_CLEAR, TIME_SET = (f"0330{number:02X}" for number in range(5))
COVER_OPEN, TERMINAL_COVER_OPEN = "03300D", "03300E"
POWER_DOWN = "031100"
TRIP, CLOSE = "1D", "1E"
KINDS = (
    *(PROGRAMMING, METER_CLEAR, DEMAND_CLEAR, EVENT_CLEAR, TIME_SET),
    *(COVER_OPEN, TERMINAL_COVER_OPEN, POWER_DOWN, TRIP, CLOSE),
)


class Events:
    """`kind` is one of `KINDS`: what its identifiers begin with."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(KINDS, 0)
        self._records: dict[str, deque[tuple[Value | None, ...]]] = {kind: deque(maxlen=KEPT) for kind in KINDS}

    def count(self, kind: str) -> int:
        return self._counts[kind]

    def happened(self, kind: str, *record: Value | None) -> None:
        """One more, the newest."""
        self._counts[kind] = min(self._counts[kind] + 1, MOST_COUNT)
        self._records[kind].appendleft(record)

    def went_on(self, kind: str, *record: Value | None) -> None:
        """What the newest record says by now; it may have been cleared."""
        if self._records[kind]:
            self._records[kind][0] = record

    def clear(self, kinds: str = "") -> None:
        """Forget those whose identifiers begin so, or all; not that events were cleared, and not that the meter was."""
        for kind in named(kinds):
            if kind not in (EVENT_CLEAR, METER_CLEAR):
                self._counts[kind] = 0
                self._records[kind].clear()

    def value(self, identifier: str) -> bytes | None:
        """What an identifier holds; zeros for a record that there is not; None for what is no event of these."""
        kind = next((kind for kind in KINDS if identifier.startswith(kind)), None)
        if kind is None:
            return None
        if identifier == _count(kind):
            return encoded(identifier, self._counts[kind])
        number = int(identifier[6:], 16)
        if identifier[:6] != _records(kind) or not 1 <= number <= KEPT:
            return None
        kept = self._records[kind]
        if number <= len(kept):
            return encoded(identifier, kept[number - 1])
        return bytes(len(encoded(identifier, None)))

    def __iter__(self) -> Iterator[str]:
        """All identifiers."""
        for kind in KINDS:
            yield _count(kind)
            yield from (f"{_records(kind)}{number:02X}" for number in range(1, KEPT + 1))


def named(opening: str) -> list[str]:
    """The kinds that the opening of an identifier names, or lies in."""
    return [kind for kind in KINDS if kind.startswith(opening) or opening.startswith(kind)]


def _count(kind: str) -> str:
    return f"{kind}000001" if kind in (TRIP, CLOSE) else f"{kind}00"


def _records(kind: str) -> str:
    return f"{kind}0001" if kind in (TRIP, CLOSE) else kind
