"""The report as one self-contained HTML page: summary, table, and of every case what was found and its frames."""

from collections.abc import Iterable
from html import escape
from importlib.metadata import version

from chargelink.cli.china import CHINA
from chargelink.cli.language import Language, Text, spoken
from chargelink.sim.conformance.figures import Side
from chargelink.sim.conformance.live.outcome import EDITIONS, FIRST_FRAMES, Played, Report, Standing
from chargelink.sim.conformance.live.screen import compared, summary
from chargelink.sim.conformance.log import Line
from chargelink.sim.conformance.verdict import TrialResult

STYLE = """
:root { color-scheme: light dark; --line: #8884; --pass: #1a7f37; --fail: #c62828; --open: #9a6700; --none: #6a737d }
body { font: 15px/1.5 system-ui, "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; margin: 2rem auto; max-width: 70rem;
  padding: 0 1rem }
h1 { font-size: 1.5rem }
h2 { font-size: 1.1rem; margin: 2rem 0 .3rem; border-top: 1px solid var(--line); padding-top: 1rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line) }
.standing, .facts th, thead th, thead + tbody td:last-child { white-space: nowrap }
.facts th { font-weight: 400; padding-right: 1rem }
.counts span { margin-right: 1.5rem; font-weight: 600 }
.pass { color: var(--pass) } .fail { color: var(--fail) } .inconclusive { color: var(--open) }
.not-applicable, .not-run, .unseen { color: var(--none) }
.standing { font-weight: 600 }
pre { font: 12px/1.4 ui-monospace, Menlo, Consolas, monospace; overflow-x: auto; margin: .3rem 0 }
summary { cursor: pointer }
a { color: inherit }
@media print { body { margin: 0; max-width: none; font-size: 10pt } h2, tr { break-inside: avoid }
  details:not([open]) { display: none } }
"""


def page(report: Report) -> bytes:
    """The whole page, in UTF-8."""
    title = TITLE.format(report.side.text, report.device)
    language = "zh-CN" if spoken() is Language.CHINESE else "en"
    body = [
        f"<h1>{escape(title)}</h1>",
        _facts(report),
        _counts(report),
        *(f"<p>{escape(line)}</p>" for line in summary(report)[1:]),
        f"<p>{escape(str(NO_CERTIFICATE))}</p>",
        _overview(report.played),
        *(_case(number, played, report.side) for number, played in enumerate(report.played, 1)),
    ]
    head = f'<meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>'
    view = '<meta name="viewport" content="width=device-width, initial-scale=1">'
    content = "\n".join(body)
    whole = f'<!doctype html>\n<html lang="{language}"><head>{head}{view}</head><body>\n{content}\n</body></html>\n'
    return whole.encode("utf-8", "replace")


def _facts(report: Report) -> str:
    tolerances = ", ".join(f"{name}={value}" for name, value in report.tolerances._asdict().items())
    rows = [
        (Text("device", "被测设备"), report.device),
        (Text("judged by", "依据"), EDITIONS),
        (Text("bus", "总线"), report.where),
        (Text("began", "开始时间"), f"{report.began.astimezone(CHINA):%Y-%m-%d %H:%M:%S} UTC+8"),
        (Text("took", "用时"), f"{report.seconds:.0f} s"),
        (Text("tolerances", "容差"), tolerances),
        (Text("tester", "测试系统"), f"chargelink {version('chargelink')}"),
    ]
    body = "\n".join(f"<tr><th>{escape(str(name))}</th><td>{escape(value)}</td></tr>" for name, value in rows)
    return f'<table class="facts"><tbody>\n{body}\n</tbody></table>'


def _counts(report: Report) -> str:
    shown = [
        f'<span class="{_class(standing)}">{report.counts[standing]} {escape(str(standing.text))}</span>'
        for standing in Standing
        if report.counts[standing]
    ]
    return f'<p class="counts">{"".join(shown)}</p>'


def _overview(played: Iterable[Played]) -> str:
    rows = [
        [
            f'<a href="#case{number}">{escape(one.case.id)}</a>',
            escape(str(one.case.title)) + _inferred(one),
            _standing(one.standing),
            "<br>".join(escape(compared(finding)) for finding in one.telling) or escape(str(one.reason or "")),
            f"{one.seconds:.1f} s",
        ]
        for number, one in enumerate(played, 1)
    ]
    return _table((CASE, DONE_TO_IT, VERDICT, MEASURED_ALLOWED, DURATION), rows)


