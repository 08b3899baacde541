"""The chain of each lane, what it is checked by, telemetry, and readers that leave the records as they are.

`watermark` becomes `lane`, with the value of the chain, reckoned from the records. How far records have been read was a
column of each; it becomes one row. The column goes by DROP COLUMN, as Tortoise's way would make the table anew without
its key and indexes.
"""

import hashlib
import struct
from typing import Any

from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class DropColumn(ops.RemoveField):
    """Removes a field by the database's own means."""

    async def database_forward(self, app_label: str, old_state: Any, new_state: Any, state_editor: Any = None) -> None:
        table = old_state.apps.get_model(f"{app_label}.{self.model_name}")._meta.db_table
        await state_editor._run_sql(f'ALTER TABLE "{table}" DROP COLUMN "{self.name}"')


async def reckon(_: Any, editor: Any) -> None:
    """The chains of the lanes that there are, and how far records have been read."""
    database = editor.client
    for lane in await database.execute_query_dict('SELECT "edge", "epoch", "lane" FROM "watermark"'):
        key = [lane["edge"], lane["epoch"], lane["lane"]]
        chain = hashlib.sha256(b"chargelink.chain.1" + b"".join(counted(name) for name in key)).digest()
        seq, digest = 0, ""
        while rows := await database.execute_query_dict(placed(editor, NEXT), [*key, seq]):
            for row in rows:
                seq, digest = row["seq"], row["hash"]
                numbers = struct.pack(">QQ", seq, row["at"])
                chain = hashlib.sha256(chain + numbers + counted(row["kind"]) + bytes.fromhex(digest)).digest()
        await database.execute_query(placed(editor, LANE), [*key, seq, digest, chain.hex()])
    (last,) = await database.execute_query_dict(LAST)
    if last["row"]:
        await database.execute_query(placed(editor, READ), [last["row"]])


NEXT = (
    'SELECT "seq", "kind", "at", "hash" FROM "record"'
    ' WHERE "edge" = ? AND "epoch" = ? AND "lane" = ? AND "seq" > ? ORDER BY "seq" LIMIT 1000'
)
LANE = 'INSERT INTO "lane" ("edge", "epoch", "lane", "seq", "hash", "chain") VALUES (?, ?, ?, ?, ?, ?)'
LAST = (
    'SELECT COALESCE((SELECT min("id") - 1 FROM "record" WHERE "reading" = \'waiting\'),'
    ' (SELECT max("id") FROM "record"), 0) AS "row"'
)
READ = 'INSERT INTO "progress" ("name", "row") VALUES (\'records\', ?)'


def placed(editor: Any, query: str) -> str:
    """A query with its engine's places."""
    if editor.DIALECT == "sqlite":
        return query
    first, *rest = query.split("?")
    return first + "".join(f"${at}{part}" for at, part in enumerate(rest, 1))


def counted(name: str) -> bytes:
    data = name.encode()
    return bytes([len(data)]) + data


