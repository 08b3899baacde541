"""Commands to edges: start and stop. Each has an expiry and is never carried out late.

A command that an edge did not answer is "unknown", not "failed": it may have been done, and the edge's records tell.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import msgspec

from chargelink.hub.clock import now_ms
from chargelink.hub.store.models import Command
from chargelink.link.messages import (
    Caps,
    RequestStartTransaction,
    RequestStartTransactionResponse,
    RequestStopTransaction,
    RequestStopTransactionResponse,
)
from chargelink.link.shape import Shape

EXPIRY = 20_000  # ms: whoever pressed the button still stands there


class EdgeAwayError(Exception):
    """The edge had no link until the command expired; it was never asked."""


class EdgeRefusedError(Exception):
    """The edge did not take the call."""


class NoAnswerError(Exception):
    """The edge was asked, and nobody knows whether it did it."""


class Links(Protocol):
    """How edges are reached."""

    async def call(self, edge: str, request: Shape, expiry: int) -> Shape:
        """Ask an edge. Raises EdgeAwayError, EdgeRefusedError or NoAnswerError."""
        ...


class Outcome(StrEnum):
    """What came of a command."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"
    AWAY = "away"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome, the session it is about where one is known, and the edge's own words."""

    outcome: Outcome
    session: str | None = None
    reason: str | None = None


class Commands:
    """Gives commands and writes down what came of them."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._last = 0

    async def start(self, edge: str, device: str, outlet: str | None, caps: Caps, expiry: int | None = None) -> Answer:
        """Start charging; the number of the command is the `remote_start_id` by which the session will be known."""
        given = now_ms()
        until = given + EXPIRY if expiry is None else expiry
        row = Command(id=await self._number(), edge=edge, action="start", given=given, expiry=until)
        request = RequestStartTransaction(device=device, outlet=outlet, remote_start_id=row.id, caps=caps, expiry=until)
        return await self._give(row, request)

    async def stop(self, edge: str, session: str) -> Answer:
        """Stop a session."""
        given = now_ms()
        row = Command(id=await self._number(), edge=edge, action="stop", given=given, expiry=given + EXPIRY)
        return await self._give(row, RequestStopTransaction(transaction_id=session, expiry=row.expiry))

    async def _number(self) -> int:
        """A number that no command has had: the time, or more if the clock was set back."""
        if not self._last:
            newest = await Command.all().order_by("-id").first()
            self._last = max(self._last, newest.id if newest else 0)
        self._last = max(self._last + 1, now_ms() * 1_000)
        return self._last

    async def _give(self, row: Command, request: Shape) -> Answer:
        row.payload = msgspec.json.encode(request).decode()
        await row.save(force_create=True)
        answer = await self._ask(row, request)
        row.outcome = answer.outcome
        row.answer = msgspec.json.encode(answer).decode()
        await row.save()
        return answer

    async def _ask(self, row: Command, request: Shape) -> Answer:
        try:
            response = await self._links.call(row.edge, request, row.expiry)
        except EdgeAwayError as away:
            return Answer(Outcome.AWAY, reason=str(away))
        except NoAnswerError as silence:
            return Answer(Outcome.UNKNOWN, reason=str(silence))
        except EdgeRefusedError as refusal:
            return Answer(Outcome.REJECTED, reason=str(refusal))
        assert isinstance(response, RequestStartTransactionResponse | RequestStopTransactionResponse)
        outcome = Outcome.ACCEPTED if response.status == "Accepted" else Outcome.REJECTED
        return Answer(outcome, getattr(response, "transaction_id", None), response.reason)
