"""Random tariffs and sessions as plain documents, with a liking for the places where rules meet.

Each maker draws from a `random.Random`: a seeded one for histories, Hypothesis' own where a failure should shrink.
"""

from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

Map = dict[str, Any]

CHINA = timezone(timedelta(hours=8))
NAMES = ("sharp", "peak", "flat", "valley", "deep-valley")
PRICES = (0, 1, 30_000, 35_003, 60_000, 99_999, 120_000)
GROUPS = ("fleet", "staff")
BOUNDS = (100_000, 150_000, 200_000, 300_000, 500_000)  # mW
HOURLY = (0, 1_000, 15_000, 20_000, 33_333, 100_000)  # 1/100 000 yuan per hour
DAYS = ("2026-12-31", "2027-01-01", "2027-02-28", "2027-03-01", "2027-06-30", "2027-10-01", "2028-02-29", "2028-03-01")
SEASONS = (("11-01", "02-28"), ("12-31", "01-01"), ("02-29", "02-29"), ("03-01", "10-31"), ("07-01", "06-30"))
STEPS = (
    0,
    1,
    999,
    60_000,
    120_000,
    180_000,
    240_000,
    299_999,
    300_000,
    300_001,
    3_600_000,
    86_400_000,
)  # ms between readings
ENERGIES = (0, 1, 7, 999, 1_000_000, 12_345_678, 60_000_000, 2**52)  # mWh
SOLD = ("periods", "periods", "perUse", "perTime", "time-per-tier", "highest")
DAY = 86_400_000


def sometimes(random: Random, value: Any, chance: int = 3) -> Any:
    """The value, or None more often."""
    return value if random.randrange(chance) == 0 else None


def given(document: Map) -> Map:
    """The document without what is None: left out."""
    return {name: value for name, value in document.items() if value is not None}


def tariff(random: Random, sold: str | None = None) -> Map:
    """A tariff that can be published."""
    sold = sold or random.choice(SOLD)
    minimum = random.choice((0, 0, 1, 50, 300))
    document = {
        "id": "random",
        "version": 1,
        **_sold(random, sold),
        "minimum": minimum,
        "most": sometimes(random, random.choice((minimum, minimum + 1, 500, 2_000))),
        "occupancy": sometimes(random, _occupancy(random), 2),
        "discounts": [_discount(random) for _ in range(random.choice((0, 0, 1, 2)))],
        "monthlyPass": sometimes(random, {"price": 3_000, "usesPerMonth": 30}),
    }
    return given(document)


def _sold(random: Random, sold: str) -> Map:
    if sold == "periods":
        plans = [_plan(random) for _ in range(random.choice((0, 0, 1, 2, 3)))]
        return {"periods": periods(random), "plans": plans}
    inside = {"inside": random.choice((0, 50_000, 60_001, 500_000))}
    if sold == "perUse":
        return {"perUse": random.choice((0, 1, 100, 250)), **inside}
    step = random.choice((1, 1, 15, 30, 60, 240))
    if sold == "perTime":
        return {"perTime": {"price": random.choice(HOURLY), "step": step}, **inside}
    bounds = sorted(random.sample(BOUNDS, random.randrange(4)))
    tiers = [given({"price": random.choice(HOURLY), "upTo": bound}) for bound in [*bounds, None]]
    return {"tiers": {"rule": sold, "tiers": tiers, "step": step}, **inside}


