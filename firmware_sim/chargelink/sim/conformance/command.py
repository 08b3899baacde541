"""The command `chargelink conformance`: a sub-command for either side."""

import argparse

from chargelink.cli.command import Command, Example, Offer
from chargelink.cli.language import Text
from chargelink.cli.parser import Parser

OF_CHARGER = Text("tests a charger: 43 cases, the tester is the car", "测试充电桩：43 个用例，测试系统模拟车辆")
OF_VEHICLE = Text(
    "tests a car's BMS: 42 cases, the tester is the charger", "测试车辆 BMS：42 个用例，测试系统模拟充电桩"
)


def _charger() -> Command:
    from chargelink.sim.conformance.figures import Side
    from chargelink.sim.conformance.live.options import command

    return command(Side.CHARGER, OF_CHARGER)


def _vehicle() -> Command:
    from chargelink.sim.conformance.figures import Side
    from chargelink.sim.conformance.live.options import command

    return command(Side.VEHICLE, OF_VEHICLE)


def configure(parser: argparse.ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    parser.offer((Offer("charger", OF_CHARGER, _charger), Offer("vehicle", OF_VEHICLE, _vehicle)))


COMMAND = Command(
    name="conformance",
    summary=Text("plays the cases of GB/T 34658 against a charger or a car", "按 GB/T 34658 测试充电桩或车辆"),
    configure=configure,
    run=None,
    examples=(
        Example("chargelink conformance charger --list", Text("what is tested", "列出全部用例")),
        Example(
            "chargelink conformance charger --can can0 --html report.html",
            Text(
                "all cases against the charger on can0; it says what to do at the device",
                "测试 can0 上的充电桩，按提示操作设备",
            ),
        ),
    ),
)
