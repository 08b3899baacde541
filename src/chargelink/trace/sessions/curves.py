"""Curves with a bounded number of points that keep their extremes, however long the recording."""

from chargelink.trace.sessions.model import Curve, Point

MOST = 512  # points; even, for they merge in pairs
FIRST_WIDTH = 0.05  # s, or frames where there is no time: the finest stretch, doubled whenever the points run out
NAMES = {
    "soc": "0.1 %",
    "demand_voltage": "mV",  # BCL
    "demand_current": "mA",
    "output_voltage": "mV",  # CCS
    "output_current": "mA",
    "battery_voltage": "mV",  # BCS
    "battery_current": "mA",
    "highest_cell": "mV",
    "highest_temperature": "0.1 °C",  # BSM
    "lowest_temperature": "0.1 °C",
}


class Recorder:
    """One curve as it grows."""

    __slots__ = ("_ends", "_highs", "_lows", "_times", "_width")

    def __init__(self) -> None:
        self._width = FIRST_WIDTH
        self._ends = float("-inf")  # when the last point's stretch is over
        self._times: list[float] = []
        self._lows: list[int] = []
        self._highs: list[int] = []

    def add(self, time: float, value: int) -> None:
        """A value at a time that is not before the last one; an earlier one counts as now."""
        if time < self._ends:
            if value < self._lows[-1]:
                self._lows[-1] = value
            elif value > self._highs[-1]:
                self._highs[-1] = value
            return
        if len(self._times) == MOST:
            self._merge()
        self._times.append(time)
        self._lows.append(value)
        self._highs.append(value)
        self._ends = time + self._width

    def curve(self, name: str, shift: float = 0.0) -> Curve:
        points = zip(
            [time + shift for time in self._times] if shift else self._times, self._lows, self._highs, strict=True
        )
        return Curve(name, NAMES[name], tuple(Point(*point) for point in points))

    def _merge(self) -> None:
        """Half as many points, each twice as wide."""
        self._width *= 2
        self._times = self._times[::2]
        self._lows = [min(pair) for pair in zip(self._lows[::2], self._lows[1::2], strict=True)]
        self._highs = [max(pair) for pair in zip(self._highs[::2], self._highs[1::2], strict=True)]


class Curves:
    """All curves of a session."""

    def __init__(self) -> None:
        self._recorders = {name: Recorder() for name in NAMES}

    def __getitem__(self, name: str) -> Recorder:
        return self._recorders[name]

    def result(self, shift: float = 0.0) -> tuple[Curve, ...]:
        """Those that have points; `shift` turns times into those of the recording."""
        curves = (recorder.curve(name, shift) for name, recorder in self._recorders.items())
        return tuple(curve for curve in curves if curve.points)
