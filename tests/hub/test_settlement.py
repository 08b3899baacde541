"""Pricing again: what is kept of it says why in both languages, and is still the bill."""

import json

import msgspec
from tests.model.test_records import ENDED, TARIFF

from chargelink.hub.services.settlement import settle
from chargelink.hub.store.models import Settlement
from chargelink.model import Bill, OccupancyEnded, Tariff
from chargelink.model.tariff import Occupancy
from chargelink.tariff import price_occupancy, tariff_hash

STAYING = Tariff(id="s", version=1, periods=TARIFF.periods, occupancy=Occupancy(grace=10, price=600_000))


def test_each_line_of_a_charge_says_why_in_both_languages() -> None:
    settled = settle(ENDED, TARIFF)
    assert settled.settlement is Settlement.AGREED
    lines = json.loads(settled.kept)["lines"]
    assert [line["because"] for line in lines] == [line.because for line in ENDED.bill.lines]
    assert all("元" in line["becauseChinese"] for line in lines)
    assert msgspec.json.decode(settled.kept, type=Bill) == settled.hub_bill


def test_so_does_that_of_a_stay() -> None:
    name = tariff_hash(STAYING)
    bill = price_occupancy(STAYING, name, ENDED.session_id, 1_200_000)
    stay = OccupancyEnded(
        session_id=ENDED.session_id,
        edge_id="e",
        device="gun-1",
        tariff_id="s",
        tariff_hash=name,
        started_at=2_000,
        at=1_202_000,
        duration=1_200_000,
        bill=bill,
    )
    (line,) = json.loads(settle(stay, STAYING).kept)["lines"]
    assert (line["amount"], line["because"]) == (100, bill.lines[0].because)
    assert "元" in line["becauseChinese"]


def test_without_a_price_nothing_is_kept() -> None:
    assert settle(ENDED, None).kept == ""
