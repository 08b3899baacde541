"""One line, one frame: what candump and its relatives write, and what is wrong with a line that is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.cli.language import Text
from chargelink.trace.can_log import CanFrame, Kind, Unreadable
from chargelink.trace.can_log.clock import Clock
from chargelink.trace.can_log.frame import BAD_DATA, BAD_IDENTIFIER, BAD_TIME, LENGTH_DIFFERS, NOT_A_FRAME, TOO_LONG
from chargelink.trace.can_log.text import frame_of_line, read_text

CHM = bytes.fromhex("010100")
EIGHT = bytes.fromhex("0011223344556677")

LINES = [
    # candump -L
    ("(1703560121.247259) can0 1826F456#010100", CanFrame(1703560121.247259, "can0", 0x1826F456, CHM)),
    ("(1703560121.247259) vcan1 1826f456#010100 R", CanFrame(1703560121.247259, "vcan1", 0x1826F456, CHM)),
    ("(0.5) can0 1826F456#", CanFrame(0.5, "can0", 0x1826F456, b"")),
    ("(0.5) can0 123#01", CanFrame(0.5, "can0", 0x123, b"\x01", Kind.STANDARD)),
    ("(0.5) can0 00000123#01", CanFrame(0.5, "can0", 0x123, b"\x01")),
    ("(0.5) can0 1826F456#R", CanFrame(0.5, "can0", 0x1826F456, b"", Kind.REMOTE)),
    ("(0.5) can0 1826F456#R8", CanFrame(0.5, "can0", 0x1826F456, b"", Kind.REMOTE)),
    ("(0.5) can0 20000004#0004000000000000", CanFrame(0.5, "can0", 4, bytes.fromhex("0004000000000000"), Kind.ERROR)),
    ("(0.5) can0 1826F456##1010100", CanFrame(0.5, "can0", 0x1826F456, CHM, Kind.FD)),
    ("(0.5) can0 1826F456##0" + "AA" * 64, CanFrame(0.5, "can0", 0x1826F456, b"\xaa" * 64, Kind.FD)),
    ("(0.5) can0 1826F456#0011223344556677_E", CanFrame(0.5, "can0", 0x1826F456, EIGHT)),
    ("(2023-12-25 22:08:41.5)  can0  1826F456#010100", CanFrame(1703542121.5, "can0", 0x1826F456, CHM)),
    # candump on the screen
    ("  can0  1826F456   [3]  01 01 00", CanFrame(None, "can0", 0x1826F456, CHM)),
    (" (1703560121.247259)  can0  1826F456   [3]  01 01 00", CanFrame(1703560121.247259, "can0", 0x1826F456, CHM)),
    (" (000.001204)  can0  RX - -  1826F456   [3]  01 01 00", CanFrame(0.001204, "can0", 0x1826F456, CHM)),
    ("  can0  1826F456   [3]  01 01 00   '...'", CanFrame(None, "can0", 0x1826F456, CHM)),
    ("  can0       123   [2]  AB CD", CanFrame(None, "can0", 0x123, b"\xab\xcd", Kind.STANDARD)),
    ("  can0  1826F456   [0] ", CanFrame(None, "can0", 0x1826F456, b"")),
    ("  can0  1826F456   [8]  remote request", CanFrame(None, "can0", 0x1826F456, b"", Kind.REMOTE)),
    ("  can0  1826F456  [03]  01 01 00", CanFrame(None, "can0", 0x1826F456, CHM, Kind.FD)),
    ("  can0  20000004   [3]  00 04 00   ERRORFRAME", CanFrame(None, "can0", 4, b"\x00\x04\x00", Kind.ERROR)),
    ("\x1b[31m  can0\x1b[0m  1826F456   [3]  01 01 00", CanFrame(None, "can0", 0x1826F456, CHM)),
    # identifier and data
    ("1826F456#010100", CanFrame(None, "", 0x1826F456, CHM)),
    ("1826f456#01 01 00", CanFrame(None, "", 0x1826F456, CHM)),
    ("0x1826F456 # 01.01.00  // charger handshake", CanFrame(None, "", 0x1826F456, CHM)),
    ("1826F456#010100 # charger handshake", CanFrame(None, "", 0x1826F456, CHM)),
    ("1826F456#", CanFrame(None, "", 0x1826F456, b"")),
    ("1826F456h: 0x01, 0x01, 0x00", CanFrame(None, "", 0x1826F456, CHM)),
    ("1826F456,01 01 00", CanFrame(None, "", 0x1826F456, CHM)),
    ("1826F456 1 1 0", CanFrame(None, "", 0x1826F456, CHM)),
    (
        "1cec56f4\t10 29 00 06 ff 00 02 00 \text\tdata",
        CanFrame(None, "", 0x1CEC56F4, bytes.fromhex("10290006ff000200")),
    ),
    ("981056F4:740E58FD02000000", CanFrame(None, "", 0x181056F4, bytes.fromhex("740E58FD02000000"))),
    ("7FF#01", CanFrame(None, "", 0x7FF, b"\x01", Kind.STANDARD)),
    ("F456#01", CanFrame(None, "", 0xF456, b"\x01")),
    # nothing to read
    ("", None),
    ("   ", None),
    ("# candump of gun 2", None),
    ("// 1826F456#010100", None),
    ("; comment", None),
    # no frame
    ("hello", NOT_A_FRAME),
    ("(0.5) can0", NOT_A_FRAME),
    ("充电桩", NOT_A_FRAME),
    ("(yesterday) can0 1826F456#010100", BAD_TIME),
    ("(nan) can0 1826F456#010100", BAD_TIME),
    ("(1e400) can0 1826F456#010100", BAD_TIME),
    ("(2023-13-25 22:08:41) can0 1826F456#010100", BAD_TIME),
    ("(0.5) can0 1826F4567#010100", BAD_IDENTIFIER),
    ("(0.5) can0 18_6F456#010100", BAD_IDENTIFIER),
    ("(0.5) can0 hello#010100", BAD_IDENTIFIER),
    ("(0.5) can0 1826F456#01010", BAD_DATA),
    ("(0.5) can0 1826F456#01010G", BAD_DATA),
    ("(0.5) can0 1826F456#001122334455667788", TOO_LONG),
    ("(0.5) can0 1826F456##0" + "AA" * 65, TOO_LONG),
    ("  can0  1826F456   [4]  01 01 00", LENGTH_DIFFERS),
    ("1826F456#1", BAD_DATA),
    ("1826F456#RTR", BAD_DATA),
    ("1826F456 is CHM", BAD_DATA),
    ("a recording of gun 2", NOT_A_FRAME),
    ("add data", NOT_A_FRAME),
    ("1826F456#" + "01 " * 1000, NOT_A_FRAME),
]


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_a_line(line: str, expected: CanFrame | Text | None) -> None:
    assert frame_of_line(line, Clock()) == expected


@pytest.mark.parametrize(("line", "expected"), LINES)
@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
def test_a_line_reads_the_same_in_a_block(line: str, expected: CanFrame | Text | None, end: str) -> None:
    """The fast path and the slow one agree, whatever the line end is."""
    [*read] = read_text([(line + end).encode()])
    if isinstance(expected, CanFrame):
        assert read == [[expected]]
    else:
        assert [(item.line, item.reason) for item in read if isinstance(item, Unreadable)] == (
            [] if expected is None else [(1, expected)]
        )


def test_a_malformed_line_is_reported_between_its_neighbours() -> None:
    before, broken, behind = b"(1.0) can0 1826F456#01\n", b"(2.0) can0 1826F4\n", b"(3.0) can0 1826F456#03\n"
    [*read] = read_text([before * 2 + broken + behind, before])
    assert read == [
        [CanFrame(1.0, "can0", 0x1826F456, b"\x01")] * 2,
        Unreadable(3, "(2.0) can0 1826F4", NOT_A_FRAME),
        [CanFrame(3.0, "can0", 0x1826F456, b"\x03")],
        [CanFrame(1.0, "can0", 0x1826F456, b"\x01")],
    ]


def test_line_numbers_count_over_blocks() -> None:
    good = b"(1.0) can0 1826F456#01\n"
    read = read_text([good * 3, good + b"broken\n", b"broken\n" + good])
    assert [item.line for item in read if isinstance(item, Unreadable)] == [5, 6]


def test_half_a_byte_does_not_pass_the_fast_path() -> None:
    """The expression over a block lets any hexadecimal digits through."""
    [*read] = read_text([b"(1.0) can0 1826F456#010\n"])
    assert read == [Unreadable(1, "(1.0) can0 1826F456#010", BAD_DATA)]


def test_times_since_the_frame_before_are_added_up() -> None:
    """What `candump -td` shows; -tz looks the same and never goes back."""
    steps = [0.0] + [0.010, 0.002] * 20
    for shown, last in ((steps, 0.24), ([0.01 * number for number in range(41)], 0.40)):
        lines = [f" ({step:010.6f})  can0  1826F456   [3]  01 01 00\n" for step in shown]
        (batch,) = read_text(["".join(lines).encode()])
        assert isinstance(batch, list)
        assert batch[-1].time == pytest.approx(last)


@given(st.lists(st.sampled_from([line for line, _ in LINES if len(line) < 200]), max_size=20))
def test_no_line_is_lost(lines: list[str]) -> None:
    """Each line gives a frame, a reason or, if it is blank or a comment, nothing: together as alone."""
    together = [*read_text([("\n".join(lines) + "\n").encode()])]
    frames = sum(len(item) for item in together if isinstance(item, list))
    reasons = sum(1 for item in together if isinstance(item, Unreadable))
    alone = [frame_of_line(line, Clock()) for line in lines]
    assert frames == sum(isinstance(item, CanFrame) for item in alone)
    assert reasons == sum(isinstance(item, Text) for item in alone)


@given(st.binary(max_size=300) | st.text("0123456789abcdefABCDEF#().[]x \trR\n", max_size=200).map(str.encode))
def test_any_bytes_are_read_or_reported(block: bytes) -> None:
    for item in read_text([block] if block else []):
        if isinstance(item, Unreadable):
            assert 1 <= item.line <= block.count(b"\n") + 1
            continue
        for frame in item:
            assert 0 <= frame.identifier <= 0x1FFFFFFF
            assert len(frame.data) <= (64 if frame.kind is Kind.FD else 8)


@pytest.mark.parametrize(
    "line",
    [
        "(1) c 12#" + " " * 980 + "x",
        "1826F456#" + ", " * 480 + "x",
        "1826F456 " + " ext" * 240 + " x",
        "(" + " " * 980 + "x",
        "a " + " " * 490 + "RX " + " " * 400,
    ],
    ids=["blanks", "separators", "words", "open bracket", "direction"],
)
def test_lines_made_to_be_slow_are_read_in_linear_time(line: str) -> None:
    """Expressions that try every split of a run of blanks would take minutes here."""
    block = (line + "\n").encode() * 5000
    assert sum(isinstance(item, Unreadable) for item in read_text([block])) == 5000
