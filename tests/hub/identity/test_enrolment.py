"""The enrolment listener, as an independent client meets it: who gets a certificate, and who does not and why."""

import asyncio
import base64
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from cryptography import x509
from tests.hub.conftest import PATIENCE
from tests.hub.hub_process import running
from tests.hub.identity.applicant import Answer, Applicant
from tests.hub.identity.conftest import SecureHub

from chargelink.hub.clock import now_ms
from chargelink.hub.identity import reception, registry
from chargelink.hub.store.identities import Certificate, Enrolment, Identity

DAY = 86_400_000  # ms
SIGNING_KEY = bytes(range(32))


async def test_a_token_becomes_a_certificate(secure: SecureHub) -> None:
    gateway = await secure.applicant()
    answer = await gateway.enrol(signingKey=base64.b64encode(SIGNING_KEY).decode())
    assert answer.status == 200
    names = gateway.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.value for name in names] == ["urn:chargelink:edge:edge-1"]
    [row] = await Certificate.all()
    assert row.fingerprint == gateway.fingerprint
    assert 399 * DAY < row.expires - now_ms() <= 400 * DAY
    assert (await Identity.get(edge="edge-1")).signing_key == SIGNING_KEY.hex()
    [token] = await Enrolment.all()
    assert gateway.secret.hex() not in token.secret_hash
    edge = await secure.link(gateway)
    assert (await edge.boot(signingKey=SIGNING_KEY))["have"] == {}


async def test_names_in_the_request_are_ignored(secure: SecureHub) -> None:
    gateway = await secure.applicant()
    await gateway.enrol(name="urn:chargelink:edge:another")
    names = gateway.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.value for name in names] == ["urn:chargelink:edge:edge-1"]


async def test_an_answer_that_was_lost_is_given_again_and_to_nobody_else(secure: SecureHub) -> None:
    gateway = await secure.enrolled()
    first = gateway.chain
    assert (await gateway.enrol()).status == 200
    assert gateway.chain == first
    thief = Applicant(secure.data / "thief", await secure.token("edge-2"))
    thief.edge, thief.secret = gateway.edge, gateway.secret
    assert (await thief.enrol()).reason == "used-token"


async def wrong_secret(secure: SecureHub) -> Answer:
    gateway = await secure.applicant()
    gateway.secret = bytes(16)
    return await gateway.enrol()


async def unknown_edge(secure: SecureHub) -> Answer:
    gateway = await secure.applicant()
    return await gateway.enrol(edge="edge-9")


async def secret_of_another_edge(secure: SecureHub) -> Answer:
    other = await secure.applicant("edge-2", "other")
    gateway = await secure.applicant()
    gateway.secret = other.secret
    return await gateway.enrol()


async def expired_token(secure: SecureHub) -> Answer:
    return await (await secure.applicant(at=now_ms() - registry.TOKEN_LIFE)).enrol()


async def older_token(secure: SecureHub) -> Answer:
    """A second token takes the place of the first."""
    gateway = await secure.applicant()
    await secure.token()
    return await gateway.enrol()


async def used_token(secure: SecureHub) -> Answer:
    gateway = await secure.enrolled()
    again = Applicant(secure.data / "again", await secure.token("edge-2"))
    again.edge, again.secret = gateway.edge, gateway.secret
    return await again.enrol()


async def revoked_edge(secure: SecureHub) -> Answer:
    gateway = await secure.applicant()
    await registry.revoke("edge-1", now_ms())
    return await gateway.enrol()


async def used_key(secure: SecureHub) -> Answer:
    gateway = await secure.enrolled()
    other = await secure.applicant("edge-2", "other")
    other.key = gateway.key
    return await other.enrol()


async def no_request(secure: SecureHub) -> Answer:
    return await (await secure.applicant()).enrol(csr=base64.b64encode(b"hello").decode())


async def no_json(secure: SecureHub) -> Answer:
    gateway = await secure.applicant()
    await gateway.meet()
    return await gateway.ask("/enroll", b"\xff{")


async def endless(secure: SecureHub) -> Answer:
    gateway = await secure.applicant()
    await gateway.meet()
    return await gateway.ask("/enroll", b" " * (reception.LARGEST_REQUEST + 1))


async def a_name_that_no_edge_has(secure: SecureHub) -> Answer:
    return await (await secure.applicant()).enrol(edge="../edge")


Attempt = Callable[[SecureHub], Awaitable[Answer]]
REFUSED: dict[str, tuple[Attempt, int, str, str]] = {
    "wrong secret": (wrong_secret, 403, "wrong-secret", "no token that was given for this edge has this secret"),
    "unknown edge": (unknown_edge, 403, "not-added", "no token that was given for this edge has this secret"),
    "secret of another edge": (secret_of_another_edge, 403, "wrong-secret", "no token that was given"),
    "expired token": (expired_token, 403, "expired-token", "30 minutes"),
    "older token": (older_token, 403, "expired-token", "30 minutes"),
    "used token": (used_token, 403, "used-token", "each is good once"),
    "revoked edge": (revoked_edge, 403, "revoked", "chargelink hub edge replace"),
    "used key": (used_key, 400, "bad-request", "make a new one"),
    "no request": (no_request, 400, "bad-request", "no certificate request"),
    "no JSON": (no_json, 400, "bad-request", "not as it should be"),
    "endless": (endless, 400, "bad-request", "16384 bytes are allowed"),
    "no name": (a_name_that_no_edge_has, 400, "bad-request", "edge"),
}


