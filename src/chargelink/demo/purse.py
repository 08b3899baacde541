"""Whose money the demo spends: an account with a card and an allowance, made as an operator makes them."""

import json
from collections.abc import Awaitable, Callable
from datetime import datetime

from chargelink.cli.china import CHINA
from chargelink.demo.crew import Crew
from chargelink.demo.site import EDGE, Site

CARD = "6214 8300 0161"
PAID_IN, LEASED = "50", "10"  # yuan


class Purse:
    """One customer's account at the hub, and what the edge holds of it."""

    def __init__(self, site: Site, crew: Crew) -> None:
        self.account = ""
        self._site = site
        self._crew = crew

    async def open(self, until: Callable[[Callable[[], Awaitable[bool]]], Awaitable[None]]) -> None:
        """Open it, pay in, and wait until the edge knows card and allowance. Raises DemoError."""
        self.account = json.loads(await self._hub("account", "create", "--json"))["account"]
        await self._hub("account", "top-up", self.account, "--amount", PAID_IN, "--reference", "demo-1")
        await self._hub("card", "add", CARD, "--account", self.account)
        await self._hub("lease", "grant", "--account", self.account, "--edge", EDGE, "--yuan", LEASED, "--hours", "1")
        await until(self._known)

    async def charge_offline(self, device: str, outlet: str) -> str:
        """Begin by the card, at the edge alone; the session. Raises DemoError."""
        shown = ("--card", CARD, "--energy", "0.001", "--yes")
        started = await self._crew.do("edge", "start", device, outlet, *shown, *self._data)
        return started.strip()

    async def reconciled(self, ended: int) -> str:
        """What the day of UTC+8 comes to on which a session ended (UTC ms). Raises DemoError if it does not add up."""
        day = datetime.fromtimestamp(ended / 1000, CHINA).date()
        return await self._hub("reconcile", "--day", day.isoformat())

    async def _known(self) -> bool:
        held = json.loads(await self._crew.do("edge", "lists", "--json", *self._data))
        return bool(held["leases"] and held["list"]["entries"].get("card") and held["clockTrusted"])

    @property
    def _data(self) -> tuple[str, str]:
        return "--data", str(self._site.data)

    async def _hub(self, *arguments: str) -> str:
        return await self._crew.do("hub", *arguments, "--data", str(self._site.folder / "hub"))
