"""A session for an engineer at midnight: the verdict first, then what led to it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from chargelink.cli.china import CHINA
from chargelink.cli.language import Text
from chargelink.cli.layout import columns as aligned
from chargelink.cli.layout import padded, width, wrapped
from chargelink.trace.gbt27930.words import masked
from chargelink.trace.report import BOLD, DIM, EPOCH_TIMES, GREEN, RED, YEAR_10000, YELLOW, printable
from chargelink.trace.sessions.model import Curve, Session, Severity, Side, Violation
from chargelink.trace.sessions.sparkline import sparkline
from chargelink.trace.sessions.words import CURVES, PHASES, SIDES

MOST_VIOLATIONS = 8  # shown, unless all are asked for
SPARKS = 40  # columns
NARROWEST = 40
COLOURS = {Severity.FAULT: RED, Severity.VIOLATION: YELLOW, Severity.REMARK: ""}
FAULT_OF = {
    Side.CHARGER: Text("THE CHARGER'S FAULT", "责任方：充电机"),
    Side.VEHICLE: Text("THE VEHICLE'S FAULT", "责任方：车辆"),
    Side.BUS: Text("BUS OR PLUG", "责任方：总线或插头"),
    Side.NOBODY: Text("NOBODY'S FAULT", "无责任方"),
    Side.UNKNOWN: Text("NOT TO BE TOLD", "无法判断"),
}
SHARES = {  # divisor and digits of a curve's unit, as people read it
    "mV": (1000, 1, "V"),
    "mA": (1000, 1, "A"),
    "0.1 %": (10, 0, "%"),
    "0.1 °C": (10, 0, "°C"),
}
SHOWN_CURVES = (
    "soc", "demand_voltage", "output_voltage", "demand_current", "output_current", "highest_temperature",
)  # fmt: skip


class Terminal:
    """`columns` to wrap at, None: not at all; `coloured` allows ANSI colours; `everything` shows all violations."""

    def __init__(self, columns: int | None, coloured: bool, everything: bool = False) -> None:
        self._columns = columns
        self._coloured = coloured
        self._everything = everything

    def session(self, session: Session) -> str:
        """The lines of a session, each ended."""
        lines = [*self._verdict(session), *self._about(session), *self._phases(session)]
        lines += [*self._violations(session), *self._curves(session)]
        return "\n".join(line.rstrip() for line in lines) + "\n"

    def overview(self, rows: Sequence[Sequence[str]]) -> str:
        """The sessions of a recording at a glance: what `row` gave for each."""
        return "\n".join([str(Text("all sessions", "全部充电过程")), *aligned(rows)]) + "\n"

    def _verdict(self, session: Session) -> list[str]:
        verdict = session.verdict
        colour = {Side.NOBODY: GREEN, Side.UNKNOWN: YELLOW}.get(verdict.whose, RED)
        head = f"{FAULT_OF[verdict.whose]}{Text(': ', '。')}"
        said = self._rows(f"{head}{verdict.text}", 0)
        remedy = self._rows(f"{Text('do', '处理')}: {verdict.remedy}", 2)
        return [self._painted(row, f"{BOLD};{colour}") for row in said] + ["  " + row for row in remedy]

    def _about(self, session: Session) -> list[str]:
        number = Text("session {}", "第 {} 次充电").format(session.number)
        said = [number]
        if session.channel:
            said.append(session.channel)
        said.append(f"GB/T 27930-{session.edition}")
        said.append(_moment(session.start))
        if session.seconds is not None:
            said.append(duration(session.seconds))
        if not session.whole:
            said.append(str(Text("recording begins in the middle", "记录从中途开始")))
        if not session.timed:
            said.append(str(Text("no time stamps: periods and timeouts are not judged", "无时间戳：不判断周期和超时")))
        lines = [self._painted(row, DIM) for row in self._rows(" · ".join(filter(None, said)), 0)]
        lines += [f"  {row}" for row in self._rows(self._energy(session), 2)]
        if car := _vehicle(session):
            lines += [f"  {row}" for row in self._rows(car, 2)]
        stop = f"{Text('stop', '中止')}: {session.stop.text}"
        if fault := session.stop.fault_class:
            stop += Text("; class {} of annex C: {}", "；附录 C 的 {} 类故障：{}").format(
                fault.name.lower(), Text(fault.text, fault.chinese)
            )
        return [*lines, *(f"  {row}" for row in self._rows(stop, 2))]

    def _energy(self, session: Session) -> str:
        energy = str(Text("energy unknown", "电量未知"))
        if session.energy is not None and session.energy_from is not None:
            energy = f"{_kilowatt_hours(session.energy)} ({session.energy_from.value})"
        soc = ""
        if session.first_soc is not None and session.last_soc is not None:
            soc = f"SOC {session.first_soc / 10:.1f} → {session.last_soc / 10:.1f} %"
        return ", ".join(filter(None, (energy, soc)))

    def _phases(self, session: Session) -> list[str]:
        title = str(Text("phases", "阶段"))
        if not session.timed:
            return self._rows(f"{title}: {' → '.join(str(PHASES[span.phase]) for span in session.phases)}", 0)
        rows = [
            [
                "  " + str(PHASES[span.phase]),
                "" if span.seconds is None else duration(span.seconds),
                "" if span.start is None or session.start is None else f"+{span.start - session.start:.1f} s",
            ]
            for span in session.phases
        ]
        return [title, *aligned(rows)]

    def _violations(self, session: Session) -> list[str]:
        counts = session.counts
        tally = Text(
            "{:,} frames, about {} lost (charger {}, vehicle {}), {} retries, {} aborts, {} reconnections",
            "{:,} 帧，约丢失 {} 帧（充电机 {}，车辆 {}），重传 {} 次，放弃 {} 次，重新握手 {} 次",
        ).format(
            counts.frames,
            counts.lost,
            counts.lost_charger,
            counts.lost_vehicle,
            counts.retries,
            counts.aborts,
            counts.reconnections,
        )
        if not session.violations:
            return [*self._rows(tally, 0), str(Text("no violations", "未发现违规"))]
        shown = session.violations if self._everything else session.violations[:MOST_VIOLATIONS]
        lines = [*self._rows(tally, 0), Text("violations: {}", "违规：{} 种").format(len(session.violations))]
        for violation in shown:
            rows = self._rows(_violation(violation, session.start), 4)
            lines += [self._painted(f"  {'! ' if not at else '  '}{row}", COLOURS[violation.severity])
                      for at, row in enumerate(rows)]  # fmt: skip
        if left := len(session.violations) - len(shown):
            lines.append("  " + Text("... and {} more: --all", "……另有 {} 种：--all").format(left))
        return lines

    def _curves(self, session: Session) -> list[str]:
        curves = {curve.name: curve for curve in session.curves}
        found = [curves[name] for name in SHOWN_CURVES if name in curves and len(curves[name].points) > 1]
        if not found:
            return []
        start = min(curve.points[0].time for curve in found)
        end = max(curve.points[-1].time for curve in found)
        wide = max(width(str(CURVES[curve.name])) for curve in found)
        return [
            f"  {padded(str(CURVES[curve.name]), wide)}  {sparkline(curve, start, end, SPARKS)}  {_range(curve)}"
            for curve in found
        ]

    def _rows(self, text: str, indent: int) -> list[str]:
        text = printable(text)
        return [text] if self._columns is None else wrapped(text, max(self._columns - indent, NARROWEST))

    def _painted(self, text: str, colour: str) -> str:
        return f"\033[{colour}m{text}\033[0m" if self._coloured and colour and text else text


def row(session: Session) -> list[str]:
    """A session in one line of an overview."""
    return [
        f"  {session.number}",
        _moment(session.start),
        "–" if session.seconds is None else duration(session.seconds),
        "–" if session.energy is None else _kilowatt_hours(session.energy),
        f"{FAULT_OF[session.verdict.whose]} ({session.verdict.code})",
    ]


def _kilowatt_hours(energy: int) -> str:
    return f"{energy / 1000:.0f} Wh" if energy < 1_000_000 else f"{energy / 1_000_000:.2f} kWh"


def duration(seconds: float) -> str:
    """As people say it: 0.25 s, 16.2 s, 35 min 10 s, 2 h 05 min."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 100:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"


