"""What car it is stands sealed in the record of its session, and in plain nowhere."""

import asyncio
from pathlib import Path

import pytest
from tests.edge.drivers.jumping import run
from tests.edge.drivers.stage import stage

from chargelink.edge.drivers.vehicle_identity import vin_of
from chargelink.link.messages import RECORD_LANE, Sample
from chargelink.model import VEHICLE
from chargelink.sim.bms import NOBODY
from chargelink.trust.personal import unseal


def contents(folder: Path) -> list[bytes]:
    return [file.read_bytes() for file in folder.iterdir() if file.is_file()]


def test_a_gun_keeps_it_sealed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def story() -> None:
        async with stage(tmp_path, target=640) as s:
            samples: list[Sample] = []
            s.board.listen(samples.append)
            with s.board.watch(asyncio.Event()) as watch:
                await s.start()
                await s.until(lambda: s.ended)
                shown = [*watch.devices(details=True), *s.board.devices, *samples]
            (key,) = await s.people.untold()
            records = (await s.journal.pending(RECORD_LANE, 1000, 1 << 20)).records
            ended = s.ended
            assert ended is not None
            assert ended.vehicle is not None
            assert ended.vehicle.person == key.person
            assert unseal(ended.vehicle, VEHICLE, key.key) == NOBODY
            assert not any(NOBODY.encode() in record.body or key.key in record.body for record in records)
            assert NOBODY not in str(shown)
        files = contents(tmp_path)
        assert len(files) > 1
        assert not any(NOBODY.encode() in content for content in files)
        said = capsys.readouterr()
        assert NOBODY not in said.out + said.err

    run(story())


def test_a_session_that_was_cut_short_keeps_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as s:
            started = await s.charging()
            kept = s.sessions.get(started.session_id)
            assert kept is not None
            (found,) = await s.sessions.load()  # as after the death of the edge
            assert found.vehicle == kept.vehicle is not None

    run(story())


@pytest.mark.parametrize(
    ("said", "vin"),
    [
        (NOBODY, NOBODY),
        (f" {NOBODY.lower()} ", NOBODY),
        (None, None),
        ("", None),
        ("0" * 17, None),
        ("1" * 17, None),
        ("X0000000000000000", None),
        ("LSIMULATED 000001", None),
        ("LSIMULATED000001", None),
        ("LSIMULATED000000沪", None),
    ],
)
def test_what_can_be_a_vin(said: str | None, vin: str | None) -> None:
    """Cars that say nothing of themselves must not all become one person."""
    assert vin_of(said) == vin
