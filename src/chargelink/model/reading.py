"""A meter's register at a time."""

from chargelink.link.quantities import Energy, Time
from chargelink.link.shape import Document


class Reading(Document, frozen=True):
    """A meter's register at a time. Registers never run backwards within a session.

    `at` is what the clock said then. `corrected` is when it was, as a clock that was put right later has it; null where
    that is the same.
    """

    at: Time
    register: Energy  # mWh
    corrected: Time | None = None
