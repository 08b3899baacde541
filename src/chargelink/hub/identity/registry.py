"""Edges, tokens and certificates in the database. Times are UTC milliseconds.

What operators ask for raises CommandError, what edges ask for RefusedError; both leave the database as it was.
"""

from collections.abc import Callable, Iterable
from hmac import compare_digest
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec
from tortoise.transactions import in_transaction

from chargelink.cli.command import CommandError
from chargelink.cli.language import Text
from chargelink.hub.identity.refusals import Reason, RefusedError
from chargelink.hub.store.alarms import write_alarm
from chargelink.hub.store.identities import Certificate, End, Enrolment, Identity, IdentityEvent
from chargelink.hub.store.models import Alarm
from chargelink.link.enrolment import RenewRequest
from chargelink.trust.certificates import (
    Authority,
    CertificateError,
    Issued,
    is_signed,
    key_hash,
    renewal_bytes,
    requested_key,
)
from chargelink.trust.token import secret_hash

MINUTE = 60_000
TOKEN_LIFE = 30 * MINUTE
FORGOTTEN_AFTER = 7 * 24 * 60 * MINUTE  # a token that was never used
ALLOWED_FOR = 7 * 24 * 60 * MINUTE  # that an expired edge may take to fetch what it was allowed
MOST_UNUSED = 4  # certificates of an edge that wait to be used: more, and the oldest ends


class Granted(NamedTuple):
    """A certificate in DER, and what a person should know about it."""

    der: bytes
    alarms: tuple[Alarm, ...] = ()


class Waiting(NamedTuple):
    """An operator has to allow it first."""

    alarms: tuple[Alarm, ...] = ()


class Row(NamedTuple):
    """An edge as `hub edge list` shows it: its newest certificate, "" and 0 for none, and its state in one word."""

    edge: str
    fingerprint: str
    expires: int
    state: str


async def listed(now: int) -> list[Row]:
    """Every edge that was added, by name."""
    certificates = {row.edge: row for row in await Certificate.filter(ended__isnull=True).order_by("id")}
    open_tokens = {row.edge for row in await Enrolment.filter(certificate="", expires__gt=now)}
    rows = []
    for identity in await Identity.all().order_by("edge"):
        edge, newest = identity.edge, certificates.get(identity.edge)
        asked = identity.renewal_asked is not None and identity.renewal_allowed is None
        if asked or identity.asked_key:
            state = "waits"
        elif newest is not None:
            state = "expired" if now >= newest.expires else "enrolled"
        elif edge in open_tokens:
            state = "token"
        else:
            state = "added" if identity.revoked is None else "revoked"
        rows.append(Row(edge, newest.fingerprint if newest else "", newest.expires if newest else 0, state))
    return rows


async def add(edge: str, secret: bytes, now: int) -> None:
    """A new edge, which may be enrolled with the secret. Raises CommandError for one that has been."""
    async with in_transaction():
        if await Certificate.filter(edge=edge).exists():
            raise CommandError(
                Text(
                    "{0} was enrolled before; use `chargelink hub edge replace {0}` to enrol it again",
                    "{0} 已注册过；如需重新注册请用 chargelink hub edge replace {0}",
                ).format(edge)
            )
        await Identity.get_or_create({"added": now}, edge=edge)
        await _give(edge, secret, now, "added")


async def replace(edge: str, secret: bytes, now: int) -> None:
    """A token for an edge that gets a new gateway: the old certificates end when the new one is enrolled."""
    async with in_transaction():
        await _known(edge)
        await _give(edge, secret, now, "replacing")


async def revoke(edge: str, now: int) -> int:
    """Nobody is this edge any more; how many certificates ended. Raises CommandError for one unknown."""
    async with in_transaction():
        identity = await _known(edge)
        ended = await _end(await Certificate.filter(edge=edge, ended__isnull=True), End.REVOKED, now)
        await Enrolment.filter(edge=edge, certificate="", expires__gt=now).update(expires=now)
        identity.revoked, identity.asked_key = now, ""
        identity.renewal_asked = identity.renewal_allowed = None
        await identity.save()
        await _note(now, edge, "revoked")
        return ended


async def allow(edge: str, now: int) -> list[str]:
    """What waits for an operator may be done: "renewal", "signing-key". Raises CommandError when nothing waits."""
    async with in_transaction():
        identity = await _known(edge)
        allowed = []
        if identity.renewal_asked is not None:
            identity.renewal_allowed = now
            allowed.append("renewal")
        if identity.asked_key:
            await _note(now, edge, "signing-key", detail=f"{identity.signing_key} {identity.asked_key}")
            identity.signing_key, identity.asked_key = identity.asked_key, ""
            allowed.append("signing-key")
        if not allowed:
            raise CommandError(Text("nothing of {} waits for you", "{} 没有等待批准的事项").format(edge))
        await identity.save()
        await _note(now, edge, "allowed", detail=" ".join(allowed))
        return allowed


