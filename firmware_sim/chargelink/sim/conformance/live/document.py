"""The report as one JSON object. Its keys are English, its texts are in the chosen language."""

from importlib.metadata import version
from typing import Any

import msgspec

from chargelink.sim.conformance.live.outcome import EDITIONS, Played, Report, Standing
from chargelink.sim.conformance.verdict import TrialResult


def document(report: Report) -> bytes:
    """JSON; times in s, from the beginning of the trial."""
    return msgspec.json.format(msgspec.json.encode(_object(report)), indent=2) + b"\n"


def _object(report: Report) -> dict[str, Any]:
    return {
        "suite": EDITIONS,
        "tester": f"chargelink {version('chargelink')}",
        "side": report.side.name.lower(),
        "device": report.device,
        "bus": report.where,
        "began": report.began.isoformat(timespec="seconds"),
        "seconds": round(report.seconds, 3),
        "chosen": report.chosen,
        "interrupted": report.interrupted and str(report.interrupted),
        "counts": {standing.value: report.counts[standing] for standing in Standing},
        "tolerances": report.tolerances._asdict(),
        "late_ms": round(report.late * 1000, 1),
        "load": round(report.load, 2),
        "processors": report.processors,
        "cases": [_case(played) for played in report.played],
    }


def _case(played: Played) -> dict[str, Any]:
    case = played.case
    return {
        "id": case.id,
        "clause": case.clause,
        "title": str(case.title),
        "inferred": case.inferred,
        "verdict": played.standing.value,
        "reason": played.reason and str(played.reason),
        "notes": [str(note) for note in played.notes],
        "seconds": round(played.seconds, 3),
        "late_ms": round(played.late * 1000, 1),
        "trials": _trials(played),
    }


def _trials(played: Played) -> list[dict[str, Any]]:
    return [_trial(*of) for of in zip(played.result.trials, played.frames, strict=True)] if played.result else []


def _trial(trial: TrialResult, frames: int) -> dict[str, Any]:
    return {
        "name": str(trial.name),
        "verdict": trial.verdict.value,
        "reason": trial.reason and str(trial.reason),
        "seconds": round(trial.ended - trial.began, 3),
        "frames": frames,
        "findings": [
            {
                "expectation": str(finding.expectation),
                "met": finding.met,
                "measured": str(finding.measured),
                "allowed": str(finding.allowed),
                "at": None if finding.at is None else round(finding.at - trial.began, 3),
            }
            for finding in trial.findings
        ],
    }
