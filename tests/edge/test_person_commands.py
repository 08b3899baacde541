"""A person erased on site, with the daemon running and without."""

import asyncio
from pathlib import Path

import pytest
from tests.edge.ledger.opened import EDGE, kinds_waiting

from chargelink.cli.main import main
from chargelink.edge import paths
from chargelink.edge.control import Answer, Control, Request
from chargelink.edge.ledger import Journal, People, load_key

VIN = "LSIMULATED0000001"
PERSON = "0123456789abcdef" * 2


def journal(data: Path) -> Journal:
    return Journal.open(paths.ledger(data), EDGE, load_key(paths.journal_key(data)))


async def sealed(data: Path) -> tuple[str, bytes]:
    """A person whom the edge knows, and the key."""
    ledger = journal(data)
    people = await People.open(paths.people(data), ledger)
    person = (await people.seal(VIN, "vehicle")).person
    (key,) = await people.untold()
    await people.close()
    await ledger.close()
    return person, key.key


def files(data: Path) -> bytes:
    return b"".join(file.read_bytes() for file in data.iterdir() if file.is_file())


def test_erased_while_no_daemon_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    person, key = asyncio.run(sealed(tmp_path))
    assert key in files(tmp_path)
    for _ in range(2):
        assert main(["edge", "person", "erase", person, "--data", str(tmp_path)]) == 0
    assert person in capsys.readouterr().out
    assert key not in files(tmp_path)

    async def recorded() -> list[str]:
        ledger = journal(tmp_path)
        try:
            return await kinds_waiting(ledger)
        finally:
            await ledger.close()

    assert asyncio.run(recorded()) == ["person.erased"]


async def test_a_running_edge_is_asked(tmp_path: Path) -> None:
    asked: list[Request] = []

    async def erase(request: Request) -> Answer:
        asked.append(request)
        return {"erased": True}

    ready = asyncio.Event()
    control = asyncio.create_task(Control(paths.control_socket(tmp_path), {"erase": erase}).serve(ready.set))
    await ready.wait()
    line = ["edge", "person", "erase", PERSON, "--data", str(tmp_path)]
    assert await asyncio.to_thread(main, line) == 0
    assert asked == [{"action": "erase", "person": PERSON}]
    control.cancel()
    await asyncio.gather(control, return_exceptions=True)


@pytest.mark.parametrize(("person", "why"), [(VIN, "names no person"), (PERSON, "no ledger of an edge")])
def test_what_cannot_be_erased(tmp_path: Path, person: str, why: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["edge", "person", "erase", person, "--data", str(tmp_path)]) == 2
    assert why in capsys.readouterr().err
    assert not files(tmp_path)
