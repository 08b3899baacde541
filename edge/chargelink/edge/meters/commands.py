"""The commands `chargelink edge meters`: on a serial line that no edge uses meanwhile."""

import argparse

from chargelink.cli.command import Command, Example, offers_of_modules
from chargelink.cli.language import Text
from chargelink.cli.parser import Parser
from chargelink.edge.commands import METERS
from chargelink.edge.meters.summaries import SUMMARIES


def configure(parser: argparse.ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    parser.offer([*offers_of_modules("chargelink.edge.meters", SUMMARIES)])


COMMAND = Command(
    name="meters",
    summary=METERS,
    configure=configure,
    run=None,
    examples=(
        Example("chargelink edge meters scan --port serial:/dev/ttyUSB0", Text("who is on the line", "搜索电能表")),
    ),
)
