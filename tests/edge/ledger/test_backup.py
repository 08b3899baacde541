"""An edge in one file and back again: by the command, with a real edge and a real hub."""

import asyncio
import json
import os
import signal
import sqlite3
import stat
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import msgspec
import pytest
from tests.edge.ledger.past import alarm
from tests.hub.hub_process import HubProcess, running

from chargelink.edge.ledger import Journal, LedgerError, aside, load_key
from chargelink.edge.ledger.backup import Restored, backup, restore
from chargelink.edge.sockets.memory import Conversation, Memory, MemoryFile, SocketMemory
from chargelink.link.messages import RECORD_LANE
from chargelink.model import JournalEpoch, content_of

PATIENCE = 60
CONFIG = """
[site]
id = "edge-1"
data = "data"
[hub]
url = "{url}"
[tariff]
file = "tariff.toml"
"""
TARIFF = 'id = "t"\nversion = 1\nper_use_yuan = 1\n'
ENVIRONMENT = {**os.environ, "LANG": "C.UTF-8"}


async def command(*line: str) -> tuple[int, str]:
    """Run `chargelink edge ...` as its users do; its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chargelink.cli", "edge", *line),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=ENVIRONMENT,
    )
    said, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    return process.returncode or 0, said.decode()


@asynccontextmanager
async def edge(config: Path) -> AsyncIterator[None]:
    """A running `chargelink edge run`, ended in order."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chargelink.cli", "edge", "run", str(config)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=ENVIRONMENT,
    )
    assert process.stdout is not None
    try:
        line = (await asyncio.wait_for(process.stdout.readline(), PATIENCE)).decode()
        assert line.startswith("ready "), line
        yield
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), PATIENCE)


async def record(data: Path, *numbers: int) -> None:
    """While the daemon does not run."""
    journal = Journal.open(data / "ledger.db", "edge-1", load_key(data / "journal.key"))
    for number in numbers:
        await journal.append(alarm(number), number)
    await journal.close()


async def told(data: Path) -> None:
    """Until the hub has everything."""
    async with asyncio.timeout(PATIENCE):
        while json.loads((await command("status", "--data", str(data), "--json"))[1])["pending"]:
            pass


async def alarms(hub: HubProcess, count: int) -> list[tuple[str, str]]:
    """Kind and words of each, when there are so many: records are read after they are acknowledged."""
    async with asyncio.timeout(PATIENCE):
        while len(found := await hub.get("/api/alarms")) < count:
            pass
    return sorted((one["kind"], one["words"]["en"]) for one in found)


async def test_a_backup_is_laid_down_and_the_hub_hears_of_it(tmp_path: Path) -> None:
    data, file, config = tmp_path / "data", tmp_path / "edge.backup", tmp_path / "edge.toml"
    data.mkdir(mode=0o700)
    (tmp_path / "tariff.toml").write_text(TARIFF)
    async with running(tmp_path / "hub") as hub:
        config.write_text(CONFIG.format(url=hub.link))
        await record(data, 1, 2)
        async with edge(config):
            await told(data)
            code, said = await command("backup", str(file), "--data", str(data))
            assert (code, "2 records of the edge edge-1" in said, "journal.key" in said) == (0, True, True), said
            code, said = await command("restore", str(file), "--data", str(data), "--force")
            assert (code, "in use by another edge" in said) == (2, True), said
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert (await command("verify", str(file)))[0] == 0
        await record(data, 3, 4)
        async with edge(config):
            await told(data)
        assert "--force" in (await command("restore", str(file), "--data", str(data)))[1]
        code, said = await command("restore", str(file), "--data", str(data), "--force")
        assert (code, len(aside.set_aside(data / "ledger.db"))) == (0, 1), said
        await record(data, 30)
        async with edge(config):
            await told(data)
            assert "set aside" in (await command("status", "--data", str(data)))[1]
        assert (await command("verify", "--data", str(data)))[0] == 0
        *once, (kind, words) = await alarms(hub, 6)
        assert once == [("edge-alarm", f"number {number}") for number in (1, 2, 3, 30, 4)]
        assert (kind, "(restored)" in words) == ("journal-epoch", True)


@pytest.fixture
async def data(tmp_path: Path) -> Path:
    """A data folder as a daemon leaves it."""
    data = tmp_path / "data"
    (data / "link").mkdir(parents=True)
    await record(data, 1, 2, 3)
    (data / "link" / "identity.pem").write_text("who we are")
    (data / "people.db").write_text("keys of persons")
    return data


