"""Tariffs: what a session costs, reckoned alike at the edge and at the hub, to the fen.

engine        price a session by the rules of a version
rules_1/2     the rules; those of version 2 are written in docs/tariffs.md
calendar      which price holds when
energy        what flowed at which price
agreed        prices by use, time and power
deductions    passes, discounts, minimum, caps
words         why a line is what it is
affordable    what money surely buys
quote         the price in words before a start
starts        which tariff holds for a start, and when a start is cheapest
shares        how a service fee is shared
document      the tariff's file, in yuan; `tables` are its tables
"""

from chargelink.model.tariff import Period, Tariff
from chargelink.tariff.affordable import Affordable, affordable
from chargelink.tariff.amounts import fen
from chargelink.tariff.calendar import same_stretch
from chargelink.tariff.consumption import Consumption, TariffError
from chargelink.tariff.document import read_document, read_text
from chargelink.tariff.engine import (
    RULES_VERSION,
    due,
    price,
    price_occupancy,
    reprice,
    reprice_occupancy,
    tariff_hash,
)
from chargelink.tariff.quote import quote
from chargelink.tariff.shares import shares
from chargelink.tariff.starts import cheapest_start, choose

__all__ = [
    "RULES_VERSION",
    "Affordable",
    "Consumption",
    "Period",
    "Tariff",
    "TariffError",
    "affordable",
    "cheapest_start",
    "choose",
    "due",
    "fen",
    "price",
    "price_occupancy",
    "quote",
    "read_document",
    "read_text",
    "reprice",
    "reprice_occupancy",
    "same_stretch",
    "shares",
    "tariff_hash",
]
