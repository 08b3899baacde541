"""Charging handshake (充电握手阶段): who are you? GB/T 27930-2015, 10.1."""

from typing import Annotated

from chargelink.gbt27930.codes import BatteryType, Ownership, Recognition, Voltage
from chargelink.wire import Message, Raw, Text, u8, u16, u24, u32

VERSION_2011 = bytes.fromhex("000100")
VERSION_2015 = bytes.fromhex("010100")
VERSION_2015_PLUS = bytes.fromhex("000002")  # GB/T 27930.2-2024, not spoken here: who says it is answered as 2015


class CHM(Message, frozen=True):
    """Charger handshake (充电机握手), every 250 ms; 2015 and later."""

    protocol_version: Annotated[bytes, Raw(3, note="SPN 2600; V1.1 = 01 01 00, V2.0.0 = 00 00 02")]


class BHM(Message, frozen=True):
    """Vehicle handshake (车辆握手), every 250 ms; 2015 and later: what it may be charged to, so the limit of the test.

    2023 redefines it: the total voltage that is allowed while the insulation is monitored.
    """

    max_allowed_charge_voltage: Annotated[int, u16(100, unit="mV", high=1_500_000, note="SPN 2601")]


class CRM(Message, frozen=True):
    """Charger recognition (充电机辨识), every 250 ms."""

    recognition_result: Annotated[Recognition | int, u8(note="SPN 2560")]
    charger_number: Annotated[int | None, u32(note="SPN 2561")]
    region_code: Annotated[str | None, Text(3, name="region_code_ascii", note="SPN 2562")] = None


class CRM2011(Message, frozen=True):
    """Charger recognition of 2011: one byte of number, six of region."""

    recognition_result: Annotated[Recognition | int, u8(note="SPN 2560")]
    charger_number: Annotated[int, u8(name="charger_number_raw", note="SPN 2561; 1..100 with offset 1, FF unknown")]
    region_code: Annotated[str | None, Text(6, name="region_code_ascii", note="SPN 2562")] = None


class BRM(Message, frozen=True):
    """BMS and vehicle identification (BMS和车辆辨识), every 250 ms: 49 bytes, 41 in 2011 (vendors stop in between)."""

    protocol_version: Annotated[bytes, Raw(3, name="protocol_version_bytes", note="SPN 2565; 2011 = 00 01 00")]
    battery_type: Annotated[BatteryType | int, u8(name="battery_type_text", note="SPN 2566")]
    rated_capacity: Annotated[int, u16(100, unit="mAh", high=1_000_000, note="SPN 2567")]
    rated_voltage: Annotated[Voltage, "SPN 2568"]
    vendor: Annotated[str | None, Text(4, name="vendor_ascii", note="SPN 2569")] = None
    pack_serial: Annotated[bytes | None, Raw(4, name="pack_serial_hex", note="SPN 2570")] = None
    production_year: Annotated[
        int | None, u8(offset=1985, high=2060, note="SPN 2571; some send the year without the offset")
    ] = None
    production_month: Annotated[int | None, u8(low=1, high=12)] = None
    production_day: Annotated[int | None, u8(low=1, high=31)] = None
    charge_count: Annotated[int | None, u24(note="SPN 2572")] = None
    ownership: Annotated[Ownership | int | None, u8(note="SPN 2573")] = None
    reserved: Annotated[bytes | None, Raw(1, name="reserved_byte24", note="SPN 2574")] = None
    vin: Annotated[str | None, Text(17, note="SPN 2575; personal data")] = None
    bms_software_version: Annotated[
        bytes | None, Raw(8, name="bms_software_version_hex", note="SPN 2576; build, day, month, year, 3 reserved")
    ] = None
