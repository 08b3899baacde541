"""Tariffs that this hub publishes, whom they are for, and which edge holds which."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0005_money")]  # noqa: RUF012 - as Tortoise declares it

    initial = False

    operations = [  # noqa: RUF012
        ops.CreateModel(
            name="AdoptedTariff",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("edge", fields.CharField(max_length=64)),
                ("hash", fields.CharField(max_length=64)),
                ("tariff", fields.CharField(max_length=64)),
                ("version", fields.BigIntField()),
                ("source", fields.CharField(max_length=64)),
                ("signed_by", fields.CharField(max_length=16)),
                ("devices", fields.TextField()),
                ("at", fields.BigIntField()),
            ],
            options={
                "table": "adopted_tariff",
                "app": "hub",
                "unique_together": (("edge", "hash", "at"),),
                "pk_attr": "id",
                "table_description": "A tariff that began to hold at an edge, as its record says.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="EdgeTariff",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("edge", fields.CharField(max_length=64)),
                ("hash", fields.CharField(max_length=64)),
                ("state", fields.CharField(max_length=16)),
                ("reason", fields.TextField(default="")),
                ("at", fields.BigIntField()),
                ("drifts", fields.IntField(default=0)),
            ],
            options={
                "table": "edge_tariff",
                "app": "hub",
                "unique_together": (("edge", "hash"),),
                "pk_attr": "id",
                "table_description": "What an edge has made of a tariff, and since when.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PublishedTariff",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("hash", fields.CharField(unique=True, max_length=64)),
                ("tariff", fields.CharField(max_length=64)),
                ("version", fields.BigIntField()),
                ("name", fields.CharField(max_length=64)),
                ("valid_from", fields.BigIntField()),
                ("document", fields.BinaryField()),
                ("signer", fields.CharField(max_length=64)),
                ("signature", fields.BinaryField()),
                ("at", fields.BigIntField()),
            ],
            options={
                "table": "published_tariff",
                "app": "hub",
                "unique_together": (("tariff", "version"),),
                "pk_attr": "id",
                "table_description": "A version of a tariff and our signature.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TariffOffer",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("hash", fields.CharField(max_length=64)),
                ("edge", fields.CharField(max_length=64)),
                ("devices", fields.TextField()),
                ("at", fields.BigIntField()),
            ],
            options={
                "table": "tariff_offer",
                "app": "hub",
                "unique_together": (("hash", "edge"),),
                "indexes": [Index(fields=["edge"], name="tariff_offer_edge")],
                "pk_attr": "id",
                "table_description": 'An edge that a tariff is for, "" for every edge.',
            },
            bases=["Model"],
        ),
    ]