def _case(number: int, played: Played, side: Side) -> str:
    case = played.case
    parts = [
        f'<h2 id="case{number}">{escape(case.id)} {escape(str(case.title))} {_standing(played.standing)}</h2>',
        f"<p>{escape(case.clause)}{_inferred(played)}</p>",
    ]
    texts = [*([case.note] if case.note else []), *([played.reason] if played.reason else []), *played.notes]
    parts += [f"<p>{escape(str(text))}</p>" for text in dict.fromkeys(texts)]
    trials = zip(played.result.trials, played.frames, strict=True) if played.result else ()
    return "\n".join([*parts, *(_trial(trial, frames, side) for trial, frames in trials)])


def _trial(trial: TrialResult, frames: int, side: Side) -> str:
    name = f"<p><b>{escape(str(trial.name))}</b></p>" if str(trial.name) else ""
    rows = [
        [
            _MARKS[finding.met],
            escape(str(finding.expectation)),
            escape(str(finding.measured)),
            escape(str(finding.allowed)),
            "" if finding.at is None else f"{finding.at - trial.began:.3f} s",
        ]
        for finding in trial.findings
    ]
    findings = _table((Text("", ""), EXPECTED, MEASURED, ALLOWED, AT), rows) if rows else ""
    shown = f"<summary>{escape(FRAMES.format(frames))}</summary><pre>{_frames(trial, frames, side)}</pre>"
    return f"{name}{findings}<details>{shown}</details>"


def _frames(trial: TrialResult, frames: int, side: Side) -> str:
    """Time, direction, identifier, data and name, a line each."""
    arrows = {True: f"→ {side.text}", False: f"← {side.text}"}
    lines = [_frame(line, trial.began, arrows) for line in trial.lines]
    if left_out := frames - len(lines):
        lines.insert(FIRST_FRAMES, escape(LEFT_OUT.format(left_out)))
    return "\n".join(lines)


def _frame(line: Line, began: float, arrows: dict[bool, str]) -> str:
    data = line.data.hex(" ").upper()
    return escape(f"{line.at - began:9.3f} {arrows[line.sent]}  {line.identifier:08X}  {data:23}  {line.name}")


def _table(heads: tuple[Text, ...], rows: Iterable[list[str]]) -> str:
    """Cells are HTML already."""
    head = "".join(f"<th>{escape(str(text))}</th>" for text in heads)
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table>"


def _standing(standing: Standing) -> str:
    return f'<span class="standing {_class(standing)}">{escape(str(standing.text))}</span>'


def _inferred(played: Played) -> str:
    return f' <span class="unseen">({escape(str(INFERRED))})</span>' if played.case.inferred else ""


def _class(standing: Standing) -> str:
    return standing.value.replace(" ", "-")


_MARKS = {
    True: '<span class="pass">✓</span>',
    False: '<span class="fail">✗</span>',
    None: '<span class="unseen">?</span>',
}
TITLE = Text("GB/T 34658 against a {}: {}", "GB/T 34658 {}测试: {}")
NO_CERTIFICATE = Text(
    "This is an engineer's report. It is no test report of a laboratory, and no certificate of anything.",
    "本报告仅供工程参考，不是检测机构的检验报告，也不构成任何认证。",
)
CASE, DONE_TO_IT, VERDICT = Text("case", "用例"), Text("what is done to it", "测试内容"), Text("verdict", "结论")
MEASURED_ALLOWED, DURATION = Text("measured (right)", "实测 (应为)"), Text("time", "用时")
EXPECTED, MEASURED, ALLOWED = Text("expected", "要求"), Text("measured", "实测"), Text("right", "应为")
AT = Text("at", "时刻")
FRAMES = Text("{} frames", "{} 帧报文")
LEFT_OUT = Text(
    "... {} frames not shown; --save-trace keeps all of them ...", "... 省略 {} 帧；--save-trace 可保存全部 ..."
)
INFERRED = Text("inferred", "推定")
