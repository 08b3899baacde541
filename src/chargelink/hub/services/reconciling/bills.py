"""Settled bills against the ledger, session by session, and entries of the ledger that have no bill."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from chargelink.hub.services.reconciling.figures import Place, Sheet, Span
from chargelink.hub.store.models import Settlement
from chargelink.hub.store.statements import fetched
from chargelink.model import Bill

AT_ONCE = 200
UNKNOWN = "?"  # the device of a session that nobody knows
WAITING = (Settlement.LOWER, Settlement.UNPRICED)
REVENUE = {"revenue:energy": "energy", "revenue:service": "service", "revenue:occupancy": "occupancy"}

ROWS = """
    SELECT b."session", b."edge", b."at", b."settlement", b."total", b."edge_bill", b."hub_bill",
           s."device", s."kind", s."authorised_by", s."end_record"
    FROM "{0}" b LEFT JOIN "session" s ON s."id" = b."session"
    WHERE b."at" >= ? AND b."at" < ? AND (b."at" > ? OR (b."at" = ? AND b."session" > ?))
    ORDER BY b."at", b."session" LIMIT ?
"""
POSTED = """
    SELECT e."session", p."account", CAST(SUM(p."fen") AS BIGINT) AS "fen" FROM "entry" e
    JOIN "posting" p ON p."entry" = e."id" WHERE e."session" IN ({}) AND p."account" LIKE 'revenue:%'
    GROUP BY e."session", p."account"
"""
ORPHANS = """
    SELECT e."key", e."session", CAST(SUM(p."fen") AS BIGINT) AS "fen" FROM "entry" e
    JOIN "posting" p ON p."entry" = e."id"
    WHERE e."at" >= ? AND e."at" < ? AND e."session" IS NOT NULL AND p."account" LIKE 'revenue:%'
    AND NOT EXISTS (SELECT 1 FROM "bill" b WHERE b."session" = e."session")
    AND NOT EXISTS (SELECT 1 FROM "occupancy_bill" o WHERE o."session" = e."session")
    GROUP BY e."key", e."session" ORDER BY e."key"
"""


class Fees(NamedTuple):
    """Electricity, service and occupancy fee, fen."""

    energy: int = 0
    service: int = 0
    occupancy: int = 0


class Settled(NamedTuple):
    """A bill of the span: `fees` are None while nothing is due."""

    session: str
    place: Place
    fees: Fees | None
    bill: Bill
    row: Mapping[str, Any]


async def settled(table: str, span: Span) -> AsyncIterator[list[Settled]]:
    """The bills of a span in the order of time, some at a time; others have their turn in between."""
    at, session = span.begin - 1, ""
    query = ROWS.format(table)
    while rows := await fetched(query, (*span, at, at, session, AT_ONCE)):
        at, session = rows[-1]["at"], rows[-1]["session"]
        yield [_settled(row) for row in rows]
        await asyncio.sleep(0)


def _settled(row: Mapping[str, Any]) -> Settled:
    edge, hub = _bill(row["edge_bill"]), _bill(row["hub_bill"])
    assert edge is not None
    total = row["total"]
    right = edge if hub is None or total == edge.total != hub.total else hub
    fees = None if total is None else reduced(right, total)
    place = Place(row["edge"], row["device"] or UNKNOWN)
    return Settled(row["session"], place, fees, right, row)


def _bill(text: str) -> Bill | None:
    return msgspec.json.decode(text, type=Bill) if text else None


def reduced(bill: Bill, total: int) -> Fees:
    """The fees of a bill of which `total` is due: what is more is taken off the service fee first."""
    sums = {"energy": 0, "service": 0, "occupancy": 0}
    for line in bill.lines:
        sums["service" if line.what == "use" else line.what] += line.amount
    over = sum(sums.values()) - total
    for what in ("service", "energy", "occupancy") if over > 0 else ():
        part = min(over, sums[what])
        sums[what] -= part
        over -= part
    sums["service"] -= min(over, 0)  # less in the lines than is due: somebody decided so
    return Fees(**sums)


async def posted(sessions: Sequence[str]) -> dict[str, Fees]:
    """What the ledger has earned with each of these sessions."""
    rows = await fetched(POSTED.format(", ".join("?" * len(sessions))), [*sessions])
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        if row["account"] in REVENUE:
            found.setdefault(row["session"], {})[REVENUE[row["account"]]] = row["fen"]
    return {session: Fees(**fees) for session, fees in found.items()}


async def add_up(some: Sequence[Settled], sheet: Sheet) -> None:
    """Add bills of charging to the sheet, and compare each with the ledger."""
    ledger = await posted([one.session for one in some])
    for one in some:
        figures, earned = sheet.at(one.place), ledger.get(one.session, Fees())
        due = one.fees or Fees()
        figures.sessions += 1
        figures.energy += one.bill.energy
        figures.waiting += one.row["settlement"] in WAITING
        figures.given_away += one.bill.given_away
        figures.given_away_amount += one.bill.given_away_amount
        figures.energy_fee += due.energy
        figures.service_fee += due.service
        figures.ledger_energy_fee += earned.energy
        figures.ledger_service_fee += earned.service
        if one.row["settlement"] == Settlement.DECIDED:  # a person said the sum, not its parts
            sheet.compare("fees", one.place, one.session, due.energy + due.service, earned.energy + earned.service)
        else:
            sheet.compare("electricity fee", one.place, one.session, due.energy, earned.energy)
            sheet.compare("service fee", one.place, one.session, due.service, earned.service)


async def add_up_occupancy(some: Sequence[Settled], sheet: Sheet) -> None:
    """Add bills of staying after the charge, and compare each with the ledger."""
    ledger = await posted([one.session for one in some])
    for one in some:
        figures, earned = sheet.at(one.place), ledger.get(one.session, Fees())
        due = 0 if one.fees is None else sum(one.fees)
        figures.waiting += one.row["settlement"] in WAITING
        figures.occupancy_fee += due
        figures.ledger_occupancy_fee += earned.occupancy
        sheet.compare("occupancy fee", one.place, one.session, due, earned.occupancy)


async def find_orphans(span: Span, sheet: Sheet) -> None:
    """What the ledger earned in the span with sessions that have no bill."""
    for row in await fetched(ORPHANS, span):
        sheet.compare("without a bill", Place(UNKNOWN, UNKNOWN), row["session"], 0, row["fen"], row["key"])
