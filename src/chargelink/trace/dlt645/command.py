"""Arguments of `chargelink decode dlt645`, and the way from a recording to reports."""

import argparse
from collections.abc import Iterator
from pathlib import Path

from chargelink.cli.command import Command, Example
from chargelink.cli.language import Text
from chargelink.dlt645.catalogue import Catalogue
from chargelink.dlt645.profiles import PROFILES, STANDARD_PROFILE, Profile, ProfileError, read_profile
from chargelink.trace.dlt645.log import Log
from chargelink.trace.dlt645.reports import FrameOrDefect, Reporter
from chargelink.trace.dlt645.words import said
from chargelink.trace.report import add_input_arguments, add_output_arguments, open_bytes, show
from chargelink.trace.source import Source

TEXT_CONTROLS = frozenset(b"\t\n\v\f\r\x1a\x1b")  # with the end mark of DOS and colours
UNKNOWN_CHARACTER = "replace"  # a log in GBK: its bytes in hexadecimal are ASCII all the same


def configure(parser: argparse.ArgumentParser) -> None:
    add_input_arguments(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--hex",
        action="store_const",
        const=True,
        dest="hexadecimal",
        help=str(Text("lines of hexadecimal bytes (default: recognised)", "十六进制文本行 (默认自动识别)")),
    )
    form.add_argument(
        "--raw",
        action="store_const",
        const=False,
        dest="hexadecimal",
        help=str(Text("the bytes as they were on the line (default: recognised)", "线路上的原始字节 (默认自动识别)")),
    )
    parser.add_argument(
        "--profile",
        type=vendor,
        default=STANDARD_PROFILE,
        metavar="NAME|FILE",
        help=str(
            Text(
                "identifiers that a vendor has besides or otherwise: {}, or a TOML file of your own",
                "厂家另有或不同的数据标识: {}, 或自编的 TOML 文件 (默认 standard)",
            )
        ).format(", ".join(PROFILES)),
    )
    add_output_arguments(parser)


def vendor(text: str) -> Profile:
    """A shipped profile by its name, or one of a file. Raises ArgumentTypeError."""
    if text in PROFILES:
        return PROFILES[text]
    if not text.endswith(".toml"):
        unknown = Text(
            "there is no profile {!r}: choose {}, or a .toml file", "没有配置 {!r}: 请选择 {}, 或 .toml 文件"
        )
        raise argparse.ArgumentTypeError(unknown.format(text[:40], ", ".join(PROFILES)))
    try:
        return read_profile(text, Path(text).read_text("utf-8"))
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise argparse.ArgumentTypeError(f"{text}: {Text('is not UTF-8', '不是 UTF-8')}") from None
    except ProfileError as error:
        path, problem, remedy = error.problems[0]
        raise argparse.ArgumentTypeError(f"{text}: {path}: {said(problem)}; {said(remedy)}") from None


def run(arguments: argparse.Namespace) -> int:
    catalogue = arguments.profile.catalogue
    with open_bytes(arguments) as source:
        hexadecimal = is_text(source.head()) if arguments.hexadecimal is None else arguments.hexadecimal
        reports = reports_of_lines(source, catalogue) if hexadecimal else reports_of_capture(source, catalogue)
        return show(reports, arguments)


def is_text(head: bytes) -> bool:
    """Whether a recording is text: a frame ends with 16 and begins with FE or has other control characters."""
    return not head.startswith(b"\xfe") and all(byte >= 0x20 or byte in TEXT_CONTROLS for byte in head)


def reports_of_lines(source: Source, catalogue: Catalogue) -> Iterator[FrameOrDefect]:
    """A log, line by line."""
    log = Log(catalogue)
    for line in source.lines():
        yield from log.read(line.decode("utf-8", UNKNOWN_CHARACTER))
    yield from log.close()


def reports_of_capture(source: Source, catalogue: Catalogue) -> Iterator[FrameOrDefect]:
    """A capture of the line, as one stream."""
    reporter = Reporter(catalogue, patient=not source.live)
    for block in source:
        yield from reporter.read(block)
    yield from reporter.close()


COMMAND = Command(
    name="dlt645",
    summary=Text(
        "electricity meters (DL/T 645): lines of hexadecimal bytes, or a capture of the line",
        "多功能电能表通信 (DL/T 645): 十六进制文本行，或线路原始字节",
    ),
    configure=configure,
    run=run,
    examples=(
        Example("chargelink decode dlt645 meter.log", Text("read a log", "解读一份日志")),
        Example(
            'echo "68 61 01 00 00 00 00 68 91 08 33 33 34 33 59 33 33 33 8A 16" | chargelink decode dlt645',
            Text("one frame", "单帧"),
        ),
        Example(
            "chargelink decode dlt645 --raw --json capture.bin",
            Text("the bytes of a line, for a program", "线路原始字节，供程序使用"),
        ),
    ),
)
