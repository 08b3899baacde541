"""Recordings on a bus: which frames, in which order, and when."""

import asyncio
import math
from collections.abc import Iterator
from pathlib import Path

import can
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sim.processes import PATIENCE, can_bus, facts, simulator

from chargelink.cli.command import CommandError
from chargelink.sim.can_client import joined
from chargelink.sim.recording import BY_PYTHON_CAN, Recorded, Recording
from chargelink.sim.replay import BATCH, Pace, batches, speed
from chargelink.sim.socketcand import CanFrame

SESSION = Path(__file__).parent.parent.parent / "docs" / "samples" / "session.log"
LINES = """\
(1560.250000) can0 1826F456#010100
(1560.500000) can0 182756F4#6810 R

(1560.500000) vcan1 123#
what somebody wrote
(1560.600000) can0 1826F456#R
(1560.600000) can0 1826F456##1010100
(1560.700000) can0 FFFFFFFF#00
(1561.000000) can0 1826F456#0102030405060708
"""
FRAMES = [
    Recorded(1560.25, CanFrame(0x1826F456, b"\x01\x01\x00")),
    Recorded(1560.5, CanFrame(0x182756F4, b"\x68\x10")),
    Recorded(1560.5, CanFrame(0x123, b"", False)),
    Recorded(1561.0, CanFrame(0x1826F456, bytes(range(1, 9)))),
]


@pytest.fixture(scope="module")
def bus() -> Iterator[str]:
    with can_bus() as address:
        yield address


def test_a_recording_of_candump(tmp_path: Path) -> None:
    path = tmp_path / "candump.log"
    path.write_text(LINES)
    recording = Recording(path)
    assert [*recording] == FRAMES
    assert (recording.frames, recording.skipped) == (4, 4)


@pytest.mark.parametrize("suffix", [".asc", ".blf", ".trc", ".csv"])
def test_recordings_that_python_can_reads(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"recording{suffix}"
    with can.Logger(path) as logger:
        for time, frame in FRAMES:
            logger(
                can.Message(
                    timestamp=time, arbitration_id=frame.identifier, data=frame.data, is_extended_id=frame.extended
                )
            )
    assert suffix in BY_PYTHON_CAN
    found = [*Recording(path)]
    assert [recorded.frame for recorded in found] == [recorded.frame for recorded in FRAMES]
    gaps = [recorded.time - found[0].time for recorded in found]
    assert gaps == pytest.approx([0.0, 0.25, 0.25, 0.75], abs=0.002)


@pytest.mark.parametrize("content", [b"", b"no frames\n", bytes(range(256))])
@pytest.mark.parametrize("suffix", [".log", ".asc", ".blf", ".trc"])
def test_what_is_no_recording_is_refused(tmp_path: Path, content: bytes, suffix: str) -> None:
    path = tmp_path / f"recording{suffix}"
    path.write_bytes(content)
    with pytest.raises(CommandError):
        [*Recording(path)]


def test_a_recording_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"cannot read .*gone\.log: No such file"):
        [*Recording(tmp_path / "gone.log")]


@pytest.mark.parametrize(
    ("times", "factor", "due"),
    [
        ([1e9, 1e9 + 1, 1e9 + 3], 1.0, [0.0, 1.0, 3.0]),
        ([0.0, 1.0, 3.0], 10.0, [0.0, 0.1, 0.3]),
        ([0.0, 1.0, 3.0], math.inf, [0.0, 0.0, 0.0]),
        ([5.0, 5.0, 5.0], 1.0, [0.0, 0.0, 0.0]),  # the clock of the recorder stands still
        ([5.0, 2.0, 3.0], 1.0, [0.0, 0.0, 1.0]),  # it was set back
    ],
)
def test_when_frames_are_due(times: list[float], factor: float, due: list[float]) -> None:
    pace = Pace(factor)
    assert [pace.after(time) for time in times] == pytest.approx(due)


@given(st.lists(st.floats(0, 100), max_size=50), st.sampled_from([0.5, 1.0, 10.0, math.inf]))
def test_batches_keep_order_and_never_hurry(times: list[float], factor: float) -> None:
    recorded = [Recorded(time, CanFrame(number, b"")) for number, time in enumerate(times)]
    pace = Pace(factor)
    due = {number: pace.after(time) for number, time in enumerate(times)}
    found = [(moment, frame) for moment, batch in batches(recorded, Pace(factor)) for frame in batch]
    assert [frame.identifier for _, frame in found] == [*range(len(times))]
    assert all(moment == due[frame.identifier] for moment, frame in found)


def test_batches_are_bounded() -> None:
    recorded = [Recorded(0.0, CanFrame(number, b"")) for number in range(BATCH * 2 + 1)]
    assert [len(batch) for _, batch in batches(recorded, Pace(1.0))] == [BATCH, BATCH, 1]


@pytest.mark.parametrize(("text", "value"), [("1", 1.0), ("0.5", 0.5), ("10", 10.0), ("max", math.inf)])
def test_speeds(text: str, value: float) -> None:
    assert speed(text) == value


@pytest.mark.parametrize("text", ["0", "-1", "nan", "fast"])
def test_what_is_no_speed_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        speed(text)


@pytest.mark.parametrize("factor", ["10", "max"])
async def test_a_listener_hears_all_of_it_in_order(bus: str, factor: str) -> None:
    expected = [recorded.frame for recorded in Recording(SESSION)]
    async with joined(bus) as listener:
        with simulator("replay", str(SESSION), "--can", bus, "--speed", factor) as process:
            heard: list[CanFrame] = []
            async with asyncio.timeout(PATIENCE):
                while len(heard) < len(expected):
                    heard += await listener.receive()
            assert facts(process)["what"] == "ready"
            done = facts(process)
            assert process.wait(PATIENCE) == 0
    assert heard == expected
    assert (done["frames"], done["skipped"]) == (str(len(expected)), "0")


async def test_its_own_time_is_kept(bus: str, tmp_path: Path) -> None:
    """A frame never comes before its time, as the bus stamps it."""
    path = tmp_path / "candump.log"
    path.write_text("".join(f"({10 + step * 0.05:.6f}) can0 1826F456#{step:02X}\n" for step in range(10)))
    async with joined(bus):
        loop = asyncio.get_running_loop()
        begun = loop.time()
        with simulator("replay", str(path), "--can", bus) as process:
            facts(process)
            done = await asyncio.to_thread(facts, process)
        assert loop.time() - begun >= 0.45
    assert float(done["seconds"]) >= 0.45


def test_skipped_lines_are_a_defect(bus: str, tmp_path: Path) -> None:
    path = tmp_path / "candump.log"
    path.write_text(LINES)
    with simulator("replay", str(path), "--can", bus, "--speed", "max") as process:
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 1
