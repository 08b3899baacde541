"""The meter line: frames against PyPI dlt645, and how many polls a second a line carries of what the wire allows.

The reference checks the same start bytes, length, checksum and end. The wire allows a request of 16 bytes, an answer
of 24, both with four FE and 11 bits a byte, and 20 ms between them, the least Td. What is missing to 1 is our pause of
20 ms before each request, in which an RS-485 adapter turns round. On a pseudo-terminal requests take no time and the
simulated meter paces its answers, so there the reference is an answer and Td alone.
"""

import os
import select
import termios
import time
import tty
from collections.abc import Iterator

from dlt645.protocol.protocol import DLT645Protocol
from tests.dlt645.shared_line import Wire
from tests.sim.simulator import simulator

from bench.measure import Measured, faster, more, nanoseconds
from chargelink.dlt645 import Frame, Scanner, readings
from chargelink.dlt645.line import Line
from chargelink.dlt645.meter import REPLY_DELAY, Meter
from chargelink.dlt645.request import read
from chargelink.dlt645.timing import Timing

REPLY = bytes.fromhex("FEFEFEFE 68 610100000000 68 91 08 33333433 59333333 8A 16")
LONG_REPLY = Frame("000000000161", 0x91, bytes(200)).encode()
ADDRESS, ENERGY = "000000000161", "00010000"
REQUEST = read(ADDRESS, ENERGY).frame()
THEIR_REQUEST = (bytes.fromhex("610100000000"), REQUEST.control, REQUEST.data)
FRAMES = 100
REFERENCE = "PyPI dlt645 3.2.0"
SPEEDS = {2400: termios.B2400, 9600: termios.B9600}
SIMULATED, REAL = 60.0, 5.0  # s of polling
METERS = 8


def figures() -> Iterator[Measured]:
    """Parsing and building, then polls a second at both rates: one meter, several, one behind a pseudo-terminal."""
    for name, raw, goal in (("meter frame, 20 bytes", REPLY, ">= 3"), ("meter frame, 212 bytes", LONG_REPLY, "")):
        ours, theirs = nanoseconds(
            ("decode(raw)", {"decode": Frame.decode, "raw": raw}),
            ("decode(raw)", {"decode": DLT645Protocol.deserialize, "raw": raw}),
        )
        yield faster("line", name, ours, theirs, REFERENCE, goal)
    yield stream_figure()
    yield built_figure()
    yield value_figure()
    for baud in SPEEDS:
        request, answer = (Timing(baud).duration(size) for size in (len(REQUEST.encode(4)), len(REPLY)))
        for meters in (1, METERS):
            metric = f"{baud} baud, {meters} meter{'s' * (meters > 1)}"
            limit = 1 / (request + answer + REPLY_DELAY)
            yield polls(metric, simulated(baud, meters), limit, "the wire's time and Td")
        yield polls(f"{baud} baud, pseudo-terminal", real(baud), 1 / (answer + REPLY_DELAY), "the answer's time and Td")


def stream_figure() -> Measured:
    """A stream of frames with their preambles, a frame."""
    stream = REPLY * FRAMES

    def theirs() -> None:
        rest = stream
        for _ in range(FRAMES):
            rest, frame = DLT645Protocol.deserialize_with_remaining(rest)
            assert frame is not None

    def ours() -> None:
        assert len(Scanner().receive(stream, 0.0)) == FRAMES

    mine, other = nanoseconds(("ours()", {"ours": ours}), ("theirs()", {"theirs": theirs}))
    return faster("line", f"meter stream of {FRAMES} frames", mine / FRAMES, other / FRAMES, REFERENCE)


def built_figure() -> Measured:
    """A request to its bytes."""
    assert REQUEST.encode(4) == DLT645Protocol.build_frame(*THEIR_REQUEST)
    ours, theirs = nanoseconds(
        ("frame(address, control, data).encode(4)", {"frame": Frame, **vars_of(REQUEST)}),
        ("build(*theirs)", {"build": DLT645Protocol.build_frame, "theirs": THEIR_REQUEST}),
    )
    return faster("line", "meter request built", ours, theirs, REFERENCE)


def vars_of(frame: Frame) -> dict[str, object]:
    """What a frame is made of, by name."""
    return {"address": frame.address, "control": frame.control, "data": frame.data}


def value_figure() -> Measured:
    """A frame to its named value in mWh, against the frame alone."""
    data = Frame.decode(REPLY).data[4:]
    value, frame = nanoseconds(
        ("readings(identifier, data)", {"readings": readings, "identifier": ENERGY, "data": data}),
        ("decode(raw)", {"decode": Frame.decode, "raw": REPLY}),
    )
    return faster("line", "meter data to a named value", value, frame, "our frame alone")


def polls(metric: str, ours: float, limit: float, name: str) -> Measured:
    """Polls a second, in thousandths: the table has no decimals."""
    return more("line", metric, "1/1000 s", ours * 1000, limit * 1000, name)


def simulated(baud: int, meters: int) -> float:
    """Answers a second in jumping time, each meter polled as fast as the line allows."""
    addresses = [f"{161 + number:012}" for number in range(meters)]
    wire = Wire([Meter(address, {ENERGY: bytes.fromhex("26000000")}) for address in addresses], baud)
    wire.meters_baud = baud
    line = Line(Timing(baud))
    for address in addresses:
        line.every(read(address, ENERGY), 0.001, wire.now)
    wire.run(line, SIMULATED)
    return answered(line) / SIMULATED


def real(baud: int) -> float:
    """Answers a second of a simulated meter, over a pseudo-terminal and by the clock on the wall."""
    with simulator("meter", "--address", ADDRESS, "--energy", "0.26", "--baud", str(baud)) as meter:
        port = os.open(meter.places["serial"], os.O_RDWR | os.O_NOCTTY)
        try:
            tty.setraw(port)
            settings = termios.tcgetattr(port)
            settings[4] = settings[5] = SPEEDS[baud]
            termios.tcsetattr(port, termios.TCSANOW, settings)
            line = Line(Timing(baud))
            began = time.monotonic()
            line.every(read(ADDRESS, ENERGY), 0.001, began)
            line.tick(began)
            while (now := time.monotonic()) < began + REAL:
                if data := line.data_to_send():
                    os.write(port, data)
                wait = max(0.0, (line.deadline or now) - now)
                if select.select([port], [], [], wait)[0]:
                    line.receive(os.read(port, 4096), time.monotonic())
                else:
                    line.tick(time.monotonic())
            return answered(line) / REAL
        finally:
            os.close(port)


def answered(line: Line) -> int:
    """How many polls were answered; all must have been."""
    counts = line.statistics.values()
    assert not any(one.timed_out or one.refused or one.defects for one in counts)
    return sum(one.answered for one in counts)
