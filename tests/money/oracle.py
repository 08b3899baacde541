"""What a session costs, reckoned a second time: slowly, with fractions, from the text of `docs/tariffs.md` alone.

Tariff and session are the plain documents, as JSON has them: maps and lists in camelCase, what is left out has its
default. It shares no code with `chargelink.tariff` and none with the model: each sentence of the rules stands here once
more, in the order of the page, and numbers in comments are those of its sections.
"""

import itertools
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from fractions import Fraction
from math import ceil, floor, inf
from typing import Any

Map = dict[str, Any]

CHINA = timezone(timedelta(hours=8))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = 60_000
HOUR = 60 * MINUTE
LONGEST = 400 * 24 * HOUR
UNSEEN = 300_000
MOST = 2**53 - 1  # fen


class CannotBePriced(Exception):  # noqa: N818 - says what it is
    """Readings that cannot be true, or a price by time without the time."""


@dataclass(frozen=True)
class Line:
    what: str
    rule: str
    amount: int
    energy: int = 0
    period: str | None = None


@dataclass(frozen=True)
class Piece:
    """Energy of one price: from `begin` to `end`, ms."""

    begin: int
    end: int
    name: str
    energy_price: int
    service_price: int
    energy: int = 0

    @property
    def terms(self) -> tuple[str, int, int]:
        return self.name, self.energy_price, self.service_price

    @property
    def price(self) -> int:
        return self.energy_price + self.service_price


@dataclass(frozen=True)
class Due:
    """What is due: `total` and the fees in fen, `energy` and `given_away` in mWh."""

    energy: int
    lines: list[Line]
    given_away: int = 0
    given_away_amount: int = 0
    times: str = "read"
    boundaries: list[tuple[int, int, int, bool]] = field(
        default_factory=list
    )  # at, registers before and after, cheapest

    @property
    def energy_fee(self) -> int:
        return sum(line.amount for line in self.lines if line.what == "energy")

    @property
    def service_fee(self) -> int:
        return sum(line.amount for line in self.lines if line.what == "service")

    @property
    def total(self) -> int:
        return sum(line.amount for line in self.lines)


def half_up(amount: Fraction) -> int:
    return floor(amount + Fraction(1, 2))


def fen_of_energy(energy: int, price: int) -> int:
    """mWh at 1/100 000 yuan per kWh."""
    return half_up(Fraction(energy, 1_000_000) * Fraction(price, 100_000) * 100)


def fen_of_time(duration: int, price: int) -> int:
    """ms at 1/100 000 yuan per hour."""
    return half_up(Fraction(duration, HOUR) * Fraction(price, 100_000) * 100)


def bill(tariff: Map, session: Map) -> Due:
    """The bill of a session: readings, kind, authorisedBy, fault, and if there are, usage, authorisation, caps.

    Raises CannotBePriced.
    """
    read = [(one["at"], one["register"]) for one in session["readings"]]
    if not credible(read):
        raise CannotBePriced("readings")
    by_read = once(tariff, session, read)
    corrected = [(one["at"] if one.get("corrected") is None else one["corrected"], one["register"])
                 for one in session["readings"]]  # fmt: skip
    if corrected == read or not credible(corrected):
        return by_read
    by_corrected = once(tariff, session, corrected)
    return replace(by_corrected, times="corrected") if by_corrected.total < by_read.total else by_read  # 5


def credible(readings: list[tuple[int, int]]) -> bool:  # 1.1
    times, registers = [at for at, _ in readings], [register for _, register in readings]
    forward = times == sorted(times) and registers == sorted(registers)
    return forward and (not times or times[-1] - times[0] <= LONGEST)


def once(tariff: Map, session: Map, readings: list[tuple[int, int]]) -> Due:
    """Priced by one set of times."""
    energy = readings[-1][1] - readings[0][1] if len(readings) >= 2 else 0
    boundaries: list[tuple[int, int, int, bool]] = []
    pieces: list[Piece] = []
    if tariff.get("periods"):
        for before, after in itertools.pairwise(readings):
            pieces += split(tariff, before, after, boundaries)
    if session["authorisedBy"] == "monitor" or energy == 0:  # 1.2, 1.3
        return Due(energy, [], boundaries=boundaries)
    lines = by_period(pieces) if tariff.get("periods") else agreed(tariff, session, energy)
    changed = changes(tariff, session, lines)
    due = Due(energy, lines + changed, boundaries=boundaries)
    if max([line.amount for line in due.lines], default=0) > MOST or sum(line.amount for line in lines) > MOST:
        raise CannotBePriced("amounts")  # 1.1
    return prepaid(session, due, [] if changed else pieces)


# 2. Sold by energy


def day_of(moment: int) -> datetime:
    return (EPOCH + timedelta(milliseconds=moment)).astimezone(CHINA)