def _moment(time: float | None) -> str:
    if time is None:
        return ""
    if not EPOCH_TIMES <= time < YEAR_10000:
        return Text("from {:.3f} s on", "自 {:.3f} s 起").format(time)
    at = datetime.fromtimestamp(time, UTC).astimezone(CHINA)
    return f"{at:%Y-%m-%d %H:%M:%S} UTC+8"


def _vehicle(session: Session) -> str:
    vehicle, limits = session.vehicle, session.limits
    said = []
    if vehicle.vin:
        said.append(f"VIN {masked(vehicle.vin)}")
    if vehicle.battery_type:
        said.append(str(vehicle.battery_type))
    if vehicle.rated_capacity is not None:
        said.append(f"{vehicle.rated_capacity / 1000:g} Ah")
    if limits.max_battery_voltage is not None and limits.max_battery_current is not None:
        takes = Text("takes {:g} V {:g} A", "允许 {:g} V {:g} A")
        said.append(takes.format(limits.max_battery_voltage / 1000, limits.max_battery_current / 1000))
    if limits.max_charger_voltage is not None and limits.max_charger_current is not None:
        gives = Text("charger gives {:g} V {:g} A", "充电机可输出 {:g} V {:g} A")
        said.append(gives.format(limits.max_charger_voltage / 1000, limits.max_charger_current / 1000))
    return ", ".join(said)


def _violation(violation: Violation, start: float | None) -> str:
    when = ""
    if violation.first is not None and start is not None:
        when = f" +{violation.first - start:.2f} s"
    times = f" ×{violation.count}" if violation.count > 1 else ""
    whose = f"[{SIDES[violation.whose]}] " if violation.whose in (Side.CHARGER, Side.VEHICLE) else ""
    clause = f" ({violation.clause})" if violation.clause else ""
    return f"{whose}{violation.text}{times}{when}{clause}"


def _range(curve: Curve) -> str:
    divisor, digits, unit = SHARES[curve.unit]
    return f"{curve.low / divisor:.{digits}f} .. {curve.high / divisor:.{digits}f} {unit}"
