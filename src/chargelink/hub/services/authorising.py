"""`Authorize`: may this card, account, VIN or code charge? If so, the money is frozen before the edge is told.

A question has an id. Asked again, because the answer was lost, it gets the same answer and nothing is frozen anew. An
edge that begins nothing with the answer says so in a record with that id, which may come before the question does.
"""

from typing import Literal

from tortoise.transactions import in_transaction

from chargelink.cli.language import Text
from chargelink.hub.services import held_there, listing, orders, tokens
from chargelink.hub.services.order_states import Event, State
from chargelink.hub.services.orders import Alarms, Place
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.services.sessions import known_tariff
from chargelink.hub.services.tokens import TokenStatus
from chargelink.hub.store.money import Account, Order, Question, Token
from chargelink.hub.store.statements import fetched
from chargelink.link.authorisation import Authorize, AuthorizeResponse, StartMode, TokenKind
from chargelink.model import StartRefused

Status = Literal["Blocked", "Expired", "Invalid", "NoCredit", "WrongPin"]

WORDS = {
    "Blocked": Text("this card or account is blocked; ask the operator", "该卡或账户已停用，请联系运营方"),
    "Expired": Text("this card has expired; ask the operator", "该卡已过期，请联系运营方"),
    "Invalid": Text("this card or account is not known here", "无法识别该卡或账户"),
    "NoCredit": Text("there is no money in this account; top it up", "账户余额不足，请充值"),
    "WrongPin": Text("the PIN is wrong or missing", "密码错误或未输入"),
    "Over": Text("this question is over; ask anew", "本次请求已结束，请重新操作"),
}
MODES: dict[str, StartMode] = {
    TokenKind.CARD: StartMode.CARD,
    TokenKind.VIN: StartMode.VIN,
    TokenKind.VOUCHER: StartMode.VOUCHER,
}
ONCE = (
    'INSERT INTO "question" ("edge", "asked", "refused") VALUES (?, ?, ?)'
    ' ON CONFLICT ("edge", "asked") DO NOTHING RETURNING "id"'
)


def no(status: Status, why: str = "") -> AuthorizeResponse:
    """A no, in both languages: the edge shows it to whoever stands there."""
    words = WORDS[why or status]
    return AuthorizeResponse(status=status, reason=f"{words.chinese} / {words.english}")


async def authorise(edge: str, asked: Authorize, now: int, usual: int) -> AuthorizeResponse:
    """The answer to an edge; with "Accepted" an order is frozen for it, of the `usual` amount or what there is."""
    token = await tokens.find(asked.kind, asked.token)
    if (before := await _before(edge, asked, token)) is not None:
        return before
    if token is None:
        return no("Invalid")
    if (refusal := await _refusal(token, asked, now)) is not None:
        return refusal
    if not await listing.may_charge(token.account, edge):
        return no("Blocked")
    shown = None if asked.tariff_hash is None else await known_tariff(asked.tariff_hash)
    if (there := await held_there.at_edge(token, edge, now, usual, shown)) is not None:
        # asked over another link meanwhile, that may be because of what was frozen there
        return await _before(edge, asked, token) or AuthorizeResponse(status="Accepted", authorisation=there)
    try:
        async with in_transaction():
            if not await fetched(ONCE, (edge, asked.id, None)):
                return await _before(edge, asked, token) or no("Expired", "Over")
            place = Place(
                edge=edge,
                device=asked.device,
                outlet=asked.outlet,
                mode=StartMode.PIN if asked.pin else MODES.get(token.kind, StartMode.PIN),
                tariff_hash=asked.tariff_hash,
                minimum=0 if shown is None else shown.minimum,
            )
            order = await orders.freeze(token.account, place, now, usual=usual, asked=asked.id)
    except RefusedError:
        return no("NoCredit")
    return AuthorizeResponse(status="Accepted", authorisation=orders.authorisation(order))


async def _refusal(token: Token, asked: Authorize, now: int) -> AuthorizeResponse | None:
    """Why a token that is known does not charge."""
    account = await Account.get_or_none(id=token.account)
    if account is None or account.closed is not None or token.status != TokenStatus.ACTIVE:
        return no("Blocked")
    if token.until is not None and token.until <= now:
        return no("Expired")
    if token.pin is None:
        # the number of an account alone is no proof of anything: it stands on receipts
        return no("Invalid") if token.kind == TokenKind.ACCOUNT else None
    if asked.pin is None or not await tokens.try_pin(token, asked.pin):
        return no("WrongPin")
    return None


async def _before(edge: str, asked: Authorize, token: Token | None) -> AuthorizeResponse | None:
    """The answer to a question for which money was frozen before: the same, unless it is over; None for a new one.

    Whatever has become of the card or the wallet since: an edge that is told no begins nothing, and never says so.
    """
    order = await Order.get_or_none(edge=edge, asked=asked.id)
    if order is None:
        return None
    another = token is not None and token.account != order.account
    if another or order.state not in (State.AUTHORISED, State.RUNNING):
        return no("Expired", "Over")
    return AuthorizeResponse(status="Accepted", authorisation=orders.authorisation(order))


async def refused(content: StartRefused, now: int) -> Alarms:
    """An order, or the answer to a question, with which nothing begins any more. In the transaction of its record."""
    query = None
    if content.request is not None:
        # Whoever writes this row first is waited for by the other: a question that comes late finds it.
        if not await fetched(ONCE, (content.edge_id, content.request, now)):
            await Question.filter(edge=content.edge_id, asked=content.request).update(refused=now)
        query = Order.filter(edge=content.edge_id, asked=content.request)
    elif content.remote_start_id is not None:
        query = Order.filter(edge=content.edge_id, remote_start_id=content.remote_start_id)
    elif content.order is not None:
        query = Order.filter(edge=content.edge_id, id=content.order)
    order = None if query is None else await query.select_for_update().get_or_none()
    if order is None:
        return []  # a start without an account
    return await orders.hear(order, Event.REFUSED, now, reason=f"{content.reason}: {content.text}")
