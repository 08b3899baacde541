"""A ledger in a folder of its own, and tariffs to sell by."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.edge.ledger.opened import open_journal
from tests.edge.ledger.till import Till

from chargelink.edge.ledger import Journal, Sessions


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    journal = open_journal(tmp_path / "ledger.db")
    yield journal
    await journal.close()


@pytest.fixture
async def till(tmp_path: Path) -> AsyncIterator[Till]:
    till = Till(tmp_path / "ledger.db")
    yield till
    await till.journal.close()


@pytest.fixture
def sessions(journal: Journal) -> Sessions:
    return Sessions(journal, "edge-1", os.urandom)
