"""Who is who: edges that an operator added, tokens, certificates, and what happened. New tables only."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0001_first_light")]  # noqa: RUF012 - as Tortoise declares it

    initial = False

    operations = [  # noqa: RUF012
        ops.CreateModel(
            name="Certificate",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("fingerprint", fields.CharField(unique=True, max_length=64)),
                ("edge", fields.CharField(max_length=64)),
                ("key", fields.CharField(max_length=64)),
                ("der", fields.BinaryField()),
                ("issued", fields.BigIntField()),
                ("expires", fields.BigIntField()),
                ("used", fields.BigIntField(null=True)),
                ("ended", fields.BigIntField(null=True)),
                ("why_ended", fields.CharField(default="", max_length=64)),
            ],
            options={
                "table": "certificate",
                "app": "hub",
                "indexes": [Index(fields=["edge"], name="certificate_edge")],
                "pk_attr": "id",
                "table_description": "A certificate that this hub issued to an edge.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Enrolment",
            fields=[
                ("secret_hash", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("edge", fields.CharField(max_length=64)),
                ("given", fields.BigIntField()),
                ("expires", fields.BigIntField()),
                ("certificate", fields.CharField(default="", max_length=64)),
            ],
            options={
                "table": "enrolment",
                "app": "hub",
                "indexes": [Index(fields=["edge"], name="enrolment_edge")],
                "pk_attr": "secret_hash",
                "table_description": "A token that was given.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Identity",
            fields=[
                ("edge", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("added", fields.BigIntField()),
                ("revoked", fields.BigIntField(null=True)),
                ("signing_key", fields.CharField(default="", max_length=64)),
                ("asked_key", fields.CharField(default="", max_length=64)),
                ("renewal_asked", fields.BigIntField(null=True)),
                ("renewal_allowed", fields.BigIntField(null=True)),
            ],
            options={
                "table": "identity",
                "app": "hub",
                "pk_attr": "edge",
                "table_description": "An edge that may have a certificate.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="IdentityEvent",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("at", fields.BigIntField()),
                ("edge", fields.CharField(max_length=64)),
                ("what", fields.CharField(max_length=64)),
                ("fingerprint", fields.CharField(default="", max_length=64)),
                ("detail", fields.CharField(default="", max_length=256)),
            ],
            options={
                "table": "identity_event",
                "app": "hub",
                "indexes": [Index(fields=["edge"], name="identity_event_edge")],
                "pk_attr": "id",
                "table_description": "What happened to whom.",
            },
            bases=["Model"],
        ),
    ]
