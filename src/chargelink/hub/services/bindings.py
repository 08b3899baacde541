"""VINs bound to accounts: a binding counts only after one order that a person confirmed.

Whoever knows a VIN could bind it: it stands behind the windscreen. So the first charge is asked for and confirmed by
the account itself, and only where the car then says that very VIN may it charge by it from then on.
"""

from tortoise.transactions import in_transaction

from chargelink.hub.services import persons, tokens
from chargelink.hub.services.accounts import locked
from chargelink.hub.services.changes import next_change
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.services.tokens import TokenError, TokenStatus
from chargelink.hub.store.models import Session
from chargelink.hub.store.money import Order, Token
from chargelink.link.authorisation import StartMode, TokenKind
from chargelink.trust.tokens import normal


async def bind(vin: str, account: str, now: int, *, consent: bool) -> Token:
    """Bind a VIN, to wait for its first order. `consent`: it may then charge without asking. Raises RefusedError."""
    async with in_transaction():
        await locked(account)
        before = await tokens.find(TokenKind.VIN, vin)
        try:
            row = await tokens.add(TokenKind.VIN, vin, account, now)
        except TokenError as error:
            raise RefusedError(str(error), f"车辆识别码无法绑定: {error}") from None
        again = before is not None and before.status == TokenStatus.ACTIVE
        status = TokenStatus.ACTIVE if again else TokenStatus.WAITING
        await Token.filter(id=row.id).update(status=status, consent=consent)
    return await Token.get(id=row.id)


async def confirm(vin: str, order: str) -> Token:
    """An order of the account, asked for in another way, has charged the car of this VIN: the binding counts.

    Raises RefusedError for a VIN that nobody bound, an order of another account or car, or one that charged nothing.
    """
    async with in_transaction():
        row = await tokens.find(TokenKind.VIN, vin)
        if row is None:
            raise RefusedError("nobody bound this VIN", "该车辆识别码尚未绑定")
        paid = await Order.get_or_none(id=order)
        if paid is None or paid.account != row.account or paid.mode == StartMode.VIN:
            raise RefusedError(
                f"{order} is no order of account {row.account} that a person confirmed",
                f"{order} 不是账户 {row.account} 经本人确认的订单",
            )
        session = None if paid.session is None else await Session.get_or_none(id=paid.session)
        if session is None or not session.energy:
            raise RefusedError(f"order {order} has charged no car yet", f"订单 {order} 尚未充电")
        seen = (await persons.vehicles([session])).get(session.id)
        if seen is None or seen.text is None or normal(seen.text) != normal(vin):
            raise RefusedError(f"the car of order {order} did not say this VIN", f"订单 {order} 的车辆识别码不符")
        await Token.filter(id=row.id).update(status=TokenStatus.ACTIVE, changed=await next_change())
    return await Token.get(id=row.id)
