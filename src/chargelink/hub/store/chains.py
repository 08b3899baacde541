"""The tables by which the chain of a lane can be checked, now and after old records have been given up.

Digests, keys and signatures are hex.
"""

from tortoise import fields
from tortoise.models import Model


class Lane(Model):
    """Up to where a lane has been acknowledged, and the value of its chain."""

    id = fields.BigIntField(primary_key=True, generated=True)
    edge = fields.CharField(max_length=64)
    epoch = fields.CharField(max_length=64)
    lane = fields.CharField(max_length=64)
    seq = fields.BigIntField()
    hash = fields.CharField(max_length=64)
    chain = fields.CharField(max_length=64)

    class Meta:
        table = "lane"
        unique_together = (("edge", "epoch", "lane"),)


class Anchor(Model):
    """Behind `seq` the chain goes on from `chain`, which does not follow.

    `why`: "gap" records are missing before, "broken" or "fork" the edge's value differs from `held`, "pruned" the
    records up to there were given up.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    edge = fields.CharField(max_length=64)
    epoch = fields.CharField(max_length=64)
    lane = fields.CharField(max_length=64)
    seq = fields.BigIntField()
    chain = fields.CharField(max_length=64)
    why = fields.CharField(max_length=64)
    held = fields.CharField(max_length=64, default="")
    at = fields.BigIntField()

    class Meta:
        table = "anchor"
        unique_together = (("edge", "epoch", "lane", "seq", "why"),)


class Checkpoint(Model):
    """A signature of the edge as it came, and the value of the chain that it is for."""

    id = fields.BigIntField(primary_key=True, generated=True)
    edge = fields.CharField(max_length=64)
    epoch = fields.CharField(max_length=64)
    lane = fields.CharField(max_length=64)
    seq = fields.BigIntField()
    at = fields.BigIntField()
    signature = fields.CharField(max_length=128)
    chain = fields.CharField(max_length=64)

    class Meta:
        table = "checkpoint"
        unique_together = (("edge", "epoch", "lane", "seq", "chain"),)


class JournalKey(Model):
    """A key that an edge may sign its checkpoints with, oldest first."""

    id = fields.BigIntField(primary_key=True, generated=True)
    edge = fields.CharField(max_length=64)
    key = fields.CharField(max_length=64)
    since = fields.BigIntField()

    class Meta:
        table = "journal_key"
        unique_together = (("edge", "key"),)
