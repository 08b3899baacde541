"""A vendor's profile: rows that go before the standard's, and where the meter has what a charge needs."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from chargelink.dlt645.catalogue import STANDARD, Catalogue, Row
from chargelink.dlt645.control import Words


class Poll(NamedTuple):
    """Identifiers to read again and again. Of `energy` the finest register comes first, those after it are for meters
    that lack it; "" for what the meter does not have."""

    energy: tuple[str, ...]
    voltage: str = ""
    current: str = ""
    power: str = ""


@dataclass(frozen=True)
class Profile:
    """`name` as in configurations, `words` who has it."""

    name: str
    words: Words
    rows: tuple[Row, ...]
    poll: Poll

    @cached_property
    def catalogue(self) -> Catalogue:
        """The standard with what the vendor does differently."""
        return STANDARD.with_rows(self.rows) if self.rows else STANDARD


STANDARD_PROFILE = Profile(
    "standard",
    Words("DL/T 645, with State Grid's precise register where the meter has it", "DL/T 645，含国网高精度电能"),
    (),
    Poll(("00600000", "00010000"), "02010100", "02020100", "02030000"),
)
