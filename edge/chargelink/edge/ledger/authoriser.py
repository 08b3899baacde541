"""Who may charge, and with what money: the hub is asked, or the local list where it cannot be.

A hub that says no has said no. One that is away, or does not answer in time, leaves the decision to this edge: a card,
account or VIN pays by its monthly pass or from a lease of its account, a voucher with what it is worth. What is agreed
is reserved when the session begins (`agreed`).
"""

import hmac
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

import msgspec
import structlog

from chargelink.cli.language import Text
from chargelink.edge.ledger import allowances, asking, local_list, pins, uses
from chargelink.edge.ledger.journal import Journal
from chargelink.edge.ledger.local_list import Found
from chargelink.edge.ledger.refusal import NotAuthorisedError, Status
from chargelink.edge.ledger.tariffs import NoTariffError, Priced
from chargelink.ids import ENTROPY_BYTES, session_id
from chargelink.link.authorisation import (
    Authorisation,
    Authorize,
    AuthorizeResponse,
    Pass,
    StartMode,
    TokenKind,
)
from chargelink.link.messages import Caps
from chargelink.link.quantities import EXACT
from chargelink.link.shape import Shape
from chargelink.model import Tariff
from chargelink.tariff import affordable
from chargelink.trust.tokens import PIN, normal, pin_digest
from chargelink.wire import ChargelinkError

ASKED_WITHIN = 6.0  # s that the hub may take: who stands there waits for it

MODES = {
    TokenKind.CARD: StartMode.CARD,
    TokenKind.ACCOUNT: StartMode.PIN,
    TokenKind.VIN: StartMode.VIN,
    TokenKind.VOUCHER: StartMode.VOUCHER,
}

log = structlog.get_logger("authorise")


class Hub(Protocol):
    """The way to the hub: `ask` raises a ChargelinkError where it gets no answer; `heard` of that says whether the hub
    may have heard the question.
    """

    @property
    def online(self) -> bool: ...

    async def ask(self, request: Shape, within: float) -> Shape: ...


class Claim(NamedTuple):
    """What somebody who wants to charge showed, and where. `money` is what they want to spend at most, fen.

    `mode` is how they asked, if it does not follow from what they showed; `tariff_hash` the price that they were shown.
    """

    kind: TokenKind
    token: str
    device: str
    outlet: str | None = None
    pin: str | None = None
    mode: str | None = None
    money: int | None = None
    tariff_hash: str | None = None

    def __repr__(self) -> str:
        return f"Claim({self.kind}, {self.device!r}, {self.outlet!r})"  # numbers and PINs belong in no log


class Authorised(NamedTuple):
    """What to begin with, and the limits that come with it. `request` is what the hub was asked, if it was."""

    authorisation: Authorisation
    caps: Caps = Caps()
    request: str | None = None


