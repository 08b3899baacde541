"""What is added up, by edge and device, and what does not agree."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple


class Span(NamedTuple):
    """A time from `begin` up to `end`, not included, in UTC ms."""

    begin: int
    end: int


class Place(NamedTuple):
    """A device of an edge."""

    edge: str
    device: str


class Difference(NamedTuple):
    """Two sums of the same thing that are not the same: fen, or mWh where `what` is energy or register.

    `session` is the one that makes it, "" where no single one does; `note` names what else is needed to find it.
    """

    what: str
    edge: str
    device: str
    session: str
    bills: int
    other: int
    note: str = ""

    @property
    def by(self) -> int:
        """How much more the bills say."""
        return self.bills - self.other


@dataclass(slots=True)
class Figures:
    """The sums of one device, or of all: fees in fen, as the settled bills have them and as the ledger has them.

    `energy` are the mWh of the bills, `metered` those of registers for the same sessions (None: nothing has one), of
    which the first and the last are shown; `between` flowed between sessions, to whom it may concern. `waiting` bills
    have no price yet, or one that a person has to look at; `given_away` was beyond what was prepaid.
    """

    sessions: int = 0
    energy: int = 0
    energy_fee: int = 0
    service_fee: int = 0
    occupancy_fee: int = 0
    ledger_energy_fee: int = 0
    ledger_service_fee: int = 0
    ledger_occupancy_fee: int = 0
    metered: int | None = None
    first_register: int | None = None
    last_register: int | None = None
    between: int = 0
    unread: int = 0  # sessions whose record is given up, or cannot be read: no register
    waiting: int = 0
    given_away: int = 0
    given_away_amount: int = 0

    def add(self, other: "Figures") -> None:
        """Add another device's; registers are one meter's own and stay out of a sum."""
        for name in SUMMED:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        if other.metered is not None:
            self.metered = (self.metered or 0) + other.metered


SUMMED = (
    *("sessions", "energy", "energy_fee", "service_fee", "occupancy_fee"),
    *("ledger_energy_fee", "ledger_service_fee", "ledger_occupancy_fee"),
    *("between", "unread", "waiting", "given_away", "given_away_amount"),
)


@dataclass(slots=True)
class Sheet:
    """The figures of each device, and the differences that were found."""

    places: dict[Place, Figures] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)

    def at(self, place: Place) -> Figures:
        """The figures of a device."""
        return self.places.setdefault(place, Figures())

    def compare(self, what: str, place: Place, session: str, bills: int, other: int, note: str = "") -> None:
        """Keep a difference, if there is one."""
        if bills != other:
            self.differences.append(Difference(what, *place, session, bills, other, note))

    def sorted_places(self) -> Iterator[tuple[Place, Figures]]:
        """By edge and device."""
        return iter(sorted(self.places.items()))
