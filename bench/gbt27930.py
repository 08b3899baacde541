"""GB/T 27930: both ends of a charge, long messages, decoding, a bus as full as 250 kbit/s can be, long recordings.

The reference of the ends is cantools coding the same messages, without any dialogue; that of long messages is the data
link layer of can-j1939 without its threads, fed and emptied by hand like ours. There is no CAN in most kernels that run
this, so the full bus comes through a pair of Unix sockets in place of AF_CAN.
"""

import asyncio
import multiprocessing
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from typing import Any

import cantools
from j1939.j1939_21 import J1939_21
from tests.gbt27930.bus import BCS, BMV, BRM, acknowledgement, cts, packet, rts
from tests.gbt27930.opposite import DEMAND, ENTRIES, MESSAGES, SOUND, STATUS
from tests.gbt27930.test_charge import Charge

from bench.decode import DBC, used
from bench.measure import Measured, Statement, faster, more, nanoseconds, slower
from bench.recording import write_recording
from chargelink.can_frame import pack_frame
from chargelink.edge.ports.can import CanFrame
from chargelink.edge.ports.socketcan import SocketCan
from chargelink.gbt27930.catalogue import Sender
from chargelink.gbt27930.dialogue import Dialogue
from chargelink.gbt27930.identifier import BMS, CHARGER
from chargelink.gbt27930.transport import Endpoint, Frame, Observer, Received, Receiver
from chargelink.wire import Message

OFTEN, SELDOM = 20, 4  # times a second: every 50 ms, every 250 ms
SAID_BY_VEHICLE: tuple[tuple[Message, int], ...] = ((DEMAND, OFTEN), (STATUS, SELDOM), (SOUND, SELDOM))
SAID_BY_CHARGER: tuple[tuple[Message, int], ...] = ((MESSAGES["CCS"], OFTEN),)
MESSAGES_PER_SECOND = 48
TRANSFERS = (("BCS", BCS, 9), ("BRM", BRM, 49), ("BMV", BMV, 252))
JUDGE = "can-j1939 2.0, data link only"
FULL = 1900  # frames/s
WINDOWS, MOST_WINDOWS, WINDOW = 8, 30, 1.0  # s: the best of so many counts
MILLION, FEWER = 1_000_000, 166_667  # frames
TRACED_WITHIN = 10e9  # ns
MOST = 20_000_000  # ns/s: 2 % of a core


def figures() -> Iterator[Measured]:
    database = cantools.database.can.Database()
    database.add_dbc_file(DBC)
    yield from role_figures(database)
    for name, pgn, size in TRANSFERS:
        yield from transfer_figures(f"{name}, {size} bytes", pgn, bytes(range(size)))
    yield from decoding_figures(database)
    yield full_bus_figure()
    yield from trace_figures()


def role_figures(database: Any) -> Iterator[Measured]:
    """A second of a charge for each end, 48 messages in and out, all it does for them."""
    for end, side, heard, said in (
        ("charger", Sender.CHARGER, SAID_BY_VEHICLE, SAID_BY_CHARGER),
        ("vehicle", Sender.BMS, SAID_BY_CHARGER, SAID_BY_VEHICLE),
    ):
        ours, theirs = nanoseconds(
            ("second()", {"second": seconds_of(side)}), ("second()", {"second": coded_second(database, heard, said)})
        )
        rate, coding = (MESSAGES_PER_SECOND / took * 1e9 for took in (ours, theirs))
        yield more("gbt27930", f"a charge, the {end}'s end", "msg/s", rate, coding, "cantools, coding alone")


def seconds_of(side: Sender) -> Callable[[], None]:
    """Each call is another second of a charge for one end, with frames that its peer once sent in a second."""
    charge = charging()
    end: Dialogue = charge.charger if side is Sender.CHARGER else charge.vehicle
    begin = charge.now
    frames: list[tuple[float, Frame]] = []
    hear = end.receive

    def receive(identifier: int, data: bytes, now: float) -> Any:
        frames.append((now - begin, Frame(identifier, data)))
        return hear(identifier, data, now)

    end.receive = receive  # type: ignore[method-assign]
    charge.run(begin + 1)
    del end.receive
    clock = [charge.now]

    def second() -> None:
        now = clock[0]
        for moment, (identifier, data) in frames:
            due = now + moment
            while (deadline := end.deadline) is not None and deadline < due:
                end.tick(deadline)
                end.data_to_send()
            hear(identifier, data, due)
            end.data_to_send()
        clock[0] = now + 1

    for _ in range(100):
        second()
    assert end.state.value == "charging"
    return second