class Authoriser:
    """Decides for one edge. All methods raise LedgerError.

    `price` says what holds at a device for customers of a group, `hold` how many fen of an allowance one charge there
    may hold when nothing else says it; `clock` gives UTC ms.
    """

    def __init__(
        self,
        ledger: Journal,
        price: Callable[[str, str | None], Awaitable[Priced]],
        hold: Callable[[str], int],
        clock: Callable[[], int],
        clock_trusted: Callable[[], bool],
        entropy: Callable[[int], bytes],
        hub: Hub | None = None,
    ) -> None:
        self._run = ledger.writer.run
        self._price = price
        self._hold = hold
        self._clock = clock
        self._clock_trusted = clock_trusted
        self._entropy = entropy
        self.hub = hub

    async def authorise(self, claim: Claim) -> Authorised:
        """What a session may begin with. Raises NotAuthorisedError, which says why not in words; NoTariffError.

        Whoever is given it begins a session with it soon, or calls `release`.
        """
        try:
            normal(claim.token)
        except ValueError:
            raise NotAuthorisedError("Invalid", NO_NUMBER) from None
        if claim.pin is not None and not PIN.fullmatch(claim.pin):
            raise NotAuthorisedError("WrongPin", NO_PIN)
        if self.hub is not None and self.hub.online:
            told = await self._ask(self.hub, claim)
            if told is not None:
                return told
        return await self._decide(claim)

    async def release(self, authorised: Authorised, reason: str, text: str) -> None:
        """The start failed: what the hub froze for it is free. Nothing happens if a session has begun with it."""
        if authorised.request is not None:
            request, now = authorised.request, self._clock()
            await self._run(lambda database: asking.refuse(database, request, reason, text, now))

    async def recover(self) -> None:
        """The edge was started: whatever was asked before will not begin."""
        now = self._clock()
        text = "the edge was restarted before the charge began"
        await self._run(lambda database: asking.refuse_all(database, EXACT, "restarted", text, now))

    async def tidy(self) -> None:
        """Refuse what was asked and did not begin for long; forget what is long past."""
        now = self._clock()
        text = "nothing began with the answer for a quarter of an hour"
        await self._run(lambda database: asking.refuse_all(database, now - asking.STALE, "stale", text, now))
        if self._clock_trusted():  # else a clock that is years ahead forgets what has just been used
            await self._run(lambda database: uses.forget(database, now))

    async def _ask(self, hub: Hub, claim: Claim) -> Authorised | None:
        """What the hub says; None if it says nothing. Raises NotAuthorisedError if it says no."""
        now = self._clock()
        price = claim.tariff_hash or (await self._price(claim.device, None)).hash
        request = session_id(now, self._entropy(ENTROPY_BYTES))
        await self._run(lambda database: asking.ask(database, request, claim.device, claim.outlet, now))
        question = Authorize(
            id=request,
            kind=claim.kind,
            token=claim.token,
            device=claim.device,
            outlet=claim.outlet,
            pin=claim.pin,
            tariff_hash=price,
        )
        try:
            response = await hub.ask(question, ASKED_WITHIN)
        except ChargelinkError as silence:
            log.info("the hub does not say who may charge", why=str(silence))
            await self._unanswered(request, heard=getattr(silence, "heard", True), why=str(silence))
            return None
        assert isinstance(response, AuthorizeResponse)
        return await self._answered(request, response, claim)

    async def _unanswered(self, request: str, *, heard: bool, why: str) -> None:
        now = self._clock()
        if heard:
            await self._run(lambda database: asking.refuse(database, request, "no-answer", why, now))
        else:
            await self._run(lambda database: asking.forget(database, request))

    async def _answered(self, request: str, response: AuthorizeResponse, claim: Claim) -> Authorised:
        told = response.authorisation
        if response.status != "Accepted" or told is None:
            await self._run(lambda database: asking.forget(database, request))
            status: Status = "Invalid" if response.status == "Accepted" else response.status
            words = SAID[status]
            raise NotAuthorisedError(status, Text(response.reason, response.reason) if response.reason else words)
        order = told.order
        if order is None:  # nothing is frozen
            await self._run(lambda database: asking.forget(database, request))
        else:
            await self._run(lambda database: asking.answered(database, request, order))
        answer = Authorised(
            msgspec.structs.replace(told, mode=_mode(claim)), request=None if order is None else request
        )
        try:
            return await self._fitted(claim, answer)
        except (NotAuthorisedError, NoTariffError) as error:
            await self.release(answer, "no-start", str(error))
            raise

    async def _fitted(self, claim: Claim, answer: Authorised) -> Authorised:
        """What the hub says, as far as it holds here: it knows neither what is sold here, nor what was just spent."""
        told = answer.authorisation
        if told.pass_id is not None:
            priced = await self._price(claim.device, told.group)
            if priced.tariff.monthly_pass is None:
                raise NotAuthorisedError("Invalid", NOT_SOLD)
            answer = answer._replace(caps=await self._caps(claim, told, None))
        if told.lease is not None:
            name = told.lease
            lease = await self._run(lambda database: allowances.held(database, name))
            left = 0 if lease is None else lease.left
            told = msgspec.structs.replace(told, prepaid=left if told.prepaid is None else min(left, told.prepaid))
            priced = await self._price(claim.device, told.group)
            answer = answer._replace(authorisation=_buying(priced.tariff, told))
        return answer

    async def _decide(self, claim: Claim) -> Authorised:
        """By the local list. Raises NotAuthorisedError."""
        found = await self._run(lambda database: local_list.find(database, claim.kind, claim.token))
        if found is None:
            held = await self._run(local_list.head)
            raise NotAuthorisedError("Invalid", UNKNOWN if held.key else NO_LIST)
        entry = found.entry
        if entry.status == "Blocked":
            raise NotAuthorisedError("Blocked", SAID["Blocked"])
        if entry.until is not None and entry.until <= self._clock():
            raise NotAuthorisedError("Expired", SAID["Expired"])
        if entry.until is not None and not self._clock_trusted():
            raise NotAuthorisedError("Invalid", allowances.CLOCK)
        if entry.pin is None and claim.kind == TokenKind.ACCOUNT:
            raise NotAuthorisedError("Invalid", NO_PROOF)
        if entry.pin is not None:
            await self._require_pin(found, claim.pin, entry.pin)
        told = Authorisation(
            mode=_mode(claim),
            account=entry.account,
            group=entry.group,
            confirmed="consent" if claim.kind == TokenKind.VIN and entry.consent else "now",
        )
        if claim.kind == TokenKind.VOUCHER:
            told = await self._by_voucher(found, told)
        priced = await self._price(claim.device, entry.group)
        if told.voucher is not None:
            return Authorised(_buying(priced.tariff, told))
        if entry.honours is not None and priced.tariff.monthly_pass is not None:
            told = await self._by_pass(found, entry.honours, told)
            return Authorised(told, await self._caps(claim, told, entry.honours))
        return Authorised(await self._by_lease(claim, told, priced.tariff))

    async def _require_pin(self, found: Found, entered: str | None, right: bytes) -> None:
        if entered is None:
            raise NotAuthorisedError("WrongPin", PIN_NEEDED)
        entry, now = found.entry, self._clock()
        left = await self._run(lambda database: pins.count(database, entry, now))
        if hmac.compare_digest(pin_digest(found.key, entry.token, entered), right):
            await self._run(lambda database: pins.right(database, entry))
            return
        if left == 0:
            await self._run(lambda database: pins.lock(database, entry, now))
        raise NotAuthorisedError("WrongPin", Text(WRONG.english.format(left), WRONG.chinese.format(left)))

    async def _by_voucher(self, found: Found, told: Authorisation) -> Authorisation:
        entry = found.entry
        name = entry.voucher or entry.token.hex()
        if not found.whole or not entry.amount:
            raise NotAuthorisedError("Invalid", NOT_NOW)
        if await self._run(lambda database: uses.is_used(database, name)):
            raise NotAuthorisedError("NoCredit", uses.VOUCHER_USED)
        return msgspec.structs.replace(told, voucher=name, prepaid=entry.amount)

    async def _by_pass(self, found: Found, terms: Pass, told: Authorisation) -> Authorisation:
        now = self._clock()
        if not found.whole:
            raise NotAuthorisedError("Invalid", NOT_NOW)
        if not self._clock_trusted():
            raise NotAuthorisedError("Invalid", allowances.CLOCK)
        await self._run(lambda database: uses.require_use(database, terms, now))
        return msgspec.structs.replace(told, pass_id=terms.id)

    async def _by_lease(self, claim: Claim, told: Authorisation, tariff: Tariff) -> Authorisation:
        now, account = self._clock(), told.account or ""
        if not self._clock_trusted():
            raise NotAuthorisedError("Invalid", allowances.CLOCK)
        lease = await self._run(lambda database: allowances.for_account(database, account, now))
        if lease is None:
            raise NotAuthorisedError("NoCredit", NO_LEASE)
        amount = min(lease.left, _wanted(tariff, self._hold(claim.device)) if claim.money is None else claim.money)
        group = told.group or lease.lease.group
        return _buying(tariff, msgspec.structs.replace(told, lease=lease.lease.id, prepaid=amount, group=group))

    async def _caps(self, claim: Claim, told: Authorisation, terms: Pass | None) -> Caps:
        """The limits that a pass brings with it: those of the pass, and those by which it is sold here."""
        if told.pass_id is None:
            return Caps()
        sold = (await self._price(claim.device, told.group)).tariff.monthly_pass
        both = [one for one in (sold, terms) if one is not None]
        return Caps(
            energy=min((one.energy_per_use for one in both if one.energy_per_use is not None), default=None),
            minutes=min((one.minutes_per_use for one in both if one.minutes_per_use is not None), default=None),
        )


