"""Keys of persons, who was erased, and the sealed VIN of a session's car."""

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("hub", "0003_intake")]  # noqa: RUF012 - as Tortoise declares it

    initial = False

    operations = [  # noqa: RUF012
        ops.CreateModel(
            name="ErasedPerson",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("edge", fields.CharField(max_length=64)),
                ("person", fields.CharField(max_length=32)),
                ("at", fields.BigIntField()),
                ("obeyed", fields.BigIntField(null=True)),
            ],
            options={
                "table": "erased_person",
                "app": "hub",
                "unique_together": (("edge", "person"),),
                "indexes": [Index(fields=["obeyed", "edge"], name="erased_person_obeyed")],
                "pk_attr": "id",
                "table_description": "A person whose key is gone here. `obeyed` is when the edge said so of itself.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="PersonKey",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("edge", fields.CharField(max_length=64)),
                ("person", fields.CharField(max_length=32)),
                ("wrapped", fields.BinaryField()),
                ("since", fields.BigIntField()),
            ],
            options={
                "table": "person_key",
                "app": "hub",
                "unique_together": (("edge", "person"),),
                "pk_attr": "id",
                "table_description": "The key of a person, wrapped. It goes when the person is erased.",
            },
            bases=["Model"],
        ),
        ops.AddField(model_name="Session", name="person", field=fields.CharField(null=True, max_length=32)),
        ops.AddField(model_name="Session", name="vehicle", field=fields.BinaryField(null=True)),
        ops.AddIndex(model_name="Session", index=Index(fields=["edge", "person"], name="session_person")),
    ]
