"""A session as one JSON object: keys with their units, energies in kWh, SOC in percent."""

from collections.abc import Mapping
from typing import Any

import msgspec

from chargelink.cli.language import Text
from chargelink.trace.sessions.model import Curve, Session, Stop, Verdict, Violation

UNITS = {"mV": ("V", 1000), "mA": ("A", 1000), "0.1 %": ("percent", 10), "0.1 °C": ("C", 10)}
LIMIT_UNITS = {"voltage": ("V", 1000), "current": ("A", 1000), "temperature": ("C", 10)}


def as_json(session: Session, *, curves: bool = False) -> bytes:
    """The object in UTF-8 without a newline. `curves` adds them: up to 512 points each, `[time, low, high]`."""
    return msgspec.json.encode(as_object(session, curves=curves))


def as_object(session: Session, *, curves: bool = False) -> dict[str, Any]:
    """What `as_json` writes."""
    charger, bms = session.addresses
    vehicle = session.vehicle
    found = {
        "session": session.number,
        "channel": session.channel,
        "addresses": {"charger": f"{charger:02X}", "bms": f"{bms:02X}"},
        "edition": session.edition,
        "editions": {side.value: edition for side, edition in session.editions.items()},
        "start": _rounded(session.start),
        "seconds": _rounded(session.seconds),
        "timed": session.timed,
        "whole": session.whole,
        "verdict": _verdict(session.verdict),
        "phases": [
            {"phase": span.phase.value, "start": _rounded(span.start), "seconds": _rounded(span.seconds)}
            for span in session.phases
        ],
        "energy_kWh": _kilo(session.energy),
        "energy_from": session.energy_from,
        "energies_kWh": {source.value: _kilo(energy) for source, energy in session.energies.items()},
        "first_soc": _tenth(session.first_soc),
        "last_soc": _tenth(session.last_soc),
        "stopped_by": session.stop.by.value,
        "stop": _stop(session.stop),
        "stop_causes": session.stop_causes,
        "violations": [_violation(violation) for violation in session.violations],
        "counts": msgspec.to_builtins(session.counts) | {"lost": session.counts.lost},
        "vehicle": {
            "vin": vehicle.vin,
            "battery_type": _both(vehicle.battery_type) if vehicle.battery_type else None,
            "rated_capacity_Ah": _milli(vehicle.rated_capacity),
            "rated_voltage_V": _milli(vehicle.rated_voltage),
            "nominal_energy_kWh": _kilo(vehicle.nominal_energy),
            "protocol_version": vehicle.protocol_version,
        },
        "limits": dict(_limit(name, value) for name, value in msgspec.to_builtins(session.limits).items()),
    }
    if curves:
        found["curves"] = {curve_key(curve): _points(curve) for curve in session.curves}
    return found


def curve_key(curve: Curve) -> str:
    """The name of a curve with the unit that its values have outside: `output_current_A`."""
    return f"{curve.name}_{UNITS[curve.unit][0]}"


def _points(curve: Curve) -> list[list[float | None]]:
    divisor = UNITS[curve.unit][1]
    return [[_rounded(point.time), point.low / divisor, point.high / divisor] for point in curve.points]


def _verdict(verdict: Verdict) -> Mapping[str, Any]:
    return {
        "whose": verdict.whose.value,
        "code": verdict.code,
        **_both(verdict.text),
        "remedy": _both(verdict.remedy),
    }


def _stop(stop: Stop) -> Mapping[str, Any]:
    return {
        "message": stop.message or None,
        "time": _rounded(stop.time),
        "causes": stop.causes,
        "fault_class": stop.fault_class.name if stop.fault_class else None,
        **_both(stop.text),
    }


def _violation(violation: Violation) -> Mapping[str, Any]:
    return {
        "code": violation.code,
        "message": violation.message or None,
        "whose": violation.whose.value,
        "severity": violation.severity.value,
        "clause": "" if violation.clause is None else violation.clause.english,
        "count": violation.count,
        "first": _rounded(violation.first),
        "last": _rounded(violation.last),
        **_both(violation.text),
        "examples": [{"time": _rounded(example.time), "frame": example.frame} for example in violation.examples],
    }


def _limit(name: str, value: int | None) -> tuple[str, float | None]:
    unit, divisor = LIMIT_UNITS[name.rpartition("_")[2]]
    return f"{name}_{unit}", None if value is None else value / divisor


def _both(text: Text) -> dict[str, str]:
    return {"english": text.english, "chinese": text.chinese}


def _rounded(time: float | None) -> float | None:
    """To the microsecond, as finely as recorders write it."""
    return None if time is None else round(time, 6)


def _kilo(milli: int | None) -> float | None:
    return None if milli is None else milli / 1_000_000


def _milli(value: int | None) -> float | None:
    return None if value is None else value / 1000


def _tenth(value: int | None) -> float | None:
    return None if value is None else value / 10
