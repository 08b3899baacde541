"""The messages of GB/T 27930 that the guard reads on the bus by itself.

Generated from the declarations by `make docs`; a test keeps it current. Do not edit.
"""

import struct
from typing import NamedTuple


class BCL(NamedTuple):
    """Battery charge demand (电池充电需求), every 50 ms. A positive current is a coding fault known from the field."""

    voltage_demand: int  # mV
    current_demand: int  # mA
    charge_mode: int
    flawed: bool


def decode_bcl(data: bytes) -> BCL | None:
    if len(data) < 5:
        return None
    c0, c2, c4 = struct.unpack_from("<HHB", data)
    flawed = c0 > 15000 or c2 > 4000 or c4 not in (1, 2)
    return BCL(c0 * 100, c2 * 100 - 400000, c4, flawed)


class BCS(NamedTuple):
    """Battery charge status (电池充电总状态), every 250 ms. The group is that of the cell which is highest now."""

    measured_voltage: int  # mV
    measured_current: int  # mA
    max_cell_voltage: int  # mV
    max_cell_group: int
    soc: int  # 0.1 %
    remaining_time: int  # min
    flawed: bool


def decode_bcs(data: bytes) -> BCS | None:
    if len(data) < 9:
        return None
    c0, c2, c4, c6, c7 = struct.unpack_from("<HHHBH", data)
    max_cell_voltage = c4 >> 0 & 4095
    max_cell_group = c4 >> 12 & 15
    flawed = c0 > 15000 or c2 > 5000 or max_cell_voltage > 2400 or c6 > 100 or c7 > 600
    return BCS(c0 * 100, c2 * 100 - 400000, max_cell_voltage * 10, max_cell_group, c6 * 10, c7, flawed)


class BSM(NamedTuple):
    """Battery state (动力蓄电池状态信息), every 250 ms."""

    max_cell_voltage_number: int
    max_temperature: int  # 0.1 °C
    max_temperature_point: int
    min_temperature: int  # 0.1 °C
    min_temperature_point: int
    cell_voltage_state: int
    soc_state: int
    over_current: int
    over_temperature: int
    insulation: int
    output_connector: int
    charge_permission: int
    flawed: bool


def decode_bsm(data: bytes) -> BSM | None:
    if len(data) < 7:
        return None
    c0, c1, c2, c3, c4, c5, c6 = struct.unpack_from("<BBBBBBB", data)
    cell_voltage_state = c5 >> 0 & 3
    soc_state = c5 >> 2 & 3
    over_current = c5 >> 4 & 3
    over_temperature = c5 >> 6 & 3
    insulation = c6 >> 0 & 3
    output_connector = c6 >> 2 & 3
    charge_permission = c6 >> 4 & 3
    flawed = (
        c1 > 250
        or c2 > 127
        or c3 > 250
        or c4 > 127
        or cell_voltage_state not in (0, 1, 2)
        or soc_state not in (0, 1, 2)
        or over_current not in (0, 1, 2)
        or over_temperature not in (0, 1, 2)
        or insulation not in (0, 1, 2)
        or output_connector not in (0, 1, 2)
        or charge_permission not in (0, 1)
    )
    return BSM(
        c0 + 1,
        c1 * 10 - 500,
        c2 + 1,
        c3 * 10 - 500,
        c4 + 1,
        cell_voltage_state,
        soc_state,
        over_current,
        over_temperature,
        insulation,
        output_connector,
        charge_permission,
        flawed,
    )


class BST(NamedTuple):
    """BMS stops charging (BMS中止充电), every 10 ms."""

    soc_target_reached: int
    total_voltage_reached: int
    cell_voltage_reached: int
    charger_stopped: int
    insulation_fault: int
    output_connector_overtemp: int
    bms_component_or_connector_overtemp: int
    charge_connector_fault: int
    battery_overtemp: int
    hv_relay_fault: int
    check_point2_voltage_fault: int
    other_fault: int
    current_excess: int
    voltage_abnormal: int
    charge_parameters_mismatch: int | None
    flawed: bool


def decode_bst(data: bytes) -> BST | None:
    if len(data) < 4:
        return None
    c0, c1, c2, c3 = struct.unpack_from("<BBBB", data)
    soc_target_reached = c0 >> 0 & 3
    total_voltage_reached = c0 >> 2 & 3
    cell_voltage_reached = c0 >> 4 & 3
    charger_stopped = c0 >> 6 & 3
    insulation_fault = c1 >> 0 & 3
    output_connector_overtemp = c1 >> 2 & 3
    bms_component_or_connector_overtemp = c1 >> 4 & 3
    charge_connector_fault = c1 >> 6 & 3
    battery_overtemp = c2 >> 0 & 3
    hv_relay_fault = c2 >> 2 & 3
    check_point2_voltage_fault = c2 >> 4 & 3
    other_fault = c2 >> 6 & 3
    current_excess = c3 >> 0 & 3
    voltage_abnormal = c3 >> 2 & 3
    charge_parameters_mismatch = c3 >> 4 & 3
    flawed = (
        soc_target_reached > 2
        or total_voltage_reached > 2
        or cell_voltage_reached > 2
        or charger_stopped > 2
        or insulation_fault > 2
        or output_connector_overtemp > 2
        or bms_component_or_connector_overtemp > 2
        or charge_connector_fault > 2
        or battery_overtemp > 2
        or hv_relay_fault > 2
        or check_point2_voltage_fault > 2
        or other_fault > 2
        or current_excess > 2
        or voltage_abnormal > 2
    )
    return BST(
        soc_target_reached,
        total_voltage_reached,
        cell_voltage_reached,
        charger_stopped,
        insulation_fault,
        output_connector_overtemp,
        bms_component_or_connector_overtemp,
        charge_connector_fault,
        battery_overtemp,
        hv_relay_fault,
        check_point2_voltage_fault,
        other_fault,
        current_excess,
        voltage_abnormal,
        None if charge_parameters_mismatch == 3 else charge_parameters_mismatch,
        flawed,
    )


class BEM(NamedTuple):
    """BMS error (BMS错误报文), every 250 ms: what the BMS has waited for in vain."""

    crm_00_timeout: int
    crm_aa_timeout: int
    cts_cml_timeout: int
    cro_timeout: int
    ccs_timeout: int
    cst_timeout: int
    csd_timeout: int
    flawed: bool


def decode_bem(data: bytes) -> BEM | None:
    if len(data) < 4:
        return None
    c0, c1, c2, c3 = struct.unpack_from("<BBBB", data)
    crm_00_timeout = c0 >> 0 & 3
    crm_aa_timeout = c0 >> 2 & 3
    cts_cml_timeout = c1 >> 0 & 3
    cro_timeout = c1 >> 2 & 3
    ccs_timeout = c2 >> 0 & 3
    cst_timeout = c2 >> 2 & 3
    csd_timeout = c3 >> 0 & 3
    flawed = (
        crm_00_timeout > 2
        or crm_aa_timeout > 2
        or cts_cml_timeout > 2
        or cro_timeout > 2
        or ccs_timeout > 2
        or cst_timeout > 2
        or csd_timeout > 2
    )
    return BEM(
        crm_00_timeout, crm_aa_timeout, cts_cml_timeout, cro_timeout, ccs_timeout, cst_timeout, csd_timeout, flawed
    )
