"""A hub with TLS inside the test, and gateways that want to be its edges."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.hub.conftest import PATIENCE, Place
from tests.hub.fake_edge import FakeEdge
from tests.hub.identity.applicant import Applicant

from chargelink.hub.clock import now_ms
from chargelink.hub.identity import admission, authority, registry
from chargelink.hub.serve import Listening, Settings, serve
from chargelink.trust.token import Token, new_secret


@dataclass
class SecureHub:
    """A hub that is ready, with its files."""

    data: Path
    listening: Listening
    http: httpx.AsyncClient
    edges: list[FakeEdge]

    async def token(self, name: str = "edge-1", replacing: bool = False, at: int | None = None) -> str:
        """What `hub edge add` or `replace` prints, given at some time."""
        secret = new_secret()
        give = registry.replace if replacing else registry.add
        await give(name, secret, at or now_ms())
        assert self.listening.enroll is not None
        ca = authority.opened(self.data, now_ms())
        return str(Token(name, secret, ca.hash, self.listening.enroll, self.listening.link))

    async def applicant(self, name: str = "edge-1", folder: str = "gateway", **how: Any) -> Applicant:
        """A gateway with a fresh token."""
        return Applicant(self.data / folder, await self.token(name, **how))

    async def enrolled(self, name: str = "edge-1", folder: str = "gateway", **how: Any) -> Applicant:
        """A gateway with a certificate."""
        applicant = await self.applicant(name, folder, **how)
        answer = await applicant.enrol()
        assert answer.status == 200, answer.json
        return applicant

    async def link(self, gateway: Applicant, edge: str = "", certificate: bool = True) -> FakeEdge:
        """A link of a gateway that has not said who it is yet."""
        tls = gateway.papers() if certificate else gateway.context()
        self.edges.append(await FakeEdge.join(self.listening.link, edge or gateway.edge, tls=tls))
        return self.edges[-1]

    async def refusals(self) -> dict[str, int]:
        """How often who was refused."""
        answer = await self.http.get("/api/refusals")
        answer.raise_for_status()
        return dict(answer.json())

    async def alarms(self) -> list[tuple[str, str]]:
        """Edge and kind of every alarm."""
        return [(alarm["edge"], alarm["kind"]) for alarm in (await self.http.get("/api/alarms")).json()]


@pytest.fixture
async def secure(place: Place, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SecureHub]:
    monkeypatch.setattr(admission, "LOOK_EVERY", 0.05)
    addresses: asyncio.Queue[Listening] = asyncio.Queue()
    stop = asyncio.Event()
    task = asyncio.create_task(
        serve(Settings(place.directory, database=place.url), addresses.put_nowait, stop), name="hub"
    )
    listening = await asyncio.wait_for(addresses.get(), PATIENCE)
    edges: list[FakeEdge] = []
    async with httpx.AsyncClient(base_url=listening.web, timeout=PATIENCE) as http:
        yield SecureHub(place.directory, listening, http, edges)
    for edge in edges:
        await edge.close()
    stop.set()
    await asyncio.wait_for(task, PATIENCE)