def tighter(one: Caps, other: Caps) -> Caps:
    """The lower of each limit."""
    pairs = {name: (getattr(one, name), getattr(other, name)) for name in Caps.__struct_fields__}
    return Caps(**{name: min((v for v in pair if v is not None), default=None) for name, pair in pairs.items()})


def _mode(claim: Claim) -> str:
    if claim.mode is not None:
        return claim.mode
    return StartMode.PIN if claim.pin is not None and claim.kind == TokenKind.CARD else MODES[claim.kind]


def _buying(tariff: Tariff, told: Authorisation) -> Authorisation:
    """What was agreed, if its money buys anything. Raises NotAuthorisedError."""
    bought = affordable(tariff, told.prepaid or 0, told)
    if 0 in (bought.energy, bought.minutes) or not told.prepaid:
        raise NotAuthorisedError("NoCredit", TOO_LITTLE)
    return told


def _wanted(tariff: Tariff, hold: int) -> int:
    """What one charge may come to, if the price says it; else what one may hold here."""
    if tariff.most is not None:
        return tariff.most
    return hold if tariff.per_use is None else max(tariff.per_use, tariff.minimum)


NO_NUMBER = Text("no number or code was given", "未提供卡号或券码")
NO_PIN = Text("a PIN has 4 to 8 digits", "密码为 4 至 8 位数字")
PIN_NEEDED = Text("this card or account needs its PIN", "该卡或账户需要输入密码")
WRONG = Text("the PIN is wrong; {} tries are left", "密码错误，还可尝试 {} 次")
NO_LIST = Text("the hub is away, and without it nobody is known here", "平台未连接，本站尚无本地名单，无法识别")
UNKNOWN = Text("this card, account, vehicle or code is not known here", "本站不识别该卡、账户、车辆或券码")
NOT_NOW = Text("this cannot be used until the hub has been here again", "平台重新连接前不能使用")
NOT_SOLD = Text("no monthly passes are honoured at this place", "此处不支持包月")
NO_PROOF = Text("the number of an account alone proves nothing; it needs a PIN", "仅凭账户号不能充电；该账户须设置密码")
NO_LEASE = Text("the hub is away, and this account has no allowance here", "平台未连接，该账户在本站没有可用额度")
TOO_LITTLE = Text("the money that is left, or was chosen, buys nothing here", "剩余或所选金额不足以在此充电")
SAID: dict[Status, Text] = {
    "Blocked": Text("this card, account, vehicle or code is blocked", "该卡、账户、车辆或券码已停用"),
    "Expired": Text("this card, account, vehicle or code is not valid any more", "该卡、账户、车辆或券码已过期"),
    "Invalid": UNKNOWN,
    "NoCredit": Text("the account has not enough money", "账户余额不足"),
    "WrongPin": Text("the PIN is wrong or missing", "密码错误或未输入"),
}
