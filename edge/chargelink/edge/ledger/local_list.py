"""The local list (本地名单): cards, accounts, VINs and vouchers that may charge while the hub cannot be asked.

The hub sends it in full or what changed, in one message or in parts, and it is used when the last part has come: of a
list that was cut short nothing is. What is in it stands as digests under a key of this edge (`trust.tokens`). A full
list is written beside the one in use and takes its place at once; what is replaced is deleted bit by bit, before the
next one is taken, so that whatever a hub sends, there are never more than two.

Functions work within a transaction of the ledger's writer.
"""

import asyncio
from sqlite3 import Connection
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from chargelink.edge.ledger import pins
from chargelink.link.authorisation import (
    GetLocalListVersion,
    GetLocalListVersionResponse,
    ListEntry,
    Pass,
    SendLocalList,
    SendLocalListResponse,
)
from chargelink.link.quantities import EXACT
from chargelink.trust.tokens import token_digest
from chargelink.wire import ChargelinkError

if TYPE_CHECKING:
    from chargelink.edge.ledger.journal import Journal

MOST_HELD = 200_000  # entries of a list
MOST_CHANGES = 20_000  # of a differential list in parts; more come as a full one
LARGEST_ENTRY = 512  # bytes as MessagePack
DELETED_AT_ONCE = 2_000


class ListError(ChargelinkError):
    """A list, or a part of one, that cannot be taken; the message says why."""


class Head(NamedTuple):
    """The list in use: `version` 0 for none, or for one of before a new life of the journal.

    `whole` is False for such a one: what may be used once or so often may have been used since.
    """

    version: int = 0
    generation: int = 0
    entries: int = 0
    key: bytes | None = None
    whole: bool = False


class Found(NamedTuple):
    """An entry of the list, with the key under which its PIN stands."""

    entry: ListEntry
    key: bytes
    whole: bool


class Counts(NamedTuple):
    """What the edge holds: entries by kind, how many of them are blocked, and parts of a list that is coming."""

    version: int
    whole: bool
    kinds: dict[str, int]
    blocked: int
    coming: int | None


class _Coming(NamedTuple):
    """A list of which some parts have come: `part` is the next one, `entries` are those so far."""

    version: int
    kind: str
    base: int
    part: int
    generation: int
    entries: int
    key: bytes | None


def head(database: Connection) -> Head:
    """The list in use."""
    row = database.execute("SELECT version, generation, entries, key, whole FROM local_list").fetchone()
    return Head() if row is None else Head(row[0], row[1], row[2], row[3], bool(row[4]))


def find(database: Connection, kind: str, value: str) -> Found | None:
    """What the list says of a card, account, VIN or code as it was read or typed.

    Raises ValueError for what is none, see `trust.tokens.normal`.
    """
    held = head(database)
    if held.key is None:
        return None
    entry = _entry(database, held.generation, token_digest(held.key, kind, value))
    return None if entry is None else Found(entry, held.key, held.whole)


def honoured(database: Connection, identifier: str) -> Pass | None:
    """The terms of a pass, if it may be honoured by the list in use."""
    held = head(database)
    row = database.execute(
        "SELECT body FROM list_entries WHERE generation = ? AND pass = ? LIMIT 1", (held.generation, identifier)
    ).fetchone()
    if row is None or not held.whole:
        return None
    return msgspec.msgpack.decode(row[0], type=ListEntry).honours


