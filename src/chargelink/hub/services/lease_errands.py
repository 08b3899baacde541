"""Allowances on their way: granted, renewed and withdrawn at the edges that they are for, until each has said so."""

import asyncio
from collections.abc import Collection

import structlog
from tortoise.expressions import Q

from chargelink.hub.clock import now_ms
from chargelink.hub.services import leases
from chargelink.hub.services.deliveries import Visit
from chargelink.hub.services.leases import OPEN, LeaseState
from chargelink.hub.store.money import Account, Lease
from chargelink.link.authorisation import MOST_LEASES, AllowanceResponse, GrantAllowance, WithdrawAllowance
from chargelink.link.shape import Shape

RENEW_EVERY = 15.0  # s between looks whether a lease is half used

Wanted = tuple[str, bool]
"""A lease that an edge has to be asked about: its name, and whether it is wanted back."""

log = structlog.get_logger()


class LeaseErrands:
    """The duty of allowances."""

    name = "allowances"

    def __init__(self) -> None:
        self._renewed = float("-inf")
        self._wanted: dict[str, frozenset[Wanted]] = {}  # of each edge, when we looked last

    async def news(self, connected: Collection[str]) -> Collection[str]:
        """The edges whose leases were granted or wanted back since we looked last; here leases are renewed."""
        connected, clock = {*connected}, asyncio.get_running_loop().time()
        if clock - self._renewed >= RENEW_EVERY:
            self._renewed = clock
            for policy in await leases.due(now_ms()):
                if policy.edge in connected and (row := await leases.renew(policy, now_ms())):
                    log.info("allowance renewed", edge=row.edge, lease=row.id)
            await leases.expire(now_ms())
        wanted: dict[str, set[Wanted]] = {}
        rows = Lease.filter(Q(accepted=None) | Q(withdrawal__not_isnull=True), state__in=OPEN, obeyed=None)
        for row in await rows.only("id", "edge", "withdrawal"):
            wanted.setdefault(row.edge, set()).add((row.id, row.withdrawal is not None))
        before, self._wanted = self._wanted, {edge: frozenset(ones) for edge, ones in wanted.items()}
        return {edge for edge, ones in self._wanted.items() if ones - before.get(edge, frozenset())} & connected

    async def visit(self, visit: Visit) -> None:
        """Grant what it has not accepted, withdraw what is wanted back. One that takes no lists takes no leases."""
        if visit.takes.local_list is None:
            return
        rows = await Lease.filter(edge=visit.edge, state__in=OPEN).order_by("created", "id")
        waiting = [row for row in rows if row.accepted is None and await _may_send(row)]
        for first in range(0, len(waiting), MOST_LEASES):
            await self._grant(visit, waiting[first : first + MOST_LEASES])
        for row in rows:
            if row.withdrawal is not None and row.obeyed is None and (row.accepted or row.sent):
                await self._withdraw(visit, row)

    async def _grant(self, visit: Visit, rows: list[Lease]) -> None:
        groups = {row.id: row.group for row in await Account.filter(id__in=[row.account for row in rows])}
        shapes = tuple(leases.shape(row, groups.get(row.account)) for row in rows)
        answer = await _asked(visit, GrantAllowance(leases=shapes))
        if answer.status == "Accepted":
            values = {"accepted": now_ms(), "words": ""}
            await Lease.filter(id__in=[row.id for row in rows], accepted=None).update(**values)
            await Lease.filter(id__in=[row.id for row in rows], state=LeaseState.OFFERED).update(state=LeaseState.HELD)
        elif len(rows) > 1:  # none of them was taken: which is wrong?
            for row in rows:
                await self._grant(visit, [row])
        else:
            await self._refused(rows[0], answer)

    async def _withdraw(self, visit: Visit, row: Lease) -> None:
        answer = await _asked(visit, WithdrawAllowance(lease=row.id))
        if answer.status == "Accepted":
            await Lease.filter(id=row.id).update(obeyed=now_ms(), words="")
        else:
            await self._refused(row, answer)

    async def _refused(self, row: Lease, answer: AllowanceResponse) -> None:
        """It may hold it all the same; it is asked again at its next boot, and a person sees its words."""
        words = answer.reason or "it gave no reason"
        log.warning("an edge refused an allowance", edge=row.edge, lease=row.id, why=words)
        await Lease.filter(id=row.id).update(words=words)


async def _may_send(row: Lease) -> bool:
    """Say that it is asked, durably before it is: from now on only the edge can say that it was not spent."""
    if row.sent is not None:
        return True
    sent = now_ms()
    row.sent = sent
    return bool(await Lease.filter(id=row.id, state=LeaseState.OFFERED, sent=None).update(sent=sent))


async def _asked(visit: Visit, request: Shape) -> AllowanceResponse:
    answer = await visit.ask(request)
    assert isinstance(answer, AllowanceResponse)
    return answer
