"""Part of `decode`: meter frames against PyPI dlt645, which checks the same start bytes, length, checksum and end."""

from collections.abc import Iterator

from dlt645.protocol.protocol import DLT645Protocol

from bench.measure import Measured, faster, nanoseconds
from chargelink.dlt645 import Frame, Scanner, readings

REPLY = bytes.fromhex("FEFEFEFE 68 610100000000 68 91 08 33333433 59333333 8A 16")
LONG_REPLY = Frame("000000000161", 0x91, bytes(200)).encode()
FRAMES = 100
REFERENCE = "PyPI dlt645 3.2.0"


def figures() -> Iterator[Measured]:
    for name, raw, goal in (("meter frame, 20 bytes", REPLY, ">= 3"), ("meter frame, 212 bytes", LONG_REPLY, "")):
        ours, theirs = nanoseconds(
            ("decode(raw)", {"decode": Frame.decode, "raw": raw}),
            ("decode(raw)", {"decode": DLT645Protocol.deserialize, "raw": raw}),
        )
        yield faster("decode", name, ours, theirs, REFERENCE, goal)
    yield stream_figure()
    yield value_figure()


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
    return faster("decode", f"meter stream of {FRAMES} frames", mine / FRAMES, other / FRAMES, REFERENCE)


def value_figure() -> Measured:
    """A frame to its named value in mWh, against the frame alone."""
    data = Frame.decode(REPLY).data[4:]
    value, frame = nanoseconds(
        ("readings(identifier, data)", {"readings": readings, "identifier": "00010000", "data": data}),
        ("decode(raw)", {"decode": Frame.decode, "raw": REPLY}),
    )
    return faster("decode", "meter data to a named value", value, frame, "our frame alone")
