"""What a gun sells, and by what meter."""

from datetime import date
from pathlib import Path

import pytest
from tests.edge.drivers.jumping import run
from tests.edge.drivers.stage import BY_ENERGY, PRICES, VERIFIED, stage

from chargelink.edge.charge.events import RefusedError
from chargelink.edge.charge.phases import Phase
from chargelink.edge.verification import Verification
from chargelink.model import Measured, Tariff

OVERDUE = date(2020, 1, 1)


@pytest.mark.parametrize("meter", [Verification("meter-1"), Verification("meter-1", OVERDUE)])
def test_nothing_is_sold_by_kwh_on_a_meter_that_is_not_verified_and_in_date(
    tmp_path: Path, meter: Verification
) -> None:
    async def story() -> None:
        async with stage(tmp_path, verification=meter) as s:
            await s.phase(Phase.AVAILABLE)
            s.site.plug()
            await s.phase(Phase.LOCKED)
            with pytest.raises(RefusedError, match="not sold by kWh"):
                await s.gun.start(BY_ENERGY)
            assert s.gun.controller.phase is Phase.LOCKED
            assert s.sessions.open == ()

    run(story())


@pytest.mark.parametrize(
    ("meter", "tariff", "measured"),
    [
        (VERIFIED, BY_ENERGY, "verified"),
        (Verification("meter-1", OVERDUE), PRICES, "overdue"),
        (Verification("meter-1", OVERDUE, sells=True), BY_ENERGY, "overdue"),
        (Verification("meter-1", sells=True), BY_ENERGY, "unverified"),
    ],
)
def test_the_record_says_what_its_kwh_are_worth(
    tmp_path: Path, meter: Verification, tariff: Tariff, measured: Measured
) -> None:
    async def story() -> None:
        async with stage(tmp_path, verification=meter, target=630) as s:
            await s.phase(Phase.AVAILABLE)
            s.site.plug()
            await s.phase(Phase.LOCKED)
            await s.gun.start(tariff)
            await s.until(lambda: s.ended)
            assert s.ended
            assert s.ended.measured == measured
            assert s.ended.bill.energy > 0

    run(story())
