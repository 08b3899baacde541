"""A session as the rules look at it: what decided its end, and what was the matter then."""

from dataclasses import dataclass
from functools import cached_property

from chargelink.cli.language import Text
from chargelink.gbt27930.catalogue import Sender
from chargelink.gbt27930.faults import BatteryFault
from chargelink.trace.sessions.draft import Draft
from chargelink.trace.sessions.ending import CHARGED, ENOUGH, ERRORS, USUAL_LIMIT, Awaited, Moment, Transfer
from chargelink.trace.sessions.model import Counts, Phase, Side
from chargelink.trace.sessions.stop_causes import MEANINGS
from chargelink.trace.sessions.violations import SIDES
from chargelink.trace.sessions.words import PHASES, cause_names
from chargelink.trace.sessions.words import SIDES as SIDE_WORDS

TOGETHER = 1.5  # s: a stop and an error of the same side so close are one thing
ANSWERS = {"CST": ("bms_stopped",), "BST": ("charger_stopped",)}  # to a stop of the other side
ORDERLY = {
    cause for meanings in MEANINGS.values() for cause, meaning in meanings.items() if meaning.whose is Side.NOBODY
} | {cause for causes in ANSWERS.values() for cause in causes}
NEARLY_FULL = 950  # 0.1 %
LONGEST_PAUSE = 600.0  # s (GB/T 27930-2015, annex C, note 1)
PAUSE_OVER = {"charger_condition_reached", "fault_stop", "other_fault"}  # what chargers say then
GOES_ON = 2.0  # s of the recording after a session that show that it is really over
FEWEST_BUS_ERRORS, BUS_ERROR_SHARE = 10, 0.001
LOST_SHARE = 0.05  # of a side's frames
FEWEST_LOST = 10
SIDE_SILENT = 1.2  # s, in charging; a tester waits as long for CCS and BCL
LONG_SILENT = 5.5  # s, in the other phases
LONG_HANDSHAKE = 20  # frames of CHM and CRM, where there is no time


