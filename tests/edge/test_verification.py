"""A meter is verified until the end of its last day, and people hear of that day in time, once each."""

import asyncio
from datetime import date
from pathlib import Path

import pytest
from tests.edge.ledger.opened import kinds_waiting, open_journal

from chargelink.cli.main import main
from chargelink.edge.verification import Verification, due, refusal, tell
from chargelink.model import Measured, Period, Tariff

DAY = 86_400_000  # ms
LAST = date(2029, 5, 31)
ENDS = 1_874_937_600_000  # 2029-05-31T24:00 in UTC+8
BY_ENERGY = Tariff(id="t", version=1, periods=(Period(start="00:00", end="24:00", name="flat", energy_price=65_000),))
PER_USE = Tariff(id="t", version=1, per_use=200)


@pytest.mark.parametrize(
    ("until", "now", "measured", "left", "code"),
    [
        (LAST, ENDS - 91 * DAY - 1, "verified", 91, None),
        (LAST, ENDS - 90 * DAY - 1, "verified", 90, "meter-due-90"),
        (LAST, ENDS - 31 * DAY - 1, "verified", 31, "meter-due-90"),
        (LAST, ENDS - 30 * DAY - 1, "verified", 30, "meter-due-30"),
        (LAST, ENDS - DAY - 1, "verified", 1, "meter-due-30"),
        (LAST, ENDS - DAY, "verified", 0, "meter-due-0"),
        (LAST, ENDS - 1, "verified", 0, "meter-due-0"),
        (LAST, ENDS, "overdue", -1, "meter-overdue"),
        (LAST, ENDS + 400 * DAY, "overdue", -401, "meter-overdue"),
        (None, ENDS, "unverified", None, "meter-unverified"),
    ],
)
def test_days(until: date | None, now: int, measured: Measured, left: int | None, code: str | None) -> None:
    meter = Verification("meter-1", until, "JL-0161")
    assert meter.measured(now) == measured
    assert meter.days_left(now) == left
    alarm = due(meter, now)
    assert (alarm and alarm.code) == code
    assert alarm is None or "meter-1 (JL-0161)" in alarm.text
    assert (meter.problem(now) is None) == (measured == "verified")


@pytest.mark.parametrize(
    ("meter", "tariff", "refused"),
    [
        (Verification("m", LAST), BY_ENERGY, ""),
        (Verification("m", date(2029, 5, 29)), BY_ENERGY, "not sold by kWh: the verification of meter m ended on"),
        (Verification("m"), BY_ENERGY, "not sold by kWh: nobody says that meter m is verified"),
        (Verification("m"), PER_USE, ""),  # its kWh are for information
        (Verification("m", sells=True), BY_ENERGY, ""),
    ],
)
def test_what_may_be_sold(meter: Verification, tariff: Tariff, refused: str) -> None:
    words = refusal(tariff, meter, ENDS - 1)
    assert words.startswith(refused)
    assert bool(words) == bool(refused)
    assert not words or "不能按电量收费" in words


def test_alarms_come_once_each_and_again_for_another_day(tmp_path: Path) -> None:
    async def story() -> None:
        journal = open_journal(tmp_path / "ledger.db")
        try:
            days = (100, 90, 60, 30, 29, 0, 0, -1, -2)
            told = [await tell(Verification("m", LAST), journal, ENDS - 1 - left * DAY) for left in days]
            assert told == [False, True, False, True, False, True, False, True, False]
            assert not await tell(Verification("m", date(2034, 5, 31)), journal, ENDS)
            assert await tell(Verification("m"), journal, ENDS)
            assert (await kinds_waiting(journal)).count("alarm") == 5
        finally:
            await journal.close()
        journal = open_journal(tmp_path / "ledger.db")
        try:
            assert not await tell(Verification("m"), journal, ENDS + DAY)  # nor after a restart
        finally:
            await journal.close()

    asyncio.run(story())


def test_whoever_checks_a_configuration_is_warned(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    samples = Path(__file__).parents[2] / "edge" / "config"
    text = (samples / "simulated.toml").read_text().replace("verified_until", "# verified_until")
    (tmp_path / "edge.toml").write_text(text)
    (tmp_path / "tariff.toml").write_text((samples / "tariff.toml").read_text())
    assert main(["edge", "check", str(tmp_path / "edge.toml")]) == 0
    said = capsys.readouterr().out
    assert "warning: nobody says that meter meter-1 is verified" in said
    assert "can be run" in said
