"""How often the present is told: every few seconds, or each second while somebody looks. Time in seconds is given."""

LIVE_EVERY = 5.0  # seconds, before the hub says what it wants


class Pace:
    """When details and samples are due. What is waited for longer than the interval is due at once."""

    def __init__(self, every: float = LIVE_EVERY) -> None:
        self._every = every
        self._watched_every = every
        self._watched_until = 0.0
        self._said = float("-inf")

    def keep(self, every: float) -> None:
        """From now on tell it every so many seconds while nobody looks."""
        self._every = every

    def watch(self, every: float, seconds: float, now: float) -> None:
        """Somebody looks for so many seconds, and wants to be told more often; never less often than else."""
        self._watched_every = every
        self._watched_until = now + seconds

    def due(self, now: float) -> float:
        """When it is due: a moment up to `now` if it is."""
        if now < self._watched_until:
            return self._said + min(self._every, self._watched_every)
        return self._said + self._every

    def said(self, now: float) -> None:
        """It was told."""
        self._said = now
