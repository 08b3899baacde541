"""The tables of telemetry: samples of sessions in full resolution, as the blocks that came."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class TelemetryBlock(Model):
    """Consecutive samples of one session, as their edge wrote them."""

    id = fields.BigIntField(primary_key=True, generated=True)
    edge = fields.CharField(max_length=64)
    epoch = fields.CharField(max_length=64)
    seq = fields.BigIntField()
    device = fields.CharField(max_length=64)
    outlet = fields.CharField(max_length=64, null=True)
    session = fields.CharField(max_length=64)
    begin = fields.BigIntField()
    end = fields.BigIntField()
    count = fields.BigIntField()
    body = fields.BinaryField()
    received = fields.BigIntField()

    class Meta:
        table = "telemetry_block"
        unique_together = (("edge", "epoch", "seq"),)
        indexes = (
            Index(fields=("session", "begin"), name="telemetry_block_session"),
            Index(fields=("received",), name="telemetry_block_received"),
        )


class TelemetryGap(Model):
    """Blocks that will never come, as their edge counted them, or `undeclared`."""

    id = fields.BigIntField(primary_key=True, generated=True)
    edge = fields.CharField(max_length=64)
    epoch = fields.CharField(max_length=64)
    first_seq = fields.BigIntField()
    last_seq = fields.BigIntField()
    samples = fields.BigIntField()
    begin = fields.BigIntField()
    end = fields.BigIntField()
    reason = fields.CharField(max_length=64)

    class Meta:
        table = "telemetry_gap"
        unique_together = (("edge", "epoch", "first_seq"),)
        indexes = (Index(fields=("edge", "begin"), name="telemetry_gap_begin"),)


class TelemetryMark(Model):
    """Up to which block the telemetry of an edge's epoch has been acknowledged."""

    id = fields.BigIntField(primary_key=True, generated=True)
    edge = fields.CharField(max_length=64)
    epoch = fields.CharField(max_length=64)
    seq = fields.BigIntField()

    class Meta:
        table = "telemetry_mark"
        unique_together = (("edge", "epoch"),)