class Migration(migrations.Migration):
    dependencies = [("hub", "0002_identity")]  # noqa: RUF012

    initial = False

    operations = [  # noqa: RUF012 - as Tortoise declares it
        ops.CreateModel(
            name="Anchor",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("edge", fields.CharField(max_length=64)),
                ("epoch", fields.CharField(max_length=64)),
                ("lane", fields.CharField(max_length=64)),
                ("seq", fields.BigIntField()),
                ("chain", fields.CharField(max_length=64)),
                ("why", fields.CharField(max_length=64)),
                ("held", fields.CharField(default="", max_length=64)),
                ("at", fields.BigIntField()),
            ],
            options={
                "table": "anchor",
                "app": "hub",
                "unique_together": (("edge", "epoch", "lane", "seq", "why"),),
                "pk_attr": "id",
                "table_description": "Behind `seq` the chain goes on from `chain`, which does not follow.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Checkpoint",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("edge", fields.CharField(max_length=64)),
                ("epoch", fields.CharField(max_length=64)),
                ("lane", fields.CharField(max_length=64)),
                ("seq", fields.BigIntField()),
                ("at", fields.BigIntField()),
                ("signature", fields.CharField(max_length=128)),
                ("chain", fields.CharField(max_length=64)),
            ],
            options={
                "table": "checkpoint",
                "app": "hub",
                "unique_together": (("edge", "epoch", "lane", "seq", "chain"),),
                "pk_attr": "id",
                "table_description": "A signature of the edge as it came, and the value of the chain that it is for.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="JournalKey",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("edge", fields.CharField(max_length=64)),
                ("key", fields.CharField(max_length=64)),
                ("since", fields.BigIntField()),
            ],
            options={
                "table": "journal_key",
                "app": "hub",
                "unique_together": (("edge", "key"),),
                "pk_attr": "id",
                "table_description": "A key that an edge may sign its checkpoints with, oldest first.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Lane",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("edge", fields.CharField(max_length=64)),
                ("epoch", fields.CharField(max_length=64)),
                ("lane", fields.CharField(max_length=64)),
                ("seq", fields.BigIntField()),
                ("hash", fields.CharField(max_length=64)),
                ("chain", fields.CharField(max_length=64)),
            ],
            options={
                "table": "lane",
                "app": "hub",
                "unique_together": (("edge", "epoch", "lane"),),
                "pk_attr": "id",
                "table_description": "Up to where a lane has been acknowledged, and the value of its chain.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Progress",
            fields=[
                ("name", fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ("row", fields.BigIntField()),
            ],
            options={
                "table": "progress",
                "app": "hub",
                "pk_attr": "name",
                "table_description": "Up to which row one of our readers has come, by its name.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Register",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("edge", fields.CharField(max_length=64)),
                ("device", fields.CharField(max_length=64)),
                ("register", fields.BigIntField()),
                ("at", fields.BigIntField()),
                ("session", fields.CharField(max_length=64)),
            ],
            options={
                "table": "register",
                "app": "hub",
                "unique_together": (("edge", "device"),),
                "pk_attr": "id",
                "table_description": "The last that was read of a meter: where a later session must not begin below.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TelemetryBlock",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("edge", fields.CharField(max_length=64)),
                ("epoch", fields.CharField(max_length=64)),
                ("seq", fields.BigIntField()),
                ("device", fields.CharField(max_length=64)),
                ("outlet", fields.CharField(null=True, max_length=64)),
                ("session", fields.CharField(max_length=64)),
                ("begin", fields.BigIntField()),
                ("end", fields.BigIntField()),
                ("count", fields.BigIntField()),
                ("body", fields.BinaryField()),
                ("received", fields.BigIntField()),
            ],
            options={
                "table": "telemetry_block",
                "app": "hub",
                "unique_together": (("edge", "epoch", "seq"),),
                "indexes": [
                    Index(fields=["session", "begin"], name="telemetry_block_session"),
                    Index(fields=["received"], name="telemetry_block_received"),
                ],
                "pk_attr": "id",
                "table_description": "Consecutive samples of one session, as their edge wrote them.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TelemetryGap",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("edge", fields.CharField(max_length=64)),
                ("epoch", fields.CharField(max_length=64)),
                ("first_seq", fields.BigIntField()),
                ("last_seq", fields.BigIntField()),
                ("samples", fields.BigIntField()),
                ("begin", fields.BigIntField()),
                ("end", fields.BigIntField()),
                ("reason", fields.CharField(max_length=64)),
            ],
            options={
                "table": "telemetry_gap",
                "app": "hub",
                "unique_together": (("edge", "epoch", "first_seq"),),
                "indexes": [Index(fields=["edge", "begin"], name="telemetry_gap_begin")],
                "pk_attr": "id",
                "table_description": "Blocks that will never come, as their edge counted them, or `undeclared`.",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="TelemetryMark",
            fields=[
                ("id", fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ("edge", fields.CharField(max_length=64)),
                ("epoch", fields.CharField(max_length=64)),
                ("seq", fields.BigIntField()),
            ],
            options={
                "table": "telemetry_mark",
                "app": "hub",
                "unique_together": (("edge", "epoch"),),
                "pk_attr": "id",
                "table_description": "Up to which block the telemetry of an edge's epoch has been acknowledged.",
            },
            bases=["Model"],
        ),
        ops.RunPython(reckon),
        ops.RemoveIndex(
            model_name="Record",
            name="record_reading",
            fields=None,
        ),
        DropColumn(model_name="Record", name="reading"),
        ops.DeleteModel(name="Watermark"),
    ]
