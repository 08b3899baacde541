"""The fields of a GB/T 27930 message, for JSON with units in the names, and for people in words."""

import re
from collections.abc import Callable
from typing import Any

from chargelink.cli.language import Language, Text, spoken
from chargelink.gbt27930.charging import BCL, BCS2011, BMV, BSM, Cell
from chargelink.gbt27930.ending import BEM, BST, BST2011, CEM, CST, CST2011
from chargelink.gbt27930.handshake import BRM, CHM, VERSION_2011, VERSION_2015
from chargelink.gbt27930.parameters import CTS
from chargelink.trace.gbt27930.chinese import CHINESE
from chargelink.units import SHOWN
from chargelink.wire import Coded, Message
from chargelink.wire.layout import Field, layout
from chargelink.wire.show import show_of, shown

VERSIONS = {VERSION_2011: "V1.0", VERSION_2015: "V1.1", bytes.fromhex("000002"): "V2.0.0"}
YEARS = {"V1.0": "2011", "V1.1": "2015"}
_CODE = re.compile(r"^(0x[0-9A-F]{2}|[01]{2})( |$)")
FIRST_CELLS = 6
MASKED = 6  # characters at the end of a VIN that a listing does not show

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
    if not message.flaws and None in parts:
        return {"time": None}
    fields: Fields = {"bytes_sec_min_hour_day_month_yearLE_bcd": _clock_bytes(message).hex(), "time": "invalid BCD"}
    if not message.flaws:
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


def _misread_current(message: BCL, payload: bytes) -> Fields:
    """Some buses send -10 * I - 400 as a signed number: what they mean, for people; never to be obeyed."""
    raw = int.from_bytes(payload[2:4], "little", signed=True)
    return {"workaround_current_A_magnitude": (raw + 400) / -10} if raw < 0 else {}


DERIVED: dict[type[Message], Callable[[Any, bytes], Fields]] = {
    BRM: _opaque,
    BCS2011: _group_of_2011,
    BCL: _misread_current,
    BSM: _fill,
}


def json_fields(cls: type[Message]) -> Callable[[Any], Fields]:
    """The function that gives the fields of messages of a class for JSON."""
    return JSON.get(cls) or show_of(cls)


def words(message: Message) -> str:
    """The fields of a message for people, in the chosen language."""
    special = WORDS.get(type(message))
    return special(message) if special else _listed(message)


def _listed(message: Message) -> str:
    of = layout(type(message))
    fields = [*of.fields, of.rest] if of.rest else of.fields
    return _comma().join(f"{name_of(field)} {_value(field, getattr(message, field.name))}" for field in fields)


def _comma() -> str:
    return str(Text(", ", "，"))


def name_of(field: Field) -> str:
    """The name of a field in the chosen language."""
    return CHINESE.get(field.name, field.name) if spoken() is Language.CHINESE else field.name.replace("_", " ")


def spoken_name(cls: type[Message], shown_name: str) -> str:
    """The same for a field by its name in JSON; a part of a field keeps that name."""
    return next((name_of(field) for field in layout(cls).fields if field.shown_name == shown_name), shown_name)


def _value(field: Field, value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, Coded):
        return str(Text(_plain(value), value.chinese))
    if isinstance(value, tuple):
        return " ".join(_value(field, part) for part in value)
    if isinstance(value, bytes):
        return version(value) if field.name == "protocol_version" else value.hex(" ")
    if isinstance(value, str):
        return repr(value)[1:-1]
    unit = getattr(field.item, "unit", "") or getattr(getattr(field.item, "each", None), "unit", "")
    divisor, symbol = SHOWN[unit].divisor, SHOWN[unit].symbol
    return f"{value if divisor == 1 else value / divisor} {symbol}".rstrip()


def _plain(code: Coded) -> str:
    """The words of a code without its number: "permitted" for "01 permitted"."""
    plain = _CODE.sub("", code.text)
    return plain or code.name.replace("_", " ").lower()


def _identified(message: BRM) -> str:
    masked = message.vin and message.vin[:-MASKED] + "*" * MASKED
    plain = BRM(
        message.protocol_version,
        message.battery_type,
        message.rated_capacity,
        message.rated_voltage,
        charge_count=message.charge_count,
        ownership=message.ownership,
        vin=masked,
    )
    fields = [field for field in layout(BRM).fields if getattr(plain, field.name) is not None]
    return _comma().join(f"{name_of(field)} {_value(field, getattr(plain, field.name))}" for field in fields)


def _causes(message: Message) -> str:
    """The causes or timeouts that are set."""
    fields = layout(type(message)).fields
    marks = {1: "", 2: str(Text(" (untrusted)", "（不可信）")), 3: str(Text(" (reserved code 11)", "（保留值 11）"))}
    states = {name_of(field): getattr(message, field.name) for field in fields}
    said = [f"{name}{marks[state]}" for name, state in states.items() if state]
    return _comma().join(said) or str(Text("nothing set", "均未置位"))


def _cells_in_words(message: BMV) -> str:
    fields = _cells(message)
    return Text("{} cells, {} to {} V, groups {}", "{} 个单体，{} 至 {} V，分组 {}").format(
        fields["valid_entries"], fields["min_V"], fields["max_V"], " ".join(map(str, fields["groups"]))
    )


WORDS: dict[type[Message], Callable[[Any], str]] = {
    CHM: lambda message: version(message.protocol_version),
    BRM: _identified,
    CTS: lambda message: str(_clock(message)["time"] or "–"),
    BMV: _cells_in_words,
    **dict.fromkeys((BST, BST2011, CST, CST2011, BEM, CEM), _causes),
}
