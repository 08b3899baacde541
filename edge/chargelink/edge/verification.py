"""Is a meter verified and in date (检定有效期)? What its energy is worth, what may be sold by it, who is told in time.

By the edge's clock, in days of UTC+8; the day that stands in the configuration is the last good one.
"""

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from typing import NamedTuple, NoReturn

import structlog

from chargelink.cli.china import CHINA
from chargelink.cli.language import Text
from chargelink.edge.config.sections import Document
from chargelink.edge.ledger import Journal, LedgerError
from chargelink.edge.ledger.once import told_once
from chargelink.model import Alarm, Measured, Tariff

WARNED = (0, 30, 90)  # days before the end
LOOK_EVERY = 3600.0  # s
REMEMBERED = "verification/"  # what was told of a meter, in the ledger's memory

log = structlog.get_logger()


class Verification(NamedTuple):
    """What is known of one meter: the last day of its verification, None if nobody says, and its certificate.

    `sells` says that it may be sold by also when it is not verified.
    """

    meter: str = ""
    until: date | None = None
    certificate: str = ""
    sells: bool = False

    @property
    def named(self) -> str:
        """It, for people."""
        return f"{self.meter} ({self.certificate})" if self.certificate else self.meter

    def measured(self, now: int) -> Measured:
        """What energy measured at `now` (UTC ms) is worth."""
        if self.until is None:
            return "unverified"
        return "verified" if _day(now) <= self.until else "overdue"

    def days_left(self, now: int) -> int | None:
        """Until its last day, on which it is 0; below 0 after it."""
        return None if self.until is None else (self.until - _day(now)).days

    def problem(self, now: int) -> Text | None:
        """Why nothing is to be sold by this meter; None if it may."""
        match self.measured(now):
            case "verified":
                return None
            case "overdue":
                return Text(
                    f"the verification of meter {self.named} ended on {self.until}",
                    f"电能表 {self.named} 的检定已于 {self.until} 到期",
                )
        return Text(
            f"nobody says that meter {self.named} is verified (verified_until)",
            f"未填写电能表 {self.named} 的检定有效期（verified_until）",
        )


def refusal(tariff: Tariff, verification: Verification, now: int) -> str:
    """Why nothing can be sold at this price by this meter, in both languages; empty if it can."""
    problem = verification.problem(now)
    if problem is None or verification.sells or not tariff.periods:
        return ""
    return f"not sold by kWh: {problem.english} / 不能按电量收费：{problem.chinese}"


def due(verification: Verification, now: int) -> Alarm | None:
    """What a person should know of a meter now."""
    left, text = verification.days_left(now), verification.problem(now)
    if left is None or left < 0:
        code = "meter-unverified" if left is None else "meter-overdue"
    elif left > WARNED[-1]:
        return None
    else:
        code = f"meter-due-{next(days for days in WARNED if left <= days)}"
    text = text or Text(
        f"the verification of meter {verification.named} ends on {verification.until}, in {left} days",
        f"电能表 {verification.named} 的检定将于 {verification.until} 到期，还有 {left} 天",
    )
    return Alarm(code=code, text=f"{text.english} / {text.chinese}", at=now, device=verification.meter)


def verifications(config: Document) -> dict[str, Verification]:
    """What the configuration says of its meters, by their ids."""
    sells = config.site.sell_unverified
    return {meter.id: Verification(meter.id, meter.verified_until, meter.certificate, sells) for meter in config.meters}


def warnings(config: Document, now: int) -> list[str]:
    """What whoever checks a configuration should know of its meters, in both languages."""
    found = [due(meter, now) for meter in verifications(config).values()]
    return [alarm.text for alarm in found if alarm is not None]


async def remind(meters: Iterable[Verification], journal: Journal, clock: Callable[[], int]) -> NoReturn:
    """Record once each that a meter's verification ends in 90 days, in 30, today, has ended, or is unknown."""
    known = tuple(meters)
    while True:
        for meter in known:
            try:
                await tell(meter, journal, clock())
            except LedgerError as error:
                log.error("verification of a meter not recorded", meter=meter.meter, why=str(error))
        await asyncio.sleep(LOOK_EVERY)


async def tell(verification: Verification, journal: Journal, now: int) -> bool:
    """Record what is due, unless that was done; whether it was. Raises LedgerError."""
    alarm = due(verification, now)
    if alarm is None:
        return False
    said = f"{alarm.code} {verification.until}".encode()
    return await told_once(journal, alarm, REMEMBERED + verification.meter, said)


def _day(now: int) -> date:
    return datetime.fromtimestamp(now / 1000, UTC).astimezone(CHINA).date()
