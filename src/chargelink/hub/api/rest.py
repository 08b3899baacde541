"""REST: lists, one session with its curve and samples, and the two commands.

Bodies and answers are JSON, errors say what to do.
"""

import re
import time
from http import HTTPStatus
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from chargelink.cli.language import Text
from chargelink.hub.api import queries
from chargelink.hub.api.events import events
from chargelink.hub.clock import now_ms
from chargelink.hub.pulse import Pulse
from chargelink.hub.services import accounts, curves, persons, telemetry, views
from chargelink.hub.services.commands import Answer, Commands, Outcome, Terms
from chargelink.hub.services.orders import Place
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.services.starts import Starts, Wish
from chargelink.hub.store.models import Device, Session
from chargelink.hub.store.money import Account, Order
from chargelink.link.authorisation import StartMode
from chargelink.link.messages import Caps
from chargelink.link.quantities import EXACT, HexDigest, Name, Time

LARGEST_BODY = 16 * 1024
LONGEST_ID = 36  # characters of a session's id
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
DEFAULT_LIMIT, MOST = 50, 500

FORMATS = {"json": ("application/json", telemetry.as_json), "csv": ("text/csv; charset=utf-8", telemetry.as_csv)}
STATUS_OF = {
    Outcome.ACCEPTED: HTTPStatus.OK,
    Outcome.REJECTED: HTTPStatus.CONFLICT,
    Outcome.AWAY: HTTPStatus.SERVICE_UNAVAILABLE,
    Outcome.UNKNOWN: HTTPStatus.GATEWAY_TIMEOUT,
}


class ApiError(Exception):
    """A request that cannot be done; the status says whose fault, the text what to do."""

    def __init__(self, status: HTTPStatus, text: Text) -> None:
        super().__init__(text.english)
        self.status = status
        self.text = text


class StartRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """The body of a start: which outlet of a socket, and how much at most.

    With an `account` it is paid for in advance: `prepaid` fen, or the usual amount, are frozen first. `tariffHash` is
    the price that was shown, `mode` how it was asked for, `at` or `cheapUntil` (UTC ms) when to begin.
    """

    outlet: Name | None = None
    caps: Caps = Caps()
    account: Name | None = None
    prepaid: Annotated[int, msgspec.Meta(ge=1, le=EXACT)] | None = None
    mode: Name = StartMode.REMOTE
    tariff_hash: HexDigest | None = None
    at: Time | None = None
    cheap_until: Time | None = None

    def __post_init__(self) -> None:
        if self.account is None and self.prepaid is not None:
            raise ValueError("an amount is for a start that an account pays for")


class Started(msgspec.Struct, frozen=True):
    """What came of a start that an account pays for: of the command, and of its order."""

    outcome: Outcome
    session: str | None
    reason: str | None
    order: str
    state: str


def json(value: Any, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(msgspec.json.encode(value), status, {"Cache-Control": "no-store"}, media_type="application/json")


async def refused(_: Request, error: Exception) -> Response:
    """An ApiError as its answer."""
    assert isinstance(error, ApiError)
    return json({"error": {"en": error.text.english, "zh": error.text.chinese}}, error.status)


def limit_of(request: Request) -> int:
    """?limit=, at most `MOST`. Raises ApiError."""
    text = request.query_params.get("limit", str(DEFAULT_LIMIT))
    if not text.isascii() or not text.isdigit() or len(text) > 3 or not 1 <= int(text) <= MOST:
        raise ApiError(HTTPStatus.BAD_REQUEST, Text(f"limit is 1 to {MOST}", f"limit 应为 1 至 {MOST}"))
    return int(text)


async def list_edges(request: Request) -> Response:
    return json(await queries.edges(request.app.state.live))


async def list_devices(request: Request) -> Response:
    return json(await queries.devices(request.app.state.live))


async def list_sessions(request: Request) -> Response:
    """?running=true or false chooses; both without."""
    running = {"true": True, "false": False}.get(request.query_params.get("running", ""))
    return json(await queries.sessions(limit_of(request), running))


async def list_bills(request: Request) -> Response:
    return json(await queries.bills(limit_of(request)))


async def list_alarms(request: Request) -> Response:
    return json(await queries.alarms(limit_of(request)))


async def health(request: Request) -> Response:
    """How the process is: links, and for how long it was held up at worst, in µs."""
    pulse: Pulse = request.app.state.pulse
    now = time.monotonic()
    seen = {"loop": pulse.loop, "work": pulse.work, "collector": pulse.collector}
    stalls = {name: longest.stalls(now) for name, longest in seen.items()}
    return json({"now": now_ms(), "connected": len(request.app.state.live.connected), "stalls": stalls})


async def count_refusals(request: Request) -> Response:
    """How often somebody was not let in since the hub started, by reason."""
    return json(dict(request.app.state.refused))


async def count_defects(request: Request) -> Response:
    """What edges sent that they should not have, since the hub started: how often, by kind."""
    return json(dict(request.app.state.defects))


async def one_session(request: Request) -> Response:
    """A session with its curve: `points` of [ms, mV, mA, mW, 0.1 %, mWh]."""
    session = await session_of(request)
    await request.app.state.live.write()
    seen = (await persons.vehicles([session])).get(session.id)
    return json({"session": views.session(session, seen), "points": await curves.curve(session.id)})


async def all_samples(request: Request) -> Response:
    """Every sample of a session, as its edge measured it, as long as telemetry is kept; ?format=json or csv."""
    session = await session_of(request)
    wanted = request.query_params.get("format", "json")
    if wanted not in FORMATS:
        raise ApiError(HTTPStatus.BAD_REQUEST, Text("format is json or csv", "format 应为 json 或 csv"))
    media_type, written = FORMATS[wanted]
    headers = {"Cache-Control": "no-store"}
    if wanted == "csv":
        headers["Content-Disposition"] = f'attachment; filename="{session.id}.csv"'
    return StreamingResponse(written(session), media_type=media_type, headers=headers)


async def start(request: Request) -> Response:
    """Start charging at a device; answered when the edge has answered, or the command has expired."""
    edge, device = request.path_params["edge"], request.path_params["device"]
    wanted = await body_of(request)
    await request.app.state.live.write()
    if not await Device.exists(edge=edge, device=device):
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            Text("there is no such device; GET /api/devices lists them", "没有该设备；设备列表见 GET /api/devices"),
        )
    starts: Starts = request.app.state.starts
    if wanted.account is None:
        terms = Terms(wanted.tariff_hash, wanted.at, wanted.cheap_until)
        return answered(await starts.commands.start(edge, device, wanted.outlet, wanted.caps, terms))
    place = Place(edge=edge, device=device, outlet=wanted.outlet, mode=wanted.mode, tariff_hash=wanted.tariff_hash)
    wish = Wish(
        account=wanted.account,
        place=place,
        caps=wanted.caps,
        prepaid=wanted.prepaid,
        at=wanted.at,
        cheap_until=wanted.cheap_until,
    )
    try:
        order, answer = await starts.start(wish)
    except RefusedError as refusal:
        raise ApiError(HTTPStatus.CONFLICT, refusal.text) from None
    said = Started(answer.outcome, answer.session, answer.reason, order.id, order.state)
    return json(said, STATUS_OF[answer.outcome])


