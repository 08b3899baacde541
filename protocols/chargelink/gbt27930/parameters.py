"""Charging parameters (充电参数配置阶段): what can you take, what can I give? GB/T 27930-2015, 10.2."""

from typing import Annotated

from chargelink.gbt27930.codes import CellVoltage, ChargeCurrent, Ready, Temperature, Voltage
from chargelink.wire import Bcd, Message, u8, u16


class BCP(Message, frozen=True):
    """Battery charge parameters (动力蓄电池充电参数), every 500 ms."""

    max_cell_voltage: Annotated[CellVoltage, "SPN 2816"]
    max_charge_current: Annotated[ChargeCurrent, "SPN 2817"]
    nominal_energy: Annotated[int, u16(100_000, unit="mWh", high=1_000_000_000, note="SPN 2818")]
    max_total_voltage: Annotated[Voltage, "SPN 2819"]
    max_temperature: Annotated[Temperature, "SPN 2820"]
    soc: Annotated[int, u16(unit="0.1 %", high=1000, note="SPN 2821; some send whole percents")]
    battery_voltage: Annotated[Voltage, "SPN 2822"]


class CTS(Message, frozen=True):
    """Charger time (充电机发送时间同步信息), every 500 ms, optional. Clocks of chargers are often wrong."""

    second: Annotated[int | None, Bcd(1, high=59, note="SPN 2823")]
    minute: Annotated[int | None, Bcd(1, high=59)]
    hour: Annotated[int | None, Bcd(1, high=23)]
    day: Annotated[int | None, Bcd(1, low=1, high=31)]
    month: Annotated[int | None, Bcd(1, low=1, high=12)]
    year: Annotated[int | None, Bcd(2)]


class CML(Message, frozen=True):
    """Charger maximum output (充电机最大输出能力), every 250 ms: 8 bytes, 6 in 2011."""

    max_output_voltage: Annotated[Voltage, "SPN 2824"]
    min_output_voltage: Annotated[Voltage, "SPN 2825"]
    max_output_current: Annotated[ChargeCurrent, "SPN 2826"]
    min_output_current: Annotated[
        int | None, u16(100, offset=-400_000, unit="mA", high=0, note="SPN 2827; 2015 and later")
    ] = None


class BRO(Message, frozen=True):
    """Is the battery ready (动力蓄电池充电准备就绪状态)? Every 250 ms."""

    ready: Annotated[Ready | int, u8(note="SPN 2829")]


class CRO(Message, frozen=True):
    """Is the charger ready (充电机输出准备就绪状态)? Every 250 ms."""

    ready: Annotated[Ready | int, u8(note="SPN 2830")]
