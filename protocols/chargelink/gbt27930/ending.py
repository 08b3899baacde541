"""End of charging (充电结束阶段) and errors (错误报文): who stopped, why, what was it. GB/T 27930-2015, 10.4 and 10.5.

Each cause and each timeout has two bits: 00 normal, 01 reached, faulty or timed out, 10 untrusted. Where the edition of
2023 (category A) gave undefined bits a meaning, None is what 2015 fills them with.
"""

from typing import Annotated

from chargelink.gbt27930.codes import CellVoltage, LaterState, Minutes, Percent, State, Temperature
from chargelink.wire import Message, bits, u8, u16, u32


class BST(Message, frozen=True):
    """BMS stops charging (BMS中止充电), every 10 ms."""

    soc_target_reached: Annotated[State, "SPN 3511"]
    total_voltage_reached: State
    cell_voltage_reached: State
    charger_stopped: Annotated[int, bits(2, high=2, name="charger_stopped_CST", note="CST received")]
    insulation_fault: Annotated[State, "SPN 3512"]
    output_connector_overtemp: Annotated[State, "2023: the vehicle inlet"]
    bms_component_or_connector_overtemp: Annotated[State, "2023: the harness inside the vehicle"]
    charge_connector_fault: Annotated[State, "2023: the charge coupler"]
    battery_overtemp: State
    hv_relay_fault: State
    check_point2_voltage_fault: State
    other_fault: State
    current_excess: Annotated[State, "SPN 3513"]
    voltage_abnormal: State
    charge_parameters_mismatch: Annotated[LaterState, "2023"] = None


class BST2011(Message, frozen=True):
    """BMS stops charging, 2011: bits 3.3 are "other fault", which 2015 reads as the high voltage relay."""

    soc_target_reached: Annotated[State, "SPN 3511"]
    total_voltage_reached: State
    cell_voltage_reached: State
    insulation_fault: Annotated[int, bits(2, "2.1", high=2, note="SPN 3512")]
    output_connector_overtemp: State
    bms_component_or_connector_overtemp: State
    charge_connector_fault: State
    battery_overtemp: State
    other_fault: State
    current_excess: Annotated[int, bits(2, "4.1", high=2, note="SPN 3513")]
    voltage_abnormal: State


class CST(Message, frozen=True):
    """Charger stops charging (充电机中止充电), every 10 ms."""

    charger_condition_reached: Annotated[State, "SPN 3521"]
    manual_stop: State
    fault_stop: State
    bms_stopped: Annotated[int, bits(2, high=2, name="bms_stopped_BST", note="BST received")]
    charger_overtemp: Annotated[State, "SPN 3522"]
    connector_fault: State
    charger_internal_overtemp: State
    energy_not_deliverable: State
    emergency_stop: State
    other_fault: State
    self_check_fault: Annotated[LaterState, "2023"]
    pre_charge_fault: Annotated[LaterState, "2023"]
    current_mismatch: Annotated[State, "SPN 3523"]
    voltage_abnormal: State
    charge_parameters_mismatch: Annotated[LaterState, "2023"] = None


class CST2011(Message, frozen=True):
    """Charger stops charging, 2011: it cannot say that the BMS stopped."""

    charger_condition_reached: Annotated[State, "SPN 3521"]
    manual_stop: State
    fault_stop: State
    charger_overtemp: Annotated[int, bits(2, "2.1", high=2, note="SPN 3522")]
    connector_fault: State
    charger_internal_overtemp: State
    energy_not_deliverable: State
    emergency_stop: State
    other_fault: State
    current_mismatch: Annotated[int, bits(2, "4.1", high=2, note="SPN 3523")]
    voltage_abnormal: State


class BSD(Message, frozen=True):
    """BMS statistics (BMS统计数据), every 250 ms."""

    final_soc: Annotated[Percent, "SPN 3601"]
    min_cell_voltage: Annotated[CellVoltage, "SPN 3602"]
    max_cell_voltage: Annotated[CellVoltage, "SPN 3603"]
    min_temperature: Annotated[Temperature, "SPN 3604"]
    max_temperature: Annotated[Temperature, "SPN 3605"]


class CSD(Message, frozen=True):
    """Charger statistics (充电机统计数据), every 250 ms: 8 bytes."""

    charge_time: Annotated[Minutes, "SPN 3611"]
    output_energy: Annotated[int, u16(100_000, unit="mWh", high=1_000_000_000, note="SPN 3612")]
    charger_number: Annotated[
        int | None, u32(name="charger_number_raw", note="SPN 3613; offset 1 on paper, none from real chargers")
    ] = None  # some cut it short


class CSD2011(Message, frozen=True):
    """Charger statistics of 2011: 5 bytes."""

    charge_time: Annotated[Minutes, "SPN 3611"]
    output_energy: Annotated[int, u16(100_000, unit="mWh", high=1_000_000_000, note="SPN 3612")]
    charger_number: Annotated[int | None, u8(name="charger_number_raw", note="SPN 3613; 1..100 with offset 1")]


class BEM(Message, frozen=True):
    """BMS error (BMS错误报文), every 250 ms: what the BMS has waited for in vain."""

    crm_00_timeout: Annotated[int, bits(2, "1.1", high=2, name="SPN3901_CRM_00_timeout")]
    crm_aa_timeout: Annotated[int, bits(2, "1.3", high=2, name="SPN3902_CRM_AA_timeout")]
    cts_cml_timeout: Annotated[int, bits(2, "2.1", high=2, name="SPN3903_CTS_CML_timeout")]
    cro_timeout: Annotated[int, bits(2, "2.3", high=2, name="SPN3904_CRO_timeout")]
    ccs_timeout: Annotated[int, bits(2, "3.1", high=2, name="SPN3905_CCS_timeout")]
    cst_timeout: Annotated[int, bits(2, "3.3", high=2, name="SPN3906_CST_timeout")]
    csd_timeout: Annotated[int, bits(2, "4.1", high=2, name="SPN3907_CSD_timeout")]


class CEM(Message, frozen=True):
    """Charger error (充电机错误报文), every 250 ms: what the charger has waited for in vain."""

    brm_timeout: Annotated[int, bits(2, "1.1", high=2, name="SPN3921_BRM_timeout")]
    bcp_timeout: Annotated[int, bits(2, "2.1", high=2, name="SPN3922_BCP_timeout")]
    bro_timeout: Annotated[int, bits(2, "2.3", high=2, name="SPN3923_BRO_timeout")]
    bcs_timeout: Annotated[int, bits(2, "3.1", high=2, name="SPN3924_BCS_timeout")]
    bcl_timeout: Annotated[int, bits(2, "3.3", high=2, name="SPN3925_BCL_timeout")]
    bst_timeout: Annotated[int, bits(2, "3.5", high=2, name="SPN3926_BST_timeout")]
    bsd_timeout: Annotated[int, bits(2, "4.1", high=2, name="SPN3927_BSD_timeout")]
