"""The listing for people, the lines for programs, and the exit code."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from chargelink.cli.layout import width
from chargelink.trace.report import Line, Listing, add_output_arguments, show
from chargelink.trace.source import CannotRead

START = 1703560121.25


@dataclass(frozen=True)
class Said:
    """A report made of its own line."""

    time: float | None = 0.0
    direction: str = "charger->BMS"
    message: str = "CCS"
    text: str = "output voltage 400.0 V"
    notes: tuple[str, ...] = ()
    conforming: bool = True

    def line(self) -> Line:
        return Line(self.time, self.direction, self.message, self.text, self.notes)

    def json(self) -> bytes:
        return b'{"message":"%s"}' % self.message.encode()


def arguments(line: str = "") -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_output_arguments(parser)
    return parser.parse_args(line.split())


def rows(*reports: Said, columns: int | None = None, coloured: bool = False) -> list[str]:
    listing = Listing(columns, coloured)
    return "".join(listing.rows(report.line(), report.conforming) for report in reports).splitlines()


def test_columns_are_aligned() -> None:
    assert rows(
        Said(),
        Said(time=12.3456, direction="BMS->charger", message="BCL", text="voltage demand 390.0 V"),
        Said(time=None, message="", direction="", text="not a CAN frame"),
        Said(notes=("current above 250 A", "late"), conforming=False),
    ) == [
        "     0.000  charger->BMS  CCS   output voltage 400.0 V",
        "    12.346  BMS->charger  BCL   voltage demand 390.0 V",
        "                                not a CAN frame",
        "     0.000  charger->BMS  CCS   output voltage 400.0 V  ! current above 250 A  ! late",
    ]


def test_chinese_is_aligned() -> None:
    first, second = rows(Said(direction="桩->车", text="X"), Said(direction="BMS", text="X"))
    assert width(first) == width(second)


def test_columns_grow_and_do_not_shrink() -> None:
    *_, long, short = rows(Said(), Said(message="TP.CM_EndOfMsgACK"), Said())
    assert long.index("output") == short.index("output")


def test_times_since_1970_count_from_the_first() -> None:
    assert rows(Said(time=START), Said(time=START + 0.5), Said(time=START - 0.5)) == [
        "# times in s since 2023-12-26 03:08:41.250 UTC",
        "     0.000  charger->BMS  CCS   output voltage 400.0 V",
        "     0.500  charger->BMS  CCS   output voltage 400.0 V",
        "    -0.500  charger->BMS  CCS   output voltage 400.0 V",
    ]


@pytest.mark.parametrize("time", [1e12, 1e17, -1e17, 99999999999.0])
def test_any_time_is_shown(time: float) -> None:
    assert rows(Said(time=time))


def test_a_terminal_is_wrapped_at_its_width() -> None:
    text = "max cell voltage 3.367 V, cell group 1, SOC 53.0 %, time remaining 40 min"
    listed = rows(Said(text=text, notes=("a note",)), columns=70)
    assert listed == [
        "     0.000  charger->BMS  CCS   max cell voltage 3.367 V, cell group",
        "                                1, SOC 53.0 %, time remaining 40 min",
        "                                ! a note",
    ]
    assert all(width(row) <= 70 for row in listed)


def test_colours_mark_what_is_odd() -> None:
    [fine, odd] = rows(Said(notes=("late",)), Said(notes=("wrong",), conforming=False), coloured=True)
    assert "\033[33m! late\033[0m" in fine
    assert "\033[31m! wrong\033[0m" in odd
    assert "\033" not in "".join(rows(Said(notes=("late",))))


@pytest.mark.parametrize("field", ["direction", "message", "text"])
def test_a_recording_does_not_drive_the_terminal(field: str) -> None:
    [row] = rows(Said(**{field: "\033[2J\r\n\x07"}))  # type: ignore[arg-type]
    assert r"\x1b[2J\r\n\x07" in row
    assert r"! \x1b" in rows(Said(notes=("\033",)))[0]


@pytest.mark.parametrize(
    ("terminal", "environment", "color", "coloured"),
    [
        (True, {}, "auto", True),
        (False, {}, "auto", False),
        (True, {"NO_COLOR": "1"}, "auto", False),
        (True, {"NO_COLOR": ""}, "auto", True),
        (True, {"TERM": "dumb"}, "auto", False),
        (False, {"NO_COLOR": "1"}, "always", True),
        (True, {}, "never", False),
    ],
)
def test_when_colours_are_used(
    terminal: bool, environment: dict[str, str], color: str, coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    row = Listing.for_output(color).rows(Said().line(), True)
    assert ("\033" in row) == coloured


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert show([Said(), Said(message="CST", conforming=False)], arguments("--json")) == 1
    assert capsys.readouterr() == ('{"message":"CCS"}\n{"message":"CST"}\n', "")


@pytest.mark.parametrize(
    ("reports", "code", "summary"),
    [
        ([], 0, "0 frames, 0 messages, 0 defects\n"),
        ([Said()], 0, "0 frames, 1 message, 0 defects\n"),
        ([Said(), Said(conforming=False)] * 1000, 1, "0 frames, 2,000 messages, 1,000 defects\n"),
    ],
)
def test_summary_and_exit_code(
    reports: list[Said], code: int, summary: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show(reports, arguments(), lambda: "0 frames") == code
    assert capsys.readouterr().err == summary


@pytest.mark.parametrize("end", [KeyboardInterrupt(), CannotRead("the disk went away")])
def test_what_was_decoded_before_the_end_is_shown(end: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    def reports() -> Iterator[Said]:
        yield Said()
        raise end

    with pytest.raises(type(end)):
        show(reports(), arguments())
    said = capsys.readouterr()
    assert "CCS" in said.out
    assert said.err == "1 message, 0 defects\n"
