"""Commands to edges: start and stop. Each has an expiry and is never carried out late.

A command that an edge did not answer is "unknown", not "failed": it may have been done, and the edge's records tell.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

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


class Terms(NamedTuple):
    """At which price somebody wants to start, and when: the tariff that was shown; a time to begin, or one before which
    the cheapest hours are chosen, UTC ms. None: at whatever price, now.
    """

    tariff_hash: str | None = None
    at: int | None = None
    cheap_until: int | None = None


class Commands:
    """Gives commands and writes down what came of them."""

    def __init__(self, links: Links) -> None:
        self._links = links
        self._last = 0

    async def start(
        self,
        edge: str,
        device: str,
        outlet: str | None,
        caps: Caps,
        terms: Terms = Terms(),  # noqa: B008 - frozen
        expiry: int | None = None,
    ) -> Answer:
        """Start charging; the number of the command is the `remote_start_id` by which the session will be known."""
        draft = await self.draft(edge, now_ms() + EXPIRY if expiry is None else expiry)
        request = RequestStartTransaction(
            device=device,
            outlet=outlet,
            remote_start_id=draft.id,
            caps=caps,
            expiry=draft.expiry,
            tariff_hash=terms.tariff_hash,
            at=terms.at,
            cheap_until=terms.cheap_until,
        )
        await self.keep(draft, request)
        return await self.send(draft, request)

    async def stop(self, edge: str, session: str) -> Answer:
        """Stop a session."""
        draft = await self.draft(edge, now_ms() + EXPIRY, "stop")
        request = RequestStopTransaction(transaction_id=session, expiry=draft.expiry)
        await self.keep(draft, request)
        return await self.send(draft, request)

    async def draft(self, edge: str, expiry: int, action: str = "start") -> Command:
        """A command with a number of its own, which nobody has heard of yet."""
        return Command(id=await self._number(), edge=edge, action=action, given=now_ms(), expiry=expiry)

    async def keep(self, draft: Command, request: Shape) -> None:
        """Write a command down, in the transaction that runs: it may be sent when that is committed."""
        draft.payload = msgspec.json.encode(request).decode()
        await draft.save(force_create=True)

    async def send(self, row: Command, request: Shape) -> Answer:
        """Send a command that was written down, and write down what came of it."""
        answer = await self._ask(row, request)
        row.outcome = answer.outcome
        row.answer = msgspec.json.encode(answer).decode()
        await row.save()
        return answer

    async def _number(self) -> int:
        """A number that no command has had: the time, or more if the clock was set back."""
        if not self._last:
            newest = await Command.all().order_by("-id").first()
            self._last = max(self._last, newest.id if newest else 0)
        self._last = max(self._last + 1, now_ms() * 1_000)
        return self._last

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
