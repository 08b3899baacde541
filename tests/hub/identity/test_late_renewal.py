"""An edge whose certificate has ended proves its old key, and waits for an operator."""

from collections.abc import Awaitable, Callable

import pytest
from tests.hub.identity.applicant import Answer, Applicant
from tests.hub.identity.conftest import SecureHub

from chargelink.hub.clock import now_ms
from chargelink.hub.identity import registry
from chargelink.hub.store.identities import Certificate


async def late(secure: SecureHub) -> tuple[Applicant, Applicant]:
    """A gateway that was away for too long, and what it will be."""
    gateway = await secure.enrolled()
    await Certificate.all().update(expires=now_ms() - 1)
    return gateway, gateway.with_new_key("new")


async def test_it_waits_until_an_operator_allows_it(secure: SecureHub) -> None:
    gateway, new = await late(secure)
    for _ in range(2):  # it asks again now and then
        answer = await gateway.renew(new)
        assert (answer.status, answer.json["certificateChain"]) == (200, None)
    assert await secure.alarms() == [("edge-1", "renewal-waits")]
    assert [row.state for row in await registry.listed(now_ms())] == ["waits"]
    assert await registry.allow("edge-1", now_ms()) == ["renewal"]
    assert (await gateway.renew(new)).status == 200
    await (await secure.link(new)).boot()
    assert [row.state for row in await registry.listed(now_ms())] == ["enrolled"]


async def test_what_was_allowed_is_allowed_once_and_not_for_ever(secure: SecureHub) -> None:
    gateway, new = await late(secure)
    await gateway.renew(new)
    await registry.allow("edge-1", now_ms() - registry.ALLOWED_FOR - 1)
    assert (await gateway.renew(new)).json["certificateChain"] is None
    await registry.allow("edge-1", now_ms())
    assert (await gateway.renew(new)).json["certificateChain"]
    assert (await gateway.renew(gateway.with_new_key("newer"))).json["certificateChain"] is None


async def replayed_nonce(secure: SecureHub) -> Answer:
    gateway, new = await late(secure)
    nonce = await gateway.nonce()
    assert (await gateway.renew(new, nonce)).status == 200
    return await gateway.renew(new, nonce)


async def made_up_nonce(secure: SecureHub) -> Answer:
    gateway, new = await late(secure)
    return await gateway.renew(new, bytes(56))


async def signed_by_the_new_key(secure: SecureHub) -> Answer:
    gateway, new = await late(secure)
    new.chain, gateway.key = gateway.chain, new.key
    return await gateway.renew(new)


async def certificate_of_another_edge(secure: SecureHub) -> Answer:
    gateway, new = await late(secure)
    other = await secure.enrolled("edge-2", "other")
    return await gateway.renew(new, fingerprint=other.fingerprint)


async def never_issued(secure: SecureHub) -> Answer:
    gateway, new = await late(secure)
    return await gateway.renew(new, fingerprint="00" * 32)


async def revoked(secure: SecureHub) -> Answer:
    gateway, new = await late(secure)
    await registry.revoke("edge-1", now_ms())
    return await gateway.renew(new)


async def replaced(secure: SecureHub) -> Answer:
    gateway, new = await late(secure)
    await secure.enrolled(folder="hardware", replacing=True)
    return await gateway.renew(new)


Attempt = Callable[[SecureHub], Awaitable[Answer]]
REFUSED: dict[str, tuple[Attempt, str, str]] = {
    "replayed nonce": (replayed_nonce, "replayed", "every proof is good once"),
    "made-up nonce": (made_up_nonce, "replayed", "ask for a new nonce"),
    "signed by the new key": (signed_by_the_new_key, "wrong-proof", "not by the key of this certificate"),
    "certificate of another edge": (certificate_of_another_edge, "unknown-certificate", "did not issue"),
    "never issued": (never_issued, "unknown-certificate", "did not issue"),
    "revoked": (revoked, "revoked", "chargelink hub edge replace"),
    "replaced": (replaced, "unknown-certificate", "it was ended"),
}


@pytest.mark.parametrize(("attempt", "reason", "words"), REFUSED.values(), ids=REFUSED)
async def test_refused_in_words_and_counted(secure: SecureHub, attempt: Attempt, reason: str, words: str) -> None:
    answer = await attempt(secure)
    assert (answer.status, answer.reason) == (403, reason)
    assert words in answer.json["text"]
    assert await secure.refusals() == {reason: 1}