@pytest.mark.parametrize(("attempt", "status", "reason", "words"), REFUSED.values(), ids=REFUSED)
async def test_refused_in_words_and_counted(
    secure: SecureHub, attempt: Attempt, status: int, reason: str, words: str
) -> None:
    before = await Certificate.all().count()
    answer = await attempt(secure)
    assert (answer.status, answer.reason) == (status, reason)
    assert words in answer.json["text"]
    assert answer.json["textChinese"]
    assert await secure.refusals() == {reason: 1}
    assert await Certificate.all().count() - before <= 1  # the one that the story began with


async def test_a_stranger_learns_no_names_of_edges(secure: SecureHub) -> None:
    known, unknown = await wrong_secret(secure), await unknown_edge(secure)
    assert known.json["text"] == unknown.json["text"]


async def test_too_many_tries_have_to_wait(secure: SecureHub) -> None:
    gateway = await secure.applicant()
    right, gateway.secret = gateway.secret, bytes(16)
    for _ in range(reception.TRIES_OF_NETWORK):
        assert (await gateway.enrol()).reason == "wrong-secret"
    gateway.secret = right
    answer = await gateway.enrol()  # not even the right one now: it is not looked at
    assert (answer.status, answer.reason) == (429, "too-many-tries")
    assert "wait" in answer.json["text"]
    assert await secure.refusals() == {"wrong-secret": reception.TRIES_OF_NETWORK, "too-many-tries": 1}


async def test_many_wrong_tries_from_everywhere_tell_nothing_and_keep_nobody_out(secure: SecureHub) -> None:
    """Those about an edge that is there sound like those about one that is not, and its token stays good."""
    gateway = await secure.applicant()
    right, gateway.secret = gateway.secret, bytes(16)
    heard = set()
    for number in range(2 * reception.TRIES_OF_NETWORK + 1):
        for edge in ("edge-1", "edge-9"):
            answer = await gateway.enrol(source=f"127.0.1.{number}", edge=edge)
            heard.add((answer.status, answer.json["text"]))
    assert len(heard) == 1
    gateway.secret = right
    assert (await gateway.enrol()).status == 200


async def test_nobody_says_by_a_header_that_he_is_somebody_else(secure: SecureHub) -> None:
    gateway = await secure.applicant()
    gateway.secret = bytes(16)
    heard = [
        (await gateway.enrol(headers={"X-Forwarded-For": f"192.0.2.{number}"})).reason
        for number in range(reception.TRIES_OF_NETWORK + 1)
    ]
    assert heard[-1] == "too-many-tries"


async def test_who_stalls_before_tls_counts_as_a_visitor_and_is_shown_out(
    secure: SecureHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "OPENING", 0.5)
    gateway = await secure.applicant()
    await gateway.meet()
    _, _, port = gateway.enroll_at.rpartition(":")
    silent = [await asyncio.open_connection("127.0.0.1", int(port)) for _ in range(reception.MOST_OF_NETWORK)]
    reader, writer = await asyncio.open_connection("127.0.0.1", int(port))
    with suppress(ConnectionError):
        assert await asyncio.wait_for(reader.read(), PATIENCE) == b""  # one too many
    for reader, _ in silent:
        with suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
    assert (await gateway.enrol()).status == 200
    writer.close()
    for _, one in silent:
        one.close()


async def test_who_says_nothing_after_tls_is_still_counted(tmp_path: Path) -> None:
    """By the loop that the command runs on."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    async with running(tmp_path, plain=False) as hub:
        port = int(hub.enroll.rpartition(":")[2])
        silent = [await asyncio.open_connection("127.0.0.1", port, ssl=tls) for _ in range(reception.MOST_OF_NETWORK)]
        with pytest.raises((ConnectionError, ssl.SSLError)):
            await asyncio.open_connection("127.0.0.1", port, ssl=tls)
        for _, writer in silent:
            writer.close()


async def test_visitors_who_say_nothing_keep_nobody_out_for_long(
    secure: SecureHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "LONGEST_VISIT", 0.5)
    gateway = await secure.applicant()
    await gateway.meet()
    _, _, port = gateway.enroll_at.rpartition(":")
    silent = [
        await asyncio.open_connection("127.0.0.1", int(port), ssl=gateway.context())
        for _ in range(reception.MOST_OF_NETWORK)
    ]
    for reader, _ in silent:  # each is shown out
        with suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), PATIENCE) == b""
    assert (await gateway.enrol()).status == 200
    for _, writer in silent:
        writer.close()


async def test_another_hub_is_noticed_before_anything_is_sent(secure: SecureHub, tmp_path: Path) -> None:
    gateway = await secure.applicant()
    gateway.ca_hash = bytes(32)
    with pytest.raises(AssertionError):
        await gateway.meet()
