"""ASC, BLF and TRC: what python-can writes is read back; what is damaged is reported and the rest is read."""

import builtins
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import can
import pytest

from chargelink.trace.can_log import CanFrame, CanLog, Kind, Unreadable, container
from chargelink.trace.can_log.container import DAMAGED, ENDS_EARLY
from chargelink.trace.can_log.frame import NOT_A_FRAME
from chargelink.trace.source import CannotRead, Source

START = 1703560121.25
CHM = bytes.fromhex("010100")
FRAMES = [
    (0x1826F456, CHM, Kind.EXTENDED),
    (0x182756F4, bytes.fromhex("A510"), Kind.EXTENDED),
    (0x123, b"\x01\x02\x03\x04\x05\x06\x07\x08", Kind.STANDARD),
    (0x1826F456, b"", Kind.REMOTE),
    (0x1CEC56F4, bytes.fromhex("10290006ff000200"), Kind.EXTENDED),
]


def write(path: Path, writer: Callable[[str], Any], count: int = 1) -> Path:
    with writer(str(path)) as log:
        for at, (identifier, data, kind) in enumerate(FRAMES * count):
            log.on_message_received(
                can.Message(
                    timestamp=START + at / 4,
                    arbitration_id=identifier,
                    data=data,
                    is_extended_id=identifier > 0x7FF,
                    is_remote_frame=kind is Kind.REMOTE,
                    channel=0,
                    is_rx=True,
                )
            )
    return path


def read(path: Path, form: str | None = None) -> tuple[list[CanFrame], list[Unreadable]]:
    with Source(str(path)) as source:
        batches = [*CanLog(source, form)]
    frames = [frame for batch in batches if isinstance(batch, list) for frame in batch]
    return frames, [batch for batch in batches if isinstance(batch, Unreadable)]


FORMATS = [(".asc", can.ASCWriter), (".blf", can.BLFWriter), (".trc", can.TRCWriter)]


@pytest.mark.parametrize(("suffix", "writer"), FORMATS)
@pytest.mark.parametrize("named", [True, False], ids=["by suffix", "by content"])
def test_what_python_can_writes(suffix: str, writer: Callable[[str], Any], named: bool, tmp_path: Path) -> None:
    path = write(tmp_path / f"log{suffix}", writer)
    frames, unreadable = read(path if named else path.rename(tmp_path / "log"))
    assert not unreadable
    # python-can writes no remote frames into TRC
    written = [at for at, (_, _, kind) in enumerate(FRAMES) if suffix != ".trc" or kind is not Kind.REMOTE]
    assert [(frame.identifier, frame.data, frame.kind) for frame in frames] == [FRAMES[at] for at in written]
    times = [frame.time for frame in frames if frame.time is not None]
    assert [time - times[0] for time in times] == pytest.approx([at / 4 for at in written], abs=1e-3)
    assert all(frame.channel in ("0", "1") for frame in frames)


def test_absolute_times_of_blf(tmp_path: Path) -> None:
    frames, _ = read(write(tmp_path / "log.blf", can.BLFWriter))
    assert frames[0].time == pytest.approx(START, abs=1e-3)


ASC = """date Mon Dec 25 10:08:41.247 pm 2023
base hex  timestamps absolute
no internal events logged
   0.015991 1  1826F456x       Rx   d 3 01 01 00
   0.100000 1  Statistic: D 0 R 0 XD 0 XR 0 E 0 O 0 B 0.00%
   {}
   0.250000 1  182756F4x       Rx   d 2 A5 10
"""


def test_the_first_frame_of_an_asc_without_the_line_on_events(tmp_path: Path) -> None:
    path = tmp_path / "log.asc"
    path.write_text("date Mon Dec 25 10:08:41 pm 2023\nbase hex  timestamps absolute\n" + ASC.splitlines()[3] + "\n")
    assert read(path) == ([CanFrame(0.015991, "0", 0x1826F456, CHM)], [])


def test_times_since_the_event_before_are_added_up(tmp_path: Path) -> None:
    path = tmp_path / "log.asc"
    lines = [
        "0.250000 1 1826F456x Rx d 3 01 01 00",
        "0.100000 Start of measurement",
        "0.150000 1 1826F456x Rx d 3 01 01 00",
    ]
    path.write_text("\n".join(["date Mon Dec 25 10:08:41 pm 2023", "base hex  timestamps relative", *lines, ""]))
    frames, unreadable = read(path)
    assert [frame.time for frame in frames] == pytest.approx([0.25, 0.5])
    assert not unreadable


