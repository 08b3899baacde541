"""Tariffs: what a session costs, reckoned alike at the edge and at the hub, to the fen."""

from chargelink.model.tariff import Period, Tariff
from chargelink.tariff.consumption import Consumption, TariffError
from chargelink.tariff.engine import RULES_VERSION, price, reprice, tariff_hash
from chargelink.tariff.rules_1 import fen, same_stretch, split

__all__ = [
    "RULES_VERSION",
    "Consumption",
    "Period",
    "Tariff",
    "TariffError",
    "fen",
    "price",
    "reprice",
    "same_stretch",
    "split",
    "tariff_hash",
]
