"""The command `chargelink edge meters read`."""

import argparse

from chargelink.cli.command import Command, CommandError, Example, Exit
from chargelink.cli.language import Text
from chargelink.dlt645.control import Words
from chargelink.dlt645.master import Refused, Reply
from chargelink.dlt645.procedures import Procedure
from chargelink.dlt645.procedures.procedure import Ended, Script, ask
from chargelink.dlt645.reading import Reading
from chargelink.dlt645.request import read
from chargelink.edge.meters.arguments import a_master, address_argument, play, port_argument, port_of, said
from chargelink.edge.meters.summaries import SUMMARIES

Answers = tuple[tuple[str, Ended], ...]


def configure(parser: argparse.ArgumentParser) -> None:
    port_argument(parser)
    address_argument(parser)
    parser.add_argument(
        "identifiers",
        nargs="+",
        metavar=str(Text("IDENTIFIER", "数据标识")),
        help=str(
            Text(
                "eight hexadecimal digits, four for a meter of 1997: see docs/protocols/dlt645.md",
                "8 位十六进制，1997 版为 4 位：见 docs/protocols/dlt645.md",
            )
        ),
    )


def reads(address: str, identifiers: list[str]) -> Script[Answers]:
    """Each identifier, one after the other."""
    answers: Answers = ()
    for identifier in identifiers:
        answers += ((identifier, (yield from ask(read(address, identifier)))),)
    return answers


def run(arguments: argparse.Namespace) -> int:
    """Read and print. Raises CommandError."""
    for identifier in arguments.identifiers:
        try:
            read(arguments.address, identifier)
        except ValueError:
            words = Text("{!r} is no identifier: 8 or 4 hex digits", "{!r} 不是数据标识（8 位或 4 位十六进制）")
            raise CommandError(words.format(identifier)) from None
    port = port_of(arguments)
    script = reads(arguments.address, arguments.identifiers)
    answers = play(lambda now: Procedure(a_master(port), script, now), port)
    for identifier, answer in answers:
        print("\n".join(_lines(identifier, answer)))
    return Exit.CLEAN if all(isinstance(answer, Reply) for _, answer in answers) else Exit.DEFECTS


def _lines(identifier: str, answer: Ended) -> list[str]:
    if isinstance(answer, Refused):
        reasons = ", ".join(map(said, answer.words)) or answer.raw.hex(" ").upper()
        return [f"{identifier}  " + Text("refused: {}", "被拒绝：{}").format(reasons)]
    if not isinstance(answer, Reply):
        return [f"{identifier}  " + str(Text("no answer", "无应答"))]
    found = answer.readings()
    lines = [f"{identifier}  {_shown(reading)}" for reading in found.readings]
    lines += [f"{identifier}  {said(flaw)}" for flaw in found.flaws]
    if found.extra or not found.readings:
        lines.append(f"{identifier}  {found.extra.hex(' ').upper() or '-'}")
    return lines


def _shown(reading: Reading) -> str:
    name = said(Words(reading.item.name.replace("_", " "), reading.item.chinese))
    value = reading.presented
    if isinstance(value, dict) and "value" in value:
        number, unit = value["value"], value.get("unit") or ""
        return f"{name} -" if number is None else f"{name} {number} {unit}".rstrip()
    return f"{name} {'-' if value is None else value}"


COMMAND = Command(
    name="read",
    summary=SUMMARIES["read"],
    configure=configure,
    run=run,
    examples=(
        Example(
            "chargelink edge meters read --port serial:/dev/ttyUSB0?baud=2400 --address 161 00010000 0201FF00",
            Text("energy, and the voltages", "电能与各相电压"),
        ),
    ),
)
