"""The command `chargelink edge meters scan`."""

import argparse
import sys

from chargelink.cli.command import Command, Example, Exit
from chargelink.cli.language import Text
from chargelink.dlt645.discovery import RATES, Discovered, Discovery, Found, Place, Trying
from chargelink.dlt645.procedures import ProcedureEvent, SetRate
from chargelink.edge.meters.arguments import a_master, play, port_argument, port_of
from chargelink.edge.meters.played import at_rate
from chargelink.edge.meters.summaries import SUMMARIES
from chargelink.edge.ports.address import Address

BAUDS = sorted({baud for baud, _ in RATES})


def configure(parser: argparse.ArgumentParser) -> None:
    port_argument(parser)
    parser.add_argument(
        "--baud",
        type=int,
        choices=BAUDS,
        action="append",
        help=str(Text("only this rate; may be repeated", "只搜索该波特率；可重复")),
    )
    parser.add_argument(
        "--json", action="store_true", help=str(Text("one JSON object, for programs", "输出一个 JSON 对象，供程序使用"))
    )


def run(arguments: argparse.Namespace) -> int:
    """Search, and print who was found. Raises CommandError."""
    port = port_of(arguments)
    rates = [rate for rate in RATES if arguments.baud is None or rate[0] in arguments.baud]
    if arguments.baud:
        rates += [(baud, "N") for baud in arguments.baud if (baud, "N") not in rates]
    found = play(lambda now: Discovery(a_master(port, retries=0), now, rates), port, _Progress())
    if arguments.json:
        import json

        print(json.dumps(_object(found), ensure_ascii=False))
    else:
        print("\n".join(_lines(found, port)))
    return Exit.CLEAN if found.meters and found.complete and not found.unresolved else Exit.DEFECTS


class _Progress:
    """Tells on standard error how far the search is: on a terminal every question, else every rate."""

    def __init__(self) -> None:
        self._told: tuple[int, str] | None = None

    def __call__(self, event: ProcedureEvent) -> None:
        if isinstance(event, Found):
            self._say(Text("found {}", "找到 {}").format(event.meter.address))
        elif isinstance(event, Trying):
            words = Text(
                "{} baud 8{}1: asking {} ({} questions so far, up to {:.0f} s more)",
                "{} 波特 8{}1：询问 {}（已问 {} 次，最多还需 {:.0f} 秒）",
            )
            line = words.format(event.baud, event.parity, event.address, event.questions, event.seconds)
            if sys.stderr.isatty():
                print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)
            elif self._told != (event.baud, event.parity):
                self._say(line)
            self._told = event.baud, event.parity

    def _say(self, line: str) -> None:
        clear = "\r\x1b[K" if sys.stderr.isatty() else ""
        print(f"{clear}{line}", file=sys.stderr, flush=True)


def _lines(found: Discovered, port: Address) -> list[str]:
    if sys.stderr.isatty():
        print(file=sys.stderr)
    lines = [_line(meter) for meter in found.meters]
    for place in found.unresolved:
        words = Text(
            "{}: answers that are always spoiled: two meters with one address, or noise",
            "{}：应答始终冲突：可能有两只同址电能表，或线路有干扰",
        )
        lines.append(words.format(place.address))
    if not found.meters and not found.unresolved:
        lines.append(
            str(
                Text(
                    "nobody answers: look for A and B swapped, a meter without power, another adapter",
                    "无应答：请检查 A/B 是否接反、电能表是否通电、适配器是否正确",
                )
            )
        )
    if not found.complete:
        lines.append(
            Text(
                "given up after {} questions: attach fewer meters, or look for noise",
                "询问 {} 次后放弃：请减少接入的电能表，或检查干扰",
            ).format(found.questions)
        )
    if found.meters:
        first = found.meters[0]
        options = at_rate(port, SetRate(first.baud, first.parity)).options
        written = f"serial:{port.path}?" + "&".join(f"{name}={value}" for name, value in options.items())
        lines.append(Text('in the configuration: port = "{}"', '配置写法: port = "{}"').format(written))
    return lines


def _line(meter: Place) -> str:
    editions = ", ".join(f"DL/T 645-{edition}" for edition in meter.editions)
    return f"{meter.address}  {meter.baud} 8{meter.parity}1  {editions}"


def _object(found: Discovered) -> dict[str, object]:
    def place(one: Place) -> dict[str, object]:
        return {"address": one.address, "baud": one.baud, "parity": one.parity, "editions": list(one.editions)}

    return {
        "meters": [place(meter) for meter in found.meters],
        "unresolved": [place(one) for one in found.unresolved],
        "questions": found.questions,
        "complete": found.complete,
    }


COMMAND = Command(
    name="scan",
    summary=SUMMARIES["scan"],
    configure=configure,
    run=run,
    examples=(
        Example(
            "chargelink edge meters scan --port serial:/dev/ttyUSB0",
            Text("rate, addresses and editions", "波特率、地址与规约版本"),
        ),
        Example(
            "chargelink edge meters scan --port serial:/dev/ttyUSB0 --baud 2400",
            Text("at this rate only", "只用该波特率"),
        ),
    ),
)
