"""The web application: API and page behind one door."""

from collections.abc import Mapping
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chargelink.hub.api import prices, rest
from chargelink.hub.bus import Bus
from chargelink.hub.console import page
from chargelink.hub.loopback import is_ours
from chargelink.hub.pulse import Pulse
from chargelink.hub.services.live import Live
from chargelink.hub.services.starts import Starts

SECURITY = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Door:
    """Lets in what names us as its host and, if a page sends it, comes from our own page; says so if not."""

    def __init__(self, inside: ASGIApp) -> None:
        self._inside = inside

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        if not is_ours(headers.getlist("host"), headers.getlist("origin"), scope["server"][1]):
            refusal = PlainTextResponse("this hub serves this machine and its own page only\n", HTTPStatus.FORBIDDEN)
            await refusal(scope, receive, send)
            return

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(SECURITY)
            await send(message)

        await self._inside(scope, receive, send_secured)


def application(
    bus: Bus,
    live: Live,
    starts: Starts,
    pulse: Pulse,
    link: str,
    refused: Mapping[str, int],
    defects: Mapping[str, int],
) -> ASGIApp:
    """Everything that is served on the web port.

    `link` is where edges connect, for the page to say; `refused` counts who was not let in, by reason, `defects`
    what edges sent that they should not have, by kind.
    """
    inside = Starlette(
        routes=[*rest.ROUTES, *prices.ROUTES, *page.ROUTES],
        exception_handlers={rest.ApiError: rest.refused},
    )
    inside.state.bus = bus
    inside.state.live = live
    inside.state.starts = starts
    inside.state.commands = starts.commands
    inside.state.pulse = pulse
    inside.state.link = link
    inside.state.refused = refused
    inside.state.defects = defects
    return Door(inside)
