"""Tariffs: what a session costs, reckoned alike at the edge and at the hub, to the fen."""

from chargelink.model.tariff import Period, Tariff
from chargelink.tariff.engine import RULES_VERSION, TariffError, fen, price, reprice, same_stretch, split, tariff_hash

__all__ = [
    "RULES_VERSION",
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
