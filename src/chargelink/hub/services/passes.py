"""Monthly passes (包月): sold once per reference from the wallet, for a month, their uses shared out among edges.

Edges count uses by themselves, without asking: so each has a share of its own, and all shares together are never more
than the pass has.
"""

import secrets
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from tortoise.transactions import in_transaction

from chargelink.cli.china import CHINA
from chargelink.cli.money import yuan
from chargelink.hub.services import accounts, books
from chargelink.hub.services.changes import touch
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.store.lists import AccountEdge, MonthlyPass, PassShare
from chargelink.hub.store.tariffs import PublishedTariff
from chargelink.model import PassTerms, Tariff, content_of

MOST_USES = 1_000_000  # at one edge, of a pass that has any number
LONGEST_REFERENCE = 128


class Sold(NamedTuple):
    """A pass as it is shown; `shares` are the uses of each edge."""

    id: str
    account: str
    reference: str
    price: int
    start: int
    until: int
    uses: int | None
    shares: dict[str, int]


async def sell(
    account: str, published: PublishedTariff, reference: str, now: int, shares: Mapping[str, int | None]
) -> tuple[MonthlyPass, bool]:
    """Sell a pass, and whether it is new: the same `reference` again is the same pass.

    It begins now, or when the account's last one ends. `shares` says which edge may honour how many uses, None for an
    even part; none at all: the edges of the account. Raises RefusedError.
    """
    if not 0 < len(reference) <= LONGEST_REFERENCE:
        raise RefusedError("a reference has 1 to 128 characters", "业务号应为 1 至 128 个字符")
    terms = _terms(published)
    async with in_transaction():
        await accounts.locked(account)
        if there := await MonthlyPass.get_or_none(reference=reference):
            return _same(there, account, published), False
        last = await MonthlyPass.filter(account=account, until__gt=now).order_by("-until").first()
        start = last.until if last else now
        row = await MonthlyPass.create(
            id=f"p{secrets.token_hex(8)}",
            reference=reference,
            account=account,
            tariff_hash=published.hash,
            price=terms.price,
            sold=now,
            start=start,
            until=month_later(start),
            uses_per_month=terms.uses_per_month,
            uses_per_day=terms.uses_per_day,
            minutes_per_use=terms.minutes_per_use,
            energy_per_use=terms.energy_per_use,
            begun=start <= now,
        )
        for edge, uses in (await _shared(account, terms.uses_per_month, shares)).items():
            await PassShare.create(monthly_pass=row.id, edge=edge, uses=uses)
        moved = {books.wallet(account): -terms.price, books.PASS: terms.price}
        try:
            await books.post(f"pass:{reference}", "pass-sold", now, moved, memo=row.id)
        except books.ShortError as short:
            raise RefusedError(
                f"the pass costs {yuan(terms.price)} yuan, account {account} has {yuan(short.have)}",
                f"包月价 {yuan(terms.price)} 元，账户 {account} 余额 {yuan(short.have)} 元",
            ) from None
        await touch([account])
    return row, True


def _terms(published: PublishedTariff) -> PassTerms:
    tariff = content_of("tariff", published.document)
    assert isinstance(tariff, Tariff)
    if tariff.monthly_pass is None:
        raise RefusedError(
            f"tariff {published.tariff}@{published.version} has no monthly pass",
            f"资费 {published.tariff}@{published.version} 不含包月",
        )
    return tariff.monthly_pass


def _same(there: MonthlyPass, account: str, published: PublishedTariff) -> MonthlyPass:
    if (there.account, there.tariff_hash) != (account, published.hash):
        raise RefusedError(
            f"reference {there.reference} has sold pass {there.id} to account {there.account}",
            f"业务号 {there.reference} 已用于账户 {there.account} 的包月 {there.id}",
        )
    return there


async def _shared(account: str, uses: int | None, shares: Mapping[str, int | None]) -> dict[str, int]:
    """The uses of each edge. Raises RefusedError for more than the pass has."""
    if not shares:
        shares = dict.fromkeys([row.edge for row in await AccountEdge.filter(account=account).order_by("edge")])
    if uses is None:
        return {edge: MOST_USES if said is None else said for edge, said in shares.items()}
    left = uses - sum(said for said in shares.values() if said is not None)
    even = [edge for edge, said in shares.items() if said is None]
    if left < 0 or min((said for said in shares.values() if said is not None), default=0) < 0:
        raise RefusedError(f"the pass has {uses} uses a month", f"该包月每月 {uses} 次")
    parts = {edge: left // len(even) + (at < left % len(even)) for at, edge in enumerate(even)}
    return {edge: parts[edge] if said is None else said for edge, said in shares.items()}


def month_later(start: int) -> int:
    """The same time of day in UTC+8 a month later; of a day that month has not, on its last."""
    begin = datetime.fromtimestamp(start // 1000, CHINA)
    year, month = begin.year + begin.month // 12, begin.month % 12 + 1
    day = min(begin.day, monthrange(year, month)[1])
    return int(begin.replace(year=year, month=month, day=day).timestamp()) * 1000 + start % 1000


async def begin(now: int) -> None:
    """Passes whose time has come: the lists of the edges are to hold them."""
    if not await MonthlyPass.exists(begun=False, start__lte=now):
        return
    async with in_transaction():
        rows = await MonthlyPass.filter(begun=False, start__lte=now).limit(1_000)
        await MonthlyPass.filter(id__in=[row.id for row in rows]).update(begun=True)
        await touch({row.account for row in rows})


async def listed(*, account: str | None = None, since: int = 0) -> list[Sold]:
    """Passes that end after `since`, the newest first."""
    chosen = {} if account is None else {"account": account}
    rows = await MonthlyPass.filter(until__gt=since, **chosen).order_by("-sold", "-id").limit(1_000)
    shares: dict[str, dict[str, int]] = {row.id: {} for row in rows}
    for share in await PassShare.filter(monthly_pass__in=[*shares]).order_by("edge"):
        shares[share.monthly_pass][share.edge] = share.uses
    return [
        Sold(
            row.id,
            row.account,
            row.reference,
            row.price,
            row.start,
            row.until,
            row.uses_per_month,
            shares[row.id],
        )
        for row in rows
    ]


async def allow(account: str, edges: Sequence[str]) -> None:
    """An account may charge at these edges alone; none: at all. Raises RefusedError."""
    async with in_transaction():
        await accounts.locked(account)
        await AccountEdge.filter(account=account).delete()
        for edge in sorted({*edges}):
            await AccountEdge.create(account=account, edge=edge)
        await touch([account])
