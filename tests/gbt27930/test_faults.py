"""What 2023 adds to the causes, versions that are not spoken here, and how bad each fault is (annex C)."""

from enum import StrEnum

import pytest
from msgspec.structs import replace
from tests.gbt27930.opposite import IDENTITY, SOUND, Opposite
from tests.gbt27930.test_charge import LIMITS
from tests.gbt27930.test_vehicle import vehicle_in

from chargelink.gbt27930.catalogue import Edition, Sender
from chargelink.gbt27930.causes import (
    OF_2023,
    ORDERLY_CAUSES,
    ChargerCause,
    ChargerTimeout,
    VehicleCause,
    VehicleTimeout,
    fields,
    flagged,
    raised,
)
from chargelink.gbt27930.charger import Charger
from chargelink.gbt27930.charging import BSM
from chargelink.gbt27930.codes import Excess, Health, Level
from chargelink.gbt27930.ending import BEM, BST, BST2011, CEM, CST, CST2011
from chargelink.gbt27930.faults import FAULTS, BatteryFault, FaultClass, Source, battery_faults, fault_class
from chargelink.gbt27930.handshake import CHM, VERSION_2015, VERSION_2015_PLUS
from chargelink.wire import Message

A, B, C = FaultClass

# The bits that 2015 leaves undefined, as a peer of 2023 sends them, and what is raised.
LATER = [
    (CST, "0000F0F0", ()),
    (CST, "0000A0F0", ()),  # 10, "untrusted", raises nothing
    (CST, "000010F0", ("self_check_fault",)),
    (CST, "000040F0", ("pre_charge_fault",)),
    (CST, "000000D0", ("charge_parameters_mismatch",)),
    (CST, "000050D0", ("self_check_fault", "pre_charge_fault", "charge_parameters_mismatch")),
    (BST, "000000F0", ()),
    (BST, "000000D0", ("charge_parameters_mismatch",)),
    (BST, "000000E0", ()),
    (CST2011, "000050D0", ()),
    (BST2011, "000000D0", ()),
]


@pytest.mark.parametrize(("cls", "payload", "names"), LATER)
def test_what_2023_adds_is_read_and_shown(cls: type[Message], payload: str, names: tuple[str, ...]) -> None:
    message = cls.decode(bytes.fromhex(payload))
    assert raised(message) == names
    assert not message.flaws
    if set(fields(cls)) & OF_2023:
        assert message.encode() == bytes.fromhex(payload)


def test_what_2015_has_no_field_for_is_filled_with_ones_unless_it_is_said() -> None:
    assert flagged(CST, {ChargerCause.MANUAL}).encode() == bytes.fromhex("0400F0F0")
    assert flagged(CST, {ChargerCause.PRE_CHARGE}).encode() == bytes.fromhex("000070F0")
    assert flagged(CST, {ChargerCause.PARAMETERS_MISMATCH}).encode() == bytes.fromhex("0000F0D0")
    assert flagged(BST, {VehicleCause.CHARGER_STOPPED}).encode() == bytes.fromhex("400000F0")
    assert flagged(BST, {VehicleCause.PARAMETERS_MISMATCH}).encode() == bytes.fromhex("000000D0")
    assert flagged(CST2011, {ChargerCause.SELF_CHECK}) == flagged(CST2011, ())


@pytest.mark.parametrize(
    ("cls", "names"),
    [(CST, ChargerCause), (BST, VehicleCause), (CEM, ChargerTimeout), (BEM, VehicleTimeout)],
)
def test_the_names_are_the_fields_in_their_order(cls: type[Message], names: type[StrEnum]) -> None:
    assert fields(cls) == tuple(names)


def test_a_charger_of_2015_plus_is_answered_as_one_of_2015() -> None:
    charger = vehicle_in("waiting")
    charger.say_message(CHM(VERSION_2015_PLUS))
    assert charger.state == "handshake"
    charger.say("CRM(00)")
    charger.run(1.0)
    assert charger.names() == ["BHM", "BRM"]
    assert {said.payload[:3] for said in charger.said if said.name == "BRM"} == {VERSION_2015}


def test_a_vehicle_of_2015_plus_is_answered_as_one_of_2015() -> None:
    charger = Charger(0.0, LIMITS)
    vehicle = Opposite(charger)
    vehicle.events += charger.start(0.0)
    vehicle.say("BHM")
    vehicle.events += charger.insulation_done(0.0)
    vehicle.say_message(replace(IDENTITY, protocol_version=VERSION_2015_PLUS))
    assert vehicle.state == "recognised"
    assert charger.edition is Edition.OF_2015
    assert {said.payload for said in vehicle.said if said.name == "CHM"} == {VERSION_2015}


def test_every_fault_has_a_class_and_nothing_else_has() -> None:
    targets = {VehicleCause.SOC_REACHED, VehicleCause.TOTAL_VOLTAGE_REACHED, VehicleCause.CELL_VOLTAGE_REACHED}
    assert FAULTS[Sender.CHARGER].keys() == {*ChargerCause, *ChargerTimeout, "bro_withdrawn"} - ORDERLY_CAUSES
    assert FAULTS[Sender.BMS].keys() == (
        {*VehicleCause, *VehicleTimeout, *BatteryFault} - targets - {VehicleCause.CHARGER_STOPPED}
    )
    for faults in FAULTS.values():
        assert {fault.source for name, fault in faults.items() if name.endswith("_timeout")} == {Source.ANNEX_C}
    for severity in FaultClass:
        assert severity.text.isascii()
        assert not severity.chinese.isascii()


@pytest.mark.parametrize(
    ("by", "names", "severity"),
    [
        (Sender.CHARGER, (), None),
        (Sender.CHARGER, ("manual_stop", "bms_stopped"), None),
        (Sender.CHARGER, ("bcl_timeout",), A),
        (Sender.CHARGER, ("bro_withdrawn",), B),
        (Sender.CHARGER, ("fault_stop", "emergency_stop"), C),
        (Sender.CHARGER, ("fault_stop", "charger_overtemp"), A),
        (Sender.CHARGER, ("fault_stop", "manual_stop"), B),
        (Sender.CHARGER, ("insulation",), None),
        (Sender.BMS, ("ccs_timeout", "battery_overtemp"), B),
        (Sender.BMS, ("soc_target_reached",), None),
        (Sender.BMS, ("insulation_fault",), C),
    ],
)
def test_the_worst_fault_counts(by: Sender, names: tuple[str, ...], severity: FaultClass | None) -> None:
    assert fault_class(by, names) is severity


@pytest.mark.parametrize(
    ("state", "faults"),
    [
        (SOUND, ()),
        (replace(SOUND, cell_voltage_state=Level.TOO_LOW), (BatteryFault.CELL_VOLTAGE,)),
        (replace(SOUND, soc_state=Level.TOO_HIGH), (BatteryFault.SOC,)),
        (replace(SOUND, over_current=Excess.OVER), (BatteryFault.OVER_CURRENT,)),
        (replace(SOUND, over_temperature=Excess.UNTRUSTED), ()),
        (replace(SOUND, insulation=Health.UNTRUSTED), ()),
        (
            replace(SOUND, insulation=Health.ABNORMAL, output_connector=Health.ABNORMAL),
            (BatteryFault.INSULATION, BatteryFault.CONNECTOR),
        ),
        (replace(SOUND, cell_voltage_state=3, insulation=3), ()),
    ],
)
def test_what_the_battery_reports(state: BSM, faults: tuple[BatteryFault, ...]) -> None:
    assert battery_faults(state) == faults
    assert battery_faults(BSM.decode(state.encode(checked=False))) == faults
