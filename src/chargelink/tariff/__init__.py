"""Tariffs: what a session costs, reckoned alike at the edge and at the hub, to the fen.

engine        price a session by the rules of a version
rules_1/2     the rules; those of version 2 are written in docs/tariffs.md
calendar      which price holds when
energy        what flowed at which price
agreed        prices by use, time and power
deductions    passes, discounts, minimum, caps
words         why a line is what it is
buying        what money surely buys
starts        which tariff holds for a start, and when a start is cheapest
quoting       the price in words before a start
meaning       a tariff in words, for who wrote it
slips         what a person should look at in a tariff
sharing       how a service fee is shared
document      the tariff's file, in yuan; `tables` are its tables
"""

from chargelink.model.tariff import Period, Tariff
from chargelink.tariff.amounts import fen
from chargelink.tariff.buying import Affordable, affordable
from chargelink.tariff.calendar import same_stretch
from chargelink.tariff.consumption import Consumption, TariffError
from chargelink.tariff.document import read_document, read_text
from chargelink.tariff.engine import (
    RULES_VERSION,
    due,
    explained,
    explained_occupancy,
    price,
    price_occupancy,
    reprice,
    reprice_occupancy,
    tariff_hash,
)
from chargelink.tariff.meaning import explain, week
from chargelink.tariff.quoting import quote
from chargelink.tariff.sharing import shares
from chargelink.tariff.slips import doubts
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
    "doubts",
    "due",
    "explain",
    "explained",
    "explained_occupancy",
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
    "week",
]
