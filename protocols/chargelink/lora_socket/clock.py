"""A socket's clock, and whom it believes: a BEACON little, the edge alone with it more.

Every socket of a site has the group key, so whoever takes one apart can send BEACONs. Commands expire by this clock: to
set it back would make old ones valid again, and to set it far ahead would refuse all. So BEACONs move it forward by at
most 2 s in all, never back; whatever is more, and a clock that was never set, waits for a NETWORK_TIME under K_dn. That
must answer a frame which the socket sent a moment ago, or one held back could set the clock to the past.
"""

MOST_BY_BEACON = 2.0  # s forward in all, from one NETWORK_TIME or JOIN_ACC to the next
FRESH = 5.0  # s after the frame that it answers, a NETWORK_TIME is believed


class NetworkClock:
    """Seconds since 1970 by `now`, a clock in s that never runs backwards. Not set when made."""

    def __init__(self) -> None:
        self._ahead: float | None = None  # s that network time is ahead of `now`
        self._by_beacon = 0.0
        self._asked: tuple[int, float] | None = None  # low half of the counter of our last answer, and when
        self.doubted = False

    @property
    def known(self) -> bool:
        """Whether it was set: commands can be judged by it."""
        return self._ahead is not None

    @property
    def synchronised(self) -> bool:
        """What the flag of STATUS says: while it is not so, the edge answers with NETWORK_TIME."""
        return self.known and not self.doubted

    def time(self, now: float) -> float | None:
        """Seconds since 1970, None while it was not set."""
        return None if self._ahead is None else now + self._ahead

    def joined(self, network_time: float, now: float) -> None:
        """Set by JOIN_ACC, which answers our own DevNonce."""
        self._set(network_time, now)

    def answered(self, counter: int, now: float) -> None:
        """We sent an answer with this counter: a NETWORK_TIME may acknowledge it."""
        self._asked = (counter & 0xFFFF, now)

    def told(self, network_time: float, acknowledges: int | None, now: float) -> bool:
        """A NETWORK_TIME under K_dn: either way, by any step. False where it answers nothing that we sent just now."""
        if self._asked is None or acknowledges != self._asked[0] or now - self._asked[1] > FRESH:
            return False
        self._set(network_time, now)
        return True

    def beacon(self, network_time: float, now: float) -> None:
        """A BEACON: at most MOST_BY_BEACON forward; a little late it may be; all else raises doubt."""
        known = self.time(now)
        if known is None:
            return
        step = network_time - known
        if step < -MOST_BY_BEACON or self._by_beacon + max(step, 0.0) > MOST_BY_BEACON:
            self.doubted = True
        elif step > 0.0:
            self._by_beacon += step
            self._ahead = network_time - now

    def _set(self, network_time: float, now: float) -> None:
        self._ahead = network_time - now
        self._by_beacon = 0.0
        self._asked = None
        self.doubted = False
