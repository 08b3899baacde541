"""Who is let onto a link, and who is not and why: every refusal in words, after the handshake, counted."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence

import pytest
from cryptography import x509
from tests.hub.conftest import PATIENCE
from tests.hub.fake_edge import CallError, FakeEdge, record
from tests.hub.identity.applicant import Applicant, text
from tests.hub.identity.conftest import SecureHub
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidStatus

from chargelink.hub.clock import now_ms
from chargelink.hub.identity import admission, registry
from chargelink.hub.store.batches import Batch, Blocks
from chargelink.hub.store.identities import Certificate, IdentityEvent
from chargelink.hub.store.models import Record, SetAside
from chargelink.hub.store.writer import RecordWriter
from chargelink.link.closing import LONGEST_REASON, WORDS, Close
from chargelink.trust.certificates import Authority, requested_key


async def no_certificate(secure: SecureHub) -> FakeEdge:
    return await secure.link(await secure.enrolled(), certificate=False)


async def foreign_id(secure: SecureHub) -> FakeEdge:
    await secure.enrolled("edge-2", "other")
    return await secure.link(await secure.enrolled(), edge="edge-2")


async def revoked(secure: SecureHub) -> FakeEdge:
    gateway = await secure.enrolled()
    await registry.revoke("edge-1", now_ms())
    return await secure.link(gateway)


async def expired(secure: SecureHub) -> FakeEdge:
    gateway = await secure.enrolled()
    await Certificate.all().update(expires=now_ms() - 1)
    return await secure.link(gateway)


async def replaced(secure: SecureHub) -> FakeEdge:
    gateway = await secure.enrolled()
    await secure.enrolled(folder="new", replacing=True)
    return await secure.link(gateway)


async def forgotten(secure: SecureHub) -> FakeEdge:
    """The hub's database was restored, its CA is the same."""
    gateway = await secure.enrolled()
    await Certificate.all().delete()
    return await secure.link(gateway)


Attempt = Callable[[SecureHub], Awaitable[FakeEdge]]
REFUSED: dict[str, tuple[Attempt, int, str]] = {
    "no certificate": (no_certificate, 4401, "no-certificate"),
    "foreign id in the path": (foreign_id, 4400, "foreign-id"),
    "revoked": (revoked, 4403, "revoked"),
    "expired": (expired, 4408, "expired"),
    "replaced": (replaced, 4410, "replaced"),
    "not known to this hub": (forgotten, 4404, "unknown"),
}


@pytest.mark.parametrize(("attempt", "code", "counted"), REFUSED.values(), ids=REFUSED)
async def test_refused_in_words_and_counted(secure: SecureHub, attempt: Attempt, code: int, counted: str) -> None:
    edge = await attempt(secure)
    await asyncio.wait_for(edge.websocket.wait_closed(), PATIENCE)
    assert (edge.websocket.close_code, edge.websocket.close_reason) == (code, WORDS[Close(code)].english)
    assert await secure.refusals() == {counted: 1}
    assert (await secure.http.get("/api/edges")).json() == []


def test_every_code_has_words_that_fit() -> None:
    assert set(WORDS) == set(Close)
    assert all(len(words.english.encode()) <= LONGEST_REASON for words in WORDS.values())


async def test_a_certificate_of_another_ca_ends_in_the_handshake_and_is_counted(secure: SecureHub) -> None:
    gateway = await secure.enrolled()
    foreign = Authority.new("somebody else", now_ms())
    gateway.chain = foreign.edge_certificate("edge-1", requested_key(gateway.request()), now_ms()).pem
    with pytest.raises((InvalidHandshake, OSError)):
        await secure.link(gateway)
    assert await secure.refusals() == {"foreign-ca": 1}


async def test_older_tls_and_web_pages_and_other_paths_are_turned_away(secure: SecureHub) -> None:
    gateway = await secure.enrolled()
    old = gateway.papers()
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_2
    address = f"{secure.listening.link}/link/edge-1"
    with pytest.raises((ssl.SSLError, OSError)):
        await connect(address, ssl=old)
    for path, more, status in (("/link/edge-1", {"Origin": "https://example.org"}, 403), ("/link/a/b", {}, 404)):
        with pytest.raises(InvalidStatus) as refused:
            await connect(f"{secure.listening.link}{path}", ssl=gateway.papers(), additional_headers=more)
        assert refused.value.response.status_code == status


