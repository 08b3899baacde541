"""What people see: a line a case as it ends, what the tester waits for meanwhile, and the sum."""

import shutil
import sys

from chargelink.cli.language import Text
from chargelink.cli.layout import columns, padded, width, wrapped
from chargelink.sim.conformance.case import Case
from chargelink.sim.conformance.expectation import Finding
from chargelink.sim.conformance.figures import Side
from chargelink.sim.conformance.live.outcome import Played, Report, Standing
from chargelink.sim.conformance.tester import Tester

ID_COLUMNS, TITLE_COLUMNS = 7, 46
ERASE = "\r\x1b[K"
STANDING_COLUMNS = max(width(text) for standing in Standing for text in (standing.value, standing.text.chinese))


class Screen:
    """Lines on standard output; where standard error is a terminal its last line says what is going on."""

    def __init__(self, chosen: int) -> None:
        self._chosen = chosen
        self._lively = sys.stderr.isatty()
        self._number = 0
        self._id = ""
        self._began: float | None = None
        self._asked = False  # a person, who may be typing in the last line
        self._columns = shutil.get_terminal_size().columns - 1

    def begins(self, number: int, case: Case) -> None:
        self._number, self._id, self._began = number, case.id, None

    def waits(self, tester: Tester, now: float) -> None:
        """Show what the tester waits for."""
        self._asked = self._asked and tester.asking is not None
        if not self._lively or self._asked:
            return
        self._began = now if self._began is None else self._began
        line = f"[{self._number}/{self._chosen}] {self._id}  {now - self._began:3.0f} s  {awaited(tester)}"
        sys.stderr.write(f"{ERASE}{cut(line, self._columns)}")
        sys.stderr.flush()

    def ended(self, played: Played) -> None:
        """A case is over."""
        self.say(*lines(played))

    def ask(self, *texts: str) -> None:
        """Ask a person; what is going on is shown again when it is done."""
        self.say(*texts)
        self._asked = True

    def say(self, *texts: str) -> None:
        """Lines that stay."""
        if self._lively:
            sys.stderr.write(ERASE)
            sys.stderr.flush()
        for text in texts:
            print(text)
        sys.stdout.flush()


def awaited(tester: Tester) -> Text:
    """What the tester waits for now."""
    if tester.asking:
        return tester.asking.text(tester.case.side is Side.VEHICLE)
    phase = Text("judges", "判定中") if tester.judging else Text("on the way", "准备中")
    if not tester.awaited:
        return phase
    names = " / ".join(tester.awaited)
    return Text(f"{phase.english}, waits for {names}", f"{phase.chinese}，等待 {names}")


def cut(line: str, most: int) -> str:
    """As much of a line as fits."""
    while width(line) > most:
        line = line[:-1]
    return line


def lines(played: Played) -> list[str]:
    """A case in a line, and below it what was missed, what was not seen, and why."""
    head = f"{padded(played.case.id, ID_COLUMNS)}  {padded(str(played.standing.text), STANDING_COLUMNS)}"
    told = [f"{head}  {padded(str(played.case.title), TITLE_COLUMNS)}  {played.seconds:6.1f} s"]
    if played.standing is Standing.PASS:
        told[0] += "".join(f"  {shown}" for shown in map(compared, played.telling) if shown)
    else:
        told += [f"    {finding.expectation}: {compared(finding)}" for finding in played.telling if not finding.met]
    if played.reason:
        told.append(f"    {played.reason}")
    return told + [f"    {note}" for note in played.notes if note != played.reason]


def compared(finding: Finding) -> str:
    """What was measured, and what would have been right."""
    allowed = str(finding.allowed)
    return f"{finding.measured} ({ALLOWED.format(allowed)})" if allowed else str(finding.measured)


def summary(report: Report) -> list[str]:
    """The sum, and what it does not say."""
    counts = [f"{report.counts[standing]} {standing.text}" for standing in Standing if report.counts[standing]]
    told = [SUM.format(len(report.played), report.chosen, ", ".join(counts) or "-", f"{report.seconds:.0f}")]
    if report.interrupted:
        told.append(str(report.interrupted))
    if report.unobserved:
        told.append(UNOBSERVED.format(report.unobserved))
    if any(played.case.inferred for played in report.played):
        told.append(str(INFERRED))
    if report.place:
        late = f"{report.late * 1000:.0f}"
        told.append(LATE.format(late, f"{report.load:.1f}", report.processors))
    return told


def catalogue(cases: list[Case]) -> list[str]:
    """The cases as a table."""
    rows = [[str(ID), str(TITLE), ""]]
    for case in cases:
        marks = [*([str(MARKED)] if case.inferred else []), *([str(case.needs.text)] if case.needs else [])]
        rows.append([case.id, str(case.title), ", ".join(marks)])
    told = columns(rows)
    return [*told, *wrapped(str(INFERRED), 100)] if any(case.inferred for case in cases) else told


ID, TITLE, MARKED = Text("id", "编号"), Text("what is done to the device", "测试内容"), Text("inferred", "推定")
ALLOWED = Text("right: {}", "应为 {}")
SUM = Text("{0} of {1} cases in {3} s: {2}", "{0}/{1} 个用例，用时 {3} s: {2}")
UNOBSERVED = Text(
    "{} expectations cannot be seen on CAN (lock, auxiliary supply, output): look at the device",
    "{} 项要求在 CAN 上不可观测 (电子锁、辅助电源、输出)：请在设备上核实",
)
INFERRED = Text(
    "inferred: the standard's text of these cases was not at hand; they mirror the charger's and follow GB/T 27930",
    "推定：编写时未获得这些用例的标准原文，内容由充电机侧对应用例及 GB/T 27930 推得",
)
LATE = Text(
    "the tester was late by {} ms at most; load {} on {} processors",
    "测试系统最大延迟 {} ms；系统负载 {}，{} 个处理器",
)
