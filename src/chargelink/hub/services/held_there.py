"""What an edge has of an account already: a pass that it honours, a voucher of its own, an allowance.

An edge that asks is answered with it where the wallet has nothing to freeze: the edge itself counts how much of it is
left, and begins nothing on what is used up.
"""

from typing import Literal

from msgspec.structs import replace

from chargelink.hub.services import books, listing, vouchers
from chargelink.hub.services.leases import LeaseState
from chargelink.hub.store.models import Bill
from chargelink.hub.store.money import Account, Lease, Token
from chargelink.link.authorisation import Authorisation, Pass, TokenKind
from chargelink.model import Tariff

DAY = 24 * 3_600_000  # ms
CHINA = 8 * 3_600_000


async def at_edge(token: Token, edge: str, now: int, usual: int, shown: Tariff | None = None) -> Authorisation | None:
    """What a token charges with at an edge without anything being frozen; None where the wallet pays.

    A pass pays only where passes are sold, by the tariff that is shown there; None: nobody knows which.
    """
    account = await Account.get(id=token.account)
    confirmed: Literal["now", "consent"] = "consent" if token.consent else "now"
    told = Authorisation(account=account.id, group=account.group, confirmed=confirmed)
    if token.kind == TokenKind.VOUCHER:
        if token.edge != edge or token.amount is None:
            return None
        return replace(told, voucher=vouchers.name_of(account.id), prepaid=token.amount)
    sold = shown is None or shown.monthly_pass is not None
    terms = await listing.pass_of(account.id, edge, now) if sold else None
    if terms is not None and not await _used_up(terms, account.id, edge, now):
        return replace(told, pass_id=terms.id)
    wallet = await books.balance(books.wallet(account.id))
    if wallet >= usual:
        return None
    leases = Lease.filter(account=account.id, edge=edge, state=LeaseState.HELD, withdrawal=None, until__gt=now)
    left = {row.id: await books.balance(books.leased(row.id)) for row in await leases}
    best = max(left, key=lambda name: left[name], default=None)
    if best is None or left[best] <= wallet:
        return None
    return replace(told, lease=best, prepaid=min(left[best], usual))


async def _used_up(terms: Pass, account: str, edge: str, now: int) -> bool:
    """Whether the bills that we have say that nothing is left of a pass, in all or for today."""
    rows = Bill.filter(account=account, edge=edge, at__gt=terms.until - 32 * DAY, edge_bill__contains=terms.id)
    days = [(row.at + CHINA) // DAY for row in await rows.only("at")]
    today = days.count((now + CHINA) // DAY)
    return len(days) >= terms.uses or (terms.uses_per_day is not None and today >= terms.uses_per_day)
