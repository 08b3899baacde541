"""From what was gathered about a session to the session as it is told."""

from typing import NamedTuple

from chargelink.cli.language import Text
from chargelink.gbt27930.catalogue import BY_NAME, Edition, Sender
from chargelink.gbt27930.contradictions import Conflict
from chargelink.trace.sessions import violations as kinds
from chargelink.trace.sessions.cadence import LIVED_WITH, MOST_OFF
from chargelink.trace.sessions.case import Case
from chargelink.trace.sessions.draft import Draft
from chargelink.trace.sessions.model import Counts, EnergySource, Session, Side
from chargelink.trace.sessions.verdict import stop_of, verdict_of
from chargelink.trace.sessions.violations import SIDES, side_of

FEWEST_FRAMES = 20  # with one and the same time stamp: then it is none


class Surroundings(NamedTuple):
    """What the recording adds to a session."""

    shift: float = 0.0  # from the pair's clock to the recording's
    after: float = 0.0  # s that the recording goes on after the last message of the session
    resolution: float = 0.0  # s, the smallest step of the recording's clock
    foreign: int = 0
    not_standard: int = 0  # frames with 11 bits, remote and FD frames
    bus_errors: int = 0  # error frames before its last message
    followed_by: Sender | None = None  # who began the next session, where that ended this one


def reported(draft: Draft, around: Surroundings) -> Session:
    """The session, with its verdict."""
    timed = draft.last > draft.start or draft.frames < FEWEST_FRAMES
    timed = timed and around.resolution < float("inf")
    shift = around.shift if timed else None
    lost = _judge_beats(draft, around.resolution) if timed else {}
    counts = _counts(draft, around, lost)
    edition = Edition.OF_2011 if Edition.OF_2011 in draft.editions.values() else Edition.OF_2015
    energies = draft.readings.energies(timed)
    source: EnergySource | None = next(iter(energies), None)
    first_soc, last_soc = draft.readings.socs()
    case = Case(draft, counts, around.after, timed, around.followed_by)
    if not timed:
        draft.violations.forget(Conflict.ENERGY_APART)
    _judge_transfers(case)
    if case.decisive is not None and case.decisive is not draft.ending.before:
        draft.judge_error(case.decisive, timed)
    _judge_kinds(draft, around)
    return Session(
        number=draft.number,
        channel=draft.channel,
        addresses=draft.addresses,
        edition=edition.value,
        editions={SIDES[sender]: spoken.value for sender, spoken in draft.editions.items()},
        start=None if shift is None else draft.start + shift,
        seconds=draft.last - draft.start if timed else None,
        timed=timed,
        whole=draft.whole,
        phases=draft.phases.result(draft.last, shift),
        energy=None if source is None else energies[source],
        energy_from=source,
        energies=energies,
        first_soc=first_soc,
        last_soc=last_soc,
        stop=stop_of(case, shift),
        stop_causes=tuple(draft.ending.causes),
        verdict=verdict_of(case),
        violations=draft.violations.result(edition.value, shift),
        counts=counts,
        vehicle=draft.readings.vehicle(),
        limits=draft.readings.limits(),
        curves=draft.readings.curves.result(shift or 0.0),
    )


def _judge_beats(draft: Draft, resolution: float) -> dict[Sender, int]:
    """Violations of periods; by side the frames that its beats lack."""
    lost = dict.fromkeys(Sender, 0)
    for name, beat in draft.beats.items():
        if not beat.period or not beat.count:
            continue
        lost[BY_NAME[name].sender] += beat.lost(resolution)
        median = beat.interval(resolution)
        if median is not None and abs(median - beat.period) > beat.period * MOST_OFF * (
            2 if beat.coarse(resolution) else 1
        ):
            usual = abs(median - beat.period) <= beat.period * LIVED_WITH
            draft.violations.add(
                kinds.PERIOD_ROUGH if usual else kinds.PERIOD,
                name,
                side_of(name),
                beat.first,
                count=beat.count,
                median=median,
                period=beat.period,
            )
    return lost


def _judge_transfers(case: Case) -> None:
    """Requests to send that the charger never answered, if it is on the recording at all."""
    for name, transfer in case.draft.transfers.items():
        if transfer.asked and not transfer.allowed and not transfer.done and case.heard(Sender.CHARGER):
            case.draft.violations.add(
                kinds.UNANSWERED, name, Side.CHARGER, case.draft.words.get(f"RTS {name}", 0.0), count=transfer.asked
            )


def _judge_kinds(draft: Draft, around: Surroundings) -> None:
    """Frames that are no 29-bit data frames."""
    for count, side, said in (
        (around.bus_errors, Side.BUS, Text("error frames are", "错误帧")),
        (around.not_standard, Side.UNKNOWN, Text("frames of another kind are", "其他类型的帧")),
    ):
        if count:
            draft.violations.add(kinds.NOT_STANDARD, "", side, draft.start, detail=side, count=count, said=said)


def _counts(draft: Draft, around: Surroundings, lost: dict[Sender, int]) -> Counts:
    return Counts(
        frames=draft.frames,
        messages={name: beat.count for name, beat in draft.beats.items() if beat.count},
        transfers=sum(transfer.done for transfer in draft.transfers.values()),
        retries=draft.retries,
        aborts=draft.aborts,
        incomplete=sum(transfer.incomplete for transfer in draft.transfers.values()),
        lost_charger=lost.get(Sender.CHARGER, 0),
        lost_vehicle=lost.get(Sender.BMS, 0) + draft.missing_packets,
        reconnections=draft.reconnections,
        unreadable=draft.unreadable,
        omitted=draft.violations.omitted,
        foreign=around.foreign,
        not_standard=around.not_standard,
        bus_errors=around.bus_errors,
    )
