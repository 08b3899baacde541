"""What is wanted of a charger's board, what it says, and whether the two agree. No I/O, time in seconds as an argument.

What is wanted is written once, when it changes. A board that drops its outputs by itself - its watchdog, a restart - is
never energised again unasked: it disagrees, that is a fault, and from then on nothing is wanted.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from chargelink.io_board.registers import (
    AC_CONTACTOR,
    AC_FEEDBACK,
    CURRENT_LIMIT,
    DOOR_OPEN,
    E_STOP,
    INPUTS,
    K1K2,
    K1K2_FEEDBACK,
    K3K4,
    K3K4_FEEDBACK,
    LOCK,
    LOCK_FEEDBACK,
    MEASURED,
    OUTPUTS,
    PERMIT,
    VOLTAGE_SET,
    Point,
)

AGREES_WITHIN = 0.2  # s: what is read back, and what a contactor's mirror contact shows
LOCKS_WITHIN = 1.0  # s, a motor's travel


class Wanted(NamedTuple):
    """The whole of what is asked of the board; all off by default. `wanted._replace(k1k2=True)` asks for more."""

    ac_contactor: bool = False
    k1k2: bool = False
    k3k4: bool = False
    lock: bool = False
    bleed: bool = False
    modules: bool = False
    voltage_set: int = 0  # mV
    current_limit: int = 0  # mA

    @property
    def outputs(self) -> tuple[int, ...]:
        """The coils, in their order."""
        return tuple(int(self[at]) for at in range(len(OUTPUTS)))

    @property
    def settings(self) -> tuple[int, ...]:
        """The words of voltage and current limit. Raises EncodeError for what the board cannot be told."""
        return VOLTAGE_SET.encode(self.voltage_set) + CURRENT_LIMIT.encode(self.current_limit)


OFF = Wanted()


class BoardFacts(NamedTuple):
    """What the board said at `at`, in mV, mA, 0.1 °C and kohm.

    `disagreeing` names the feedback inputs that do not follow their output, `implausible` the measured values that no
    instrument can mean: those are to be shown, never obeyed. `read_back` is what the board believes it was told.
    """

    at: float
    ac_feedback: bool
    k1k2_feedback: bool
    k3k4_feedback: bool
    lock_feedback: bool
    e_stop: bool
    door_open: bool
    permit: bool
    module_fault: bool
    cc1: int
    inside_voltage: int
    outside_voltage: int
    current: int
    module_temperature: int
    insulation: int
    read_back: Wanted
    disagreeing: frozenset[str]
    implausible: frozenset[str]

    def age(self, now: float) -> float:
        """How old they are, in s."""
        return now - self.at


class BoardFault(NamedTuple):
    """The board did not take these points over in time. Everything was commanded off."""

    source: str
    at: float
    points: tuple[str, ...]


class Feedback(NamedTuple):
    """An output with the input that shows what became of it, and the inputs without or with which it cannot follow."""

    output: Point
    shown: Point
    within: float  # s
    needs: tuple[Point, ...] = ()
    unless: tuple[Point, ...] = ()

    def agrees(self, values: Mapping[Point, int]) -> bool:
        possible = all(values[point] for point in self.needs) and not any(values[point] for point in self.unless)
        return bool(values[self.shown]) == (bool(values[self.output]) and possible)


FEEDBACKS = (
    Feedback(AC_CONTACTOR, AC_FEEDBACK, AGREES_WITHIN, unless=(E_STOP, DOOR_OPEN)),
    Feedback(K1K2, K1K2_FEEDBACK, AGREES_WITHIN, needs=(PERMIT,)),
    Feedback(K3K4, K3K4_FEEDBACK, AGREES_WITHIN),
    Feedback(LOCK, LOCK_FEEDBACK, LOCKS_WITHIN),
)

READ_BACK = (*OUTPUTS, VOLTAGE_SET, CURRENT_LIMIT)


class BoardState:
    """`source` names the board in what it gives."""

    def __init__(self, source: str) -> None:
        self.wanted = OFF
        self.facts: BoardFacts | None = None
        self._source = source
        self._written: Wanted | None = None  # None: nobody knows what the board was told
        self._since: dict[str, float] = {}  # when a point was first seen to disagree

    def want(self, wanted: Wanted) -> None:
        """Ask for this from now on. Raises EncodeError for what the board cannot be told; then nothing changes."""
        wanted.settings  # noqa: B018 - raises
        if wanted != self.wanted:
            self.wanted = wanted
            self._since = {name: at for name, at in self._since.items() if name not in READ_BACK_NAMES}

    def to_write(self) -> Wanted | None:
        """What has to be written now; None if the board was told. Say `written` when it took it."""
        return self.wanted if self.wanted != self._written else None

    def written(self, wanted: Wanted) -> None:
        """The board acknowledged this."""
        self._written = wanted

    def lost(self) -> None:
        """The line is gone: the board drops everything by itself, and nothing is wanted of it when it comes back."""
        self.wanted = OFF
        self.facts = None
        self._written = None
        self._since.clear()

    def observe(self, values: Mapping[Point, int], now: float) -> list[BoardFacts | BoardFault]:
        """Take a reading of every input, measured value, output and setting."""
        told = dict(zip(READ_BACK, self.wanted, strict=True))
        late = tuple(
            self._late(((point.name, values[point] == told[point], AGREES_WITHIN) for point in READ_BACK), now)
        )
        disagreeing = self._late(
            ((feedback.shown.name, feedback.agrees(values), feedback.within) for feedback in FEEDBACKS), now
        )
        said: dict[str, Any] = {point.name: bool(values[point]) for point in INPUTS}
        said |= {point.name: values[point] for point in MEASURED}
        self.facts = BoardFacts(
            at=now,
            read_back=wanted_of(values),
            disagreeing=frozenset(disagreeing),
            implausible=frozenset(point.name for point in MEASURED if not point.is_plausible(values[point])),
            **said,
        )
        if not late:
            return [self.facts]
        self.wanted = OFF
        self._written = None
        self._since.clear()
        return [BoardFault(self._source, now, late), self.facts]

    def _late(self, seen: Iterable[tuple[str, bool, float]], now: float) -> list[str]:
        """The names of those that have not agreed for as long as they may."""
        late = []
        for name, agrees, within in seen:
            if agrees:
                self._since.pop(name, None)
            elif now - self._since.setdefault(name, now) > within:
                late.append(name)
        return late


READ_BACK_NAMES = frozenset(point.name for point in READ_BACK)


def wanted_of(values: Mapping[Point, int]) -> Wanted:
    """What the board believes it was told."""
    said: dict[str, Any] = {point.name: bool(values[point]) for point in OUTPUTS}
    return Wanted(voltage_set=values[VOLTAGE_SET], current_limit=values[CURRENT_LIMIT], **said)
