"""A bill while it is reckoned: lines that are added up, each with its reason in both languages."""

from dataclasses import dataclass, field

from chargelink.cli.language import Text
from chargelink.model import BillLine
from chargelink.model.bill import Rule, What
from chargelink.model.tariff import PeriodName
from chargelink.tariff.amounts import possible

LONGEST_REASON = 512
BOTH: tuple[What, What] = ("energy", "service")  # in the order of their lines


@dataclass(frozen=True, slots=True)
class Line:
    """One amount, as in a `BillLine`."""

    what: What
    amount: int
    rule: Rule
    why: Text
    energy: int = 0
    period: PeriodName | None = None
    price: int | None = None
    duration: int | None = None

    def __post_init__(self) -> None:
        possible(abs(self.amount))
        possible(self.duration or 0, "ms")

    def written(self) -> BillLine:
        """As it stands in the bill."""
        return BillLine(
            what=self.what,
            energy=self.energy,
            amount=self.amount,
            because=self.why.english[:LONGEST_REASON],
            period=self.period,
            price=self.price,
            rule=self.rule,
            duration=self.duration,
        )


@dataclass
class Tally:
    """Lines, and what they come to."""

    lines: list[Line] = field(default_factory=list)

    def fee(self, what: What) -> int:
        """The sum of the lines of one kind."""
        return sum(line.amount for line in self.lines if line.what == what)

    @property
    def total(self) -> int:
        """The sum of all lines."""
        return sum(line.amount for line in self.lines)

    def take_off(self, energy: int, service: int, rule: Rule, why: Text) -> None:
        """A line less for each of the two fees; none for 0 fen."""
        for what, amount in zip(BOTH, (energy, service), strict=True):
            if amount:
                self.lines.append(Line(what, -amount, rule, why))

    def take_off_service_first(self, amount: int, rule: Rule, why: Text) -> None:
        """Take an amount off the service fee, and what that does not hold off the electricity fee."""
        service = min(amount, self.fee("service"))
        self.take_off(min(amount - service, self.fee("energy")), service, rule, why)
