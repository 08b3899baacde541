"""Tariffs, readings and sessions that several tests of the ledger charge by."""

from chargelink.edge.ledger import Ending, Sessions
from chargelink.model import Period, Reading, SessionKind, SessionStarted, StopReason, Tariff

MIDNIGHT = 1_771_689_600_000  # 2026-02-22 00:00 in China
MINUTE = 60_000
HOUR = 60 * MINUTE
NIGHT = Period(start="22:00", end="08:00", name="valley", energy_price=30_000, service_price=20_000)
DAY = Period(start="08:00", end="22:00", name="peak", energy_price=90_000, service_price=20_000)
TARIFF = Tariff(id="by-time", version=1, periods=(NIGHT, DAY))
MORNING = Tariff(
    id="morning",
    version=1,
    periods=(
        Period(start="00:00", end="00:01", name="valley", energy_price=30_000, service_price=20_000),
        Period(start="00:01", end="24:00", name="flat", energy_price=30_000, service_price=20_000),
    ),
)
PER_USE = Tariff(id="per-use", version=1, per_use=100)
STOP = Ending(StopReason.LOCAL, by="driver")


def reading(at: int, watt_hours: int) -> Reading:
    return Reading(at=MIDNIGHT + at, register=watt_hours * 1000)


async def begin(sessions: Sessions, at: int = 0, remote_start_id: int | None = None) -> SessionStarted:
    begun = await sessions.begin(
        "gun-1", SessionKind.DC, TARIFF, MIDNIGHT + at, remote_start_id=remote_start_id, start=reading(at, 100)
    )
    return begun.started
