"""Where one session of a pair ends and the next begins."""

from chargelink.gbt27930.catalogue import Sender
from chargelink.gbt27930.listener import Heard
from chargelink.trace.sessions.draft import AA, Draft
from chargelink.trace.sessions.model import Phase

HOLE = 1.0  # s without a frame of either side: no device is silent for so long within a charge
APART = 60.0  # s of silence after which nothing belongs to what was before
SMALL_STEP = 1.0  # s that a clock goes back because a recorder mixes its channels
BEFORE_CHARGE = (Phase.UNKNOWN, Phase.HANDSHAKE, Phase.INSULATION, Phase.RECOGNITION, Phase.PARAMETERS, Phase.PREPARING)
HANDSHAKES = (Phase.UNKNOWN, Phase.HANDSHAKE, Phase.INSULATION)
OPENING = ("CHM", "BHM", "CRM", "BRM")  # messages that may begin a session
LATE_WORDS = ("CST", "BST", "CEM", "BEM", "CSD", "BSD")


class Clock:
    """The time of a pair: it never goes back, whatever the recorder's clock does."""

    def __init__(self) -> None:
        self.now = 0.0
        self.shift = 0.0  # what the recording's clock is ahead by

    def at(self, time: float) -> float:
        now = time - self.shift
        if now < self.now:
            if self.now - now >= SMALL_STEP:
                self.shift += now - self.now  # somebody set the clock, or another recording goes on here
            now = self.now
        self.now = now
        return now

    def restart(self, time: float) -> None:
        """A session begins: its times are those of the recording."""
        self.now, self.shift = time, 0.0


def begins(draft: Draft, heard: Heard, silent: float, now: float) -> bool:
    """Whether a message begins another session. `silent` is how long the pair had been, in s."""
    name, phase = heard.entry.name, draft.phases.now
    if not draft.ever.difference(LATE_WORDS) and name in OPENING:
        return False  # what there was is the echo of a charge before
    if silent > APART:
        return name in OPENING or draft.ending.first is not None
    if name == "CHM":
        return phase not in HANDSHAKES
    if is_first(heard):
        if draft.ending.error is not None:  # a vehicle may go on with its BEM long after the plug is out
            return now - draft.sides.get(Sender.CHARGER, now) > APART
        return phase not in BEFORE_CHARGE
    if Sender.CHARGER in draft.sides:
        return False
    if name == "BHM":  # the recording has the vehicle only
        return phase not in HANDSHAKES
    return name == "BRM" and phase not in BEFORE_CHARGE and draft.ending.error is None


def reconnects(draft: Draft, heard: Heard, now: float) -> bool:
    """Whether a message begins the recognition again within the session (GB/T 27930-2015, 10.5, annex A)."""
    name = heard.entry.name
    if is_first(heard):
        if draft.talkers[Sender.CHARGER].shadow.is_recognising and now - draft.words.get("CRM(00)", now) < HOLE:
            return False  # the charger goes on as before: it is for the vehicle to begin again
        return draft.ending.error is not None or draft.phases.now not in HANDSHAKES
    return name == "BRM" and vehicle_begins_again(draft)


def vehicle_begins_again(draft: Draft) -> bool:
    """Whether a BRM, or the request to send one, is a new attempt after the vehicle's error."""
    error = draft.ending.error
    return error is not None and error.sender is Sender.BMS


def is_first(heard: Heard) -> bool:
    """Whether it is CRM(00), with which recognition begins."""
    return getattr(heard.message, "recognition_result", AA) != AA
