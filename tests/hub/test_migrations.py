"""The tables: what the migrations make is what the models say, whichever way one came here."""

from tests.hub.conftest import Place
from tortoise.context import require_context
from tortoise.migrations.autodetector import MigrationAutodetector

from chargelink.hub.store.database import configuration
from chargelink.hub.store.engine import Engine


async def test_migrations_and_models_say_the_same(tables: Engine, place: Place) -> None:
    settings = configuration(place.directory, place.url)
    apps = require_context().apps
    assert apps is not None
    writers = await MigrationAutodetector(apps, settings["apps"]).changes()
    assert [operation.describe() for writer in writers for operation in writer.operations] == []
