"""The command `chargelink sim`: one sub-command a device, loaded when chosen.

A simulator is a row of `SIMULATORS`: its name on the command line and a line about it. The module of the same name
(`-` read as `_`) holds it as `COMMAND`.
"""

import argparse

from chargelink.cli.command import Command, Example, offers_of_modules
from chargelink.cli.language import Text
from chargelink.cli.parser import Parser

SIMULATORS = {
    "can-bus": Text("a CAN bus for the others, on loopback", "供其他仿真设备使用的本机 CAN 总线"),
    "vehicle": Text("a car that charges: its BMS and its battery", "正在充电的车辆: BMS 与动力蓄电池"),
    "charger": Text("the charger's end of GB/T 27930, nothing behind it", "GB/T 27930 充电桩侧通信，无功率部分"),
    "replay": Text("plays a CAN recording onto a bus", "把 CAN 记录回放到总线上"),
    "charger-io": Text("inside of a DC charger: modules, contactors, lock", "直流充电桩内部: 模块、接触器、电子锁"),
    "inlet": Text("plug and battery of a car, its BMS is a tester's", "车辆插座与电池，BMS 由测试系统扮演"),
    "meter": Text("electricity meters (DL/T 645) on a serial line", "串口上的多功能电能表 (DL/T 645)"),
    "fleet": Text("edges by the thousand, to try a hub with", "成千上万个边缘网关，用于检验平台"),
    "site": Text("e-bike sockets behind a LoRa gateway", "LoRa 网关下的电动自行车智能插座"),
}


def configure(parser: argparse.ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    parser.offer(offers_of_modules("chargelink.sim", SIMULATORS))


COMMAND = Command(
    name="sim",
    summary=Text("devices that pretend, on the real wire formats", "采用真实通信格式的仿真设备"),
    configure=configure,
    run=None,
    examples=(
        Example("chargelink sim can-bus", Text("a bus; it prints its address", "启动一条总线，并显示其地址")),
        Example(
            "chargelink sim replay candump.log --can socketcand://127.0.0.1:29536/can0",
            Text("a recording on that bus, in its own time", "按原有时间把记录回放到总线上"),
        ),
    ),
)
