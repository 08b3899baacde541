"""Money: the ledger, accounts, orders, tokens, and what people decided."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0004_persons")]  # noqa: RUF012 - as Tortoise declares it

    initial = False

    operations = [  # noqa: RUF012
        ops.CreateModel(
            name="Account",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("state", fields.CharField(max_length=64)),
                ("group", fields.CharField(null=True, max_length=64)),
                ("reference", fields.CharField(null=True, unique=True, max_length=128)),
                ("created", fields.BigIntField()),
                ("closed", fields.BigIntField(null=True)),
            ],
            options={"table": "account", "app": "hub", "pk_attr": "id", "table_description": "A customer's account."},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Balance",
            fields=[
                ("account", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=96)),
                ("fen", fields.BigIntField()),
            ],
            options={
                "table": "balance",
                "app": "hub",
                "pk_attr": "account",
                "table_description": "What the postings of an account add up to.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Decision",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("at", fields.BigIntField()),
                ("what", fields.CharField(max_length=64)),
                ("subject", fields.CharField(max_length=64)),
                ("before", fields.BigIntField(null=True)),
                ("after", fields.BigIntField(null=True)),
                ("who", fields.CharField(max_length=64)),
                ("why", fields.CharField(max_length=512)),
            ],
            options={
                "table": "decision",
                "app": "hub",
                "indexes": [Index(fields=["subject"], name="decision_subject")],
                "pk_attr": "id",
                "table_description": "What a person decided about an order or a bill.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Entry",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("key", fields.CharField(unique=True, max_length=192)),
                ("at", fields.BigIntField()),
                ("kind", fields.CharField(max_length=64)),
                ("order", fields.CharField(null=True, max_length=64)),
                ("session", fields.CharField(null=True, max_length=64)),
                ("memo", fields.CharField(default="", max_length=512)),
            ],
            options={
                "table": "entry",
                "app": "hub",
                "indexes": [
                    Index(fields=["at"], name="entry_at"),
                    Index(fields=["order"], name="entry_order"),
                    Index(fields=["session"], name="entry_session"),
                ],
                "pk_attr": "id",
                "table_description": "One event of the ledger: its postings add up to 0.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="OccupancyBill",
            fields=[
                ("session", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("edge", fields.CharField(max_length=64)),
                ("at", fields.BigIntField()),
                ("record", fields.BigIntField()),
                ("tariff_hash", fields.CharField(max_length=64)),
                ("settlement", fields.CharField(max_length=64)),
                ("total", fields.BigIntField(null=True)),
                ("edge_total", fields.BigIntField()),
                ("hub_total", fields.BigIntField(null=True)),
                ("edge_bill", fields.TextField(unique=False)),
                ("hub_bill", fields.TextField(default="", unique=False)),
            ],
            options={
                "table": "occupancy_bill",
                "app": "hub",
                "indexes": [
                    Index(fields=["at"], name="occupancy_bill_at"),
                    Index(fields=["settlement", "tariff_hash"], name="occupancy_bill_settlement"),
                ],
                "pk_attr": "session",
                "table_description": "What staying after a charge cost.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Order",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("account", fields.CharField(max_length=64)),
                ("edge", fields.CharField(max_length=64)),
                ("device", fields.CharField(max_length=64)),
                ("outlet", fields.CharField(null=True, max_length=64)),
                ("mode", fields.CharField(max_length=64)),
                ("group", fields.CharField(null=True, max_length=64)),
                ("tariff_hash", fields.CharField(null=True, max_length=64)),
                ("prepaid", fields.BigIntField()),
                ("minimum", fields.BigIntField(default=0)),
                ("state", fields.CharField(max_length=64)),
                ("remote_start_id", fields.BigIntField(null=True, unique=True)),
                ("asked", fields.CharField(null=True, max_length=64)),
                ("session", fields.CharField(null=True, max_length=64)),
                ("created", fields.BigIntField()),
                ("changed", fields.BigIntField()),
                ("reason", fields.CharField(default="", max_length=512)),
            ],
            options={
                "table": "order",
                "app": "hub",
                "unique_together": (("edge", "asked"),),
                "indexes": [
                    Index(fields=["account", "created"], name="order_account"),
                    Index(fields=["state", "edge"], name="order_state"),
                    Index(fields=["session"], name="order_session"),
                    Index(fields=["created"], name="order_created"),
                ],
                "pk_attr": "id",
                "table_description": "A charge that is paid for in advance.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Posting",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("entry", fields.BigIntField()),
                ("account", fields.CharField(max_length=96)),
                ("fen", fields.BigIntField()),
            ],
            options={
                "table": "posting",
                "app": "hub",
                "unique_together": (("entry", "account"),),
                "indexes": [Index(fields=["account", "entry"], name="posting_account")],
                "pk_attr": "id",
                "table_description": "So many fen into an account of the ledger, out of it where below 0.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Refund",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("reference", fields.CharField(max_length=128)),
                ("top_up", fields.CharField(max_length=128)),
                ("account", fields.CharField(max_length=64)),
                ("fen", fields.BigIntField()),
                ("at", fields.BigIntField()),
            ],
            options={
                "table": "refund",
                "app": "hub",
                "unique_together": (("reference", "top_up"),),
                "indexes": [Index(fields=["account"], name="refund_account")],
                "pk_attr": "id",
                "table_description": "A part of a refund: so much of it back to the payment `top_up` that it came by.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Token",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("kind", fields.CharField(max_length=64)),
                ("digest", fields.CharField(max_length=64)),
                ("sealed", fields.BinaryField()),
                ("account", fields.CharField(max_length=64)),
                ("status", fields.CharField(max_length=64)),
                ("until", fields.BigIntField(null=True)),
                ("pin", fields.BinaryField(null=True)),
                ("tries", fields.IntField(default=0)),
                ("added", fields.BigIntField()),
            ],
            options={
                "table": "token",
                "app": "hub",
                "unique_together": (("kind", "digest"),),
                "indexes": [Index(fields=["account"], name="token_account")],
                "pk_attr": "id",
                "table_description": "A card, VIN or voucher by which an account is known.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TopUp",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("reference", fields.CharField(unique=True, max_length=128)),
                ("account", fields.CharField(max_length=64)),
                ("fen", fields.BigIntField()),
                ("refunded", fields.BigIntField(default=0)),
                ("at", fields.BigIntField()),
            ],
            options={
                "table": "top_up",
                "app": "hub",
                "indexes": [Index(fields=["account"], name="top_up_account")],
                "pk_attr": "id",
                "table_description": "Money paid in.",
            },
            bases=["Model"],
        ),
    ]