async def test_who_is_refused_too_often_is_not_even_told(secure: SecureHub) -> None:
    gateway, other = await secure.enrolled(), await secure.enrolled("edge-2", "other")
    for _ in range(admission.TRIES):
        await asyncio.wait_for((await secure.link(gateway, certificate=False)).websocket.wait_closed(), PATIENCE)
    with pytest.raises(InvalidStatus) as refused:
        await secure.link(gateway, certificate=False)
    assert refused.value.response.status_code == 429
    assert b"wait" in (refused.value.response.body or b"")
    await (await secure.link(other)).boot()  # a neighbour at the same address is not hindered
    await (await secure.link(gateway)).boot()  # nor who shows the right certificate: the other one was a stranger


async def test_one_certificate_has_no_links_without_end(secure: SecureHub) -> None:
    """Those that never say who they are end no other, so they have to be bounded."""
    gateway, other = await secure.enrolled(), await secure.enrolled("edge-2", "other")
    links = [await secure.link(gateway) for _ in range(admission.MOST_LINKS)]
    for link in links:
        with pytest.raises(CallError, match="SecurityError"):
            await link.call("Heartbeat", {})
    with pytest.raises(InvalidStatus, match="429"):
        await secure.link(gateway)
    await (await secure.link(other)).boot()
    for link in links:
        await link.close()
    await (await secure.link(gateway)).boot()


async def test_an_ended_certificate_is_not_told_for_ever(secure: SecureHub) -> None:
    gateway, other = await secure.enrolled(), await secure.enrolled("edge-2", "other")
    await registry.revoke("edge-1", now_ms())
    for _ in range(admission.TRIES):
        await asyncio.wait_for((await secure.link(gateway)).websocket.wait_closed(), PATIENCE)
    with pytest.raises(InvalidStatus, match="429"):
        await secure.link(gateway)
    await (await secure.link(other)).boot()


async def test_revoked_while_it_is_up_it_is_cut(secure: SecureHub) -> None:
    gateway, other = await secure.enrolled(), await secure.enrolled("edge-2", "other")
    edge, neighbour = await secure.link(gateway), await secure.link(other)
    await edge.boot()
    await neighbour.boot()
    await registry.revoke("edge-1", now_ms())
    await asyncio.wait_for(edge.websocket.wait_closed(), PATIENCE)
    assert (edge.websocket.close_code, edge.websocket.close_reason) == (4403, WORDS[Close.REVOKED].english)
    await neighbour.call("Heartbeat", {})