def take(database: Connection, request: SendLocalList) -> SendLocalListResponse:
    """Take a list, or a part of it. Raises ListError for one that cannot be taken; the transaction is to be undone."""
    held = head(database)
    changes = request.update_type == "Differential"
    if request.version == held.version and (changes or request.part) and _coming(database) is None:
        return SendLocalListResponse(status="Accepted", version=held.version)  # the answer to the last part was lost
    if changes and (request.base != held.version or held.version == 0):
        return SendLocalListResponse(status="VersionMismatch", version=held.version)
    coming = _begun(database, request, held) if request.part == 0 else _going_on(database, request)
    if request.key not in (None, coming.key):
        raise ListError("a list has one key; another one needs a full list, with it in the first part")
    if changes:
        entries = coming.entries + _stage(database, request)
    else:
        entries = coming.entries + _put(database, coming.generation, request.entries)
    if entries > (MOST_CHANGES if changes else MOST_HELD):
        raise ListError(f"{entries} entries; a list may have {MOST_HELD}, changes in parts {MOST_CHANGES}")
    coming = coming._replace(part=request.part + 1, entries=entries)
    if request.more:
        _remember(database, coming)
    else:
        _use(database, coming, held)
    return SendLocalListResponse(status="Accepted", version=head(database).version)


def give_up(database: Connection) -> None:
    """Forget the parts that have come of a list."""
    database.execute("DELETE FROM list_parts")
    database.execute("DELETE FROM list_changes")


def clean(database: Connection) -> bool:
    """Delete some of what no list needs any more; whether there may be more."""
    generation, coming = head(database).generation, _coming(database)
    for ranges in ((0, generation), (generation + 1, EXACT if coming is None else coming.generation)):
        gone = database.execute(
            "DELETE FROM list_entries WHERE (generation, token) IN (SELECT generation, token FROM list_entries"
            " WHERE generation >= ? AND generation < ? LIMIT ?)",
            (*ranges, DELETED_AT_ONCE),
        ).rowcount
        if gone:
            return True
    return False


def leave_behind(database: Connection) -> None:
    """The journal begins anew: the hub is to send the list in full, and until then nothing counts that may be used once
    or so often.
    """
    give_up(database)
    database.execute("UPDATE local_list SET version = 0, whole = 0")


def counts(database: Connection) -> Counts:
    """What is held."""
    held = head(database)
    rows = database.execute(
        "SELECT kind, count(*), total(blocked) FROM list_entries WHERE generation = ? GROUP BY kind", (held.generation,)
    ).fetchall()
    kinds = {kind: number for kind, number, _ in rows}
    coming = _coming(database)
    return Counts(held.version, held.whole, kinds, int(sum(row[2] for row in rows)), coming and coming.version)


def _entry(database: Connection, generation: int, token: bytes) -> ListEntry | None:
    row = database.execute(
        "SELECT body FROM list_entries WHERE generation = ? AND token = ?", (generation, token)
    ).fetchone()
    return None if row is None else msgspec.msgpack.decode(row[0], type=ListEntry)


def _coming(database: Connection) -> _Coming | None:
    row = database.execute("SELECT version, kind, base, part, generation, entries, key FROM list_parts").fetchone()
    return None if row is None else _Coming(*row)


def _begun(database: Connection, request: SendLocalList, held: Head) -> _Coming:
    if request.update_type == "Differential" and request.version <= request.base:
        raise ListError(f"version {request.version} does not follow {request.base}")
    give_up(database)
    (last,) = database.execute("SELECT coalesce(max(generation), 0) FROM list_entries").fetchone()
    key = held.key if request.key is None or request.update_type == "Differential" else request.key
    if key is None:
        raise ListError("the first list needs its key")
    generation = max(last, held.generation) + 1
    return _Coming(request.version, request.update_type, request.base, 0, generation, 0, key)


def _going_on(database: Connection, request: SendLocalList) -> _Coming:
    coming = _coming(database)
    if coming is None or coming[:4] != (request.version, request.update_type, request.base, request.part):
        raise ListError(f"part {request.part} does not follow what has come; begin again with part 0")
    return coming


def _remember(database: Connection, coming: _Coming) -> None:
    database.execute("DELETE FROM list_parts")
    database.execute("INSERT INTO list_parts VALUES (?, ?, ?, ?, ?, ?, ?)", coming)


