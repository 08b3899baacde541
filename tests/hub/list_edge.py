"""An edge for the tests that keeps a local list, by the text of docs/money.md and nothing of ours."""

import asyncio
import hashlib
import hmac
from typing import Any

from tests.hub.conftest import PATIENCE
from tests.hub.fake_edge import FakeEdge


def digest(key: bytes, kind: str, value: str) -> bytes:
    """A token as it stands in a list."""
    plain = value.upper().replace(" ", "").replace("-", "")
    return hmac.new(key, kind.encode() + b"\0" + plain.encode(), hashlib.sha256).digest()


class ListEdge:
    """Takes lists, part by part."""

    def __init__(self, edge: FakeEdge, held: int = 0) -> None:
        self.edge = edge
        self.version = held
        self.key = b""
        self.entries: dict[bytes, dict[str, Any]] = {}
        self.coming: dict[bytes, dict[str, Any] | None] = {}
        self.parts: list[dict[str, Any]] = []
        self.refusal: dict[str, Any] | None = None
        edge.takers["SendLocalList"] = self.take

    def take(self, part: dict[str, Any]) -> dict[str, Any]:
        """Answer as an edge does."""
        self.parts.append(part)
        if self.refusal is not None:
            return self.refusal
        full = part["updateType"] == "Full"
        if not full and part["base"] != self.version:
            return {"status": "VersionMismatch", "version": self.version}
        if not part["part"]:
            self.coming = {}
            self.key = part["key"] or self.key
        self.coming |= dict.fromkeys(part["removed"]) | {entry["token"]: entry for entry in part["entries"]}
        if not part["more"]:
            before = {} if full else self.entries
            self.entries = {token: entry for token, entry in (before | self.coming).items() if entry is not None}
            self.version = part["version"]
        return {"status": "Accepted", "version": self.version}

    async def until(self, version: int) -> None:
        """It holds this version."""
        async with asyncio.timeout(PATIENCE):
            while self.version != version:  # noqa: ASYNC110 - asking is the condition
                await asyncio.sleep(0.01)

    def entry(self, kind: str, value: str) -> dict[str, Any] | None:
        """What the list says of a token."""
        return self.entries.get(digest(self.key, kind, value))
