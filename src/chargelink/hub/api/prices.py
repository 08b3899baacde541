"""REST: a tariff as it is sold, in words, before anybody starts by it."""

import re
from http import HTTPStatus

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from chargelink.cli.language import Text
from chargelink.hub.api.rest import ApiError, json
from chargelink.hub.clock import now_ms
from chargelink.hub.services.sessions import known_tariff
from chargelink.hub.services.views import View
from chargelink.link.quantities import HexDigest, Time
from chargelink.tariff import quote

HASH = re.compile(r"[0-9a-f]{64}")


class PriceView(View, frozen=True):
    """A tariff at a time (UTC ms): a sentence a line, in each language."""

    hash: HexDigest
    tariff: str
    version: int
    name: str
    at: int
    lines: dict[str, list[str]]


async def price(request: Request) -> Response:
    """A tariff in words, as it is now; ?at= (UTC ms) as it is then."""
    name, at = request.path_params["hash"], time_of(request)
    tariff = await known_tariff(name) if HASH.fullmatch(name) else None
    if tariff is None:
        raise ApiError(HTTPStatus.NOT_FOUND, Text("this tariff has not been told to the hub yet", "平台尚未收到该资费"))
    lines = quote(tariff, at)
    said = {"en": [line.english for line in lines], "zh": [line.chinese for line in lines]}
    view = PriceView(hash=name, tariff=tariff.id, version=tariff.version, name=tariff.name, at=at, lines=said)
    return json(view)


def time_of(request: Request) -> int:
    """`at`, UTC ms; now without. Raises ApiError."""
    text = request.query_params.get("at")
    try:
        return now_ms() if text is None else int(msgspec.convert(text, Time, strict=False))
    except msgspec.ValidationError:
        raise ApiError(HTTPStatus.BAD_REQUEST, Text("at is a time in ms since 1970", "at 应为毫秒时间")) from None


ROUTES = [Route("/api/tariffs/{hash}", price)]
