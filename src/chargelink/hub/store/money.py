"""The tables of money: ledger, accounts, top-ups and refunds, orders, allowances, tokens, people's decisions.

Money is whole fen. The ledger is written by `services/books.py` alone, and no row of `entry` or `posting` ever changes.
"""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Entry(Model):
    """One event of the ledger: its postings add up to 0.

    `key` says what it is for, so that it is written once.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    key = fields.CharField(max_length=192, unique=True)
    at = fields.BigIntField()
    kind = fields.CharField(max_length=64)
    order = fields.CharField(max_length=64, null=True)
    session = fields.CharField(max_length=64, null=True)
    memo = fields.CharField(max_length=512, default="")

    class Meta:
        table = "entry"
        indexes = (
            Index(fields=("at",), name="entry_at"),
            Index(fields=("order",), name="entry_order"),
            Index(fields=("session",), name="entry_session"),
        )


class Posting(Model):
    """So many fen into an account of the ledger, out of it where below 0."""

    id = fields.BigIntField(primary_key=True, generated=True)
    entry = fields.BigIntField()
    account = fields.CharField(max_length=96)
    fen = fields.BigIntField()

    class Meta:
        table = "posting"
        unique_together = (("entry", "account"),)
        indexes = (Index(fields=("account", "entry"), name="posting_account"),)


class Balance(Model):
    """What the postings of an account add up to.

    Only for accounts that must stay on one side of 0.
    """

    account = fields.CharField(max_length=96, primary_key=True)
    fen = fields.BigIntField()

    class Meta:
        table = "balance"


class Account(Model):
    """A customer's account.

    Its id says nothing of who that is; `reference` is what it was asked for by.
    """

    id = fields.CharField(max_length=64, primary_key=True)
    state = fields.CharField(max_length=64)
    group = fields.CharField(max_length=64, null=True)
    reference = fields.CharField(max_length=128, null=True, unique=True)
    created = fields.BigIntField()
    closed = fields.BigIntField(null=True)

    class Meta:
        table = "account"


class TopUp(Model):
    """Money paid in.

    `reference` names the payment at the operator's merchant number: there it goes back to.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    reference = fields.CharField(max_length=128, unique=True)
    account = fields.CharField(max_length=64)
    fen = fields.BigIntField()
    refunded = fields.BigIntField(default=0)
    at = fields.BigIntField()

    class Meta:
        table = "top_up"
        indexes = (Index(fields=("account",), name="top_up_account"),)


class Refund(Model):
    """A part of a refund: so much of it back to the payment `top_up` that it came by."""

    id = fields.BigIntField(primary_key=True, generated=True)
    reference = fields.CharField(max_length=128)
    top_up = fields.CharField(max_length=128)
    account = fields.CharField(max_length=64)
    fen = fields.BigIntField()
    at = fields.BigIntField()

    class Meta:
        table = "refund"
        unique_together = (("reference", "top_up"),)
        indexes = (Index(fields=("account",), name="refund_account"),)


class Order(Model):
    """A charge that is paid for in advance.

    Who, where, what is frozen for it, and how far it has come. `remote_start_id` is the number of the command that the
    hub gave, `asked` the id of the question that the edge put: an order has one of them. `reason` says why it was
    released.
    """

    id = fields.CharField(max_length=64, primary_key=True)
    account = fields.CharField(max_length=64)
    edge = fields.CharField(max_length=64)
    device = fields.CharField(max_length=64)
    outlet = fields.CharField(max_length=64, null=True)
    mode = fields.CharField(max_length=64)
    group = fields.CharField(max_length=64, null=True)
    tariff_hash = fields.CharField(max_length=64, null=True)
    prepaid = fields.BigIntField()
    minimum = fields.BigIntField(default=0)
    state = fields.CharField(max_length=64)
    remote_start_id = fields.BigIntField(null=True, unique=True)
    asked = fields.CharField(max_length=64, null=True)
    session = fields.CharField(max_length=64, null=True)
    created = fields.BigIntField()
    changed = fields.BigIntField()
    reason = fields.CharField(max_length=512, default="")

    class Meta:
        table = "order"
        unique_together = (("edge", "asked"),)
        indexes = (
            Index(fields=("account", "created"), name="order_account"),
            Index(fields=("state", "edge"), name="order_state"),
            Index(fields=("session",), name="order_session"),
            Index(fields=("created",), name="order_created"),
        )


