"""The tables. Times are UTC milliseconds, money is fen, energy mWh; JSON is text that `msgspec` wrote, "" for none.

Records are kept as the bytes that came. Sessions and bills are read from them and can be made again.
"""

from enum import StrEnum

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Settlement(StrEnum):
    """What came of pricing a session again."""

    AGREED = "agreed"  # both priced alike
    LOWER = "lower"  # the prices differ: the lower settles, the rest waits for a person
    DECIDED = "decided"  # a person said what is due
    UNPRICED = "unpriced"  # the hub has not got the tariff, or the readings cannot be true: nothing settles yet


class Edge(Model):
    """An edge that has ever said its name."""

    id = fields.CharField(max_length=64, primary_key=True)
    software = fields.CharField(max_length=64, default="")
    epoch = fields.CharField(max_length=64, default="")
    first_seen = fields.BigIntField()
    last_seen = fields.BigIntField()

    class Meta:
        table = "edge"


class Device(Model):
    """A gun, socket, meter or io board as its edge last described it."""

    id = fields.BigIntField(primary_key=True, generated=True)
    edge = fields.CharField(max_length=64)
    device = fields.CharField(max_length=64)
    kind = fields.CharField(max_length=64)
    state = fields.CharField(max_length=64)
    at = fields.BigIntField()
    detail = fields.TextField()

    class Meta:
        table = "device"
        unique_together = (("edge", "device"),)


class Record(Model):
    """A record of an edge's journal, as it came.

    The key is (edge, epoch, lane, seq). A row never changes; how far they have been read says `Progress`.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    edge = fields.CharField(max_length=64)
    epoch = fields.CharField(max_length=64)
    lane = fields.CharField(max_length=64)
    seq = fields.BigIntField()
    kind = fields.CharField(max_length=64)
    at = fields.BigIntField()
    body = fields.BinaryField()
    hash = fields.CharField(max_length=64)
    received = fields.BigIntField()

    class Meta:
        table = "record"
        unique_together = (("edge", "epoch", "lane", "seq"),)


class SetAside(Model):
    """A record under a key that already holds other bytes.

    The first stays; this one waits for a person.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    edge = fields.CharField(max_length=64)
    epoch = fields.CharField(max_length=64)
    lane = fields.CharField(max_length=64)
    seq = fields.BigIntField()
    kind = fields.CharField(max_length=64)
    at = fields.BigIntField()
    body = fields.BinaryField()
    hash = fields.CharField(max_length=64)
    received = fields.BigIntField()

    class Meta:
        table = "set_aside"
        unique_together = (("edge", "epoch", "lane", "seq", "hash"),)


class Progress(Model):
    """Up to which row one of our readers has come, by its name."""

    name = fields.CharField(max_length=64, primary_key=True)
    row = fields.BigIntField()

    class Meta:
        table = "progress"


class Register(Model):
    """The last that was read of a meter: where a later session must not begin below."""

    id = fields.BigIntField(primary_key=True, generated=True)
    edge = fields.CharField(max_length=64)
    device = fields.CharField(max_length=64)
    register = fields.BigIntField()
    at = fields.BigIntField()
    session = fields.CharField(max_length=64)

    class Meta:
        table = "register"
        unique_together = (("edge", "device"),)


class Quarantine(Model):
    """Why a record could not be read.

    Its bytes stay in `record`.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    record = fields.BigIntField(unique=True)
    why = fields.TextField()
    at = fields.BigIntField()

    class Meta:
        table = "quarantine"


class Session(Model):
    """A session, as the records of its start and its end tell it.

    `vehicle` is the VIN, sealed under the key of `person`.
    """

    id = fields.CharField(max_length=64, primary_key=True)
    edge = fields.CharField(max_length=64)
    device = fields.CharField(max_length=64)
    outlet = fields.CharField(max_length=64, null=True)
    kind = fields.CharField(max_length=64)
    authorised_by = fields.CharField(max_length=64)
    remote_start_id = fields.BigIntField(null=True)
    end_record = fields.BigIntField(null=True)
    started = fields.BigIntField()
    ended = fields.BigIntField(null=True)
    stop_reason = fields.CharField(max_length=64, null=True)
    stopped_by = fields.CharField(max_length=64, null=True)
    energy = fields.BigIntField(null=True)
    soc_start = fields.IntField(null=True)
    soc_end = fields.IntField(null=True)
    trip = fields.TextField(default="")
    person = fields.CharField(max_length=32, null=True)
    vehicle = fields.BinaryField(null=True)

    class Meta:
        table = "session"
        indexes = (
            Index(fields=("ended", "started"), name="session_ended"),
            Index(fields=("started",), name="session_started"),
            Index(fields=("edge", "person"), name="session_person"),
        )


class Bill(Model):
    """What a session cost, priced by the edge and by the hub.

    `total` is what settles, null while nothing does. `account` pays, null for a session that nobody's account began.
    """

    session = fields.CharField(max_length=64, primary_key=True)
    edge = fields.CharField(max_length=64)
    account = fields.CharField(max_length=64, null=True)
    at = fields.BigIntField()
    tariff_hash = fields.CharField(max_length=64)
    settlement = fields.CharField(max_length=64)
    total = fields.BigIntField(null=True)
    edge_total = fields.BigIntField()
    hub_total = fields.BigIntField(null=True)
    edge_bill = fields.TextField()
    hub_bill = fields.TextField(default="")

    class Meta:
        table = "bill"
        indexes = (
            Index(fields=("at",), name="bill_at"),
            Index(fields=("settlement", "tariff_hash"), name="bill_settlement"),
            Index(fields=("account", "at"), name="bill_account"),
        )


class Tariff(Model):
    """A tariff document, under the hash by which sessions name it."""

    hash = fields.CharField(max_length=64, primary_key=True)
    id = fields.CharField(max_length=64)
    document = fields.BinaryField()
    received = fields.BigIntField()

    class Meta:
        table = "tariff"


class Sample(Model):
    """A point of a session's curve, as `services.curves` thins it."""

    id = fields.BigIntField(primary_key=True, generated=True)
    session = fields.CharField(max_length=64)
    at = fields.BigIntField()
    voltage = fields.BigIntField()
    current = fields.BigIntField()
    power = fields.BigIntField()
    soc = fields.IntField(null=True)
    energy = fields.BigIntField()

    class Meta:
        table = "sample"
        unique_together = (("session", "at"),)
        indexes = (Index(fields=("at",), name="sample_at"),)


class Alarm(Model):
    """Something that a person should know.

    `detail` is JSON; the words are made from `kind` when it is shown.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    at = fields.BigIntField()
    edge = fields.CharField(max_length=64)
    kind = fields.CharField(max_length=64)
    subject = fields.CharField(max_length=256)
    detail = fields.TextField()

    class Meta:
        table = "alarm"
        unique_together = (("edge", "kind", "subject"),)
        indexes = (Index(fields=("at",), name="alarm_at"),)


class Command(Model):
    """A command to an edge.

    Its number is the `remoteStartId` of a start: microseconds since 1970, so that it is never used twice, not even
    after the database was restored from a backup.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    edge = fields.CharField(max_length=64)
    action = fields.CharField(max_length=64)
    payload = fields.TextField()
    given = fields.BigIntField()
    expiry = fields.BigIntField()
    outcome = fields.CharField(max_length=64, null=True)
    answer = fields.TextField(default="")

    class Meta:
        table = "command"
