"""What a gun sells, and by what meter."""

import asyncio
from datetime import date
from pathlib import Path

import pytest
from tests.edge.charge.world import STEP
from tests.edge.drivers.jumping import run
from tests.edge.drivers.stage import BY_ENERGY, PRICES, VERIFIED, stage

from chargelink.edge.charge.events import RefusedError
from chargelink.edge.charge.phases import Phase
from chargelink.edge.verification import Verification
from chargelink.model import Authorisation, Caps, Measured, StopReason, Tariff

OVERDUE = date(2020, 1, 1)
RAMP = 1.5  # s: 120 A at 100 A/s, and the looks at the board around it


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


@pytest.mark.parametrize(
    ("authorisation", "caps", "bound"),
    [
        (Authorisation(prepaid=20), Caps(), 20),
        (Authorisation(prepaid=100), Caps(money=20), 20),
        (None, Caps(money=20), 20),
        (Authorisation(prepaid=0), Caps(), 0),
    ],
)
def test_it_stops_when_the_money_is_used_up_and_gives_away_little(
    tmp_path: Path, authorisation: Authorisation | None, caps: Caps, bound: int
) -> None:
    """The bound of what is given away: power x (reading interval + stop time)."""

    async def story() -> None:
        async with stage(tmp_path, capacity=60_000_000) as s:
            await s.phase(Phase.AVAILABLE)
            s.site.plug()
            await s.phase(Phase.LOCKED)
            await s.gun.start(BY_ENERGY, authorisation=authorisation, caps=caps)
            await s.phase(Phase.RAMPING)
            most = 0
            while s.ended is None:
                board = s.gun.controller.situation.board
                most = max(most, board.outside_voltage * board.current // 1000)
                await s.until(lambda: s.site._steps % 10 == 0)
                await asyncio.sleep(STEP)
            bill = s.ended.bill
            assert (s.ended.stop_reason, s.ended.stopped_by) == (StopReason.LOCAL_OUT_OF_CREDIT, "money-reached")
            assert bill.total == bound
            assert bill.energy == int(s.site._energy)
            assert most > 0
            assert bill.given_away <= most * (1.0 + RAMP) / 3600

    run(story())


def test_money_does_not_wait_for_a_ledger_that_stores_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that hangs must not make the edge give away energy: readings are judged before they are stored."""

    async def story() -> None:
        async with stage(tmp_path, capacity=60_000_000) as s:
            await s.phase(Phase.AVAILABLE)
            s.site.plug()
            await s.phase(Phase.LOCKED)
            await s.gun.start(BY_ENERGY, authorisation=Authorisation(prepaid=20))
            released = asyncio.Event()

            async def hangs(*_: object) -> bool:
                await released.wait()
                return False

            with monkeypatch.context() as disk:
                disk.setattr(s.sessions, "read", hangs)
                await s.phase(Phase.RAMPING)
                released.set()
            await s.until(lambda: s.ended)
            assert s.ended
            assert (s.ended.stopped_by, s.ended.bill.total) == ("money-reached", 20)

    run(story())
