"""The command `chargelink decode`: one sub-command a protocol, loaded when chosen."""

import argparse

from chargelink.cli.command import Command, Example, offers_of_modules
from chargelink.cli.language import Text
from chargelink.cli.parser import Parser

PROTOCOLS = {
    "gbt27930": Text("CAN between charger and car (GB/T 27930)", "充电桩与车辆之间的 CAN 通信 (GB/T 27930)"),
    "dlt645": Text("electricity meters (DL/T 645-2007)", "多功能电能表通信 (DL/T 645-2007)"),
    "ls1": Text("radio packets of e-bike sockets (LS1)", "电动自行车智能插座的无线报文 (LS1)"),
    "gwmp": Text("UDP between LoRa gateway and server (Semtech)", "LoRa 网关与服务器之间的 UDP 报文 (Semtech)"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    parser.offer(offers_of_modules("chargelink.trace", PROTOCOLS))


COMMAND = Command(
    name="decode",
    summary=Text("read a recording in plain words", "把通信记录解读成易懂的文字"),
    configure=configure,
    run=None,
    examples=(
        Example(
            "chargelink decode gbt27930 candump.log",
            Text("a recording made by candump -l", "解读 candump -l 的记录"),
        ),
        Example(
            "candump -L can0 | chargelink decode gbt27930 -",
            Text("live, as the frames come", "实时解读"),
        ),
        Example(
            "chargelink decode gbt27930 --json session.asc | jq .fields",
            Text("for programs: one JSON object a line", "供程序使用: 每行一个 JSON 对象"),
        ),
    ),
)
