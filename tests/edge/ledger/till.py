"""An edge that can sell: a ledger, its sessions, a list and leases, and a hub that says what a test wants it to."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.edge.ledger.opened import open_journal

from chargelink.edge.ledger import Ending, Journal, Sessions, allowances, local_list
from chargelink.edge.ledger.authoriser import Authorised, Authoriser, Claim
from chargelink.edge.ledger.refusal import NotAuthorisedError
from chargelink.edge.ledger.tariffs import Priced
from chargelink.edge.uplink import NoAnswerError
from chargelink.link.authorisation import Authorize, Lease, ListEntry, SendLocalList, TokenKind
from chargelink.link.messages import RECORD_LANE
from chargelink.link.shape import Shape
from chargelink.model import Reading, SessionEnded, SessionKind, StopReason, Tariff, content_of
from chargelink.tariff import tariff_hash
from chargelink.trust.tokens import pin_digest, token_digest

NOW = 1_800_000_000_000
KEY = bytes(range(32))
PER_USE = Tariff(id="use", version=1, per_use=200)
PASS = msgspec.convert(
    {"id": "pass", "version": 1, "perUse": 200, "monthlyPass": {"price": 3_000, "minutesPerUse": 600}}, Tariff
)
BY_ENERGY = msgspec.convert(
    {
        "id": "kwh",
        "version": 1,
        "periods": [{"name": "flat", "start": "00:00", "end": "24:00", "energyPrice": 60_000, "servicePrice": 40_000}],
    },
    Tariff,
)


class FakeHub:
    """`answer` is what it says: a response, or an exception; None: whatever is asked is a mistake of the test."""

    def __init__(self) -> None:
        self.online = False
        self.answer: Callable[[Authorize], Shape] | Shape | Exception | None = None
        self.asked: list[Authorize] = []

    async def ask(self, request: Shape, within: float) -> Shape:
        assert self.answer is not None
        assert isinstance(request, Authorize)
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer if isinstance(self.answer, Shape) else self.answer(request)


SILENT = NoAnswerError("the hub did not answer in time", heard=True)
AWAY = NoAnswerError("the hub is away", heard=False)


class Till:
    """One edge: `guns` sell by kWh, other devices what `sold` says."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = NOW
        self.trusted = True
        self.sold = PER_USE
        self.hub = FakeHub()
        self._open()

    def _open(self) -> None:
        self.journal: Journal = open_journal(self.path)
        self.sessions = Sessions(self.journal, "edge-1", os.urandom, clock_trusted=lambda: self.trusted)
        self.authoriser = Authoriser(
            self.journal, self._price, lambda _: 3_000, lambda: self.now, lambda: self.trusted, os.urandom, self.hub
        )

    async def reopen(self) -> None:
        """As after a restart."""
        await self.journal.close()
        self._open()
        await self.sessions.load()
        await self.authoriser.recover()

    async def _price(self, device: str, group: str | None) -> Priced:
        tariff = BY_ENERGY if device.startswith("gun") else self.sold
        return Priced(tariff, tariff_hash(tariff))

    async def hold(self, *entries: ListEntry, version: int = 1) -> None:
        """Hold a list."""
        request = SendLocalList(version=version, update_type="Full", entries=entries, key=KEY)
        answer = await local_list.LocalList(self.journal).send(request)
        assert answer.status == "Accepted"

    async def lend(self, amount: int, account: str = "a-1", name: str = "l-1", lasts: int = 1_000_000) -> None:
        """Hold a lease."""
        lease = Lease(id=name, account=account, amount=amount, until=self.now + lasts)
        await self.journal.writer.run(lambda database: allowances.grant(database, [lease], self.now))

    async def ask(
        self, token: str, kind: TokenKind = TokenKind.CARD, device: str = "socket-1", **how: Any
    ) -> Authorised:
        """Ask to charge."""
        return await self.authoriser.authorise(Claim(kind, token, device, **how))

    async def begin(self, told: Authorised, device: str = "socket-1") -> str:
        """Begin a session with what was agreed; its id."""
        tariff = (await self._price(device, None)).tariff
        begun = await self.sessions.begin(
            device,
            SessionKind.SOCKET,
            tariff,
            self.now,
            caps=told.caps,
            start=Reading(at=self.now, register=0),
            authorisation=told.authorisation,
        )
        return begun.started.session_id

    async def end(self, session: str, energy: int) -> SessionEnded:
        """End it with so many mWh."""
        self.now += 60_000
        return await self.sessions.end(
            session, self.now, Ending(StopReason.LOCAL, by="test", reading=Reading(at=self.now, register=energy))
        )

    async def records(self, kind: type[Any]) -> list[Any]:
        """What the journal says of one kind."""
        pending = await self.journal.pending(RECORD_LANE, 1_000, 1 << 22)
        contents = [content_of(record.kind, record.body) for record in pending.records]
        return [content for content in contents if isinstance(content, kind)]

    async def left(self) -> dict[str, int]:
        """What nobody has reserved, by lease."""
        held = await self.journal.writer.run(allowances.held_all)
        return {one.lease.id: one.left for one in held}


def entry(
    number: str, kind: TokenKind = TokenKind.CARD, account: str = "a-1", pin: str = "", **values: Any
) -> ListEntry:
    token = token_digest(KEY, kind, number)
    digest = pin_digest(KEY, token, pin) if pin else None
    return ListEntry(token=token, kind=kind, account=account, pin=digest, **values)


async def refused(till: Till, token: str, status: str, words: str, **how: Any) -> None:
    """That somebody may not charge, why, and that it can be told in both languages."""
    with pytest.raises(NotAuthorisedError, match=words) as refusal:
        await till.ask(token, **how)
    assert refusal.value.status == status
    assert refusal.value.text.chinese
