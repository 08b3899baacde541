"""What a meter tells under an item's name, and what it keeps under an identifier."""

from datetime import datetime
from typing import TYPE_CHECKING

from chargelink.dlt645.bodies import Address
from chargelink.dlt645.catalogue import STANDARD
from chargelink.dlt645.forms import Stamp, Value
from chargelink.sim.meters import curves
from chargelink.sim.meters.clock import written
from chargelink.sim.meters.display import shown
from chargelink.sim.meters.parameters import COMBINATION, MODE, encoded

if TYPE_CHECKING:
    from chargelink.sim.meters.device import Device

MAINS_FREQUENCY = 50_000  # mHz
UNITY = 1_000  # power factor, 1/1000
TEMPERATURE = 251  # 0.1 °C
CLOCK_BATTERY, BACKUP_BATTERY = 3_600, 6_000  # mV
PRECISE = "precise_"
REVERSE = 1 << 4  # status words
ABSENT = ("_b", "_c")
PER_PHASE = ("voltage", "current", "active_power", "reactive_power", "apparent_power", "power_factor")
PROFILE_CLASSES = (  # of identifiers, in the order of table A.7; what a meter does not have travels as absent
    ("02010100", "02010200", "02010300", "02020100", "02020200", "02020300", "02800002"),
    tuple(f"020{quantity}0{phase}00" for quantity in (3, 4) for phase in range(4)),
    tuple(f"02060{phase}00" for phase in range(4)),
    tuple(f"000{quantity}0000" for quantity in range(1, 5)),
    tuple(f"000{quantity}0000" for quantity in range(5, 9)),
    ("02800004", "02800005"),
)


def quantity(device: "Device", name: str) -> Value | None:
    """The value of an item, in its small unit; None for a phase that there is not. Raises KeyError for nothing."""
    now = _instantaneous(device)
    if name in now:
        return now[name]
    base, suffix = name[:-2], name[-2:]
    if suffix in ABSENT and f"{base}_a" in now and base in PER_PHASE:
        return None
    if name.startswith(PRECISE) and device.built.coarse:
        raise KeyError(name)
    name, _, back = name.partition("_settlement_")
    dates = name.replace("_max_demand_time", "_max_demand")  # of 1997, where it has an identifier of its own
    if back and not back.isdecimal():
        raise KeyError(name)
    if int(back or 0) > len(device.settled):
        raise KeyError(name)
    holdings = device.settled[int(back) - 1] if back else device.holdings
    value = holdings.value(dates, device.tariffs, device.parameters.number(COMBINATION))
    if dates != name:
        assert isinstance(value, tuple)
        when = value[1]
        assert isinstance(when, Stamp)
        return Stamp(when.text[5:])
    return value


def _instantaneous(device: "Device") -> dict[str, Value | None]:
    """mV, mA, mW: what is measured now. Direct current is that of phase A."""
    probe, power = device.register.probe, device.power
    tariff, slot, day_table, zone = device.slot
    values: dict[str, Value | None] = {
        "voltage_a": probe.voltage,
        "current_a": probe.current,
        "active_power_total": power,
        "active_power_a": power,
        "mean_active_power": device.demand.minute,
        "active_demand": device.demand.present,
        "temperature": TEMPERATURE,
        "clock_battery_voltage": CLOCK_BATTERY,
        "backup_battery_voltage": BACKUP_BATTERY,
        "battery_working_time": 0,
        "present_tariff_state": f"{zone:02d}{day_table:02d}{slot:02d}{tariff:02d}",
    }
    if device.built.alternating:
        values |= {f"reactive_power{which}": 0 for which in ("_total", "_a")}
        values |= {f"apparent_power{which}": abs(power) for which in ("_total", "_a")}
        values |= {f"power_factor{which}": UNITY for which in ("_total", "_a")}
        values |= {"frequency": MAINS_FREQUENCY}
    return values


def kept(device: "Device", identifier: str) -> bytes | None:
    """What stands under an identifier of 2007 that nobody measures; None for what does not."""
    shows = written(device.shows)
    weekday = device.shows.isoweekday() % 7
    match identifier:
        case "04000101":
            return encoded(identifier, Stamp(shows[:10], weekday))
        case "04000102":
            return encoded(identifier, Stamp(shows[11:]))
        case "0400010C":
            return encoded(identifier, Stamp(shows, weekday))
        case "04000401":
            return Address(device.address).encode()
        case "04000402":
            return device.parameters.get(identifier, Address(device.address).encode())
        case _ if identifier.startswith("040005"):
            return _status(device, identifier)
        case _ if identifier.startswith("05"):
            return device.freezes.value(identifier)
    return device.parameters.get(identifier) or device.events.value(identifier)


def _status(device: "Device", identifier: str) -> bytes | None:
    relay, backward = device.relay, device.power < 0
    words = {
        "04000501": REVERSE * backward,
        "04000502": int(backward),
        "04000503": device.key.allows(device.now) << 3 | relay.open << 4 | relay.told_to_trip << 6 | relay.alarm << 7,
        "04000504": backward << 6,
        "04000505": 0,
        "04000506": 0,
        "04000507": 0,
    }
    return encoded(identifier, words[identifier]) if identifier in words else None


def classes(device: "Device", when: datetime) -> curves.Record:
    """What the load profile keeps of a moment, of the classes that the mode word names."""
    mode = device.parameters.number(MODE)
    return curves.Record(
        when,
        tuple(
            b"".join(_now(device, identifier) for identifier in identifiers) if mode & 1 << number else b""
            for number, identifiers in enumerate(PROFILE_CLASSES)
        ),
    )


def _now(device: "Device", identifier: str) -> bytes:
    """An instantaneous value or an energy; absent if there is none."""
    item = STANDARD.find(identifier)
    assert item is not None
    try:
        value = quantity(device, item.name)
    except KeyError:
        value = None
    return shown(item.form, value)