@pytest.mark.parametrize(
    "line", ["0.2 1 1826F4G6x Rx d 3 01 01 00", "0.2 1 1826F456x Rx d 3 01 GG 00", "0.2 1 1826F456x"]
)
def test_a_malformed_line_of_asc(line: str, tmp_path: Path) -> None:
    path = tmp_path / "log.asc"
    path.write_text(ASC.format(line))
    frames, unreadable = read(path)
    assert [frame.identifier for frame in frames] == [0x1826F456, 0x182756F4]
    assert [(item.line, item.text.strip(), item.reason) for item in unreadable] == [(6, line, NOT_A_FRAME)]


TRC = """;$FILEVERSION=2.1
;$STARTTIME=45285.9226993056
;$COLUMNS=N,O,T,B,I,d,R,L,D
;   Start time: 25.12.2023 22:08:41.247.0
;---+--- ------+------ +- +- +- -- -+- -- -- -- -- -- -- --
      1      1059.900 DT 1  1826F456 Rx -  3    01 01 00
{}
      3      1283.231 DT 1  182756F4 Rx -  2    A5 10
"""


@pytest.mark.parametrize(
    "line", ["      2      11X9.900 DT 1  1826F456 Rx -  3    01 01 00", "      2      1100.0 DT", "torn"]
)
def test_a_malformed_line_of_trc(line: str, tmp_path: Path) -> None:
    path = tmp_path / "log.trc"
    path.write_text(TRC.format(line))
    frames, unreadable = read(path)
    assert [frame.identifier for frame in frames] == [0x1826F456, 0x182756F4]
    assert frames[0].time == pytest.approx(1703542122.282, abs=0.2)
    assert [(item.line, item.text) for item in unreadable] == [(7, line)]


def test_a_torn_blf_is_read_up_to_the_tear(tmp_path: Path) -> None:
    path = write(tmp_path / "log.blf", can.BLFWriter, count=20_000)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    frames, [unreadable] = read(path)
    assert 0 < len(frames) < 100_000
    assert unreadable.reason in (DAMAGED, ENDS_EARLY)


@pytest.mark.parametrize("version", [1, 9], ids=["a frame", "of an unknown version"])
def test_a_blf_object_without_length_ends_the_reading(version: int, tmp_path: Path) -> None:
    """Otherwise the same object is read again and again."""
    path = tmp_path / "log.blf"
    with can.BLFWriter(str(path), compression_level=0) as log:
        for _ in range(3):
            log.on_message_received(can.Message(timestamp=START, arbitration_id=0x1826F456, data=CHM))
    damaged = bytearray(path.read_bytes())
    starts = [at for at in range(len(damaged)) if damaged.startswith(b"LOBJ", at)]
    second = starts[2]  # the first is that of the container
    damaged[second + 6] = version
    damaged[second + 8 : second + 12] = bytes(4)
    path.write_bytes(damaged)
    frames, [unreadable] = read(path)
    assert [frame.data for frame in frames] == [CHM]
    assert unreadable.reason is DAMAGED


@pytest.mark.parametrize(("most", "sound"), [(1 << 20, False), (2 << 20, True)])
def test_a_blf_container_is_unpacked_so_far_and_no_further(
    most: int, sound: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "MOST_UNPACKED", most)
    path = write(tmp_path / "log.blf", can.BLFWriter)
    begun = b"LOBJ" + struct.pack("<HHLL", 16, 1, 4 << 20, 99)  # goes on in the next container
    packed = zlib.compress(begun.ljust((1 << 20) + 1, b"\0"))
    head = b"LOBJ" + struct.pack("<HHLLHHLLL", 16, 1, 32 + len(packed), 10, 2, 0, 0, 0, 0)
    path.write_bytes(path.read_bytes()[:144] + head + packed)
    _, unreadable = read(path)
    assert [item.reason for item in unreadable] == ([] if sound else [DAMAGED])


@pytest.mark.parametrize(("suffix", "writer"), FORMATS)
def test_damage_anywhere_never_raises(suffix: str, writer: Callable[[str], Any], tmp_path: Path) -> None:
    """Flipped bytes give other frames, a report, or at most `CannotRead` for a header."""
    path = write(tmp_path / f"log{suffix}", writer)
    whole = path.read_bytes()
    dice = random.Random(27930)
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(dice.randrange(1, 6)):
            damaged[dice.randrange(len(damaged))] = dice.randrange(256)
        path.write_bytes(damaged)
        try:
            read(path)
        except CannotRead:
            continue


def test_without_python_can_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "log.asc", can.ASCWriter)
    found = builtins.__import__

    def without_python_can(name: str, *rest: Any, **named: Any) -> Any:
        if name == "can":
            raise ImportError(name)
        return found(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without_python_can)
    with pytest.raises(CannotRead, match=r'pip install "chargelink\[trace\]"'):
        read(path)
