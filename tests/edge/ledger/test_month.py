"""A month of full resolution fits into the size that is configured."""

from pathlib import Path

from tests.edge.ledger.month import DAYS, GUNS, HOURS, SOCKETS, guns, sockets, store

from chargelink.edge.config.sections import Telemetry
from chargelink.edge.ledger.blocks import BESIDE, Blocks

SAMPLES = DAYS * HOURS * (GUNS * 3600 + SOCKETS * 60)


def test_a_month_of_two_guns_and_fifty_sockets_fits_twice(tmp_path: Path) -> None:
    path, most = tmp_path / "telemetry.db", Telemetry().most_bytes
    file = Blocks(path, most)
    store(file, guns())
    store(file, sockets())
    assert file.missing == 0
    assert file.size < (most - BESIDE) // 2
    (kept,) = file._database.execute("SELECT sum(count) FROM blocks").fetchone()
    assert kept == SAMPLES
    file.close()
    assert path.stat().st_size < most // 2
