"""What is held for orders and allowances now, by its age, and what is held though its order or lease is over."""

from typing import NamedTuple

from chargelink.hub.services.leases import ENDED, LeaseState
from chargelink.hub.services.order_states import State
from chargelink.hub.services.reconciling.figures import Difference
from chargelink.hub.store.money import Balance, Lease, Order

HOUR = 3_600_000
AGES = (("hour", HOUR), ("day", 24 * HOUR), ("week", 7 * 24 * HOUR))
OLDER = "older"
AT_ONCE = 500
OVER = (State.SETTLED, State.RELEASED)
DOUBTFUL = (State.REJECTED, State.UNKNOWN, State.WAITING)


class Aged(NamedTuple):
    """So much is held, for a `number` of orders or leases of this age: at most an hour, a day, a week, or older."""

    what: str
    age: str
    number: int
    fen: int


class Held(NamedTuple):
    """What is held by age; orders and leases that wait for a person; what should not be held any more."""

    ages: list[Aged]
    waiting: list[str]
    differences: list[Difference]


async def held(now: int) -> Held:
    """Look at every balance above 0 of an order or a lease."""
    sums: dict[tuple[str, str], list[int]] = {}
    waiting: list[str] = []
    differences: list[Difference] = []
    for prefix in ("frozen:", "leased:"):
        last = prefix
        while (
            rows := await Balance.filter(account__gt=last, account__startswith=prefix, fen__gt=0)
            .order_by("account")
            .limit(AT_ONCE)
        ):
            last = rows[-1].account
            fen = {row.account.removeprefix(prefix): row.fen for row in rows}
            owners = await (Order if prefix == "frozen:" else Lease).filter(id__in=[*fen])
            nobodys = fen.keys() - {owner.id for owner in owners}
            differences += [Difference("held for nothing", "", "", "", 0, fen[one], prefix + one) for one in nobodys]
            for owner in owners:
                if owner.state in (*OVER, *ENDED):
                    differences.append(Difference("held too long", owner.edge, "", "", 0, fen[owner.id], owner.id))
                if owner.state in (*DOUBTFUL, LeaseState.DOUBTFUL):
                    waiting.append(owner.id)
                pair = sums.setdefault((prefix.rstrip(":"), _age(now - owner.created)), [0, 0])
                pair[0] += 1
                pair[1] += fen[owner.id]
    return Held([Aged(*key, *pair) for key, pair in sorted(sums.items())], sorted(waiting), differences)


def _age(since: int) -> str:
    return next((name for name, most in AGES if since <= most), OLDER)
