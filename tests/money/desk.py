"""Who pays: an account at the hub, its card, its allowances at the edge; and what both ask each other, which gets lost.

The desk stands between a history's edge and its hub. Whatever is asked either way may not arrive, may be done without
an answer, or may come late.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from tests.money.ends import EdgeEnd, HubEnd

from chargelink.edge.ledger.authoriser import Authorised, Authoriser, Claim
from chargelink.edge.ledger.refusal import NotAuthorisedError
from chargelink.edge.ledger.tariffs import Priced
from chargelink.edge.uplink.questions import NoAnswerError as Unanswered
from chargelink.hub.clock import now_ms
from chargelink.hub.services import accounts, authorising, leases, tokens
from chargelink.hub.services.commands import EdgeAwayError, NoAnswerError
from chargelink.hub.services.deliveries import Takes, Visit
from chargelink.hub.services.orders import Place
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.services.starts import Wish as Order
from chargelink.hub.store.money import Lease
from chargelink.link.authorisation import (
    Authorize,
    GrantAllowance,
    SendLocalList,
    StartMode,
    TokenKind,
    WithdrawAllowance,
)
from chargelink.link.messages import Caps, RequestStartTransaction
from chargelink.link.shape import Shape

DAY = 86_400_000  # ms
HOLD = 300  # fen of an allowance that one charge may hold
AMOUNTS = (0, 150, 700, 2_000, 5_000, 100_000)  # fen that an account has

Obey = Callable[[RequestStartTransaction, bool], Awaitable[Shape]]
"""Starts what the hub wants; `True`: it is too late for that, only what came of it counts."""


@dataclass(frozen=True)
class Known:
    """How the edge decides: which price holds at a device, its clock, and whether it may be trusted."""

    price: Callable[[str, str | None], Awaitable[Priced]]
    clock: Callable[[], int]
    trusted: Callable[[], bool]


class Desk:
    """One account's. `paid_in` fen came from outside."""

    def __init__(self, hub: HubEnd, edge: EdgeEnd, random: Random, known: Known, obey: Obey) -> None:
        self._hub, self._edge, self._random, self._known, self._obey = hub, edge, random, known, obey
        self._late: list[Authorize] = []
        self._visiting = False
        self.account, self.paid_in = "", 0
        self.peace = False
        hub.edges[edge.name] = self._asked
        self.awake()

    def awake(self) -> None:
        """The edge has started."""
        known = self._known
        self.authoriser = Authoriser(
            self._edge.journal,
            known.price,
            lambda _: HOLD,
            known.clock,
            known.trusted,
            self._random.randbytes,
            hub=self,
        )

    async def open(self, now: int) -> None:
        """Somebody opens an account with a card, and pays in."""
        self.account = (await accounts.create(now_ms())).id
        self.paid_in = self._random.choice(AMOUNTS)
        if self.paid_in:
            await accounts.top_up(self.account, self.paid_in, f"{self._edge.name}-1", now_ms())
        await tokens.add(TokenKind.CARD, self.card, self.account, now_ms())
        self.peace = True
        await (self.lease(now) if self._random.randrange(2) else self.visit())
        self.peace = False

    @property
    def card(self) -> str:
        """Its number."""
        return f"card{self._edge.name}"

    # What the hub asks of the edge

    async def order(self, device: str, outlet: str | None, caps: Caps, tariff_hash: str | None) -> None:
        """Somebody scans: the hub freezes, and asks the edge."""
        place = Place(edge=self._edge.name, device=device, outlet=outlet, mode=StartMode.SCAN, tariff_hash=tariff_hash)
        prepaid = self._random.choice((None, 1, 100, 500, 2_000))
        try:
            await self._hub.starts.start(Order(account=self.account, place=place, caps=caps, prepaid=prepaid))
        except RefusedError:
            return  # no money, or a price that the hub has not heard of

    async def visit(self) -> None:
        """The hub brings what it has for the edge, and asks about orders of which it knows nothing."""
        takes = Takes(local_list=(await self._edge.local_list.version()).version)
        self._visiting = True
        for duty in self._hub.duties:
            try:
                await duty.visit(Visit(self._edge.name, takes, True, self._asked))
            except (EdgeAwayError, NoAnswerError):
                continue
        self._visiting = False

    async def _asked(self, request: Shape) -> Shape:
        fate = 9 if self.peace else self._random.randrange(10)
        if fate == 0:
            raise EdgeAwayError("away")
        if fate == 1:
            raise NoAnswerError("lost on the way")
        answer = await self._done(request)
        if fate == 2:
            raise NoAnswerError("the answer was lost")
        return answer

    async def _done(self, request: Shape) -> Shape:
        match request:
            case RequestStartTransaction():
                return await self._obey(request, self._visiting)
            case GrantAllowance():
                return await self._edge.allowances.grant(request)
            case WithdrawAllowance():
                return await self._edge.allowances.withdraw(request)
            case SendLocalList():
                return await self._edge.local_list.send(request)
        raise AssertionError(f"the hub asks {request}")

    # What the edge asks of the hub

    @property
    def online(self) -> bool:
        """Whether the edge thinks that it can ask."""
        return bool(self._random.randrange(2))

    async def ask(self, request: Shape, within: float) -> Shape:
        """As `Uplink` asks. Raises Unanswered."""
        assert isinstance(request, Authorize)
        fate = 9 if self.peace else self._random.randrange(10)
        if fate == 0:
            raise Unanswered("not sent", heard=False)
        if fate == 1:
            raise Unanswered("lost", heard=True)
        if fate == 2:
            self._late.append(request)
            raise Unanswered("still on its way", heard=True)
        answer = await self._answer(request)
        if fate == 3:
            raise Unanswered("the answer was lost", heard=True)
        return answer

    async def late(self) -> None:
        """A question arrives that nobody waits for any more."""
        while self._late:
            await self._answer(self._late.pop())

    async def _answer(self, request: Authorize) -> Shape:
        return await authorising.authorise(self._edge.name, request, now_ms(), self._hub.starts.usual)

    async def card_shown(self, device: str, outlet: str | None) -> Authorised | None:
        """Somebody shows the card: what to begin with."""
        try:
            return await self.authoriser.authorise(Claim(TokenKind.CARD, self.card, device, outlet))
        except NotAuthorisedError:
            return None

    # Allowances

    async def lease(self, now: int) -> None:
        """The hub lends the edge some of the account's money, or wants it back."""
        mine = await Lease.filter(account=self.account, state__in=leases.OPEN)
        try:
            if mine and self._random.randrange(3) == 0:
                await leases.withdraw(self._random.choice(sorted(mine, key=lambda one: one.created)).id, now)
            else:
                amount, until = self._random.choice((1, 300, 900)), now + self._random.choice((600_000, DAY, 300 * DAY))
                await leases.grant(self.account, self._edge.name, amount, until, now)
        except RefusedError:
            return
        await self.visit()

    # The end

    async def close(self, now: int) -> None:
        """Nothing gets lost any more: what is in doubt is asked about, all allowances come back."""
        self.peace = True
        await self.late()
        await self.authoriser.recover()
        for one in await Lease.filter(account=self.account, state__in=leases.OPEN):
            await leases.withdraw(one.id, now)
        await self.visit()