def restored(file: Path, data: Path) -> Restored:
    return restore(file, data, lambda: 1_000_000)


async def test_keys_are_in_it_and_those_of_persons_are_not(data: Path, tmp_path: Path) -> None:
    _, files = backup(data, tmp_path / "saved")
    assert files == ["journal.key", "link/identity.pem"]
    found = restored(tmp_path / "saved", tmp_path / "other")
    assert (found.edge, found.files, found.aside) == ("edge-1", files, None)
    for name in files:
        assert (tmp_path / "other" / name).read_bytes() == (data / name).read_bytes()
        assert stat.S_IMODE((tmp_path / "other" / name).stat().st_mode) == 0o600
    assert not (tmp_path / "other" / "people.db").exists()


async def test_what_was_not_acknowledged_goes_on_in_a_new_epoch(data: Path, tmp_path: Path) -> None:
    backup(data, tmp_path / "saved")
    found = restored(tmp_path / "saved", tmp_path / "other")
    journal = Journal.open(tmp_path / "other" / "ledger.db", "edge-1", load_key(data / "journal.key"))
    first, *others = (await journal.pending(RECORD_LANE, 100, 1 << 20)).records
    begun = content_of(first.kind, first.body)
    assert isinstance(begun, JournalEpoch)
    assert (begun.reason, begun.lanes["record"].seq) == ("restored", 3)
    assert [record.at for record in others] == [1, 2, 3]
    assert (await journal.position()).epoch == found.epoch
    await journal.close()


async def test_sockets_join_anew_after_a_backup_is_laid_down(data: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(data / "ledger.db")) as database:
        ((life,),) = database.execute("SELECT epoch FROM epochs")
    talk = SocketMemory(7, current=Conversation(7, 7, reserved=64))
    file = MemoryFile(data / "sockets-yard.json")
    file.write(msgspec.json.encode(Memory(life, 7, sockets={"00": talk})))
    backup(data, tmp_path / "saved")
    found = restored(tmp_path / "saved", tmp_path / "other")
    memory = MemoryFile(tmp_path / "other" / "sockets-yard.json").load().in_life(found.epoch)
    assert memory.sockets["00"].current is None
    assert memory.join_nonce > 7


SPOILT = {
    "a record gone": ("DELETE FROM records WHERE seq = 2", "not whole"),
    "a file that no backup holds": ("INSERT INTO files VALUES ('../../etc/passwd', x'00')", "no backup holds"),
    "no ledger": ("DROP TABLE records", "missing"),
}


@pytest.mark.parametrize(("statement", "why"), SPOILT.values(), ids=SPOILT)
async def test_a_backup_that_was_changed_is_refused_and_nothing_is_laid_down(
    data: Path, tmp_path: Path, statement: str, why: str
) -> None:
    backup(data, tmp_path / "saved")
    with closing(sqlite3.connect(tmp_path / "saved", isolation_level=None)) as database:
        database.execute(statement)
    with pytest.raises(LedgerError, match=why):
        restored(tmp_path / "saved", tmp_path / "other")
    assert [path.name for path in (tmp_path / "other").iterdir() if path.name != "ledger.db.lock"] == []


@pytest.mark.parametrize("kind", ["file", "link"])
async def test_what_somebody_laid_in_its_way_gets_no_keys(data: Path, tmp_path: Path, kind: str) -> None:
    """Where backups go others may write, too."""
    foreign, way = tmp_path / "foreign", tmp_path / ".saved.new"
    foreign.write_text("of somebody else")
    if kind == "link":
        way.symlink_to(foreign)
    else:
        way.hardlink_to(foreign)
    backup(data, tmp_path / "saved")
    assert foreign.read_text() == "of somebody else"
    assert not (tmp_path / "saved").samefile(foreign)


async def test_nothing_is_written_over(data: Path, tmp_path: Path) -> None:
    backup(data, tmp_path / "saved")
    with pytest.raises(LedgerError, match="name another"):
        backup(data, tmp_path / "saved")
    with pytest.raises(LedgerError, match="--force"):
        restored(tmp_path / "saved", data)
    for missing in (lambda: backup(tmp_path / "no", tmp_path / "b"), lambda: restored(tmp_path / "no", tmp_path / "c")):
        with pytest.raises(LedgerError, match="there is no"):
            missing()