def periods(random: Random) -> list[Map]:
    """Each minute of a day once; the last one often runs over midnight."""
    grid = random.choice((60, 30, 30, 1))
    count = random.choice((1, 2, 3, 4, 5, 48))
    starts = sorted({random.randrange(1440 // grid) * grid for _ in range(count)})
    ends = [*starts[1:], starts[0]]
    return [_period(random, start, end) for start, end in zip(starts, ends, strict=True)]


def _period(random: Random, start: int, end: int) -> Map:
    word = "24:00" if end == 0 and random.randrange(2) else f"{end // 60:02}:{end % 60:02}"
    return {
        "start": f"{start // 60:02}:{start % 60:02}",
        "end": word,
        "name": random.choice(NAMES[: random.choice((2, 5))]),
        "energyPrice": random.choice(PRICES),
        "servicePrice": random.choice(PRICES[:4]),
    }


def _plan(random: Random) -> Map:
    plan: Map = {"periods": periods(random)}
    if random.randrange(3) == 0:
        plan["dates"] = random.sample(DAYS, random.randrange(1, 4))
        return plan
    if random.randrange(2):
        plan["weekdays"] = random.sample(range(1, 8), random.randrange(1, 6))
    if random.randrange(2):
        plan["first"], plan["last"] = random.choice(SEASONS)
    return plan


def _occupancy(random: Random) -> Map:
    return given(
        {
            "grace": random.choice((1, 15, 30)),
            "price": random.choice(HOURLY),
            "step": random.choice((1, 10, 60)),
            "most": sometimes(random, random.choice((0, 1, 900))),
        }
    )


def _discount(random: Random) -> Map:
    off = {"portion": random.choice((0, 1, 500, 3_333, 10_000))}
    if random.randrange(2):
        off = {"amount": random.choice((0, 1, 30, 400))}
    groups = random.sample(GROUPS, random.randrange(3))
    return {"of": random.choice(("service", "total")), "groups": groups, **off}


def moment(random: Random, tariff: Map | None = None) -> int:
    """A time near a change of the tariff, a midnight, a half hour, or anywhere of an interesting day; UTC ms."""
    day = datetime.fromisoformat(random.choice(DAYS)).replace(tzinfo=CHINA).astimezone(UTC)
    begin = int(day.timestamp()) * 1000
    if tariff is not None and "periods" in tariff and random.randrange(3):
        plan = random.choice([tariff, *tariff["plans"]])
        hours, minutes = random.choice(plan["periods"])["start"].split(":")
        before = random.choice((0, 1, 30_000, 150_000, 299_999, 600_000))
        return begin + (int(hours) * 60 + int(minutes)) * 60_000 - before
    within = random.choice((0, DAY, random.randrange(48) * 1_800_000, random.randrange(DAY)))
    return begin + within + random.choice((0, 0, -1, 1, -60_000, -3_600_000))


def readings(random: Random, tariff: Map | None = None) -> list[Map]:
    """What a meter said; now and then with a time or a register that runs backwards."""
    at, register = moment(random, tariff), random.choice((0, 5, 10**12))
    made = []
    for _ in range(random.choice((0, 1, 2, 2, 3, 5, 9, 9, 20))):
        made.append({"at": at, "register": register})
        at += random.choice(STEPS) if random.randrange(8) else random.randrange(7_200_000)
        register += random.randrange(5_000_000) if random.randrange(3) else random.choice(ENERGIES[:-1])
    if made and random.randrange(100) == 0:
        made[-1]["register"] = ENERGIES[-1] + 10**12
    if made and random.randrange(40) == 0:
        spoilt = random.choice(made)
        spoilt[random.choice(("at", "register"))] = random.choice((0, spoilt["at"] + 500 * DAY))
    if made and random.randrange(2):
        _correct(random, made)
    return made


def _correct(random: Random, made: list[Map]) -> None:
    """A clock that was put right: from, or up to, one reading on every time was another."""
    shift = random.choice((-1, 1_000, 7_200_000, -7_200_000, 36_000_000, -43_200_000, DAY, -500 * DAY, 401 * DAY))
    part = random.randrange(len(made) + 1)
    for one in made if random.randrange(2) else made[part:] if random.randrange(3) == 0 else made[:part]:
        one["corrected"] = max(0, one["at"] + shift)


def usage(random: Random) -> Map:
    """What a socket counted, by bounds of its own."""
    duration = random.choice((0, 1, 59_999, 60_000, 60_001, 900_000, 14_400_000, random.randrange(36_000_000)))
    bounds = sorted(random.sample(BOUNDS, random.randrange(4)))
    minutes = [random.choice((0, 0, 1, 2, 37, 240)) for _ in range(len(bounds) + 1)]
    spoilt = random.randrange(12)
    if spoilt == 0:
        minutes.pop()
    elif spoilt == 1:
        bounds.reverse()
    elif spoilt == 2:
        bounds, minutes = [], []
    return {"duration": duration, "tierBounds": bounds, "tierMinutes": minutes}


def agreement(random: Random) -> Map | None:
    """Who pays, and what was agreed."""
    document = {
        "mode": "scan",
        "group": sometimes(random, random.choice((*GROUPS, "other")), 2),
        "passId": sometimes(random, "pass-1", 8),
        "prepaid": sometimes(random, random.choice((0, 1, 100, 250, 1_000, 10_000)), 2),
        "minimum": random.choice((0, 0, 1, 300)),
    }
    return given(document) if random.randrange(4) else None


def session(random: Random, tariff: Map | None = None) -> Map:
    """All that a session is priced from; near the changes of a tariff."""
    document = {
        "authorisedBy": "monitor" if random.randrange(20) == 0 else random.choice(("local", "remote")),
        "kind": random.choice(("dc", "socket")),
        "readings": readings(random, tariff),
        "fault": random.randrange(6) == 0,
        "usage": usage(random) if random.randrange(8) else None,
        "authorisation": agreement(random),
        "caps": sometimes(random, {"money": random.choice((0, 5, 200, 3_000))}, 4),
    }
    return given(document)
