"""How long to wait before the next try: doubled each time, and never the same for two edges.

When a hub comes back, ten thousand edges must not all knock in the same second.
"""

from collections.abc import Callable

FIRST = 1.0  # seconds
LONGEST = 30.0


class Backoff:
    """`random` gives a number within 0..1."""

    def __init__(self, random: Callable[[], float], first: float = FIRST, longest: float = LONGEST) -> None:
        self._random = random
        self._first = first
        self._longest = longest
        self._next = first

    def reset(self) -> None:
        """It worked: begin again with the shortest wait."""
        self._next = self._first

    def wait(self) -> float:
        """Seconds to wait before the next try: from half of the step up to the whole of it."""
        step = self._next
        self._next = min(self._next * 2, self._longest)
        return step * (0.5 + self._random() / 2)