async def enrol(
    authority: Authority, edge: str, secret: bytes, csr: bytes, signing_key: bytes | None, now: int
) -> Granted:
    """The certificate for who has the secret of a token. Raises RefusedError.

    Asked again with the same key, because the answer was lost on the way, it gives the same certificate.
    """
    key = _key(csr)
    async with in_transaction():
        given = secret_hash(secret)
        tokens = [row for row in await Enrolment.filter(edge=edge) if compare_digest(row.secret_hash, given)]
        identity = await Identity.get_or_none(edge=edge)
        if identity is None:
            raise RefusedError(Reason.NOT_ADDED)
        if not tokens:
            raise RefusedError(Reason.WRONG_SECRET)
        token = tokens[0]
        if identity.revoked is not None and token.given <= identity.revoked:
            raise RefusedError(Reason.REVOKED)
        if token.certificate:
            return await _said_again(token, key_hash(key), now)
        if now >= token.expires:
            raise RefusedError(Reason.EXPIRED_TOKEN)
        old = await Certificate.filter(edge=edge, ended__isnull=True)
        issued = authority.edge_certificate(edge, key, now)
        await _keep(edge, issued, now, "enrolled")
        await _end(old, End.REPLACED, now)
        if not await Enrolment.filter(secret_hash=given, certificate="").update(certificate=issued.fingerprint):
            raise RefusedError(Reason.USED_TOKEN)  # somebody else was faster
        alarm = await _replaced(identity, old, issued, signing_key, now)
        identity.revoked = identity.renewal_asked = identity.renewal_allowed = None
        identity.signing_key, identity.asked_key = (signing_key or b"").hex(), ""
        await identity.save()
        return Granted(issued.der, alarm)


async def renew(authority: Authority, edge: str, fingerprint: str, csr: bytes, now: int) -> Granted:
    """A new certificate for an edge on a link of the old one, which is valid until the new one is used.

    Raises RefusedError, also for a link that is about to be cut.
    """
    key = _key(csr)
    async with in_transaction():
        shown = await Certificate.get_or_none(edge=edge, fingerprint=fingerprint)
        if shown is None or shown.ended is not None:
            raise RefusedError(Reason.UNKNOWN_CERTIFICATE)
        known = await Certificate.get_or_none(edge=edge, key=key_hash(key), ended__isnull=True, used__isnull=True)
        if known is not None:
            return Granted(known.der)  # the answer was lost
        return await _renewed(authority, edge, csr, now)


async def renew_expired(
    authority: Authority, asked: RenewRequest, now: int, proved: Callable[[], None]
) -> Granted | Waiting:
    """For an edge that proves the key of a certificate that ended by itself, when an operator has allowed it.

    `proved` is called when the signature is right, whatever becomes of it. Raises RefusedError.
    """
    edge, fingerprint, csr = asked.edge, asked.fingerprint, asked.csr
    _key(csr)
    async with in_transaction():
        old = await Certificate.get_or_none(edge=edge, fingerprint=fingerprint)
        identity = await Identity.get_or_none(edge=edge)
        if old is None or identity is None:
            raise RefusedError(Reason.UNKNOWN_CERTIFICATE)
        if not is_signed(old.der, asked.signature, renewal_bytes(edge, asked.nonce, csr)):
            raise RefusedError(Reason.WRONG_PROOF)
        proved()
        if old.why_ended == End.REVOKED or identity.revoked is not None:
            raise RefusedError(Reason.REVOKED)
        if old.ended is not None:
            raise RefusedError(Reason.UNKNOWN_CERTIFICATE)
        if identity.renewal_allowed is None or now - identity.renewal_allowed > ALLOWED_FOR:
            identity.renewal_asked, identity.renewal_allowed = identity.renewal_asked or now, None
            await identity.save()
            subject = f"{fingerprint} {identity.renewal_asked}"
            return Waiting(_some(await write_alarm(edge, "renewal-waits", subject, now, {"edge": edge})))
        allowed = Identity.filter(edge=edge, renewal_allowed=identity.renewal_allowed)
        if not await allowed.update(renewal_asked=None, renewal_allowed=None):
            raise RefusedError(Reason.UNKNOWN_CERTIFICATE)  # somebody else was faster: it was allowed once
        return await _renewed(authority, edge, csr, now)


