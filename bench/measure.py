"""How a figure is taken and said. A figure is a ratio: absolute times depend on the machine and its other guests."""

import timeit
from dataclasses import dataclass
from typing import Any

ROUNDS = 25  # ours and the references take turns, the best round of each counts
ROUND = 0.01  # s, about

Statement = tuple[str, dict[str, Any]]  # what to time and the names in it


@dataclass(frozen=True)
class Measured:
    """One figure. `ours` and `reference` are in `unit`; `goal` reads like "<= 2.5" and judges the ratio."""

    bench: str
    metric: str
    unit: str
    ours: float
    reference: float
    reference_name: str
    ratio: float
    goal: str
    met: bool | None

    def __str__(self) -> str:
        mark = {True: "met", False: "MISSED", None: ""}[self.met]
        return (
            f"{self.bench:8} {self.metric:32} {self.unit:9} {self.ours:>11,.0f} {self.reference:>11,.0f} "
            f"{self.ratio:8.2f}  {self.goal:8} {mark:6}  {self.reference_name}"
        )


HEAD = f"{'bench':8} {'metric':32} {'unit':9} {'ours':>11} {'reference':>11} {'ratio':>8}  {'goal':15}  reference"


def slower(bench: str, metric: str, ours: float, reference: float, name: str, goal: str = "") -> Measured:
    """Times in ns: the ratio says how many times as long ours takes."""
    return _figure(bench, metric, "ns", ours, reference, name, ours / reference, goal)


def faster(bench: str, metric: str, ours: float, reference: float, name: str, goal: str = "") -> Measured:
    """Times in ns: the ratio says how many times as long the reference takes."""
    return _figure(bench, metric, "ns", ours, reference, name, reference / ours, goal)


def more(bench: str, metric: str, unit: str, ours: float, reference: float, name: str, goal: str = "") -> Measured:
    """Amounts: the ratio says how many times as much ours is."""
    return _figure(bench, metric, unit, ours, reference, name, ours / reference, goal)


def _figure(
    bench: str, metric: str, unit: str, ours: float, reference: float, name: str, ratio: float, goal: str
) -> Measured:
    met = None
    if goal:
        sign, limit = goal.split()
        met = ratio <= float(limit) if sign == "<=" else ratio >= float(limit)
    return Measured(bench, metric, unit, round(ours, 1), round(reference, 1), name, round(ratio, 3), goal, met)


def nanoseconds(*statements: Statement) -> list[float]:
    """The time of one execution of each, in ns: they take turns so that all meet the same disturbances."""
    timers = [timeit.Timer(code, globals=names) for code, names in statements]
    counts = [max(1, int(ROUND / (min(timer.repeat(3, 100)) / 100))) for timer in timers]
    best = [float("inf")] * len(timers)
    for _ in range(ROUNDS):
        for index, (timer, count) in enumerate(zip(timers, counts, strict=True)):
            best[index] = min(best[index], timer.timeit(count) / count * 1e9)
    return best
