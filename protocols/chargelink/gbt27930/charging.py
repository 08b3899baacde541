"""Charging (充电阶段): demand and answer. GB/T 27930-2015, 10.3."""

from typing import Annotated

from chargelink.gbt27930.codes import (
    ChargeCurrent,
    ChargeMode,
    ChargePermission,
    Current,
    Excess,
    Health,
    Level,
    Minutes,
    Percent,
    Permission,
    Temperature,
    Voltage,
)
from chargelink.wire import Message, Rest, bits, u8


class BCL(Message, frozen=True):
    """Battery charge demand (电池充电需求), every 50 ms. A positive current is a coding fault known from the field."""

    voltage_demand: Annotated[Voltage, "SPN 3072"]
    current_demand: Annotated[ChargeCurrent, "SPN 3073"]
    charge_mode: Annotated[ChargeMode | int, u8(note="SPN 3074")]


class BCS(Message, frozen=True):
    """Battery charge status (电池充电总状态), every 250 ms. The group is that of the cell which is highest now."""

    measured_voltage: Annotated[Voltage, "SPN 3075"]
    measured_current: Annotated[Current, "SPN 3076"]
    max_cell_voltage: Annotated[int, bits(12, "5.1", 10, unit="mV", high=24_000, note="SPN 3077")]
    max_cell_group: Annotated[int, bits(4, "6.5", note="0..15")]
    soc: Annotated[Percent, "SPN 3078"]
    remaining_time: Annotated[Minutes, "SPN 3079"]


class BCS2011(Message, frozen=True):
    """Battery charge status of 2011: groups are counted from 1."""

    measured_voltage: Annotated[Voltage, "SPN 3075"]
    measured_current: Annotated[Current, "SPN 3076"]
    max_cell_voltage: Annotated[int, bits(12, "5.1", 10, unit="mV", high=24_000, note="SPN 3077")]
    max_cell_group: Annotated[int, bits(4, "6.5", offset=1, note="1..16")]
    soc: Annotated[Percent, "SPN 3078"]
    remaining_time: Annotated[Minutes, "SPN 3079"]


class CCS(Message, frozen=True):
    """Charger charge status (充电机充电状态), every 50 ms: 7 bytes, 6 in 2011, 8 from some of 2015."""

    output_voltage: Annotated[Voltage, "SPN 3081"]
    output_current: Annotated[Current, "SPN 3082"]
    elapsed_time: Annotated[Minutes, "SPN 3083"]
    charging_permitted: Annotated[Permission | int | None, bits(2, "7.1", note="SPN 3929; 2015 and later")] = None


class BSM(Message, frozen=True):
    """Battery state (动力蓄电池状态信息), every 250 ms."""

    max_cell_voltage_number: Annotated[int, u8(offset=1, note="SPN 3085; 1..256, offset often forgotten")]
    max_temperature: Annotated[Temperature, "SPN 3086"]
    max_temperature_point: Annotated[int, u8(offset=1, high=128, note="SPN 3087")]
    min_temperature: Annotated[Temperature, "SPN 3088"]
    min_temperature_point: Annotated[int, u8(offset=1, high=128, note="SPN 3089")]
    cell_voltage_state: Annotated[Level | int, bits(2, "6.1", note="SPN 3090")]
    soc_state: Annotated[Level | int, bits(2, "6.3", note="SPN 3091")]
    over_current: Annotated[Excess | int, bits(2, "6.5", note="SPN 3092")]
    over_temperature: Annotated[Excess | int, bits(2, "6.7", note="SPN 3093")]
    insulation: Annotated[Health | int, bits(2, "7.1", note="SPN 3094")]
    output_connector: Annotated[Health | int, bits(2, "7.3", note="SPN 3095")]
    charge_permission: Annotated[ChargePermission | int, bits(2, "7.5", note="SPN 3096")]


class Cell(Message, frozen=True):
    """One cell of BMV: groups from 0 in 2015; slots without a cell are all ones."""

    voltage: Annotated[int | None, bits(12, "1.1", 10, unit="mV", high=24_000)]
    group: Annotated[int, bits(4, "2.5")]


class BMV(Message, frozen=True):
    """Cell voltages (单体动力蓄电池电压), every 10 s, optional; cells #1 to #256."""

    cells: Annotated[tuple[Cell, ...], Rest(most=256, note="SPN 3101 and following")]


class BMT(Message, frozen=True):
    """Temperatures (动力蓄电池温度), every 10 s, optional; sensors #1 to #128."""

    temperatures: Annotated[
        tuple[int | None, ...],
        Rest(
            u8(10, offset=-500, unit="0.1 °C", high=2000),
            most=128,
            name="temperatures_C",
            note="SPN 3361 and following",
        ),
    ]


class BSP(Message, frozen=True):
    """Reserved for the battery (动力蓄电池预留报文), every 10 s, optional; at most 16 bytes, SPN 3491 to 3506."""

    reserved: Annotated[bytes, Rest(name="reserved_hex", note="SPN 3491 to 3506")]
