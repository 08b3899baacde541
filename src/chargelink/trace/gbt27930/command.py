"""Arguments of `chargelink decode gbt27930`, and the way from a recording to reports."""

import argparse
from collections.abc import Iterator

from chargelink.cli.command import Command, Example
from chargelink.cli.language import Text
from chargelink.gbt27930.catalogue import Edition
from chargelink.gbt27930.listener import Listener
from chargelink.trace.can_log import CanLog, Kind, Unreadable, add_format_argument
from chargelink.trace.edition import add_edition_argument, edition_of
from chargelink.trace.gbt27930.reports import not_readable, reported, strange
from chargelink.trace.report import Report, add_input_arguments, add_output_arguments, open_bytes, show

MOST_CHANNELS = 256  # a hostile recording must not fill the memory with listeners


def configure(parser: argparse.ArgumentParser) -> None:
    add_input_arguments(parser)
    add_format_argument(parser)
    add_edition_argument(parser)
    parser.add_argument(
        "--transport",
        action="store_true",
        help=str(
            Text(
                "also list the frames that carry long messages (TP.CM); --json always has them",
                "同时列出长报文的传输控制帧 (TP.CM)；--json 总是包含",
            )
        ),
    )
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    edition = edition_of(arguments)
    with open_bytes(arguments) as source:
        log = CanLog(source, arguments.format)
        return show(reports(log, edition, transport=arguments.transport or arguments.json), arguments, log.tally)


def reports(log: CanLog, edition: Edition | None, *, transport: bool) -> Iterator[Report]:
    """Everything on a recording in order. `transport` includes the control frames of ordinary transfers."""
    listeners: dict[str, Listener] = {}
    extended = Kind.EXTENDED
    time = None
    for batch in log:
        if isinstance(batch, Unreadable):
            yield not_readable(batch)
            continue
        for frame in batch:
            time, channel, identifier, data, kind = frame
            if kind is not extended:
                yield strange(frame)
                continue
            listener = listeners.get(channel) or _listener(listeners, channel, edition)
            for heard in listener.hear(identifier, data, time or 0.0):
                if (report := reported(time, channel, heard, listener, transport)) is not None:
                    yield report
    for channel, listener in listeners.items():
        for heard in listener.close():
            if (report := reported(time, channel, heard, listener, transport)) is not None:
                yield report


def _listener(listeners: dict[str, Listener], channel: str, edition: Edition | None) -> Listener:
    """The listener of a channel; those beyond a sane number of channels share one."""
    if len(listeners) >= MOST_CHANNELS:
        channel = next(iter(listeners))
    return listeners.setdefault(channel, Listener(edition))


COMMAND = Command(
    name="gbt27930",
    summary=Text(
        "CAN between charger and car (GB/T 27930): candump, ID#DATA lines, ASC, BLF, TRC, MF4, CSV",
        "充电桩与车辆之间的 CAN 通信 (GB/T 27930)：candump、ID#DATA、ASC、BLF、TRC、MF4、CSV",
    ),
    configure=configure,
    run=run,
    examples=(
        Example("chargelink decode gbt27930 session.log", Text("read a recording", "解读一份记录")),
        Example(
            "candump -L can0 | chargelink decode gbt27930",
            Text("watch a bus as it speaks", "实时查看总线"),
        ),
        Example(
            'echo "181056F4#A510D80E02" | chargelink decode gbt27930 --json',
            Text("one frame, for a program", "单帧，供程序使用"),
        ),
        Example(
            "chargelink decode gbt27930 --edition 2011 old_bus.csv",
            Text("both sides of 2011, from a CSV file", "双方均为 2011 版，CSV 文件"),
        ),
    ),
)
