"""What is asked on site to begin, now or later: `start` of the control socket."""

from typing import Any

import msgspec

from chargelink.edge.control import Answer, Request
from chargelink.edge.places import CannotError, Places
from chargelink.edge.planned import PLAN, Planned, Wish
from chargelink.link.messages import Caps
from chargelink.link.quantities import HexDigest, Name, Time


class Asked(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A start. With `at` or `cheap_until` (UTC ms) it is planned; with `tariff_hash` only that price will do."""

    device: Name
    outlet: Name | None = None
    caps: Caps = Caps()
    tariff_hash: HexDigest | None = None
    at: Time | None = None
    cheap_until: Time | None = None


async def start(request: Request, places: Places, planned: Planned) -> Answer:
    """Begin, or plan to begin. Raises CannotError, LedgerError."""
    try:
        asked = msgspec.convert({key: value for key, value in request.items() if key != "action"}, Asked)
    except msgspec.ValidationError as error:
        raise CannotError(str(error)) from None
    if asked.at is None and asked.cheap_until is None:
        session = await places.start(asked.device, asked.outlet, asked.caps, tariff_hash=asked.tariff_hash)
        return {"session": session}
    wish = Wish(asked.device, asked.outlet, asked.caps, asked.at, asked.cheap_until, tariff_hash=asked.tariff_hash)
    plan = await planned.plan(wish)
    return {"plan": f"{PLAN}{plan.number}", "due": plan.due}


def plan_number(name: Any) -> int | None:
    """The number in "plan-7"; None for anything else, such as the id of a session."""
    digits = str(name).removeprefix(PLAN)
    return int(digits) if str(name).startswith(PLAN) and digits.isdecimal() and digits.isascii() else None
