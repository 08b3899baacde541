"""The priced result of a session, line by line, with what it was reckoned from."""

from typing import Annotated, Literal

import msgspec

from chargelink.link.quantities import Energy, HexDigest, Money, Name, Price, Sentence, SessionId, Time
from chargelink.link.shape import Shape
from chargelink.model.tariff import PeriodName

What = Literal["energy", "service", "use"]  # electricity fee, service fee, price of one use


class BillLine(Shape, frozen=True):
    """One amount, rounded once. `price` is null where energy is told for information only (a price per use)."""

    what: What
    energy: Energy  # mWh
    amount: Money  # fen
    because: Sentence
    period: PeriodName | None = None
    price: Price | None = None  # 1/100 000 yuan per kWh


class Bill(Shape, frozen=True):
    """What is due for a session: `total` fen for `energy` mWh.

    `verified_meter` says whether the energy was measured by a verified meter or calculated; `fault` that the session
    broke down. Both ends reckon it with the same rules (`rules_version`) from tariff, readings and these inputs.
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