async def use(certificate: Certificate, now: int) -> None:
    """A link was let in with it: the first time ends those that it took the place of."""
    if certificate.used is not None:
        return
    async with in_transaction():
        older = await Certificate.filter(edge=certificate.edge, ended__isnull=True, id__lt=certificate.id)
        await _end(older, End.RENEWED, now)
        await Certificate.filter(id=certificate.id).update(used=now)


async def pin(edge: str, key: bytes | None, now: int) -> tuple[bool, tuple[Alarm, ...]]:
    """Whether the key under the journal is the edge's; the first one told is. Another one waits for an operator."""
    told = (key or b"").hex()
    known = (await Identity.get(edge=edge)).signing_key
    if known == told:
        return True, ()
    async with in_transaction():
        if not known:
            await Identity.filter(edge=edge).update(signing_key=told)
            await _note(now, edge, "signing-key", detail=told)
            return True, ()
        await Identity.filter(edge=edge).update(asked_key=told)
        detail: dict[str, object] = {"edge": edge, "old": known[:16], "new": told[:16]}
        alarm = await write_alarm(edge, "signing-key-changed", f"{known} {told}", now, detail)
        return False, _some(alarm)


async def _known(edge: str) -> Identity:
    identity = await Identity.get_or_none(edge=edge)
    if identity is None:
        raise CommandError(
            Text(
                "no edge {0} was added; see `chargelink hub edge list`, or add it with `chargelink hub edge add {0}`",
                "没有添加过网关 {0}；可用 chargelink hub edge list 查看，或用 chargelink hub edge add {0} 添加",
            ).format(edge)
        )
    return identity


def _key(csr: bytes) -> ec.EllipticCurvePublicKey:
    try:
        return requested_key(csr)
    except CertificateError as error:
        raise RefusedError(Reason.BAD_REQUEST, error) from None


async def _give(edge: str, secret: bytes, now: int, what: str) -> None:
    """A token in place of those that were not used."""
    await Enrolment.filter(edge=edge, certificate="", expires__lt=now - FORGOTTEN_AFTER).delete()
    await Enrolment.filter(edge=edge, certificate="", expires__gt=now).update(expires=now)
    await Enrolment.create(secret_hash=secret_hash(secret), edge=edge, given=now, expires=now + TOKEN_LIFE)
    await _note(now, edge, what)


async def _said_again(token: Enrolment, key: str, now: int) -> Granted:
    row = await Certificate.get(fingerprint=token.certificate)
    if row.key != key or row.ended is not None or now >= token.expires:
        raise RefusedError(Reason.USED_TOKEN)
    return Granted(row.der)


async def _renewed(authority: Authority, edge: str, csr: bytes, now: int) -> Granted:
    key = _key(csr)
    issued = authority.edge_certificate(edge, key, now)
    await _keep(edge, issued, now, "renewed")
    unused = await Certificate.filter(edge=edge, ended__isnull=True, used__isnull=True).order_by("-id")
    await _end(unused[MOST_UNUSED:], End.RENEWED, now)
    return Granted(issued.der)


async def _keep(edge: str, issued: Issued, now: int, what: str) -> None:
    if await Certificate.filter(key=issued.key).exists():
        raise RefusedError(Reason.BAD_REQUEST, "this key has a certificate; make a new one")
    await Certificate.create(
        fingerprint=issued.fingerprint, edge=edge, key=issued.key, der=issued.der, issued=now, expires=issued.expires
    )
    await _note(now, edge, what, issued.fingerprint)


async def _end(certificates: Iterable[Certificate], why: End, now: int) -> int:
    """End them; whoever has one on a live link learns it from the event."""
    count = 0
    for row in certificates:
        await Certificate.filter(id=row.id).update(ended=now, why_ended=why.value)
        await _note(now, row.edge, f"ended-{why}", row.fingerprint)
        count += 1
    return count


async def _replaced(
    identity: Identity, old: list[Certificate], issued: Issued, signing_key: bytes | None, now: int
) -> tuple[Alarm, ...]:
    """Note an edge that became another one."""
    if not old and not identity.signing_key:
        return ()
    before, after = old[-1].fingerprint if old else "-", issued.fingerprint
    detail: dict[str, object] = {
        "edge": identity.edge,
        "old": before[:16],
        "new": after[:16],
        "oldKey": identity.signing_key,
        "newKey": (signing_key or b"").hex(),
    }
    return _some(await write_alarm(identity.edge, "edge-replaced", f"{before} {after}", now, detail))


async def _note(now: int, edge: str, what: str, fingerprint: str = "", detail: str = "") -> None:
    await IdentityEvent.create(at=now, edge=edge, what=what, fingerprint=fingerprint, detail=detail)


def _some(alarm: Alarm | None) -> tuple[Alarm, ...]:
    return () if alarm is None else (alarm,)
