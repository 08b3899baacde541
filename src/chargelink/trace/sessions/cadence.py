"""How regularly each message comes: the median of its period, silences, and what its beat lacks."""

from chargelink.gbt27930.catalogue import Entry

STEPS = 20  # classes of a period: 5 % wide
PERIODS = 6  # up to so many periods; longer silences are counted together
CLASSES = STEPS * PERIODS
FEWEST = 10  # gaps from which on a median says something
MISSED = 1.6  # medians: a longer gap lacks frames
MOST_OFF = 0.1  # of the period
LIVED_WITH = 0.45  # of the period: chargers in the field are off by so much in good charges
COARSE = 0.2  # of the period: a clock that is coarser says nothing about single gaps
NOT_TIMED = ("BMV", "BMT", "BSP")  # optional, once in a while, and nobody waits for them


class Beat:
    """One message of one session."""

    __slots__ = ("_classes", "_excused", "_long", "_scale", "_spent", "count", "first", "last", "period")

    def __init__(self, entry: Entry) -> None:
        self.period = 0 if entry.name in NOT_TIMED else entry.period  # ms
        self.count = 0
        self.first = 0.0  # when it came first
        self.last: float | None = None  # None: what comes next begins a row
        self._scale = 1000 * STEPS / (self.period or 1)
        self._classes = [0] * CLASSES
        self._long = 0  # gaps beyond the classes
        self._excused = False  # the next gap says nothing
        self._spent = [0.0] * CLASSES  # s that the gaps of each took together

    def beat(self, now: float) -> float:
        """The message came; the s since the one before, 0 for the first of a row."""
        self.count += 1
        last, self.last = self.last, now
        if last is None:
            if self.count == 1:
                self.first = now
            return 0.0
        gap = now - last
        place = int(gap * self._scale)
        if self._excused:
            self._excused = False
        elif place < CLASSES:
            self._classes[place] += 1
            self._spent[place] += gap
        else:
            self._long += 1
        return gap

    def excuse(self) -> None:
        """What comes next could not come in time: the gap before it lacks nothing."""
        self._excused = True

    def coarse(self, resolution: float) -> bool:
        """Whether a clock with steps of so many s says nothing about single gaps."""
        return resolution * 1000 > self.period * COARSE

    def interval(self, resolution: float) -> float | None:
        """The median of the gaps in ms, of its class the mean; the mean of all where the clock is coarse.

        None where there are too few.
        """
        if not self.period:
            return None
        gaps = sum(self._classes)
        if self.coarse(resolution):
            told = gaps >= 5 * FEWEST and resolution * 1000 <= self.period * PERIODS
            return 1000 * sum(self._spent) / gaps if told else None
        gaps += self._long
        if gaps < FEWEST:
            return None
        left = gaps / 2
        for place, count in enumerate(self._classes):
            if count >= left:
                return 1000 * self._spent[place] / count
            left -= count
        return float(self.period * PERIODS)

    def lost(self, resolution: float) -> int:
        """How many messages its own beat lacks, about."""
        median = self.interval(resolution)
        if not median or self.coarse(resolution):
            return 0
        # In classes. Who sends more often than it has to lacks nothing while it keeps the period.
        own = max(median * STEPS / self.period, STEPS)
        missed = sum(
            count * (round((place + 0.5) / own) - 1)
            for place, count in enumerate(self._classes)
            if count and place > own * MISSED
        )
        return missed + self._long * (round(CLASSES / own) - 1)