async def one_account(request: Request) -> Response:
    """The money of an account, fen: unused, held for orders and allowances, owed."""
    name = request.path_params["account"]
    row = await Account.get_or_none(id=name) if NAME.fullmatch(name) else None
    if row is None:
        raise ApiError(HTTPStatus.NOT_FOUND, Text("there is no such account", "没有该账户"))
    return json(views.account(row, await accounts.standing(row.id)))


async def list_orders(request: Request) -> Response:
    """The newest orders; ?account= chooses."""
    account = request.query_params.get("account")
    if account is not None and not NAME.fullmatch(account):
        return json([])
    return json(await queries.orders(limit_of(request), account))


async def one_order(request: Request) -> Response:
    name = request.path_params["order"]
    row = await Order.get_or_none(id=name) if NAME.fullmatch(name) else None
    if row is None:
        raise ApiError(HTTPStatus.NOT_FOUND, Text("there is no such order", "没有该订单"))
    return json(views.order(row))


async def stop(request: Request) -> Response:
    """Stop a session; its end follows as a record."""
    session = await session_of(request)
    if session.ended is not None:
        raise ApiError(HTTPStatus.CONFLICT, Text("the session has ended already", "该充电过程已结束"))
    commands: Commands = request.app.state.commands
    return answered(await commands.stop(session.edge, session.id))


def answered(answer: Answer) -> Response:
    return json(answer, STATUS_OF[answer.outcome])


async def session_of(request: Request) -> Session:
    """The session that the path names. Raises ApiError."""
    name = request.path_params["session"]
    session = await Session.get_or_none(id=name) if len(name) <= LONGEST_ID else None
    if session is None:
        raise ApiError(HTTPStatus.NOT_FOUND, Text("there is no such session", "没有该充电过程"))
    return session


async def body_of(request: Request) -> StartRequest:
    """The body of a start; none is one without limits. Raises ApiError."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, Text("the body is too long", "请求内容过长"))
    try:
        return msgspec.json.decode(body or b"{}", type=StartRequest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ApiError(HTTPStatus.BAD_REQUEST, Text(f"the body: {error}", f"请求内容有误: {error}")) from None


ROUTES = [
    Route("/api/edges", list_edges),
    Route("/api/devices", list_devices),
    Route("/api/devices/{edge}/{device}/start", start, methods=["POST"]),
    Route("/api/sessions", list_sessions),
    Route("/api/sessions/{session}", one_session),
    Route("/api/sessions/{session}/samples", all_samples),
    Route("/api/sessions/{session}/stop", stop, methods=["POST"]),
    Route("/api/bills", list_bills),
    Route("/api/orders", list_orders),
    Route("/api/orders/{order}", one_order),
    Route("/api/accounts/{account}", one_account),
    Route("/api/alarms", list_alarms),
    Route("/api/refusals", count_refusals),
    Route("/api/events", events),
    Route("/api/health", health),
    Route("/api/defects", count_defects),
]
