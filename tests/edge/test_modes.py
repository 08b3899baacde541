"""Nobody else on the machine reads what an edge and a hub keep, also in a folder that was there before them."""

import stat
from pathlib import Path

from tests.edge.ledger.test_backup import CONFIG, TARIFF, edge, told
from tests.hub.hub_process import running


async def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    folders = tmp_path / "hub", tmp_path / "data"
    for folder in folders:
        folder.mkdir(mode=0o755)
    (tmp_path / "tariff.toml").write_text(TARIFF)
    async with running(folders[0]) as hub:
        (tmp_path / "edge.toml").write_text(CONFIG.format(url=hub.link))
        async with edge(tmp_path / "edge.toml"):
            await told(folders[1])
            files = {path.name: stat.S_IMODE(path.stat().st_mode) for folder in folders for path in folder.rglob("*")}
    assert {"hub.db", "hub.db-wal", "ledger.db", "people.db", "journal.key"} <= files.keys()
    assert {name: oct(mode) for name, mode in files.items() if mode & 0o077} == {}
