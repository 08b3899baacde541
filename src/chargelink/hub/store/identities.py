"""The tables of who is who: edges that an operator added, their tokens, their certificates, and what happened to them.

Commands write them while the hub runs. What must be noticed at once is an `IdentityEvent`: rows are only added, and the
hub reads on from the last one it knows.
"""

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class End(StrEnum):
    """Why a certificate ended before its time."""

    REVOKED = "revoked"
    RENEWED = "renewed"  # a newer one was used
    REPLACED = "replaced"  # the edge was enrolled again


class Identity(Model):
    """An edge that may have a certificate.

    `signing_key` is the pinned key under its journal (hex, "" before it was told), `asked_key` another one that waits
    for an operator, as a certificate that ended waits since `renewal_asked` until `renewal_allowed`.
    """

    edge = fields.CharField(max_length=64, primary_key=True)
    added = fields.BigIntField()
    revoked = fields.BigIntField(null=True)
    signing_key = fields.CharField(max_length=64, default="")
    asked_key = fields.CharField(max_length=64, default="")
    renewal_asked = fields.BigIntField(null=True)
    renewal_allowed = fields.BigIntField(null=True)

    class Meta:
        table = "identity"


class Enrolment(Model):
    """A token that was given.

    `certificate` is the fingerprint of what came of it, "" while it is unused.
    """

    secret_hash = fields.CharField(max_length=64, primary_key=True)
    edge = fields.CharField(max_length=64)
    given = fields.BigIntField()
    expires = fields.BigIntField()
    certificate = fields.CharField(max_length=64, default="")

    class Meta:
        table = "enrolment"
        indexes = (Index(fields=("edge",), name="enrolment_edge"),)


class Certificate(Model):
    """A certificate that this hub issued to an edge.

    `key` is the SHA-256 of its public key.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    fingerprint = fields.CharField(max_length=64, unique=True)
    edge = fields.CharField(max_length=64)
    key = fields.CharField(max_length=64)
    der = fields.BinaryField()
    issued = fields.BigIntField()
    expires = fields.BigIntField()
    used = fields.BigIntField(null=True)
    ended = fields.BigIntField(null=True)
    why_ended = fields.CharField(max_length=64, default="")

    class Meta:
        table = "certificate"
        indexes = (Index(fields=("edge",), name="certificate_edge"),)


class IdentityEvent(Model):
    """What happened to whom.

    `fingerprint` where it is about a certificate.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    at = fields.BigIntField()
    edge = fields.CharField(max_length=64)
    what = fields.CharField(max_length=64)
    fingerprint = fields.CharField(max_length=64, default="")
    detail = fields.CharField(max_length=256, default="")

    class Meta:
        table = "identity_event"
        indexes = (Index(fields=("edge",), name="identity_event_edge"),)