async def test_a_database_that_is_away_for_a_moment_ends_no_hub_and_forgets_no_revocation(
    secure: SecureHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway = await secure.enrolled()
    edge = await secure.link(gateway)
    await edge.boot()
    looked = admission.Admission._events
    failures: list[Exception] = [ConnectionRefusedError("the server restarts"), TimeoutError()]

    async def fail(self: admission.Admission) -> list[IdentityEvent]:
        if failures:
            raise failures.pop()
        return await looked(self)

    monkeypatch.setattr(admission.Admission, "_events", fail)
    await registry.revoke("edge-1", now_ms())
    await asyncio.wait_for(edge.websocket.wait_closed(), PATIENCE)
    assert (edge.websocket.close_code, failures) == (4403, [])


@pytest.mark.parametrize("how", ["revoked", "replaced"])
async def test_a_link_about_to_be_cut_gets_no_new_certificate(
    secure: SecureHub, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    async def never(_: object) -> None:
        """The hub has not looked yet."""

    monkeypatch.setattr(admission.Admission, "look", never)
    gateway = await secure.enrolled()
    edge = await secure.link(gateway)
    await edge.boot()
    if how == "revoked":
        await registry.revoke("edge-1", now_ms())
    else:
        await secure.enrolled(folder="new", replacing=True)
    answer = await edge.call("SignCertificate", {"csr": gateway.with_new_key("newer").request()})
    assert answer["status"] == "Rejected"
    assert "it was ended" in answer["reason"]


async def renewed(edge: FakeEdge, new: Applicant) -> None:
    answer = await edge.call("SignCertificate", {"csr": new.request(name="urn:chargelink:edge:another")})
    assert answer["status"] == "Accepted"
    new.chain = answer["certificateChain"]


async def test_old_and_new_certificate_are_both_good_until_the_new_one_was_used(secure: SecureHub) -> None:
    gateway = await secure.enrolled()
    edge = await secure.link(gateway)
    await edge.boot()
    new = gateway.with_new_key("new")
    await renewed(edge, new)
    names = new.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.value for name in names] == ["urn:chargelink:edge:edge-1"]
    await (await secure.link(gateway)).boot()  # the answer was lost: the old one still works
    await (await secure.link(new)).boot()
    late = await secure.link(gateway)
    await asyncio.wait_for(late.websocket.wait_closed(), PATIENCE)
    assert late.websocket.close_code == Close.REPLACED


async def test_the_same_request_again_gives_the_same_certificate(secure: SecureHub) -> None:
    gateway = await secure.enrolled()
    edge = await secure.link(gateway)
    await edge.boot()
    new = gateway.with_new_key("new")
    await renewed(edge, new)
    first = new.chain
    await renewed(edge, new)
    assert new.chain == first
    for csr, words in ((b"hello", "no certificate request"), (gateway.request(), "make a new one")):
        answer = await edge.call("SignCertificate", {"csr": csr})
        assert answer["status"] == "Rejected"
        assert words in answer["reason"]


async def test_an_edge_cannot_ask_for_certificates_without_end(secure: SecureHub) -> None:
    gateway = await secure.enrolled()
    edge = await secure.link(gateway)
    await edge.boot()
    for number in range(admission.SIGNINGS):
        await renewed(edge, gateway.with_new_key(f"new-{number}"))
    answer = await edge.call("SignCertificate", {"csr": gateway.with_new_key("last").request()})
    assert (answer["status"], answer["reason"][:15]) == ("Rejected", "asked too often")
    assert await Certificate.filter(ended__isnull=True).count() == registry.MOST_UNUSED + 1  # and the one in use


async def test_another_signing_key_waits_for_a_person(secure: SecureHub) -> None:
    gateway = await secure.applicant()
    await gateway.enrol(signingKey=text(bytes(range(32))))
    edge = await secure.link(gateway)
    with pytest.raises(CallError, match="hub edge allow edge-1"):
        await edge.boot(signingKey=bytes(32))
    assert await secure.alarms() == [("edge-1", "signing-key-changed")]
    assert await registry.allow("edge-1", now_ms()) == ["signing-key"]
    await edge.boot(signingKey=bytes(32))
    with pytest.raises(CallError, match="signs with another key"):
        await (await secure.link(gateway)).boot(signingKey=bytes(range(32)))


async def test_replaced_the_old_gateway_works_until_the_new_one_is_enrolled(secure: SecureHub) -> None:
    gateway = await secure.applicant()
    await gateway.enrol(signingKey=text(bytes(range(32))))
    edge = await secure.link(gateway)
    await edge.boot(signingKey=bytes(range(32)))
    new = await secure.applicant(folder="new", replacing=True)
    await edge.call("Heartbeat", {})
    await new.enrol(signingKey=text(bytes(32)))
    await asyncio.wait_for(edge.websocket.wait_closed(), PATIENCE)
    assert edge.websocket.close_code == Close.REPLACED
    again = await secure.link(new)
    await again.boot(signingKey=bytes(32))
    [alarm] = (await secure.http.get("/api/alarms")).json()
    assert alarm["kind"] == "edge-replaced"
    assert gateway.fingerprint[:16] in alarm["words"]["en"]
    assert new.fingerprint[:16] in alarm["words"]["en"]


async def test_a_revoked_edge_comes_back_by_a_new_token_only(secure: SecureHub) -> None:
    await secure.enrolled()
    await registry.revoke("edge-1", now_ms() - 1)
    new = await secure.enrolled(folder="new", replacing=True)
    await (await secure.link(new)).boot()


async def test_the_newest_link_wins_and_what_the_older_one_sent_is_kept(
    secure: SecureHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch is being written while its link is taken over: it is stored all the same, once."""
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow_disk(writer: RecordWriter, group: Sequence[Batch | Blocks]) -> None:
        begun.set()
        await go_on.wait()
        await write(writer, group)

    write = RecordWriter.write
    monkeypatch.setattr(RecordWriter, "write", slow_disk)
    gateway = await secure.enrolled()
    older = await secure.link(gateway)
    await older.boot()
    sending = asyncio.create_task(older.send(record(1, "alarm", b"?")))
    await asyncio.wait_for(begun.wait(), PATIENCE)
    newer = await secure.link(gateway)
    assert (await newer.boot())["have"] == {}
    await asyncio.wait_for(older.websocket.wait_closed(), PATIENCE)
    assert older.websocket.close_code == Close.TAKEN_OVER
    go_on.set()
    with pytest.raises(ConnectionError):
        await sending
    assert await newer.send(record(1, "alarm", b"?"), record(2, "alarm", b"?")) == 2  # what was not acknowledged, again
    assert [row.seq for row in await Record.all().order_by("seq")] == [1, 2]
    assert await SetAside.all().count() == 0