def charging() -> Charge:
    """Both ends, in the middle of a charge, at rest for what comes every second."""
    charge = Charge()
    charge.until_charging()
    charge.run(charge.now + 1)
    return charge


def coded_second(
    database: Any, heard: tuple[tuple[Message, int], ...], said: tuple[tuple[Message, int], ...]
) -> Callable[[], None]:
    """The same messages decoded and encoded by cantools."""
    work: list[tuple[Callable[[Any], Any], Any]] = []
    for message, times in heard:
        known = database.get_message_by_name(ENTRIES[type(message)].name)
        work += [(known.decode, message.encode())] * times
    for message, times in said:
        known = database.get_message_by_name(ENTRIES[type(message)].name)
        work += [(known.encode, known.decode(message.encode()))] * times

    def second() -> None:
        for code, argument in work:
            code(argument)

    return second


def transfer_figures(name: str, pgn: int, payload: bytes) -> Iterator[Measured]:
    """A long message as the charger receives it, as a listener reads it, as the vehicle sends it."""
    count = -(-len(payload) // 7)
    request, packets = rts(pgn, len(payload)), [packet(payload, sequence) for sequence in range(1, count + 1)]
    sent, answers = [request, *packets], [cts(pgn, count, 1), acknowledgement(pgn, len(payload))]
    whole = [request, answers[0], *packets, answers[1]]
    runs = (
        receiving(Receiver(CHARGER, BMS), sent, payload),
        receiving(Observer(), whole, payload),
        judge_receiving(sent, payload),
        sending(pgn, payload, answers),
        judge_sending(pgn, payload, answers),
    )
    received, observed, judged, given, judge_gave = nanoseconds(*[("run()", {"run": run}) for run in runs])
    yield faster("gbt27930", f"{name}, received", received, judged, JUDGE, ">= 1")
    yield faster("gbt27930", f"{name}, observed", observed, judged, JUDGE, ">= 1")
    yield faster("gbt27930", f"{name}, sent", given, judge_gave, JUDGE, ">= 1")


def receiving(node: Receiver | Observer, frames: list[Frame], payload: bytes) -> Callable[[], None]:
    answers = node.data_to_send if isinstance(node, Receiver) else lambda: None

    def run() -> None:
        events: Any = ()
        for identifier, data in frames:
            events = node.receive(identifier, data, 0.0) or events
            answers()
        [event] = events
        assert isinstance(event, Received)
        assert event.payload == payload

    run()
    return run


def sending(pgn: int, payload: bytes, answers: list[Frame]) -> Callable[[], None]:
    node = Endpoint(BMS, CHARGER, spacing=0)
    expected = 1 + -(-len(payload) // 7)

    def run() -> None:
        node.send(pgn, payload, 0.0)
        frames = node.data_to_send()
        for identifier, data in answers:
            node.receive(identifier, data, 0.0)
            frames += node.data_to_send()
        assert len(frames) == expected
        assert node.deadline is None

    run()
    return run


class Judge:
    """can-j1939 between two ends: what it sends and what it receives stand in lists."""

    def __init__(self, address: int) -> None:
        self.frames: list[Any] = []
        self.received: list[Any] = []
        self.link = J1939_21(
            lambda identifier, extended, data: self.frames.append((identifier, data)),
            lambda: None,
            lambda priority, pgn, source, destination, stamp, data: self.received.append(data),
            255,
            None,
            None,
            lambda destination: destination == address,
        )


def judge_receiving(frames: list[Frame], payload: bytes) -> Callable[[], None]:
    judge = Judge(CHARGER)
    expected = list(payload)

    def run() -> None:
        for identifier, data in frames:
            judge.link.notify(identifier, data, 0.0)
        assert judge.received == [expected]
        assert len(judge.frames) == 2
        judge.received.clear()
        judge.frames.clear()

    run()
    return run


def judge_sending(pgn: int, payload: bytes, answers: list[Frame]) -> Callable[[], None]:
    judge = Judge(BMS)
    octets = [*payload]
    expected = 1 + -(-len(payload) // 7)

    def run() -> None:
        judge.link.send_pgn(0, pgn >> 8, CHARGER, 7, BMS, [*octets], 0, None)
        for identifier, data in answers:
            judge.link.notify(identifier, data, 0.0)
            judge.link.async_job_thread(time.time())
        assert len(judge.frames) == expected
        judge.frames.clear()

    run()
    return run


def decoding_figures(database: Any) -> Iterator[Measured]:
    """Every message of a charge, range checks included: all of them once, and the one where we gain least."""
    cases = {type(message): message.encode() for message in MESSAGES.values()}
    statements: list[Statement] = [
        ("decode(data)", {"decode": decode, "data": data})
        for cls, data in cases.items()
        for decode in (cls.decode, database.get_message_by_name(ENTRIES[cls].name).decode)
    ]
    times = nanoseconds(*statements)
    pairs = [*zip(times[::2], times[1::2], cases, strict=True)]
    ours, theirs = sum(times[::2]), sum(times[1::2])
    yield faster("gbt27930", f"decode {len(cases)} messages", ours, theirs, "cantools", ">= 5")
    ours, theirs, cls = min(pairs, key=lambda pair: pair[1] / pair[0])
    yield faster("gbt27930", f"decode, least ahead: {cls.__name__}", ours, theirs, "cantools", ">= 1")


def trace_figures() -> Iterator[Measured]:
    """`chargelink trace --json` of a charge that goes on for hours, in a process of its own: CPU time and memory."""
    with tempfile.TemporaryDirectory() as folder:
        short, long = Path(folder) / "short.log", Path(folder) / "long.log"
        write_recording(short, FEWER)
        write_recording(long, MILLION)
        trace = [sys.executable, "-m", "chargelink.cli", "trace", "--json"]
        few, many = (min(used([*trace, str(path)]) for _ in range(2)) for path in (short, long))
    yield slower("gbt27930", "trace of 1,000,000 frames", many[0] * 1e9, TRACED_WITHIN, "goal of 10 s", "<= 1")
    yield more("gbt27930", "trace, memory of 6 times as many", "KiB", many[1], few[1], f"{FEWER:,} frames", "<= 1.05")


def full_bus_figure() -> Measured:
    """Processor time a second of a charger's end with the edge's CAN port, all frames meant for it and obeyed."""
    charge = charging()
    charger, begin = charge.charger, charge.now
    spoken: list[Frame] = []
    take = charge.vehicle.data_to_send

    def data_to_send() -> list[Frame]:
        spoken.extend(frames := take())
        return frames

    charge.vehicle.data_to_send = data_to_send  # type: ignore[method-assign]
    charge.run(begin + 1)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    ours.setblocking(False)
    raw = [pack_frame(*frame) for frame in spoken]
    babbler = multiprocessing.get_context("fork").Process(target=babble, args=(theirs, raw), daemon=True)
    babbler.start()
    try:
        busy = asyncio.run(listen(SocketCan(ours, "full"), charger, charge.now))
    finally:
        babbler.terminate()
        babbler.join()
        ours.close()
        theirs.close()
    load = f"load {os.getloadavg()[0]:.1f}"
    return slower("gbt27930", f"full bus, {FULL} frames/s", busy, MOST, f"2 % of a core in a second; {load}", "<= 1")


def babble(bus: socket.socket, frames: list[bytes]) -> None:
    """A bus without a gap, for ever; what others say is taken off it."""
    bus.setblocking(False)
    begin = time.monotonic()
    for number, frame in enumerate(cycle(frames)):
        with suppress(BlockingIOError):
            bus.send(frame)
        with suppress(BlockingIOError):
            bus.recv(16)
        if (wait := begin + number / FULL - time.monotonic()) > 0:
            time.sleep(wait)


async def listen(port: SocketCan, charger: Dialogue, began: float) -> float:
    """The least processor time in ns that a second took."""
    offset = began - time.monotonic()
    heard = [0]

    async def run() -> None:
        while True:
            frames = await port.read()
            now = time.monotonic() + offset
            heard[0] += len(frames)
            for identifier, data in frames:
                charger.receive(identifier, data, now)
            charger.tick(now)
            port.send([CanFrame(*frame) for frame in charger.data_to_send()])

    took: list[float] = []
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(run())
        await asyncio.sleep(WINDOW)
        for _ in range(MOST_WINDOWS):
            heard[0], wall, busy = 0, time.monotonic(), time.process_time_ns()
            await asyncio.sleep(WINDOW)
            busy, wall = time.process_time_ns() - busy, time.monotonic() - wall
            if heard[0] / wall > 0.95 * FULL:  # else whoever babbles had no processor
                took.append(busy / wall)
            if len(took) == WINDOWS:
                break
        running.cancel()
    assert charger.state.value == "charging"
    return min(took)