def plan_of(tariff: Map, day: datetime) -> list[Map]:  # 2.1
    for plan in tariff.get("plans", []):
        if plan.get("dates"):
            if day.strftime("%Y-%m-%d") in plan["dates"]:
                return list(plan["periods"])
            continue
        weekdays = plan.get("weekdays") or [1, 2, 3, 4, 5, 6, 7]
        first, last, today = plan.get("first", "01-01"), plan.get("last", "12-31"), day.strftime("%m-%d")
        season = first <= today <= last if first <= last else (today >= first or today <= last)
        if season and day.isoweekday() in weekdays:
            return list(plan["periods"])
    return list(tariff["periods"])


def minute(time: str) -> int:
    return int(time[:2]) * 60 + int(time[3:])


def stretches(tariff: Map, begin: int, end: int) -> list[Piece]:
    """The pieces of a time, cut where any period begins and at each midnight, then joined: 2.2, 2.3."""
    found: list[Piece] = []
    midnight = day_of(begin).replace(hour=0, minute=0, second=0, microsecond=0)
    while (day_begin := (midnight - EPOCH) // timedelta(milliseconds=1)) <= end:
        for period in plan_of(tariff, midnight):
            start, stop = minute(period["start"]) % 1440, minute(period["end"])
            parts = [(start, stop)] if start < stop else [(start, 1440), (0, stop)]
            for first, last in parts:
                low, high = max(begin, day_begin + first * MINUTE), min(end, day_begin + last * MINUTE)
                holds_then = begin == end and day_begin + first * MINUTE <= begin < day_begin + last * MINUTE
                if low < high or holds_then:
                    prices = period["energyPrice"], period.get("servicePrice", 0)
                    found.append(Piece(low, high, period["name"], *prices))
        midnight += timedelta(days=1)
    joined: list[Piece] = []
    for piece in sorted(found, key=lambda one: one.begin):
        if joined and joined[-1].terms == piece.terms:
            joined[-1] = replace(joined[-1], end=piece.end)
        else:
            joined.append(piece)
    return joined


def split(
    tariff: Map, before: tuple[int, int], after: tuple[int, int], boundaries: list[tuple[int, int, int, bool]]
) -> list[Piece]:
    (begin, low), (end, high) = before, after
    pieces, energy = stretches(tariff, begin, end), high - low
    unseen = len(pieces) > 1 and end - begin > UNSEEN
    changed = pieces[1:2] if unseen else pieces[1:]
    boundaries += [(piece.begin, low, high, unseen) for piece in changed]
    if unseen:  # 2.4: `min` gives the earliest of equals
        return [replace(min(pieces, key=lambda one: one.price), energy=energy)]
    shares = [floor(Fraction(energy * (piece.end - piece.begin), end - begin)) for piece in pieces[:-1]]
    shares.append(energy - sum(shares))
    return [replace(piece, energy=share) for piece, share in zip(pieces, shares, strict=True)]


def by_period(pieces: list[Piece]) -> list[Line]:  # 2.5
    sums: dict[tuple[str, int, int], int] = {}
    for piece in pieces:
        if piece.energy:
            sums[piece.terms] = sums.get(piece.terms, 0) + piece.energy
    lines = []
    for (name, energy_price, service_price), energy in sums.items():
        lines.append(Line("energy", "period", fen_of_energy(energy, energy_price), energy, name))
        lines.append(Line("service", "period", fen_of_energy(energy, service_price), energy, name))
    return lines


# 3. Sold by use, time or power


def agreed(tariff: Map, session: Map, energy: int) -> list[Line]:
    rule, amounts = agreed_amounts(tariff, session.get("usage"))
    inside = fen_of_energy(energy, tariff.get("inside", 0))
    lines = []
    for number, amount in enumerate(amounts):
        electricity = min(amount, inside)
        inside -= electricity
        service = 0 if session["fault"] else amount - electricity  # 4.1
        lines.append(Line("energy", rule, electricity, energy if number == 0 else 0))
        lines.append(Line("service", rule, service))
    return lines


def agreed_amounts(tariff: Map, usage: Map | None) -> tuple[str, list[int]]:
    if "perUse" in tariff:
        return "use", [tariff["perUse"]]
    if usage is None:
        raise CannotBePriced("without usage")
    duration = usage["duration"]
    if "perTime" in tariff:
        return "time", [in_steps(duration, tariff["perTime"])]
    tiers = tariff["tiers"]["tiers"]
    minutes = minutes_of_tiers(tiers, usage)
    known = bool(usage.get("tierMinutes"))
    if tariff["tiers"]["rule"] == "time-per-tier":
        if not known:
            raise CannotBePriced("no minutes")
        charged = zip(minutes, tiers, strict=True)
        return "tier", [fen_of_time(count * MINUTE, tier["price"]) for count, tier in charged if count]
    held = [number for number, count in enumerate(minutes) if count >= 2]
    any_held = [number for number, count in enumerate(minutes) if count]
    tier = held[-1] if held else any_held[0] if any_held else 0
    step = tariff["tiers"].get("step", 1)
    return "tier", [in_steps(duration, {"price": tiers[tier]["price"], "step": step})]


def in_steps(duration: int, terms: Map) -> int:
    step = terms.get("step", 1) * MINUTE
    return fen_of_time(ceil(Fraction(duration, step)) * step, terms["price"])


def minutes_of_tiers(tiers: list[Map], usage: Map) -> list[int]:  # 3.3
    bounds, counts = usage.get("tierBounds", []), usage.get("tierMinutes", [])
    rising = all(low < high for low, high in zip([0, *bounds], bounds, strict=False))
    if (counts and len(counts) != len(bounds) + 1) or not rising:
        raise CannotBePriced("minutes and bounds")
    minutes = [0] * len(tiers)
    tops = [tier.get("upTo") or inf for tier in tiers]
    ranges = list(zip([0, *tops], tops, strict=False))
    for count, low, high in zip(counts, [0, *bounds], [*bounds, inf], strict=False):
        common = [number for number, (bottom, top) in enumerate(ranges) if max(low, bottom) < min(high, top)]
        minutes[min(common, key=lambda number: (tiers[number]["price"], number))] += count
    return minutes


# 4. What changes it


def changes(tariff: Map, session: Map, lines: list[Line]) -> list[Line]:
    authorisation = session.get("authorisation") or {}
    so_far = Due(0, list(lines))
    made: list[Line] = []

    def change(rule: str, energy_fee: int, service_fee: int) -> None:
        for what, amount in (("energy", energy_fee), ("service", service_fee)):
            if amount:
                made.append(Line(what, rule, amount))
                so_far.lines.append(made[-1])

    if authorisation.get("passId") is not None:
        change("pass", -so_far.energy_fee, -so_far.service_fee)
    else:
        change("discount", *discount(tariff, authorisation.get("group"), so_far))
        least = min(tariff.get("minimum", 0), authorisation.get("minimum", 0))
        if so_far.total < least and not session["fault"]:
            change("minimum", 0, least - so_far.total)
    if tariff.get("most") is not None:
        change("most", *taken_off(so_far, so_far.total - tariff["most"]))
    return made


def discount(tariff: Map, group: str | None, so_far: Due) -> tuple[int, int]:
    for one in tariff.get("discounts", []):
        if one.get("groups") and group not in one["groups"]:
            continue
        if "portion" in one:
            part = Fraction(one["portion"], 10_000)
            electricity = half_up(so_far.energy_fee * part) if one["of"] == "total" else 0
            return -electricity, -half_up(so_far.service_fee * part)
        if one["of"] == "service":
            return 0, -min(one["amount"], so_far.service_fee)
        return taken_off(so_far, one["amount"])
    return 0, 0


def taken_off(so_far: Due, amount: int) -> tuple[int, int]:
    """Off the service fee first, then off the electricity fee; nothing below 0."""
    service = min(max(amount, 0), so_far.service_fee)
    electricity = min(max(amount, 0) - service, so_far.energy_fee)
    return -electricity, -service


def prepaid(session: Map, due: Due, pieces: list[Piece]) -> Due:  # 4.6
    limits = [(session.get("authorisation") or {}).get("prepaid"), (session.get("caps") or {}).get("money")]
    limit = min([one for one in limits if one is not None], default=None)
    if limit is None or due.total <= limit:
        return due
    beyond = due.total - limit
    electricity, service = taken_off(due, beyond)
    taken = [Line("energy", "prepaid", electricity), Line("service", "prepaid", service)]
    lines = [*due.lines, *(line for line in taken if line.amount)]
    if not pieces:
        given_away = floor(Fraction(due.energy * beyond, due.total))
    else:
        given_away = due.energy - paid_energy(pieces, limit)
    return replace(due, lines=lines, given_away=given_away, given_away_amount=beyond)


def paid_energy(pieces: list[Piece], money: int) -> int:
    """mWh that the money buys, in the order of time."""
    paid, left = 0, Fraction(money)
    for piece in pieces:
        worth = Fraction(piece.energy * piece.price, 10**9)
        if worth > left:
            return paid + floor(left * 10**9 / piece.price)
        paid, left = paid + piece.energy, left - worth
    return paid


# 6. Occupancy


def occupancy(tariff: Map, duration: int, *, owes: bool = True) -> list[Line]:
    """The lines of a bill for staying; `owes` is False for a session that broke down, or was monitored."""
    terms = tariff.get("occupancy")
    if terms is None or not owes or duration <= terms["grace"] * MINUTE:
        return []
    amount = in_steps(duration - terms["grace"] * MINUTE, terms)
    return [Line("occupancy", "occupancy", min(amount, terms.get("most", amount)))]
