"""Arguments of `chargelink decode ls1`, and the way from a recording to reports."""

import argparse
from collections.abc import Iterator

from chargelink.cli.command import Command, Example
from chargelink.cli.language import Text
from chargelink.lora_radio.gwmp import read_content, read_document
from chargelink.lora_socket.listener import Listener
from chargelink.trace.hex_lines import logged_bytes, logged_document
from chargelink.trace.ls1.key_file import load
from chargelink.trace.ls1.reports import DefectReport, PacketReport, report
from chargelink.trace.report import add_input_arguments, add_output_arguments, open_bytes, show
from chargelink.trace.source import Source
from chargelink.wire import DecodeError

LineReport = PacketReport | DefectReport


def configure(parser: argparse.ArgumentParser) -> None:
    add_input_arguments(parser)
    parser.add_argument(
        "--key-file",
        metavar="KEYS",
        help=str(
            Text(
                "keys in TOML; without one only the clear headers are read",
                "TOML 密钥文件；不提供时只解读明文报文头",
            )
        ),
    )
    add_output_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    listener = Listener()
    if arguments.key_file is not None:
        load(arguments.key_file, listener)
    with open_bytes(arguments) as source:
        return show(reports(source, listener), arguments)


def reports(source: Source, listener: Listener) -> Iterator[LineReport]:
    """Each line by itself: hexadecimal bytes of one packet, or JSON of a packet forwarder with any number of them."""
    for line in source.lines():
        text = line.decode("utf-8", "replace")
        if text.strip() == "" or text.lstrip().startswith("#"):
            continue
        if document := logged_document(text):
            yield from forwarded(document.text, document.time, listener)
            continue
        logged = logged_bytes(text)
        if logged is None or not logged.raw:
            said = text.strip()[:80]
            reason = Text(f"no hexadecimal bytes in this line: {said}", f"此行没有十六进制字节: {said}")
            yield DefectReport(logged.time if logged else None, b"", reason)
            continue
        strange = tuple(Text(f"not hexadecimal: {word}", f"不是十六进制: {word}") for word in logged.strange)
        yield report(listener, logged.raw, logged.time, strange)


def forwarded(document: str, time: float | None, listener: Listener) -> Iterator[LineReport]:
    """The packets in the JSON of a packet forwarder."""
    try:
        content = read_content(read_document(document.encode()))
    except DecodeError as error:
        yield DefectReport(time, b"", Text(str(error), str(error)))
        return
    packets = [*content.received, *([content.transmit] if content.transmit else [])]
    for packet in packets:
        if packet.payload is None:
            reason = packet.payload_flaw or "a packet without payload"
            yield DefectReport(time, b"", Text(reason, reason))
        else:
            yield report(listener, packet.payload, time)


COMMAND = Command(
    name="ls1",
    summary=Text(
        "radio packets of e-bike sockets (LS1): lines of hexadecimal bytes, or JSON of a packet forwarder",
        "电动自行车智能插座的无线报文 (LS1): 十六进制文本行，或网关转发的 JSON",
    ),
    configure=configure,
    run=run,
    examples=(
        Example(
            "chargelink decode ls1 --key-file keys.toml packets.log",
            Text("open what the keys open", "用密钥解读报文"),
        ),
        Example("echo e060512a1100711140c04f33879a | chargelink decode ls1", Text("the clear header", "仅明文报文头")),
    ),
)
