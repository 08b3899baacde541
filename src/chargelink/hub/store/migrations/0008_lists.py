"""What stands in the edges' lists: numbered changes, which list each edge holds, who may where, passes."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0007_leases")]  # noqa: RUF012 - as Tortoise declares it

    initial = False

    operations = [  # noqa: RUF012
        ops.CreateModel(
            name="AccountEdge",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("account", fields.CharField(max_length=64)),
                ("edge", fields.CharField(max_length=64)),
            ],
            options={
                "table": "account_edge",
                "app": "hub",
                "unique_together": (("account", "edge"),),
                "pk_attr": "id",
                "table_description": "An edge at which an account may charge.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="EdgeList",
            fields=[
                ("edge", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("key", fields.BinaryField()),
                ("held", fields.BigIntField(default=0)),
                ("offered", fields.BigIntField(default=0)),
                ("entries", fields.BigIntField(default=0)),
                ("at", fields.BigIntField(default=0)),
                ("words", fields.TextField(default="")),
            ],
            options={
                "table": "edge_list",
                "app": "hub",
                "pk_attr": "edge",
                "table_description": "The list of an edge.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="MonthlyPass",
            fields=[
                ("id", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("reference", fields.CharField(unique=True, max_length=128)),
                ("account", fields.CharField(max_length=64)),
                ("tariff_hash", fields.CharField(max_length=64)),
                ("price", fields.BigIntField()),
                ("sold", fields.BigIntField()),
                ("start", fields.BigIntField()),
                ("until", fields.BigIntField()),
                ("uses_per_month", fields.BigIntField(null=True)),
                ("uses_per_day", fields.BigIntField(null=True)),
                ("minutes_per_use", fields.BigIntField(null=True)),
                ("energy_per_use", fields.BigIntField(null=True)),
                ("begun", fields.BooleanField(default=False)),
            ],
            options={
                "table": "monthly_pass",
                "app": "hub",
                "indexes": [
                    Index(fields=["account", "until"], name="monthly_pass_account"),
                    Index(fields=["begun", "start"], name="monthly_pass_begun"),
                ],
                "pk_attr": "id",
                "table_description": "A pass that was sold, with the terms of its tariff.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PassShare",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("monthly_pass", fields.CharField(max_length=64)),
                ("edge", fields.CharField(max_length=64)),
                ("uses", fields.BigIntField()),
            ],
            options={
                "table": "pass_share",
                "app": "hub",
                "unique_together": (("monthly_pass", "edge"),),
                "pk_attr": "id",
                "table_description": "So many uses of a pass that one edge may honour by itself.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Rising",
            fields=[
                ("name", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("value", fields.BigIntField()),
            ],
            options={
                "table": "rising",
                "app": "hub",
                "pk_attr": "name",
                "table_description": "Numbers that only rise, by name.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Unlisted",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("edge", fields.CharField(max_length=64)),
                ("digest", fields.CharField(max_length=64)),
                ("changed", fields.BigIntField()),
            ],
            options={
                "table": "unlisted",
                "app": "hub",
                "unique_together": (("edge", "digest"),),
                "pk_attr": "id",
                "table_description": "A token that is forgotten here, as it stands in the list of an edge.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Token",
            name="amount",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Token",
            name="changed",
            field=fields.BigIntField(default=0),
        ),
        ops.AddField(
            model_name="Token",
            name="consent",
            field=fields.BooleanField(default=False),
        ),
        ops.AddField(
            model_name="Token",
            name="edge",
            field=fields.CharField(null=True, max_length=64),
        ),
        ops.AddIndex(
            model_name="Token",
            index=Index(fields=["changed"], name="token_changed"),
        ),
    ]
