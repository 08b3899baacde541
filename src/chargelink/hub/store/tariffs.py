"""The tables of tariffs that this hub published: every version for ever, whom it is for, and which edge holds it."""

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class AtEdge(StrEnum):
    """What an edge has made of a tariff."""

    HELD = "held"
    REFUSED = "refused"  # it said why
    LOST = "lost"  # it held it, and said at its boot that it does not; it is sent again
    FOREIGN = "foreign"  # it holds one under our name that this hub never published


class PublishedTariff(Model):
    """A version of a tariff and our signature.

    A row never changes and never goes.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    hash = fields.CharField(max_length=64, unique=True)
    tariff = fields.CharField(max_length=64)
    version = fields.BigIntField()
    name = fields.CharField(max_length=64)
    valid_from = fields.BigIntField()
    document = fields.BinaryField()
    signer = fields.CharField(max_length=64)
    signature = fields.BinaryField()
    at = fields.BigIntField()

    class Meta:
        table = "published_tariff"
        unique_together = (("tariff", "version"),)


class TariffOffer(Model):
    """An edge that a tariff is for, "" for every edge.

    `devices` is a JSON list of those of it, [] for all.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    hash = fields.CharField(max_length=64)
    edge = fields.CharField(max_length=64)
    devices = fields.TextField()
    at = fields.BigIntField()

    class Meta:
        table = "tariff_offer"
        unique_together = (("hash", "edge"),)
        indexes = (Index(fields=("edge",), name="tariff_offer_edge"),)


class EdgeTariff(Model):
    """What an edge has made of a tariff, and since when.

    `drifts` counts how often it lost it.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    edge = fields.CharField(max_length=64)
    hash = fields.CharField(max_length=64)
    state = fields.CharField(max_length=16)
    reason = fields.TextField(default="")
    at = fields.BigIntField()
    drifts = fields.IntField(default=0)

    class Meta:
        table = "edge_tariff"
        unique_together = (("edge", "hash"),)


class AdoptedTariff(Model):
    """A tariff that began to hold at an edge, as its record says.

    `source`: hub, screen, file; `signed_by`: hub, edge, nobody.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    edge = fields.CharField(max_length=64)
    hash = fields.CharField(max_length=64)
    tariff = fields.CharField(max_length=64)
    version = fields.BigIntField()
    source = fields.CharField(max_length=64)
    signed_by = fields.CharField(max_length=16)
    devices = fields.TextField()
    at = fields.BigIntField()

    class Meta:
        table = "adopted_tariff"
        unique_together = (("edge", "hash", "at"),)