class Question(Model):
    """An `Authorize` that may have an answer, or `refused`.

    `refused` is when the edge said that nothing begins with an answer any more.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    edge = fields.CharField(max_length=64)
    asked = fields.CharField(max_length=64)
    refused = fields.BigIntField(null=True)

    class Meta:
        table = "question"
        unique_together = (("edge", "asked"),)


class Lease(Model):
    """An allowance: money of an account that one edge may spend without asking.

    It is held in the ledger under `leased:ID` from the moment it is granted until the edge's record of its end, which
    says what was `spent`; `returned` is what went back to the wallet then. `sent` is when the edge was first asked to
    take it: before, it cannot have spent anything. `accepted`, `withdrawal` (a person wants it back) and `obeyed` (the
    edge began no session on it any more) are times, too; `words` is the edge's last refusal.
    """

    id = fields.CharField(max_length=64, primary_key=True)
    account = fields.CharField(max_length=64)
    edge = fields.CharField(max_length=64)
    amount = fields.BigIntField()
    until = fields.BigIntField()
    state = fields.CharField(max_length=64)
    created = fields.BigIntField()
    closed = fields.BigIntField(null=True)
    spent = fields.BigIntField(null=True)
    returned = fields.BigIntField(null=True)
    reason = fields.CharField(max_length=64, default="")
    sent = fields.BigIntField(null=True)
    accepted = fields.BigIntField(null=True)
    withdrawal = fields.BigIntField(null=True)
    obeyed = fields.BigIntField(null=True)
    words = fields.TextField(default="")

    class Meta:
        table = "lease"
        indexes = (
            Index(fields=("account",), name="lease_account"),
            Index(fields=("edge", "state"), name="lease_edge"),
            Index(fields=("state", "accepted"), name="lease_state"),
        )


class LeasePolicy(Model):
    """An account that always has an allowance at an edge.

    `amount` fen for `duration` ms; renewed when half of either is used up.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    account = fields.CharField(max_length=64)
    edge = fields.CharField(max_length=64)
    amount = fields.BigIntField()
    duration = fields.BigIntField()
    since = fields.BigIntField()

    class Meta:
        table = "lease_policy"
        unique_together = (("account", "edge"),)


class Token(Model):
    """A card, VIN or voucher by which an account is known.

    `digest` finds it, `sealed` and `pin` are encrypted. `changed` numbers its last change, for the lists of the edges.
    `consent` was given when a VIN was bound. A voucher of one `edge` is worth `amount` there, until it was used.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    kind = fields.CharField(max_length=64)
    digest = fields.CharField(max_length=64)
    sealed = fields.BinaryField()
    account = fields.CharField(max_length=64)
    status = fields.CharField(max_length=64)
    until = fields.BigIntField(null=True)
    pin = fields.BinaryField(null=True)
    tries = fields.IntField(default=0)
    added = fields.BigIntField()
    changed = fields.BigIntField(default=0)
    consent = fields.BooleanField(default=False)
    edge = fields.CharField(max_length=64, null=True)
    amount = fields.BigIntField(null=True)

    class Meta:
        table = "token"
        unique_together = (("kind", "digest"),)
        indexes = (
            Index(fields=("account",), name="token_account"),
            Index(fields=("changed",), name="token_changed"),
        )


class OccupancyBill(Model):
    """What staying after a charge cost.

    Priced by the edge and by the hub, as `Bill` is for the charge.
    """

    session = fields.CharField(max_length=64, primary_key=True)
    edge = fields.CharField(max_length=64)
    account = fields.CharField(max_length=64, null=True)
    at = fields.BigIntField()
    record = fields.BigIntField()
    tariff_hash = fields.CharField(max_length=64)
    settlement = fields.CharField(max_length=64)
    total = fields.BigIntField(null=True)
    edge_total = fields.BigIntField()
    hub_total = fields.BigIntField(null=True)
    edge_bill = fields.TextField()
    hub_bill = fields.TextField(default="")

    class Meta:
        table = "occupancy_bill"
        indexes = (
            Index(fields=("at",), name="occupancy_bill_at"),
            Index(fields=("settlement", "tariff_hash"), name="occupancy_bill_settlement"),
        )


class Decision(Model):
    """What a person decided about an order or a bill.

    Who, why, and how much was due before and after.
    """

    id = fields.BigIntField(primary_key=True, generated=True)
    at = fields.BigIntField()
    what = fields.CharField(max_length=64)
    subject = fields.CharField(max_length=64)
    before = fields.BigIntField(null=True)
    after = fields.BigIntField(null=True)
    who = fields.CharField(max_length=64)
    why = fields.CharField(max_length=512)

    class Meta:
        table = "decision"
        indexes = (Index(fields=("subject",), name="decision_subject"),)
