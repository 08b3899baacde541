"""How far an allowance has come on its way to the edge and back, and which renew themselves."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0006_tariffs")]  # noqa: RUF012 - as Tortoise declares it

    initial = False

    operations = [  # noqa: RUF012
        ops.CreateModel(
            name="LeasePolicy",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("account", fields.CharField(max_length=64)),
                ("edge", fields.CharField(max_length=64)),
                ("amount", fields.BigIntField()),
                ("duration", fields.BigIntField()),
                ("since", fields.BigIntField()),
            ],
            options={
                "table": "lease_policy",
                "app": "hub",
                "unique_together": (("account", "edge"),),
                "pk_attr": "id",
                "table_description": "An account that always has an allowance at an edge.",
            },
            bases=["Model"],
        ),
        ops.AddField(
            model_name="Lease",
            name="accepted",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Lease",
            name="obeyed",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Lease",
            name="sent",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Lease",
            name="withdrawal",
            field=fields.BigIntField(null=True),
        ),
        ops.AddField(
            model_name="Lease",
            name="words",
            field=fields.TextField(default=""),
        ),
        ops.AddIndex(model_name="Lease", index=Index(fields=["state", "accepted"], name="lease_state")),
    ]
