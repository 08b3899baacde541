"""`chargelink sim replay`: plays a CAN recording onto a bus, in its own time, faster, or as fast as that takes it."""

import argparse
import asyncio
import math
from collections.abc import Iterable, Iterator
from pathlib import Path

from chargelink.cli.command import Command, Example, Exit
from chargelink.cli.language import Text
from chargelink.sim.can_client import ADDRESS, CanClient, joined
from chargelink.sim.process import announce, run
from chargelink.sim.recording import Recorded, Recording
from chargelink.sim.socketcand import CanFrame

MAX = "max"
BATCH = 256  # frames given to the bus at once: it never hears more of them late by each other's waiting


class Pace:
    """When each frame is due: its distance to the first one, divided by the speed. `speed` infinite: at once.

    A clock that is set back or stands still delays nothing.
    """

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._elapsed = 0.0  # s of the recording
        self._last: float | None = None

    def after(self, recorded: float) -> float:
        """Seconds after the start for a frame recorded at a time in s; never less than for the frame before."""
        if self._last is not None:
            self._elapsed += max(recorded - self._last, 0.0)
        self._last = recorded
        return self._elapsed / self._speed


def batches(recording: Iterable[Recorded], pace: Pace) -> Iterator[tuple[float, list[CanFrame]]]:
    """Frames that are due together, with their seconds after the start."""
    due, batch = 0.0, list[CanFrame]()
    for recorded in recording:
        moment = pace.after(recorded.time)
        if batch and (moment > due or len(batch) >= BATCH):
            yield due, batch
            batch = []
        due = moment
        batch.append(recorded.frame)
    if batch:
        yield due, batch


async def play(recording: Recording, client: CanClient, pace: Pace) -> float:
    """Send every frame when it is due; the seconds that it took."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(ignore(client), name="bus")
        for due, batch in batches(recording, pace):
            await asyncio.sleep(start + due - loop.time())
            await client.send(batch)
        listening.cancel()
    return loop.time() - start


async def ignore(client: CanClient) -> None:
    """Take what others say off the bus, which would put off a member that does not listen."""
    while True:
        await client.receive()


async def replay(arguments: argparse.Namespace) -> int:
    """Play it once."""
    recording = Recording(arguments.capture)
    async with joined(arguments.can) as client:
        announce(can=arguments.can)
        seconds = await play(recording, client, Pace(arguments.speed))
    announce("done", frames=recording.frames, skipped=recording.skipped, seconds=f"{seconds:.3f}")
    return Exit.DEFECTS if recording.skipped else Exit.CLEAN


def speed(text: str) -> float:
    """`1`, `0.5`, `10` or `max`. Raises ValueError for what is not above 0."""
    value = math.inf if text == MAX else float(text)
    if not value > 0:
        raise ValueError(text)
    return value


def configure(parser: argparse.ArgumentParser) -> None:
    recording = Text(
        "the recording: of candump -l, or a file .asc .blf .trc .mf4 .csv as python-can reads it",
        "记录文件: candump -l 的输出，或 python-can 可读的 .asc .blf .trc .mf4 .csv 文件",
    )
    parser.add_argument("capture", type=Path, metavar="CAPTURE", help=str(recording))
    parser.add_argument("--can", required=True, metavar="ADDRESS", help=str(ADDRESS))
    pace = Text(
        "1 is the recording's own time (default), 10 ten times as fast, max as fast as the bus takes it",
        "1 为记录的原有时间 (默认)，10 为十倍速，max 为总线可承受的最快速度",
    )
    parser.add_argument("--speed", type=speed, default=1.0, metavar="1|10|max", help=str(pace))


COMMAND = Command(
    name="replay",
    summary=Text("plays a CAN recording onto a bus", "把 CAN 记录回放到总线上"),
    configure=configure,
    run=lambda arguments: run(replay(arguments)),
    examples=(
        Example(
            "chargelink sim replay candump.log --can socketcand://127.0.0.1:29536/can0 --speed 10",
            Text("ten times as fast as it was", "十倍速回放"),
        ),
    ),
)
