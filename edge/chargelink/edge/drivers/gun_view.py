"""A gun as others see it: on the board of devices, in curves, in records."""

from collections.abc import Mapping
from typing import Any

from chargelink.edge.charge.advice import ADVICE, notice
from chargelink.edge.charge.causes import Stop
from chargelink.edge.charge.controller import Controller
from chargelink.edge.charge.phases import Phase, Status
from chargelink.edge.charge.situation import Charge, Situation
from chargelink.edge.guarded import Trip as GuardTrip
from chargelink.model import Alarm, Device, DeviceKind, Sample, SessionStarted, Trip

MICROWATTS = 1000  # in a milliwatt
WAITING = (Status.AVAILABLE, Status.PLUGGED)


def shown(
    device: str, controller: Controller, session_id: str | None, now: float, at: int, stay: Mapping[str, Any]
) -> Device:
    """The gun as it is at `now` (s of the controller's clock), `at` in UTC milliseconds: mV, mA, mWh, 0.1 %.

    One that waits for people, and could not serve them, is unavailable. `stay` says what staying plugged in costs.
    """
    situation, board = controller.situation, controller.situation.board
    vehicle, wants = situation.vehicle, controller.wants
    detail: dict[str, Any] = {
        "phase": controller.phase,
        "session": session_id,
        "voltage": board.outside_voltage,
        "current": board.current,
        "soc": vehicle.soc,
        "energy": controller.charge.energy if controller.charge else None,
        "demandedVoltage": vehicle.asked.voltage if vehicle.asked else None,
        "demandedCurrent": vehicle.asked.current if vehicle.asked else None,
        "setCurrent": wants.board.current_limit if wants.board.modules else None,
        "heldBy": wants.because or None,
        "guard": situation.guard_state,
        "reconnections": controller.charge.reconnections or None if controller.charge else None,
    }
    if words := notice(controller.phase, vehicle):
        detail |= {"notice": words.english, "noticeChinese": words.chinese}
    if controller.stopped:
        cause = controller.stopped.cause
        whose, advice = ADVICE[cause].whose.value, ADVICE[cause].now
        detail |= {"cause": cause.key, "causeText": cause.words, "causeChinese": cause.value.chinese}
        detail |= {"whose": whose.english, "whoseChinese": whose.chinese}
        detail |= {"advice": advice.english, "adviceChinese": advice.chinese}
    detail |= stay
    status = controller.row.shows
    if status in WAITING and (hindrance := controller.hindrance(now)):
        status = Status.UNAVAILABLE
        detail |= {"hindrance": hindrance.words, "hindranceChinese": hindrance.chinese}
    known = {key: value for key, value in detail.items() if value is not None}
    return Device(id=device, kind=DeviceKind.GUN, state=status.value[0], at=at, detail=known)


def sample(device: str, session_id: str, situation: Situation, charge: Charge, at: int) -> Sample:
    """A point of the curves, from the board's instruments and the meter's register."""
    voltage, current = situation.board.outside_voltage, situation.board.current
    return Sample(
        device=device,
        session_id=session_id,
        at=at,
        voltage=voltage,
        current=current,
        power=voltage * current // MICROWATTS,
        energy=charge.energy,
        soc=situation.vehicle.soc,
    )


def alarm(device: str, phase: Phase, stop: Stop, session: SessionStarted | None, at: int) -> Alarm:
    """What a person should know of a stop."""
    detail = f" ({stop.detail})" if stop.detail else ""
    return Alarm(
        code=stop.cause.key,
        text=f"{stop.cause.words} / {stop.cause.value.chinese}{detail}, {phase}"[:512],
        at=at,
        device=device,
        session_id=session.session_id if session else None,
    )


def trip(device: str, tripped: GuardTrip, session_id: str | None, at: int) -> Trip:
    """A cut-off of the guard, as it is recorded."""
    values = tripped.values | {"id": tripped.id, "action": tripped.action, "sequence": tripped.sequence}
    return Trip(device=device, rule=tripped.rule, at=at, session_id=session_id, values=values)
