"""A personal field as far as it can be seen, and as far as it may."""

from enum import StrEnum
from typing import NamedTuple

from chargelink.cli.masking import masked


class Sight(StrEnum):
    """What can be seen of a personal field."""

    KNOWN = "known"
    ERASED = "erased"
    NO_KEY = "no-key"  # the edge has not told it yet, or tells it again
    DAMAGED = "damaged"


class Seen(NamedTuple):
    """A personal field as far as it can be seen; `text` is in plain, and only where it is known."""

    sight: Sight
    text: str | None = None

    @property
    def masked(self) -> str | None:
        """What may be shown to everybody."""
        return None if self.text is None else masked(self.text)
