"""Refused packets in the log: anybody can send them, so they must not fill it."""

from collections import Counter

import structlog

EVERY = 10.0  # s

log = structlog.get_logger()


class RefusalLog:
    """Logs the first of a kind within ten seconds, then how many more there were."""

    def __init__(self) -> None:
        self._said_at: dict[str, float] = {}
        self._more: Counter[str] = Counter()

    def note(self, now: float, what: str, **facts: object) -> None:
        """Something was refused at `now`, in s of any clock that never runs backwards."""
        if now - self._said_at.get(what, -EVERY) < EVERY:
            self._more[what] += 1
            return
        self._said_at[what] = now
        log.warning(what, more=self._more.pop(what, 0), **facts)
