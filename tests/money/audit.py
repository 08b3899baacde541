"""After a history: is every session billed once, alike at both ends, as the oracle has it and the meters measured?"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from tests.money import oracle
from tests.money.plant import HOUR
from tests.money.site import REACTION
from tests.money.story import History

Map = dict[str, Any]

HARMLESS = (
    "register-backwards",
    "not-priced",
    "occupancy-warning",
    "unpaid",
)  # the hub's alarms that a history may raise


@dataclass
class Books:
    """What the ledger of an edge says, decoded without the model: by session, and tariffs by hash."""

    tariffs: dict[str, Map] = field(default_factory=dict)
    started: dict[str, Map] = field(default_factory=dict)
    ended: dict[str, Map] = field(default_factory=dict)
    keys: dict[str, str | None] = field(default_factory=dict)
    twice: list[str] = field(default_factory=list)
    stays: dict[str, Map] = field(default_factory=dict)


@dataclass
class Given:
    """What one session was given for nothing: mWh, and its worth in fen."""

    energy: int
    worth: int


def books_of(ledger: Path) -> Books:
    """Read a ledger that nobody uses."""
    books = Books()
    with closing(sqlite3.connect(ledger)) as database:
        rows = database.execute("SELECT kind, body, hash FROM records WHERE lane = 'record' ORDER BY rowid").fetchall()
        for kind, body, digest in rows:
            content = msgspec.msgpack.decode(body)
            if kind == "tariff":
                books.tariffs[digest.hex()] = content
            elif kind in ("session.started", "session.ended", "occupancy.ended"):
                known = {"session.started": books.started, "session.ended": books.ended}.get(kind, books.stays)
                if content["sessionId"] in known:
                    books.twice.append(content["sessionId"])
                known[content["sessionId"]] = content
        books.keys = dict(database.execute("SELECT id, key FROM sessions").fetchall())
    return books


def of_edge(history: History, books: Books) -> Iterator[str]:
    """What is wrong at the edge."""
    yield from (f"{one} stands twice in the journal" for one in books.twice)
    yield from (f"{one} never ended" for one in books.started.keys() - books.ended.keys())
    yield from (f"{one} never began" for one in books.ended.keys() - books.started.keys())
    numbers = Counter(one.get("remoteStartId") for one in books.started.values())
    yield from (f"remote start {one} began {count} sessions" for one, count in numbers.items() if one and count > 1)
    for name, ended in books.ended.items():
        for problem in _priced(books, ended):
            yield f"{name}: {problem}"
        if ended["startedAt"] != books.started[name]["at"] or ended["tariffHash"] != books.started[name]["tariffHash"]:
            yield f"{name}: start and end are not those of one session"
    for name, stay in books.stays.items():
        owes = not books.ended[name]["bill"]["fault"] if name in books.ended else False
        due = oracle.occupancy(books.tariffs[stay["tariffHash"]], stay["duration"], owes=owes)
        if sum(line.amount for line in due) != stay["bill"]["total"]:
            yield f"{name}: stayed {stay['duration']} ms for {stay['bill']['total']} fen, the oracle has {due}"
    yield from _measured(history, books)
    yield from _watched(history, books)


def _priced(books: Books, ended: Map) -> Iterator[str]:
    bill = ended["bill"]
    due = priced(books.tariffs[ended["tariffHash"]], ended)
    if due is None:
        if bill["total"] or not _without_minutes(books.tariffs[ended["tariffHash"]], ended):
            yield f"it cannot be priced, and costs {bill['total']} fen"
        return
    if (bill["total"], bill["energy"]) != (due.total, due.energy):
        yield f"billed {bill['total']} fen for {bill['energy']} mWh, the oracle has {due.total} for {due.energy}"
    given = bill.get("givenAway", 0), bill.get("givenAwayAmount", 0)
    if given != (due.given_away, due.given_away_amount):
        yield f"given away {given}, the oracle has {(due.given_away, due.given_away_amount)}"
    prepaid = (ended.get("authorisation") or {}).get("prepaid")
    if prepaid is not None and bill["total"] > prepaid:
        yield f"billed {bill['total']} fen, prepaid were {prepaid}"


def _without_minutes(tariff: Map, ended: Map) -> bool:
    """The only thing that cannot be priced: minutes by power that nobody counted, as at a gun."""
    by_minutes = tariff.get("tiers", {}).get("rule") == "time-per-tier"
    return by_minutes and not ended.get("usage", {}).get("tierMinutes")


def priced(tariff: Map, ended: Map) -> oracle.Due | None:
    """By the oracle; None for what cannot be priced."""
    try:
        return oracle.bill(tariff, {**ended, "fault": ended["bill"]["fault"]})
    except oracle.CannotBePriced:
        return None


def _measured(history: History, books: Books) -> Iterator[str]:
    """Energy billed is energy measured, of guns by the sum over their lives, of sockets by settlement."""
    billed: dict[str, int] = defaultdict(int)
    for ended in books.ended.values():
        billed[ended["device"]] += ended["bill"]["energy"]
    for gun in history.guns:
        unbilled = gun.flowed - billed[gun.name]
        if not 0 <= unbilled <= gun.unseen:
            yield f"{gun.name}: {gun.flowed} mWh flowed, {billed[gun.name]} were billed, {gun.unseen} could be missed"
    for name, ended in books.ended.items():
        key = books.keys.get(name)
        if ended["kind"] == "socket" and key is not None:
            for socket in history.sockets:
                settled = socket.settled.get(int(key, 16), 0)
                if socket.name == ended["device"] and ended["bill"]["energy"] != settled:
                    yield f"{name}: settled {settled} mWh, billed {ended['bill']['energy']}"
    for socket in history.sockets:
        known = {int(key, 16) for key in books.keys.values() if key is not None}
        yield from (f"{socket.name}: session {one} was never billed" for one in socket.settled.keys() - known)


def _watched(history: History, books: Books) -> Iterator[str]:
    """The few readings that stand in a record price the session as all that were taken would."""
    for name, seen in history.watched.items():
        ended = books.ended.get(name)
        if ended is None or not seen.whole:
            continue
        every = {**ended, "readings": [{"at": one.at, "register": one.register} for one in seen.readings]}
        due = priced(books.tariffs[ended["tariffHash"]], every)
        if due is not None and due.total != ended["bill"]["total"]:
            yield f"{name}: billed {ended['bill']['total']} fen, by all {len(seen.readings)} readings {due.total}"
        yield from (f"{name}: {problem}" for problem in _beyond(ended["bill"], seen.power))


def _beyond(bill: Map, power: int) -> Iterator[str]:
    """Sold by energy alone, no more is given away than flows until a gun has stopped, and than half a fen of each line
    may hide.
    """
    if {line["rule"] for line in bill["lines"]} != {"period", "prepaid"}:
        return
    priced = [line for line in bill["lines"] if line["rule"] == "period"]
    cheapest = min([price for price in _prices(priced) if price], default=1)
    most = power * (1_000 + max(REACTION)) // HOUR + len(priced) * 10**9 // (2 * cheapest) + 1
    if bill.get("givenAway", 0) > most:
        yield f"{bill['givenAway']} mWh were given away, {most} may be"


def _prices(lines: list[Map]) -> list[int]:
    """Of energy and service together."""
    return [one["price"] + other["price"] for one, other in zip(lines[::2], lines[1::2], strict=True)]


def of_hub(file: Path, histories: dict[str, Books]) -> Iterator[tuple[str, str]]:
    """What is wrong at the hub, with the edge that it concerns."""
    with closing(sqlite3.connect(file)) as database:
        sessions: dict[str, set[str]] = defaultdict(set)
        for edge, session in database.execute("SELECT edge, id FROM session"):
            sessions[edge].add(session)
        bills: dict[str, dict[str, tuple[Any, ...]]] = defaultdict(dict)
        for edge, session, *rest in database.execute(
            "SELECT edge, session, settlement, total, edge_total, hub_total FROM bill"
        ):
            bills[edge][session] = tuple(rest)
        for table in ("quarantine", "set_aside"):
            (count,) = database.execute(f"SELECT count(*) FROM {table}").fetchone()
            if count:
                yield "", f"{count} in the hub's {table}"
        for edge, kind, subject, detail in database.execute("SELECT edge, kind, subject, detail FROM alarm"):
            code = msgspec.json.decode(detail).get("code") if kind == "edge-alarm" else kind
            unpriced = kind == "impossible-readings" and bills[edge].get(subject, ("",))[0] == "unpriced"
            if code not in HARMLESS and not unpriced:
                yield edge, f"the hub's alarm {code}: {subject} {detail}"
    for edge, books in histories.items():
        if sessions[edge] != books.started.keys():
            yield edge, f"the hub has {len(sessions[edge])} sessions, the edge {len(books.started)}"
        if bills[edge].keys() != books.ended.keys():
            yield edge, f"the hub has {len(bills[edge])} bills, the edge {len(books.ended)}"
        for name, ended in books.ended.items():
            total = ended["bill"]["total"]
            settled = bills[edge].get(name)
            if priced(books.tariffs[ended["tariffHash"]], ended) is None:
                if settled is None or settled[:2] != ("unpriced", None):
                    yield edge, f"{name}: settled as {settled}, and cannot be priced"
            elif settled != ("agreed", total, total, total):
                yield edge, f"{name}: {total} fen at the edge, settled as {settled}"


def given_away(books: Books) -> list[Given]:
    """What was given away, session by session that had a limit of money."""
    return [
        Given(ended["bill"].get("givenAway", 0), ended["bill"].get("givenAwayAmount", 0))
        for ended in books.ended.values()
        if (ended.get("authorisation") or {}).get("prepaid") is not None
    ]
