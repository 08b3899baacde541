"""A value with where it comes from, how far it can be believed, and how old it is."""

from enum import StrEnum
from typing import NamedTuple


class Quality(StrEnum):
    """Only what is good may be obeyed; the rest is shown."""

    GOOD = "good"
    DOUBTFUL = "doubtful"  # out of its physical range, or against what was read before
    ABSENT = "absent"  # the device answered that it has none


class Reading(NamedTuple):
    """One quantity of a device. `value` in mWh, mV, mA or mW; `at` in s of the loop's clock, when it was heard."""

    source: str
    quantity: str
    value: int | None
    quality: Quality
    at: float
    because: str = ""  # why it is not good

    def age(self, now: float) -> float:
        """How old it is, in s."""
        return now - self.at
