"""What the demo asks of the hub's REST interface, from outside like any other program."""

import asyncio
import json
import urllib.error
import urllib.request
from typing import Any

from chargelink.demo.crew import DemoError

ANSWER_WITHIN = 20.0  # s


class Hub:
    """`web` is the address of the page, `http://127.0.0.1:PORT/`."""

    def __init__(self, web: str) -> None:
        self._web = web.rstrip("/")

    async def devices(self) -> dict[str, dict[str, Any]]:
        """Every device by its id."""
        return {device["id"]: device for device in await self._get("/api/devices")}

    async def sessions(self) -> dict[str, dict[str, Any]]:
        """Every session by its id."""
        return {session["id"]: session for session in await self._get("/api/sessions")}

    async def orders(self) -> dict[str, dict[str, Any]]:
        """Every order by its session, as far as it has one."""
        return {order["session"]: order for order in await self._get("/api/orders")}

    async def bills(self) -> dict[str, dict[str, Any]]:
        """Every bill by its session."""
        return {bill["session"]: bill for bill in await self._get("/api/bills")}

    async def curve(self, session: str) -> list[list[int | None]]:
        """The points of a session's curve: ms, mV, mA, mW, 0.1 %, mWh."""
        points: list[list[int | None]] = (await self._get(f"/api/sessions/{session}"))["points"]
        return points

    async def start(self, edge: str, device: str, outlet: str | None, caps: dict[str, int], **paid: str | int) -> str:
        """Start charging; the session's id. `paid` names `account` and `prepaid` fen. Raises DemoError if refused."""
        answer = await self._ask(f"/api/devices/{edge}/{device}/start", {"outlet": outlet, "caps": caps, **paid})
        session = answer.get("session") or answer.get("transactionId")
        if not session:
            raise DemoError(f"{device} did not start: {answer}")
        return str(session)

    async def _get(self, path: str) -> Any:
        return await self._ask(path, None)

    async def _ask(self, path: str, body: dict[str, Any] | None) -> Any:
        return await asyncio.to_thread(self._blocking, path, body)

    def _blocking(self, path: str, body: dict[str, Any] | None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Origin": self._web}
        request = urllib.request.Request(self._web + path, data, headers)  # noqa: S310  (our own hub on 127.0.0.1)
        try:
            with urllib.request.urlopen(request, timeout=ANSWER_WITHIN) as response:  # noqa: S310
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise DemoError(f"{path}: {error.code} {error.read().decode(errors='replace')[:300]}") from error
        except OSError as error:
            raise DemoError(f"{path}: the hub does not answer: {error}") from error
