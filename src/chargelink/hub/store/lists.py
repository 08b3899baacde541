"""The tables of what stands in the edges' lists beside tokens: which list each edge holds, who may where, passes."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Rising(Model):
    """Numbers that only rise, by name.

    They are microseconds since 1970 or more, so that none is used again after a backup was put back.
    """

    name = fields.CharField(max_length=64, primary_key=True)
    value = fields.BigIntField()

    class Meta:
        table = "rising"


class EdgeList(Model):
    """The list of an edge.

    `key` is that of its digests, wrapped; `held` the version that it said it has, `offered` one that is on its way.
    """

    edge = fields.CharField(max_length=64, primary_key=True)
    key = fields.BinaryField()
    held = fields.BigIntField(default=0)
    offered = fields.BigIntField(default=0)
    entries = fields.BigIntField(default=0)
    at = fields.BigIntField(default=0)
    words = fields.TextField(default="")

    class Meta:
        table = "edge_list"


class Unlisted(Model):
    """A token that is forgotten here, as it stands in the list of an edge.

    It is to be removed there, too.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    edge = fields.CharField(max_length=64)
    digest = fields.CharField(max_length=64)
    changed = fields.BigIntField()

    class Meta:
        table = "unlisted"
        unique_together = (("edge", "digest"),)


class AccountEdge(Model):
    """An edge at which an account may charge.

    One without any may everywhere.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    account = fields.CharField(max_length=64)
    edge = fields.CharField(max_length=64)

    class Meta:
        table = "account_edge"
        unique_together = (("account", "edge"),)


class MonthlyPass(Model):
    """A pass that was sold, with the terms of its tariff.

    `begun` says that its time has come, and the lists were told.
    """

    id = fields.CharField(max_length=64, primary_key=True)
    reference = fields.CharField(max_length=128, unique=True)
    account = fields.CharField(max_length=64)
    tariff_hash = fields.CharField(max_length=64)
    price = fields.BigIntField()
    sold = fields.BigIntField()
    start = fields.BigIntField()
    until = fields.BigIntField()
    uses_per_month = fields.BigIntField(null=True)
    uses_per_day = fields.BigIntField(null=True)
    minutes_per_use = fields.BigIntField(null=True)
    energy_per_use = fields.BigIntField(null=True)
    begun = fields.BooleanField(default=False)

    class Meta:
        table = "monthly_pass"
        indexes = (
            Index(fields=("account", "until"), name="monthly_pass_account"),
            Index(fields=("begun", "start"), name="monthly_pass_begun"),
        )


class PassShare(Model):
    """So many uses of a pass that one edge may honour by itself."""

    id = fields.BigIntField(primary_key=True, generated=True)
    monthly_pass = fields.CharField(max_length=64)
    edge = fields.CharField(max_length=64)
    uses = fields.BigIntField()

    class Meta:
        table = "pass_share"
        unique_together = (("monthly_pass", "edge"),)
