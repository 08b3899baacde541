"""Two at once: what is good once is good once, on a database that lets two transactions run side by side, too."""

import asyncio
from collections.abc import Awaitable

from chargelink.hub.clock import now_ms
from chargelink.hub.identity import registry
from chargelink.hub.identity.refusals import RefusedError
from chargelink.hub.identity.registry import Granted, Waiting
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.identities import Certificate
from chargelink.link.enrolment import RenewRequest
from chargelink.trust.certificates import Authority, Key, fingerprint, new_key, renewal_bytes, request, sign

CA = Authority.new("hub", now_ms())
SECRET = bytes(range(16))


def proved() -> None:
    """The nonce is somebody else's care."""


async def attempt(what: Awaitable[Granted | Waiting]) -> str:
    try:
        outcome = await what
    except RefusedError as refused:
        return refused.reason.value
    return "granted" if isinstance(outcome, Granted) else "waiting"


async def test_a_token_that_two_use_at_once_is_used_once(tables: Engine) -> None:
    await registry.add("edge-1", SECRET, now_ms())
    tries = [registry.enrol(CA, "edge-1", SECRET, request(new_key()), None, now_ms()) for _ in range(4)]
    outcomes = await asyncio.gather(*map(attempt, tries))
    assert sorted(outcomes) == ["granted", "used-token", "used-token", "used-token"]
    assert await Certificate.filter(ended__isnull=True).count() == 1


def late(old: bytes, key: Key, number: int) -> RenewRequest:
    csr, nonce = request(new_key()), bytes([number])
    proof = sign(key, renewal_bytes("edge-1", nonce, csr))
    return RenewRequest(edge="edge-1", fingerprint=fingerprint(old), csr=csr, nonce=nonce, signature=proof)


async def test_what_was_allowed_once_is_given_once(tables: Engine) -> None:
    key = new_key()
    await registry.add("edge-1", SECRET, now_ms())
    granted = await registry.enrol(CA, "edge-1", SECRET, request(key), None, now_ms())
    assert await attempt(registry.renew_expired(CA, late(granted.der, key, 0), now_ms(), proved)) == "waiting"
    await registry.allow("edge-1", now_ms())
    asked = [late(granted.der, key, number) for number in range(1, 5)]
    tries = [registry.renew_expired(CA, one, now_ms(), proved) for one in asked]
    outcomes = await asyncio.gather(*map(attempt, tries))
    assert outcomes.count("granted") == 1
    assert {*outcomes} <= {"granted", "waiting", "unknown-certificate"}
    assert await Certificate.all().count() == 2


async def test_revoking_ends_everything_that_waits(tables: Engine) -> None:
    key = new_key()
    await registry.add("edge-1", SECRET, now_ms())
    granted = await registry.enrol(CA, "edge-1", SECRET, request(key), bytes(32), now_ms())
    await attempt(registry.renew_expired(CA, late(granted.der, key, 0), now_ms(), proved))
    assert not (await registry.pin("edge-1", bytes([1] * 32), now_ms()))[0]
    assert await registry.revoke("edge-1", now_ms()) == 1
    assert [row.state for row in await registry.listed(now_ms())] == ["revoked"]
    assert await registry.revoke("edge-1", now_ms()) == 0