def _put(database: Connection, generation: int, entries: tuple[ListEntry, ...]) -> int:
    """Write entries; how many of them are new. Of two with one token the later counts."""
    new = 0
    for entry in entries:
        body = _body(entry)
        columns = (body, entry.kind, entry.status == "Blocked", entry.honours and entry.honours.id)
        place = (generation, entry.token)
        added = database.execute("INSERT OR IGNORE INTO list_entries VALUES (?, ?, ?, ?, ?, ?)", (*place, *columns))
        new += added.rowcount
        if not added.rowcount:
            database.execute(
                "UPDATE list_entries SET body = ?, kind = ?, blocked = ?, pass = ? WHERE generation = ? AND token = ?",
                (*columns, *place),
            )
    return new


def _stage(database: Connection, request: SendLocalList) -> int:
    changes: list[tuple[bytes, bytes | None]] = [(token, None) for token in request.removed]
    changes += [(entry.token, _body(entry)) for entry in request.entries]
    database.executemany("INSERT OR REPLACE INTO list_changes VALUES (?, ?)", changes)
    return len(changes)


def _body(entry: ListEntry) -> bytes:
    body = msgspec.msgpack.encode(entry)
    if len(body) > LARGEST_ENTRY:
        raise ListError(f"an entry of {len(body)} bytes; {LARGEST_ENTRY} are allowed")
    return body


def _use(database: Connection, coming: _Coming, held: Head) -> None:
    """The last part has come: from now on this is the list."""
    if coming.kind == "Full":
        generation, entries = coming.generation, coming.entries
    else:
        generation, entries = held.generation, held.entries + _change(database, held.generation)
        if entries > MOST_HELD:
            raise ListError(f"{entries} entries; a list may have {MOST_HELD}")
    give_up(database)
    whole = held.whole or coming.kind == "Full"
    database.execute("DELETE FROM local_list")
    database.execute(
        "INSERT INTO local_list VALUES (1, ?, ?, ?, ?, ?)", (coming.version, generation, entries, coming.key, whole)
    )
    pins.keep_only(database, lambda token: _entry(database, generation, token))


def _change(database: Connection, generation: int) -> int:
    """Apply what changed; how many entries there are more. Whoever is named may try a PIN again."""
    database.execute("DELETE FROM pin_tries WHERE token IN (SELECT token FROM list_changes)")
    gone = database.execute(
        "DELETE FROM list_entries WHERE generation = ? AND token IN (SELECT token FROM list_changes)", (generation,)
    ).rowcount
    rows = database.execute("SELECT body FROM list_changes WHERE body IS NOT NULL").fetchall()
    return _put(database, generation, tuple(msgspec.msgpack.decode(body, type=ListEntry) for (body,) in rows)) - gone


class LocalList:
    """The list of one edge, as the hub and people ask for it. All methods raise LedgerError."""

    def __init__(self, ledger: "Journal") -> None:
        self._run = ledger.writer.run
        self._one = asyncio.Lock()  # at a time

    async def send(self, request: SendLocalList) -> SendLocalListResponse:
        """Do what the hub asks; answered after the commit."""
        async with self._one:
            if request.part == 0 and request.update_type == "Full":
                await self._run(give_up)
                await self._clean()
            try:
                answer = await self._run(lambda database: take(database, request))
            except ListError as error:
                await self._run(give_up)
                held = await self._run(head)
                answer = SendLocalListResponse(status="Failed", version=held.version, reason=str(error))
        return answer

    async def tidy(self) -> None:
        """Delete what no list needs any more, before the next one makes it wait."""
        async with self._one:
            await self._clean()

    async def version(self, _: GetLocalListVersion | None = None) -> GetLocalListVersionResponse:
        """Which list is held."""
        return GetLocalListVersionResponse(version=(await self._run(head)).version)

    async def counts(self) -> Counts:
        """What is held."""
        return await self._run(counts)

    async def _clean(self) -> None:
        while await self._run(clean):
            pass
