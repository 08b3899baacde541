"""What a START says: caps, what the money surely buys, what one use of a pass holds; whichever is least."""

import pytest

from chargelink.edge.sockets.settlement import is_possible, usage_of
from chargelink.edge.sockets.terms import TIER_BOUNDS, StartRefused, Terms
from chargelink.link.messages import Caps
from chargelink.lora_socket.codes import Place, StopReason
from chargelink.lora_socket.messages import Settle
from chargelink.model import Authorisation, PassTerms, Period, PerTime, PowerTiers, Tariff, Tier, Usage

# 1 yuan per kWh, and 8 Wh whose two fees of less than half a fen are rounded down.
ENERGY = Tariff("energy", 1, periods=(Period("00:00", "24:00", "flat", 60_000, 40_000),))
USE = Tariff("use", 1, per_use=200, monthly_pass=PassTerms(3000, minutes_per_use=300, energy_per_use=1_500_000))
TIME = Tariff("time", 1, per_time=PerTime(price=30_000, step=30))  # 0.15 yuan each half hour
TIERS = Tariff(
    "tiers",
    1,
    tiers=PowerTiers(
        "time-per-tier", (Tier(10_000, 200_000), Tier(20_000, 500_000), Tier(100_000, 1_000_000), Tier(600_000))
    ),
)
USUAL = (480, 3_000_000)
PASS = Authorisation(pass_id="p-1")


def prepaid(money: int) -> Authorisation:
    return Authorisation(prepaid=money)


@pytest.mark.parametrize(
    ("tariff", "caps", "authorisation", "minutes", "energy"),
    [
        (None, Caps(), None, *USUAL),
        (ENERGY, Caps(), None, *USUAL),
        (ENERGY, Caps(), prepaid(200), 480, 2_008_000),
        (ENERGY, Caps(money=150), prepaid(200), 480, 1_508_000),
        (ENERGY, Caps(money=300), prepaid(200), 480, 2_008_000),
        (ENERGY, Caps(energy=700_999), prepaid(200), 480, 700_000),
        (ENERGY, Caps(), prepaid(10_000), *USUAL),  # money for more than the site gives
        (USE, Caps(), prepaid(200), *USUAL),
        (USE, Caps(), PASS, 300, 1_500_000),
        (USE, Caps(minutes=10, energy=2_000), PASS, 10, 2_000),
        (TIME, Caps(), prepaid(44), 60, 3_000_000),  # two halves of an hour; the third would cost 45
        (TIME, Caps(minutes=45), prepaid(44), 45, 3_000_000),
        (TIERS, Caps(), prepaid(30), 89, 3_000_000),  # up to 400 W the second tier is the dearest; a fen is kept back
        (TIERS, Caps(power=150_000), prepaid(30), 182, 3_000_000),
        (TIERS, Caps(power=2_200_000), prepaid(300), 29, 3_000_000),
    ],
)
def test_limits(
    tariff: Tariff | None, caps: Caps, authorisation: Authorisation | None, minutes: int, energy: int
) -> None:
    start = Terms().start(7, caps, tariff, authorisation)
    assert (start.most_minutes, start.most_energy) == (minutes, energy)


@pytest.mark.parametrize(
    ("tariff", "caps", "authorisation", "why"),
    [
        (ENERGY, Caps(), prepaid(0), "money buys less than 1 Wh"),
        (USE, Caps(), prepaid(199), "money buys less"),
        (TIME, Caps(), prepaid(14), "money buys less"),
        (TIERS, Caps(power=2_200_000), prepaid(9), "money buys less"),
        (ENERGY, Caps(energy=999), prepaid(500), "caps leave less than 1 Wh"),
        (None, Caps(power=999), None, "caps leave less than 1 Wh"),
    ],
)
def test_nothing_begins_that_gives_nothing(
    tariff: Tariff | None, caps: Caps, authorisation: Authorisation | None, why: str
) -> None:
    with pytest.raises(StartRefused, match=why) as refused:
        Terms().start(7, caps, tariff, authorisation)
    assert refused.value.text.chinese != refused.value.text.english


def settled(*tiers: int, duration: int, energy: int = 0, reason: StopReason = StopReason.BUTTON) -> Settle:
    one, two, three, four, five = (*tiers, 0, 0, 0, 0, 0)[:5]
    return Settle(7, Place.A, reason, 1_790_000_000, duration, energy, 350_000, one, two, three, four, five, 0)


@pytest.mark.parametrize(
    ("settle", "passed", "duration", "minutes"),
    [
        (settled(10, 20, duration=1_830), None, 1_830_000, (10, 20, 0, 0, 0)),
        (settled(10, 20, 600, duration=1_830), None, 1_830_000, (10, 20, 1, 0, 0)),  # more than the time there was
        (settled(0, 0, 0, 0, 31, duration=1_830), None, 1_830_000, (0, 0, 0, 0, 31)),
        (settled(60, duration=3_601, reason=StopReason.TIME), None, 3_600_000, (60, 0, 0, 0, 0)),  # START said 60
        (settled(60, duration=3_601, reason=StopReason.FULL), None, 3_601_000, (60, 0, 0, 0, 0)),
        (settled(999, duration=65_535), 600_000, 660_000, (11, 0, 0, 0, 0)),  # ten minutes ago it began
    ],
)
def test_time_is_what_can_have_passed(
    settle: Settle, passed: int | None, duration: int, minutes: tuple[int, ...]
) -> None:
    granted = Terms(minutes=60).start(7, Caps())
    assert usage_of(settle, TIER_BOUNDS, granted, passed) == Usage(
        duration=duration, peak_power=350_000, tier_bounds=TIER_BOUNDS, tier_minutes=minutes
    )


@pytest.mark.parametrize(
    ("seconds", "energy", "possible"),
    [(0, 20_000, True), (0, 20_100, False), (3600, 2_264_000, True), (3600, 2_264_100, False)],
)
def test_an_outlet_gives_no_more_than_its_rating(seconds: int, energy: int, possible: bool) -> None:
    settle = settled(duration=seconds, energy=energy)
    assert is_possible(settle, usage_of(settle, TIER_BOUNDS, None, None)) is possible
