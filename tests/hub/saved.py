"""A hub with twelve records and keys, as a backup; for several tests."""

from pathlib import Path

import pytest
from tests.hub.chained import ChainedJournal
from tests.hub.conftest import Place
from tests.hub.test_chains import batch_of, journal

from chargelink.hub.store import backup, keys
from chargelink.hub.store.database import opened
from chargelink.hub.store.writer import RecordWriter

__all__ = ["journal"]


@pytest.fixture
async def saved(tmp_path: Path, place: Place, journal: ChainedJournal) -> Path:
    """A backup of a hub that has ended, with twelve records."""
    async with opened(place.directory, place.url) as engine:
        await keys.pin("edge-1", journal.public, 1, trusted=False)
        await RecordWriter(engine).write([batch_of("edge-1", journal.batch(1, 12, checkpoint=journal.checkpoint(12)))])
    identity = place.directory / "identity"
    identity.mkdir(mode=0o700)
    (identity / "ca.pem").write_text("the key of the hub")
    (place.directory / "persons.key").write_bytes(b"secret")
    file = tmp_path / "saved.backup"
    await backup.save(place.directory, place.url, file)
    return file
