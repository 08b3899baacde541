"""The priced result of a session, line by line, with what it was reckoned from."""

from typing import Annotated, Literal

import msgspec

from chargelink.link.quantities import EXACT, Energy, HexDigest, Money, Name, Price, Sentence, SessionId, Time
from chargelink.link.shape import Document
from chargelink.model.reading import Reading
from chargelink.model.tariff import PeriodName

What = Literal["energy", "service", "occupancy", "use"]  # electricity fee, service fee, 占位费; "use" in rules 1 only
Rule = Literal["period", "use", "time", "tier", "pass", "discount", "minimum", "most", "prepaid", "occupancy"]
Measured = Literal["verified", "overdue", "unverified", "calculated"]
Amount = Annotated[int, msgspec.Meta(ge=-EXACT, le=EXACT, description="fen")]
Duration = Annotated[int, msgspec.Meta(ge=0, le=EXACT, description="ms")]


class BillLine(Document, frozen=True):
    """One amount, rounded once; below 0 where something is taken off.

    `what` is the fee that it belongs to, `rule` the rule that made it. `price` is per kWh, or per hour where `duration`
    is given; null where energy is told for information only.
    """

    what: What
    energy: Energy  # mWh
    amount: Amount  # fen
    because: Sentence
    period: PeriodName | None = None
    price: Price | None = None  # 1/100 000 yuan per kWh or hour
    rule: Rule | None = None
    duration: Duration | None = None


class Boundary(Document, frozen=True):
    """Where a price changed between two readings: energy between them was split by time, or took the cheapest."""

    at: Time
    before: Reading
    after: Reading
    cheapest: bool = False


class Bill(Document, frozen=True):
    """What is due for a session: `total` fen for `energy` mWh. Rules 1 knows the fields up to `ended_at`.

    `total` is `energy_fee` + `service_fee` + `occupancy_fee`, and the sum of the lines. `measured` says what the energy
    is worth: by a meter that is verified and in date, overdue or of which nobody says that it is verified; or
    calculated by a socket, which is for information. `given_away` is energy beyond what the prepaid amount bought.
    `times` says by which times it was priced: as read, or as a clock that was put right later has them, whichever is
    lower. Both ends reckon it with the same rules (`rules_version`) from tariff, readings and these inputs.
    """

    session_id: SessionId
    tariff_id: Name
    tariff_hash: HexDigest
    rules_version: Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
    lines: tuple[BillLine, ...]
    total: Money
    energy: Energy
    verified_meter: bool
    fault: bool
    started_at: Time | None = None  # first and last reading; None without any
    ended_at: Time | None = None
    energy_fee: Money | None = None
    service_fee: Money | None = None
    occupancy_fee: Money | None = None
    measured: Measured | None = None
    duration: Duration | None = None
    given_away: Energy = 0
    given_away_amount: Money = 0
    boundaries: tuple[Boundary, ...] = ()
    times: Literal["read", "corrected"] = "read"
    pass_id: Name | None = None
