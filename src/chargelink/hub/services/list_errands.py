"""Local lists on their way: what changed, or all of it where nobody knows what an edge holds; in parts."""

import secrets
from collections.abc import AsyncIterator, Collection
from typing import NamedTuple

import structlog

from chargelink.hub.bus import Bus
from chargelink.hub.clock import now_ms
from chargelink.hub.services import listing, passes, tokens, views
from chargelink.hub.services.changes import last_change
from chargelink.hub.services.commands import EdgeRefusedError
from chargelink.hub.services.deliveries import Visit
from chargelink.hub.services.listing import MOST_CHANGES, Piece, Reader
from chargelink.hub.store.alarms import write_alarm
from chargelink.hub.store.lists import EdgeList, Unlisted
from chargelink.link.authorisation import SendLocalList, SendLocalListResponse
from chargelink.trust.tokens import KEY_BYTES

PART = 1_000  # entries in one message: a frame holds them whatever they say
MISMATCH = "VersionMismatch"

log = structlog.get_logger()


class ListErrands:
    """The duty of lists."""

    name = "local list"

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._last: int | None = None  # change that was looked at

    async def news(self, connected: Collection[str]) -> Collection[str]:
        """Everybody, when a token changed, or a pass has begun."""
        await passes.begin(now_ms())
        last, before = await last_change(), self._last
        self._last = last
        return connected if before is not None and last > before else ()

    async def visit(self, visit: Visit) -> None:
        """Send what it lacks. An edge that takes no lists said so at its boot, and is left alone."""
        if visit.takes.local_list is None:
            return
        row = await _row(visit.edge)
        if visit.first:
            ours = visit.takes.local_list in (row.held, row.offered)
            row.held = visit.takes.local_list if ours else 0
            await row.save(update_fields=["held"])
        version = await last_change()
        if not version or version == row.held:
            return
        status = await self._send(visit, row, version)
        if status == MISMATCH:
            await self._send(visit, row, version)

    async def _send(self, visit: Visit, row: EdgeList, version: int) -> str:
        """Send one version, and remember what came of it."""
        key = tokens.list_key(row)
        if key is None or (row.held and await listing.changes(row.edge, row.held, version) > MOST_CHANGES):
            row.held = 0
        if key is None:
            key = secrets.token_bytes(KEY_BYTES)
            row.key = tokens.sealed_list_key(row.edge, key)
        row.offered = version
        await row.save()
        reader = Reader(row.edge, key, now_ms())
        answer, count = await _told(visit, reader, row.held, version)
        if answer.status == "Accepted" and answer.version == version:
            count = count if not row.held else row.entries
            row.held, row.entries, row.at, row.words = version, count, now_ms(), ""
            await row.save()
            await Unlisted.filter(edge=row.edge, changed__lte=version).delete()
            log.info("local list sent", edge=row.edge, version=version)
            return "Accepted"
        if answer.status == MISMATCH and row.held:
            row.held = 0
            await row.save(update_fields=["held"])
            return MISMATCH
        row.held, row.words = 0, answer.reason or f"{answer.status}, version {answer.version}"
        await row.save()
        detail: dict[str, object] = {"edge": row.edge, "why": row.words}
        for change in views.alarms(await write_alarm(row.edge, "list-refused", str(version), now_ms(), detail)):
            self._bus.publish(change)
        return "Failed"


class Sent(NamedTuple):
    """The list of an edge: how many entries the last full one had, since when, and whether it is the newest."""

    edge: str
    version: int
    entries: int
    at: int
    current: bool
    words: str


async def sent() -> list[Sent]:
    """Which edge holds what."""
    last = await last_change()
    rows = await EdgeList.all().order_by("edge")
    return [Sent(row.edge, row.held, row.entries, row.at, row.held == last, row.words) for row in rows]


async def _row(edge: str) -> EdgeList:
    row = await EdgeList.get_or_none(edge=edge)
    if row is None:
        key = tokens.sealed_list_key(edge, secrets.token_bytes(KEY_BYTES))
        row, _ = await EdgeList.get_or_create({"key": key}, edge=edge)
    return row


async def _told(visit: Visit, reader: Reader, since: int, version: int) -> tuple[SendLocalListResponse, int]:
    """Send all parts; the last answer, and how many entries went."""
    part, count = 0, 0
    answer: SendLocalListResponse | None = None
    async for piece, more in _parts(reader, since, version):
        request = SendLocalList(
            version=version,
            update_type="Differential" if since else "Full",
            entries=piece.entries,
            removed=piece.removed,
            base=since,
            part=part,
            more=more,
            key=reader.key if not (since or part) else None,
        )
        try:
            said = await visit.ask(request)
        except EdgeRefusedError as refusal:
            return SendLocalListResponse(status="Failed", version=0, reason=str(refusal)[:500]), count
        assert isinstance(said, SendLocalListResponse)
        answer, part, count = said, part + 1, count + len(piece.entries)
        if answer.status != "Accepted":
            break
    assert answer is not None  # a list has at least one part
    return answer, count


async def _parts(reader: Reader, since: int, version: int) -> AsyncIterator[tuple[Piece, bool]]:
    """A list in parts, each with whether there are more."""
    waiting = Piece()
    async for piece in listing.pieces(reader, since, version):
        if waiting and len(waiting) + len(piece) > PART:
            yield waiting, True
            waiting = piece
        else:
            waiting = Piece(waiting.entries + piece.entries, waiting.removed + piece.removed)
    yield waiting, False
