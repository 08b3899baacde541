"""What a vehicle tells of its battery beyond what charging it needs, and what it does not tell.

    told = Told()
    told.take(message)        BRM, BCP, BCS, BSM, BMV, BMT, BSD of GB/T 27930, of either edition
    told.battery              as it was told last, without what cannot be true
    told.shown()              the same for people on the spot

Numbers of cells and sensors from BSM are as the standard reads them; many vehicles forget its offset of 1. Those of BMV
and BMT are places in the message, counted from 1. The pack's serial number, its date and its count of charges are left
out: together they would know a car again that was erased (docs/personal-data.md).
"""

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

import msgspec

from chargelink.gbt27930.charging import BCS, BCS2011, BMT, BMV, BSM
from chargelink.gbt27930.codes import BatteryType
from chargelink.gbt27930.ending import BSD
from chargelink.gbt27930.handshake import BRM
from chargelink.gbt27930.parameters import BCP
from chargelink.gbt27930.plausibility import COLDEST_CHARGE
from chargelink.model import Battery
from chargelink.wire import Message

MOST_CAPACITY, MOST_ENERGY, MOST_VOLTAGE = 1_000_000, 1_000_000_000, 1_500_000  # mAh, mWh, mV
MOST_CELL = 24_000  # mV
HOTTEST = 2000  # 0.1 °C
MOST_SENSORS = 128
VALUE = itemgetter(0)  # of a value and its place: the first of several that are highest
NOT_OFFERED = ("heating", "cooling", "internalResistance", "vehicleModel")
"""What GB/T 27930-2015 has no field for, whatever the vehicle."""

MESSAGES: dict[type[Message], str] = {
    BRM: "BRM", BCP: "BCP", BCS: "BCS", BCS2011: "BCS", BSM: "BSM", BMV: "BMV", BMT: "BMT", BSD: "BSD",
}  # fmt: skip
NAMES = tuple(field.encode_name for field in msgspec.structs.fields(Battery))


class Told:
    """What one vehicle told. Another vehicle's BRM forgets what the one before it told."""

    def __init__(self) -> None:
        self._messages: dict[str, Any] = {}

    def take(self, message: Message) -> None:
        """Remember a message; of each kind the last counts."""
        name = MESSAGES.get(type(message))
        if name is None:
            return
        if name == "BRM" and self._messages.get(name) not in (None, message):
            self._messages.clear()
        self._messages[name] = message

    @property
    def battery(self) -> Battery | None:
        """As it was told last; None before anything of it was."""
        said: dict[str, Any] = {}
        if self._messages:
            said = self._rated() | self._cells() | self._temperatures()
        battery = Battery(**said)
        return None if battery == Battery() else battery

    def shown(self) -> dict[str, Any]:
        """For people: what is known, whether a VIN was told, and by name what is not; empty before anything was."""
        if not self._messages:
            return {}
        known = msgspec.to_builtins(self.battery or Battery())
        brm: BRM | None = self._messages.get("BRM")
        vin = bool(brm and brm.vin and brm.vin.strip("0 \0\xff"))
        missing = [name for name in NAMES if name not in known] + ([] if vin else ["vin"])
        return {"battery": known, "notTold": missing, "notOffered": [*NOT_OFFERED]}

    def _rated(self) -> dict[str, Any]:
        brm: BRM | None = self._messages.get("BRM")
        bcp: BCP | None = self._messages.get("BCP")
        said: dict[str, Any] = {"nominal_energy": _within(bcp.nominal_energy, MOST_ENERGY)} if bcp else {}
        if brm:
            kind = brm.battery_type
            said["chemistry"] = kind.name.lower() if isinstance(kind, BatteryType) else None
            said["manufacturer"] = _printable(brm.vendor)
            said["capacity"] = _within(brm.rated_capacity, MOST_CAPACITY)
            said["rated_voltage"] = _within(brm.rated_voltage, MOST_VOLTAGE)
        return said

    def _cells(self) -> dict[str, Any]:
        """Both of one moment where BMV came: BCS of now and a BMV of 10 s ago would show a spread that never was."""
        bmv: BMV | None = self._messages.get("BMV")
        if bmv and (cells := _numbered((cell.voltage for cell in bmv.cells), 0, MOST_CELL)):
            (lowest, lowest_place), (highest, highest_place) = min(cells), max(cells, key=VALUE)
            said = {"cells": len(cells), "lowest_cell": lowest, "lowest_cell_number": lowest_place}
            group = bmv.cells[highest_place - 1].group
            return said | {
                "highest_cell": highest, "highest_cell_number": highest_place, "highest_cell_group": group,
            }  # fmt: skip
        return self._extremes()

    def _extremes(self) -> dict[str, Any]:
        """Of a vehicle without BMV: the highest cell while it charges, the lowest at the end."""
        bcs: BCS | BCS2011 | None = self._messages.get("BCS")
        bsm: BSM | None = self._messages.get("BSM")
        bsd: BSD | None = self._messages.get("BSD")
        said: dict[str, Any] = {}
        if bcs and (highest := _within(bcs.max_cell_voltage, MOST_CELL)):
            said["highest_cell"], said["highest_cell_group"] = highest, bcs.max_cell_group
            said["highest_cell_number"] = bsm.max_cell_voltage_number if bsm else None
        lowest = _within(bsd.min_cell_voltage, MOST_CELL) if bsd else None
        if lowest and lowest <= said.get("highest_cell", MOST_CELL):
            said["lowest_cell"] = lowest
        return said

    def _temperatures(self) -> dict[str, Any]:
        bsm: BSM | None = self._messages.get("BSM")
        bmt: BMT | None = self._messages.get("BMT")
        sensors = _numbered(bmt.temperatures if bmt else (), COLDEST_CHARGE, HOTTEST)
        said: dict[str, Any] = {"sensors": len(sensors)} if sensors else {}
        if bsm and COLDEST_CHARGE < bsm.min_temperature <= bsm.max_temperature <= HOTTEST:
            hottest = bsm.max_temperature, _within(bsm.max_temperature_point, MOST_SENSORS)
            coldest = bsm.min_temperature, _within(bsm.min_temperature_point, MOST_SENSORS)
        elif sensors:
            hottest, coldest = max(sensors, key=VALUE), min(sensors)
        else:
            return said
        said["highest_temperature"], said["highest_sensor"] = hottest
        said["lowest_temperature"], said["lowest_sensor"] = coldest
        return said


def _within(value: int, most: int) -> int | None:
    """The value, if it is more than nothing and not more than the standard's most."""
    return value if 0 < value <= most else None


def _numbered(values: Iterable[int | None], above: int, most: int) -> list[tuple[int, int]]:
    """What can be true of a list, each with its place in it, counted from 1."""
    return [(value, place) for place, value in enumerate(values, 1) if value is not None and above < value <= most]


def _printable(text: str | None) -> str | None:
    """What letters a vehicle gave; None for filling and for what is no text."""
    letters = (text or "").strip(" \0\xff")
    return letters if letters and letters.isascii() and letters.isprintable() else None