@dataclass(frozen=True)
class Case:
    """The evidence. Everything that the rules ask has a name here."""

    draft: Draft
    counts: Counts
    after: float  # s that the recording goes on after the session
    timed: bool
    followed_by: Sender | None = None  # who began the next one, where it ended that way

    @cached_property
    def decisive(self) -> Moment | None:
        """The moment that decides: an error where there is one that no orderly end came before."""
        stop, error = self._told_stop, self.draft.ending.error
        if stop is None and error is None:
            return self._unmended
        if stop is None or error is None:
            return stop or error
        if error.now <= stop.now or self._one_thing(stop, error):
            return error
        return error if self.is_orderly(stop) else stop

    @cached_property
    def _unmended(self) -> Moment | None:
        """What ended the connection before, where the recording ends before the new one comes to a charge."""
        return None if self.draft.words.keys() & CHARGED else self.draft.ending.before

    @cached_property
    def first(self) -> Moment | None:
        """The first stop or error."""
        return self.draft.ending.first or self._unmended

    @cached_property
    def _told_stop(self) -> Moment | None:
        """The first stop; where it only answers the other side's, that one, though it was recorded later."""
        stop = self.draft.ending.stop
        if stop is not None and stop.causes == ANSWERS[stop.message]:
            return self.draft.ending.stops.get("BST" if stop.message == "CST" else "CST", stop)
        return stop

    def _one_thing(self, stop: Moment, error: Moment) -> bool:
        return stop.sender is error.sender and error.now - stop.now <= TOGETHER and self.timed

    @staticmethod
    def is_orderly(moment: Moment) -> bool:
        return bool(moment.causes) and {*moment.causes} <= ORDERLY and moment.message not in ERRORS

    @cached_property
    def message(self) -> str:
        return self.decisive.message if self.decisive else ""

    @cached_property
    def causes(self) -> tuple[str, ...]:
        return self.decisive.causes if self.decisive else ()

    @cached_property
    def is_error(self) -> bool:
        return self.message in ERRORS

    @cached_property
    def reporter(self) -> Side:
        return SIDES[self.decisive.sender] if self.decisive and self.decisive.sender else Side.UNKNOWN

    @cached_property
    def peer(self) -> Side:
        return {Side.CHARGER: Side.VEHICLE, Side.VEHICLE: Side.CHARGER}.get(self.reporter, Side.UNKNOWN)

    @cached_property
    def cause(self) -> str:
        """The timeout reported."""
        return self.decisive.cause if self.decisive else ""

    @cached_property
    def awaited(self) -> Awaited | None:
        return self.decisive.awaited if self.decisive else None

    @cached_property
    def limit(self) -> float:
        return self.decisive.limit if self.decisive else USUAL_LIMIT

    @cached_property
    def age(self) -> float | None:
        """How long ago the awaited message had come; None: never."""
        return self.decisive.age if self.decisive else None

    @cached_property
    def peer_age(self) -> float | None:
        """How long ago the side that was waited for had said anything."""
        if self.decisive is None or self.decisive.sender is None:
            return None
        return self.decisive.side_ages.get(self.decisive.sender.opposite)

    @cached_property
    def transfer(self) -> Transfer:
        """Of the transported message that had to get through; nothing where none has to."""
        if self.decisive is None or self.awaited is None:
            return Transfer()
        return self.decisive.transfers.get(self.awaited.asked, Transfer())

    @cached_property
    def came_in_time(self) -> bool:
        """What was reported as missing had come."""
        return self.decisive is not None and self.decisive.came_in_time(self.timed)

    @cached_property
    def senseless(self) -> bool:
        """What was reported as missing came, with values that nobody can follow."""
        decisive = self.decisive
        return decisive is not None and self.awaited is not None and self.awaited.message in decisive.senseless

    @cached_property
    def unfounded(self) -> bool:
        """Nothing had been said after which what is reported as missing would be waited for."""
        decisive = self.decisive
        if decisive is None or self.awaited is None or not self.draft.whole:
            return False
        return not decisive.founded

    @cached_property
    def peer_stopped(self) -> bool:
        """What the other side says all the time in a charge had not come for longer than is waited for it."""
        age = self.age_of("BCL" if self.reporter is Side.CHARGER else "CCS")
        return self.charging and age is not None and age >= ENOUGH

    @cached_property
    def paused_long(self) -> bool:
        """The vehicle forbade charging for as long as a charger waits, and the stop names nothing else."""
        decisive = self.decisive
        return (
            decisive is not None
            and self.timed
            and decisive.forbidden >= ENOUGH * LONGEST_PAUSE
            and {*decisive.causes} <= PAUSE_OVER
        )

    @cached_property
    def gave_up_early(self) -> bool:
        """Who reported it had not waited long enough."""
        if self.decisive is None or not self.timed or not self.draft.whole or self.age is not None:
            return False
        return 0 < self.decisive.waited < ENOUGH * self.limit

    @cached_property
    def peer_silent(self) -> bool:
        """The side that was waited for said nothing any more."""
        return self.peer_age is not None and self.timed and self.peer_age >= ENOUGH * self.limit

    @cached_property
    def asked_in_vain(self) -> bool:
        """The charger's handshake went on for long enough to be answered."""
        seconds = self.draft.last - self.draft.start
        if not (self.said("CHM") or self.said("CRM(00)")):
            return False
        return seconds > LONG_SILENT if self.timed else self.counts.frames > LONG_HANDSHAKE

    @cached_property
    def orderly(self) -> bool:
        """It was stopped for a reason that is nobody's fault."""
        return self.decisive is not None and self.is_orderly(self.decisive)

    def heard(self, sender: Sender) -> bool:
        return sender in self.draft.sides

    @cached_property
    def both_heard(self) -> bool:
        return len(self.draft.sides) == len(Sender)

    def said(self, word: str) -> bool:
        return word in self.draft.words

    @cached_property
    def phase(self) -> Phase:
        """In which it ended."""
        return self.decisive.phase if self.decisive else self.draft.phases.now

    @cached_property
    def charging(self) -> bool:
        return self.phase in (Phase.CHARGING, Phase.PAUSED)

    @cached_property
    def bus_disturbed(self) -> bool:
        """Error frames, or both sides lack many frames."""
        counts = self.counts
        if counts.bus_errors >= FEWEST_BUS_ERRORS and counts.bus_errors > BUS_ERROR_SHARE * counts.frames:
            return True
        frames = counts.frames / 2 or 1
        return all(
            lost >= FEWEST_LOST and lost > LOST_SHARE * frames for lost in (counts.lost_charger, counts.lost_vehicle)
        )

    @cached_property
    def battery_faults(self) -> tuple[str, ...]:
        return self.decisive.battery_faults if self.decisive else self.draft.battery_faults(self.draft.last)

    @cached_property
    def battery_full(self) -> bool:
        """Nothing is the matter with the battery but that it is charged."""
        soc = self.draft.readings.last_soc
        return self.battery_faults == (BatteryFault.SOC,) and soc is not None and soc >= NEARLY_FULL

    def age_of(self, *words: str) -> float | None:
        """How long before the end one of these had come; None: never, or there is no time."""
        if self.decisive is None or not self.timed:
            return None
        ages = [self.decisive.ages[word] for word in words if word in self.decisive.ages]
        return min(ages, default=None)

    @cached_property
    def silent_side(self) -> Side | None:
        """The side that fell silent while the other went on, where nobody said that it stops."""
        sides = self.draft.sides
        if len(sides) < len(Sender) or not self.timed:
            return None
        quiet = min(sides, key=sides.__getitem__)
        silent = self.draft.last - sides[quiet]
        return SIDES[quiet] if silent > (SIDE_SILENT if self.charging else LONG_SILENT) else None

    @cached_property
    def silence(self) -> float:
        """s of that silence."""
        return self.draft.last - min(self.draft.sides.values(), default=self.draft.last)

    @cached_property
    def over(self) -> bool:
        """The recording goes on after the session: it did not just end there."""
        return self.after > GOES_ON

    @cached_property
    def broken_off_by(self) -> Side | None:
        """Who began anew at once, without a word that it stops."""
        return None if self.followed_by is None or self.over or not self.timed else SIDES[self.followed_by]

    def values(self) -> dict[str, object]:
        """What the words of a rule may name."""
        readings = self.draft.readings
        seconds = self.draft.last - self.draft.start
        return {
            "reporter": SIDE_WORDS[self.reporter],
            "peer": SIDE_WORDS[self.peer],
            "message": self.message,
            "causes": cause_names(self.causes),
            "cause": cause_names((self.cause,)) if self.cause else Text("", ""),
            "awaited": self.awaited.word if self.awaited else "",
            "asked": self.awaited.asked if self.awaited else "",
            "rts": self.transfer.asked,
            "limit": f"{self.limit:g}",
            "age": _seconds(self.age if self.timed else None),
            "peer_age": _seconds(self.peer_age if self.timed else None),
            "waited": _seconds(self.decisive.waited if self.decisive and self.timed else None),
            "faults": cause_names(self.battery_faults),
            "silence": _seconds(self.silence),
            "phase": self.phase_words,
            "over_current": f"{readings.over_current / 1000:.1f}",
            "over_voltage": f"{readings.over_voltage / 1000:.1f}",
            "lost_charger": self.counts.lost_charger,
            "lost_vehicle": self.counts.lost_vehicle,
            "bus_errors": self.counts.bus_errors,
            "retries": self.counts.reconnections,
            "seconds": _seconds(seconds if self.timed else None),
        }

    @cached_property
    def phase_words(self) -> Text:
        return PHASES[self.phase]


def _seconds(seconds: float | None) -> Text:
    if seconds is None:
        return Text("an unknown time", "未知时长")
    return (
        Text(f"{seconds:.2f} s", f"{seconds:.2f} s") if seconds < 10 else Text(f"{seconds:.0f} s", f"{seconds:.0f} s")
    )
