"""The edge's own code at the door of a real hub: enrolled, renewed, late, refused; and what it says of it."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from tests.edge.ledger.opened import KEY, open_journal
from tests.hub.conftest import PATIENCE
from tests.hub.identity.conftest import SecureHub

from chargelink.edge.board import Board
from chargelink.edge.identity import Drawer, Enrolled, IdentityError, Papers, late
from chargelink.edge.identity.enrol import enrol
from chargelink.edge.identity.renewal import SPREAD
from chargelink.edge.identity.tls import require_current
from chargelink.edge.uplink import Command, Uplink
from chargelink.edge.uplink.backoff import Backoff
from chargelink.hub.clock import now_ms
from chargelink.hub.identity import registry
from chargelink.hub.store.identities import Certificate, Identity
from chargelink.link.closing import WORDS, Close
from chargelink.link.shape import Shape
from chargelink.trust.certificates import DAY, Authority
from chargelink.trust.token import Token


async def nothing(_: Command, __: float) -> Shape:
    raise NotImplementedError


class Gateway:
    """An edge with papers in `data`, and a clock that can be set."""

    def __init__(self, secure: SecureHub) -> None:
        self.secure = secure
        self.data = secure.data / "edge"
        self.data.mkdir(exist_ok=True)
        self.drawer = Drawer(self.data)
        self.ahead = 0
        self.url: str | None = None

    def clock(self) -> int:
        return now_ms() + self.ahead

    @property
    def papers(self) -> Papers:
        papers = self.drawer.read()
        assert papers is not None
        return papers

    async def enrol(self, replacing: bool = False) -> None:
        token = Token.parse(await self.secure.token(replacing=replacing))
        self.drawer.write(await asyncio.to_thread(enrol, token, KEY.public, self.clock))

    @asynccontextmanager
    async def running(self, edge: str = "edge-1") -> AsyncIterator[Uplink]:
        ledger = open_journal(self.data / "ledger.db", edge)
        door = Enrolled(self.data, self.url, self.clock)
        backoff = Backoff(lambda: 0.5, first=0.01, longest=0.05)
        uplink = Uplink(door, edge, "test", ledger, Board(), nothing, self.clock, backoff)
        task = asyncio.create_task(uplink.run(), name="uplink")
        try:
            yield uplink
        finally:
            uplink.end()
            task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait_for(task, PATIENCE)
            await ledger.close()


async def until(good: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not good():  # noqa: ASYNC110 - asking again is the condition
            await asyncio.sleep(0.01)


@pytest.fixture
async def gateway(secure: SecureHub) -> Gateway:
    gateway = Gateway(secure)
    await gateway.enrol()
    return gateway


async def test_enrolled_it_connects_and_its_signing_key_is_pinned(gateway: Gateway) -> None:
    async with gateway.running() as uplink:
        await until(lambda: uplink.online)
        assert uplink.trouble is None
    assert (await Identity.get(edge="edge-1")).signing_key == KEY.public.hex()
    [row] = await Certificate.all()
    assert row.fingerprint == gateway.papers.fingerprint


async def test_from_half_of_its_life_it_renews_over_the_link(gateway: Gateway) -> None:
    old = gateway.papers
    gateway.ahead = 199 * DAY + DAY // 2 + SPREAD
    async with gateway.running() as uplink:
        await until(lambda: gateway.papers.fingerprint != old.fingerprint)
        await until(lambda: uplink.online)
    assert gateway.drawer.read_next() is None
    assert gateway.papers.pem.split("BEGIN CERT")[0] != old.pem.split("BEGIN CERT")[0]  # a new key
    ends = {row.fingerprint: row.why_ended for row in await Certificate.all()}
    assert ends == {old.fingerprint: "renewed", gateway.papers.fingerprint: ""}


async def test_a_day_before_it_does_not(gateway: Gateway) -> None:
    old = gateway.papers
    gateway.ahead = 198 * DAY
    async with gateway.running() as uplink:
        await until(lambda: uplink.online)
    assert (gateway.papers, gateway.drawer.read_next()) == (old, None)


async def test_a_hub_that_was_restored_does_not_know_the_renewed_one_and_the_old_one_does(gateway: Gateway) -> None:
    other = Gateway(gateway.secure)
    other.data = gateway.secure.data / "renewed"
    other.drawer = Drawer(other.data)
    gateway.drawer.write_next(gateway.papers)
    await Certificate.all().update(fingerprint="00" * 32)
    async with gateway.running() as uplink:
        await until(lambda: gateway.drawer.read_next() is None)
        await Certificate.all().update(fingerprint=gateway.papers.fingerprint)
        await until(lambda: uplink.online)


async def test_after_its_end_it_waits_for_an_operator(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late, "FIRST", 0.01)
    monkeypatch.setattr(late, "LONGEST", 0.05)
    old = gateway.papers
    gateway.drawer.write(old._replace(expires=now_ms() - 1000))
    async with gateway.running() as uplink:
        await until(lambda: "chargelink hub edge allow edge-1" in (uplink.trouble or ""))
        assert "须由平台运营人员批准" in (uplink.trouble_chinese or "")
        await registry.allow("edge-1", now_ms())
        await until(lambda: uplink.online)
    assert gateway.papers.fingerprint != old.fingerprint
    assert await gateway.secure.alarms() == [("edge-1", "renewal-waits")]


async def test_with_a_clock_that_is_behind_the_hub_says_that_it_is_late(
    gateway: Gateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(late, "FIRST", 0.01)
    monkeypatch.setattr(late, "LONGEST", 0.05)
    gateway.ahead = -500 * DAY
    await Certificate.all().update(expires=now_ms() - 1)
    async with gateway.running() as uplink:
        await until(lambda: "chargelink hub edge allow edge-1" in (uplink.trouble or ""))
        await registry.allow("edge-1", now_ms())
        await until(lambda: uplink.online)
    assert await gateway.secure.refusals() == {"expired": 1}


async def test_not_before_is_never_looked_at(gateway: Gateway) -> None:
    gateway.ahead = -3000 * DAY  # its battery is empty: it is 2018
    async with gateway.running() as uplink:
        await until(lambda: uplink.online)


async def test_a_hub_whose_certificate_has_ended_is_told_in_words(gateway: Gateway) -> None:
    gateway.drawer.write(gateway.papers._replace(expires=now_ms() + 1000 * DAY))
    gateway.ahead = 401 * DAY
    async with gateway.running() as uplink:
        await until(lambda: "the hub's certificate ended on" in (uplink.trouble or ""))
        assert "set our clock if it is wrong" in (uplink.trouble or "")


class Silent:
    def getpeercert(self) -> None:
        return None


def test_who_shows_no_certificate_is_not_believed() -> None:
    with pytest.raises(IdentityError):
        require_current(Silent(), 0)


async def revoked(gateway: Gateway) -> str:
    await registry.revoke("edge-1", now_ms())
    return WORDS[Close.REVOKED].english


async def replaced(gateway: Gateway) -> str:
    other = Gateway(gateway.secure)
    other.drawer = Drawer(gateway.secure.data / "other")
    await other.enrol(replacing=True)
    return WORDS[Close.REPLACED].english


async def forgotten(gateway: Gateway) -> str:
    await Certificate.all().delete()
    return WORDS[Close.UNKNOWN].english


async def not_enrolled(gateway: Gateway) -> str:
    gateway.drawer.current.unlink()
    return "not enrolled; on the hub: chargelink hub edge add edge-1"


async def damaged(gateway: Gateway) -> str:
    gateway.drawer.current.write_text("torn")
    return "is damaged"


async def enrolled_as_another(gateway: Gateway) -> str:
    gateway.drawer.write(gateway.papers._replace(edge="edge-2"))
    return "enrolled as edge-2, but the configuration says edge-1"


async def another_hub(gateway: Gateway) -> str:
    gateway.drawer.write(gateway.papers._replace(ca=Authority.new("another", now_ms()).der))
    return "a certificate of another CA than the hub we are enrolled with"


async def another_name(gateway: Gateway) -> str:
    gateway.url = gateway.papers.link.replace("127.0.0.1", "127.1")  # the same address, by another name
    return "start the hub with --name"


async def unknown_ca(gateway: Gateway) -> str:
    from chargelink.trust.certificates import key_of_pem

    foreign = Authority.new("another", now_ms())
    key = key_of_pem(gateway.papers.pem.encode())
    certificate = foreign.edge_certificate("edge-1", key.public_key(), now_ms()).pem
    pem = gateway.papers.pem.partition("-----BEGIN CERT")[0] + certificate
    gateway.drawer.write(gateway.papers._replace(pem=pem))
    return "it does not know the CA of our certificate"


async def cut_key(gateway: Gateway) -> str:
    pem = gateway.papers.pem
    gateway.drawer.write(gateway.papers._replace(pem=pem[:60] + pem[80:]))
    return "identity.pem cannot be used"


REFUSED = [
    revoked, replaced, forgotten, not_enrolled, damaged, enrolled_as_another, another_hub, another_name, unknown_ca,
    cut_key,
]  # fmt: skip


@pytest.mark.parametrize("happens", REFUSED, ids=lambda happens: happens.__name__)
async def test_why_there_is_no_link_is_said(gateway: Gateway, happens: Callable[[Gateway], object]) -> None:
    words = await happens(gateway)  # type: ignore[misc]
    async with gateway.running() as uplink:
        await until(lambda: words in (uplink.trouble or ""))
        assert uplink.trouble_chinese
        assert not uplink.online


async def test_enrolled_anew_while_it_runs_it_connects_by_itself(gateway: Gateway) -> None:
    async with gateway.running() as uplink:
        await until(lambda: uplink.online)
        await registry.revoke("edge-1", now_ms())
        await until(lambda: not uplink.online)
        await until(lambda: WORDS[Close.REVOKED].english in (uplink.trouble or ""))
        await gateway.enrol(replacing=True)
        await until(lambda: uplink.online)


async def test_a_token_of_another_hub_is_not_told_anything(secure: SecureHub) -> None:
    token = Token.parse(await secure.token())
    wrong = Token(token.edge, token.secret, os.urandom(32), token.enroll, token.link)
    with pytest.raises(IdentityError, match="its CA is another; nothing was sent to it"):
        await asyncio.to_thread(enrol, wrong, KEY.public, now_ms)
    assert await Certificate.all().count() == 0
    away = Token(token.edge, token.secret, token.ca, "https://127.0.0.1:1", token.link)
    with pytest.raises(IdentityError, match="cannot be reached"):
        await asyncio.to_thread(enrol, away, KEY.public, now_ms)


async def test_a_refusal_of_the_hub_is_handed_on(secure: SecureHub, tmp_path: Path) -> None:
    token = Token.parse(await secure.token(at=now_ms() - registry.TOKEN_LIFE))
    with pytest.raises(IdentityError, match="the hub refuses: this token has expired") as refused:
        await asyncio.to_thread(enrol, token, KEY.public, now_ms)
    assert "令牌已过期" in refused.value.text.chinese
    assert await secure.refusals() == {"expired-token": 1}
