"""What a vehicle told of its battery, in words for people on the spot, and what is not available."""

from collections.abc import Iterator, Mapping
from typing import Any

from chargelink.cli.language import Text

CHEMISTRIES = {
    "lead_acid": Text("lead-acid", "铅酸"),
    "nimh": Text("NiMH", "镍氢"),
    "lifepo4": Text("LiFePO4", "磷酸铁锂"),
    "limn2o4": Text("LiMn2O4", "锰酸锂"),
    "licoo2": Text("LiCoO2", "钴酸锂"),
    "ternary": Text("ternary lithium", "三元锂"),
    "polymer": Text("polymer lithium-ion", "聚合物锂离子"),
    "lto": Text("LTO", "钛酸锂"),
    "other": Text("other chemistry", "其他类型"),
}
# What is said of each, with its divisor and its digits.
QUANTITIES = {
    "capacity": (Text("{} Ah", "额定容量 {} Ah"), 1_000, 1),
    "ratedVoltage": (Text("rated {} V", "额定电压 {} V"), 1_000, 1),
    "nominalEnergy": (Text("{} kWh", "标称能量 {} kWh"), 1_000_000, 1),
    "cells": (Text("{} cells", "{} 个单体"), 1, 0),
    "highestCell": (Text("highest cell {} V", "最高单体 {} V"), 1_000, 2),
    "lowestCell": (Text("lowest cell {} V", "最低单体 {} V"), 1_000, 2),
    "sensors": (Text("{} sensors", "{} 个测温点"), 1, 0),
    "highestTemperature": (Text("hottest {} °C", "最高温度 {} °C"), 10, 0),
    "lowestTemperature": (Text("coldest {} °C", "最低温度 {} °C"), 10, 0),
}
NUMBERS = {
    "highestCell": "highestCellNumber",
    "lowestCell": "lowestCellNumber",
    "highestTemperature": "highestSensor",
    "lowestTemperature": "lowestSensor",
}
NUMBERED = Text(" (no. {})", "（{} 号）")
MISSING = {
    "vin": Text("VIN", "VIN"),
    "chemistry": Text("battery type", "电池类型"),
    "manufacturer": Text("manufacturer", "生产厂商"),
    "capacity": Text("capacity", "额定容量"),
    "nominalEnergy": Text("energy", "标称能量"),
    "highestCell": Text("highest cell voltage", "最高单体电压"),
    "highestCellNumber": Text("number of the highest cell", "最高单体编号"),
    "lowestCell": Text("lowest cell voltage", "最低单体电压"),
    "lowestCellNumber": Text("number of the lowest cell", "最低单体编号"),
    "highestTemperature": Text("temperatures", "温度"),
}
NOT_OFFERED = {
    "heating": Text("heating", "电池加热状态"),
    "cooling": Text("cooling", "电池冷却状态"),
    "internalResistance": Text("internal resistance", "内阻"),
    "vehicleModel": Text("vehicle model", "车型"),
}


def battery_lines(detail: Mapping[str, Any]) -> Iterator[str]:
    """What is known of the battery, what this vehicle did not tell, and what no vehicle can tell; else nothing."""
    battery = detail.get("battery")
    if not isinstance(battery, Mapping):
        return
    if known := ", ".join(_known(battery)):
        yield f"{Text('battery', '电池')}: {known}"
    if missing := _words(MISSING, detail.get("notTold", ())):
        yield Text("not told by this vehicle so far: {}", "该车辆尚未提供：{}").format(missing)
    if absent := _words(NOT_OFFERED, detail.get("notOffered", ())):
        yield Text(
            "not available, GB/T 27930-2015 has no field for it: {}", "不可用，GB/T 27930-2015 无此字段：{}"
        ).format(absent)


def _known(battery: Mapping[str, Any]) -> Iterator[str]:
    if "chemistry" in battery:
        yield str(CHEMISTRIES.get(battery["chemistry"], battery["chemistry"]))
    if "manufacturer" in battery:
        yield Text("made by {}", "厂商 {}").format(battery["manufacturer"])
    for key, (words, divisor, digits) in QUANTITIES.items():
        if key in battery:
            number = battery.get(NUMBERS.get(key, ""))
            value = words.format(f"{battery[key] / divisor:.{digits}f}")
            yield value if number is None else value + NUMBERED.format(number)


def _words(names: Mapping[str, Text], listed: Any) -> str:
    return ", ".join(str(text) for name, text in names.items() if name in listed)
