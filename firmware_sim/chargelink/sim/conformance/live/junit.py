"""The report as JUnit XML, as CI servers read it: what could not be judged is an error, what was not run is skipped.

Of the dialects of that format this is what the schemas of Jenkins and of Ant have in common.
"""

import re
from importlib.metadata import version
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from chargelink.sim.conformance.live.outcome import EDITIONS, Played, Report, Standing
from chargelink.sim.conformance.live.screen import compared

ELEMENTS = {
    Standing.FAIL: "failure",
    Standing.INCONCLUSIVE: "error",
    Standing.NOT_APPLICABLE: "skipped",
    Standing.NOT_RUN: "skipped",
}
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0, production 2


def junit(report: Report) -> bytes:
    """One test suite, a test case each."""
    counts = report.counts
    skipped = counts[Standing.NOT_APPLICABLE] + counts[Standing.NOT_RUN]
    name = f"GB/T 34658 {report.side.name.lower()}"
    totals = {
        "tests": str(len(report.played)),
        "failures": str(counts[Standing.FAIL]),
        "errors": str(counts[Standing.INCONCLUSIVE]),
        "time": f"{report.seconds:.3f}",
    }
    root = Element("testsuites", {"name": name, **totals})
    began = report.began.strftime("%Y-%m-%dT%H:%M:%S")
    suite = SubElement(root, "testsuite", {"name": name, **totals, "skipped": str(skipped), "timestamp": began})
    _properties(suite, report)
    for played in report.played:
        _case(suite, report, played)
    indent(root)
    text: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def _properties(suite: Element, report: Report) -> None:
    facts = {
        "device": report.device,
        "edition": EDITIONS,
        "bus": report.where,
        "tester": f"chargelink {version('chargelink')}",
        "late_ms": f"{report.late * 1000:.1f}",
        "load": f"{report.load:.2f}",
        "processors": str(report.processors),
        "interrupted": str(report.interrupted or ""),
        **{f"tolerance.{name}": str(value) for name, value in report.tolerances._asdict().items()},
    }
    properties = SubElement(suite, "properties")
    for name, value in facts.items():
        SubElement(properties, "property", {"name": name, "value": _clean(value)})


def _case(suite: Element, report: Report, played: Played) -> None:
    name = f"{played.case.id} {played.case.title}"
    group = f"GBT34658.{report.side.name.lower()}"
    case = SubElement(suite, "testcase", {"name": name, "classname": group, "time": f"{played.seconds:.3f}"})
    missed = [f"{finding.expectation}: {compared(finding)}" for finding in played.telling if finding.met is False]
    if element := ELEMENTS.get(played.standing):
        why = [str(played.reason)] if played.reason else missed
        attributes = {"message": _clean(why[0] if why else str(played.standing.text))}
        if element != "skipped":
            attributes["type"] = played.standing.value
        SubElement(case, element, attributes).text = _clean("\n".join(why)) if element != "skipped" else None
    notes = [*(f"- {note}" for note in played.notes), *_seen(played)]
    if notes:
        SubElement(case, "system-out").text = _clean("\n".join(notes))


def _seen(played: Played) -> list[str]:
    marks = {True: "+", False: "!", None: "?"}
    return [f"{marks[finding.met]} {finding.expectation}: {compared(finding)}" for finding in played.findings]


def _clean(text: str) -> str:
    """Without what no XML may hold: a device's or a hook's words can be anything."""
    return _NO_XML.sub("\ufffd", text)
