"""The fields of a GB/T 27930 message as JSON has them: with units in the names, and some that follow from others."""

import re
from collections.abc import Callable
from typing import Any

from chargelink.gbt27930.charging import BCL, BCS2011, BMV, BSM, Cell
from chargelink.gbt27930.handshake import BRM, CHM, VERSION_2011, VERSION_2015, VERSION_2015_PLUS
from chargelink.gbt27930.parameters import CTS
from chargelink.wire import Message
from chargelink.wire.layout import layout
from chargelink.wire.show import show_of, shown

VERSIONS = {VERSION_2011: "V1.0", VERSION_2015: "V1.1", VERSION_2015_PLUS: "V2.0.0"}
YEARS = {"V1.0": "2011", "V1.1": "2015", "V2.0.0": "2015+"}
_CODE = re.compile(r"^(0x[0-9A-F]{2}|[01]{2})( |$)")
FIRST_CELLS = 6
NO_CLOCK = "invalid BCD"  # also where only a part of the time is there

Fields = dict[str, Any]


def version(protocol_version: bytes) -> str:
    """The name of a version: V1.1 for 01 01 00; the bytes where nobody gave them a name."""
    return VERSIONS.get(protocol_version, protocol_version.hex())


def _handshake(message: CHM) -> Fields:
    return {"protocol_version": version(message.protocol_version)}


def _identification(message: BRM) -> Fields:
    fields = shown(message)
    name = version(message.protocol_version)
    year, month, day = message.production_year, message.production_month, message.production_day
    for part in ("production_year", "production_month", "production_day"):
        del fields[part]
    return {
        "protocol_version": f"{name} ({YEARS[name]})" if name in YEARS else name,
        "battery_type": int(message.battery_type),
        **fields,
        "production_date": None if None in (year, month, day) else f"{year}-{month:02}-{day:02}",
    }


def _clock(message: CTS) -> Fields:
    parts = (message.year, message.month, message.day, message.hour, message.minute, message.second)
    if not message.flaws and set(parts) == {None}:
        return {"time": None}
    fields: Fields = {"bytes_sec_min_hour_day_month_yearLE_bcd": _clock_bytes(message).hex(), "time": NO_CLOCK}
    if not message.flaws and None not in parts:
        year, month, day, hour, minute, second = parts
        fields["time"] = f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"
    return fields


def _clock_bytes(message: CTS) -> bytes:
    """As they came: a field that is no BCD is None, but its flaw keeps what was sent."""
    sent = bytearray(message.encode(checked=False))
    for flaw in message.flaws:
        field = next(field for field in layout(CTS).fields if field.name == flaw.field)
        sent[field.start // 8 : field.end // 8] = flaw.raw.to_bytes(field.width // 8, "little")
    return bytes(sent)


def _cells(message: BMV) -> Fields:
    there = [cell for cell in message.cells if cell.voltage is not None]
    voltages = [cell.voltage / 1000 for cell in there if cell.voltage is not None]
    return {
        "entries": len(message.cells),
        "valid_entries": len(there),
        "first_cells_V_group": [_pair(cell) for cell in there[:FIRST_CELLS]],
        "last_valid_cell_V_group": _pair(there[-1]) if there else None,
        "min_V": min(voltages, default=None),
        "max_V": max(voltages, default=None),
        "groups": sorted({cell.group for cell in there}),
        "cells_V": [None if cell.voltage is None else cell.voltage / 1000 for cell in message.cells],
    }


def _pair(cell: Cell) -> list[float | int]:
    return [(cell.voltage or 0) / 1000, cell.group]


JSON: dict[type[Message], Callable[[Any], Fields]] = {
    CHM: _handshake,
    BRM: _identification,
    CTS: _clock,
    BMV: _cells,
}


def _opaque(message: BRM, payload: bytes) -> Fields:
    """What only its maker can read, as it came, and the length that tells the editions apart."""
    fields: Fields = {"length": len(payload)}
    if len(payload) >= 16:
        fields["pack_serial_hex"] = payload[12:16].hex()
    if len(payload) >= 24:
        fields["reserved_byte24"] = f"0x{payload[23]:02X}"
    if len(payload) >= 49:
        fields["bms_software_version_hex"] = payload[41:49].hex()
    return fields


def _group_of_2011(message: BCS2011, payload: bytes) -> Fields:
    return {"max_cell_group_raw": message.max_cell_group - 1}


def _fill(message: BSM, payload: bytes) -> Fields:
    return {"fill_bits_7_7": f"{payload[6] >> 6:02b}"}


def misread_current(message: BCL) -> float | None:
    """In A, what a bus means that sends -10 I - 400 as a signed number; None where it cannot. Never to be obeyed."""
    raw = (message.current_demand + 400_000) // 100 - 0x10000
    return (raw + 400) / -10 if -0x8000 <= raw < -1 else None  # -1, all ones: nothing is said


def _misread(message: BCL, payload: bytes) -> Fields:
    meant = misread_current(message)
    return {} if meant is None else {"workaround_current_A_magnitude": meant}


DERIVED: dict[type[Message], Callable[[Any, bytes], Fields]] = {
    BRM: _opaque,
    BCS2011: _group_of_2011,
    BCL: _misread,
    BSM: _fill,
}


def json_fields(cls: type[Message]) -> Callable[[Any], Fields]:
    """The function that gives the fields of messages of a class for JSON."""
    return JSON.get(cls) or show_of(cls)
