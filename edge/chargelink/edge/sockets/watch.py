"""Counts frames with wrong tags: who guesses is noticed long before a guess can succeed."""

from collections import defaultdict, deque

FORGED_A_MINUTE = 20
MINUTE = 60.0  # s
MOST_ADDRESSES = 256


class ForgeryWatch:
    """Wrong tags of the last minute by address; at most one alarm a minute for each."""

    def __init__(self) -> None:
        self._times: defaultdict[int, deque[float]] = defaultdict(deque)
        self._alarmed: dict[int, float] = {}

    def forged(self, address: int, now: float) -> int | None:
        """Note a wrong tag; the number within a minute when that is alarming."""
        if address not in self._times and len(self._times) >= MOST_ADDRESSES:
            self._times.clear()
        times = self._times[address]
        times.append(now)
        while times[0] < now - MINUTE:
            times.popleft()
        if len(times) < FORGED_A_MINUTE or self._alarmed.get(address, -MINUTE) > now - MINUTE:
            return None
        self._alarmed[address] = now
        return len(times)
