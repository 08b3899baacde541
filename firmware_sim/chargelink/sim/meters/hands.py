"""What people do to a meter: open its covers, press its keys, take its power, set its clock, break and mend it."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from chargelink.cli.language import Text
from chargelink.sim.meters import events
from chargelink.sim.meters.device import Device
from chargelink.sim.meters.faults import FAULTS
from chargelink.sim.meters.line import Line


class Order(NamedTuple):
    """`does` gets the word behind the order's name. Raises ValueError for one that makes no sense."""

    written: str
    meaning: Text
    does: Callable[[Device, str], None]


def cover(kind: str) -> Callable[[Device, str], None]:
    """One that is opened and closed."""

    def move(device: Device, word: str) -> None:
        if word not in ("open", "close"):
            raise ValueError(word)
        device.move_cover(kind, word == "open")

    return move


def power(device: Device, word: str) -> None:
    if word not in ("on", "off"):
        raise ValueError(word)
    device.set_power(word == "on")


def press_key(device: Device, word: str) -> None:
    keys = {"programming": lambda: device.key.press(device.now), "closing": device.relay.press}
    if word not in keys:
        raise ValueError(word)
    keys[word]()
    device.record_relay()


def set_clock(device: Device, word: str) -> None:
    to = datetime.fromisoformat(word)
    if to.tzinfo is not None:
        raise ValueError(word)
    device.set_clock(to)


def move_relay(device: Device, word: str) -> None:
    moves = {"trip": device.relay.trip, "close": device.relay.close}
    if word not in moves:
        raise ValueError(word)
    moves[word]()
    device.record_relay()


def add_fault(device: Device, word: str) -> None:
    device.faults.add(word, device.now)


def mend(device: Device, word: str) -> None:
    if word and word not in FAULTS:
        raise ValueError(word)
    device.faults.mend(word)


ORDERS = {
    "cover": Order("open|close", Text("the meter's cover", "表盖"), cover(events.COVER_OPEN)),
    "terminal-cover": Order("open|close", Text("that of its terminals", "端钮盒盖"), cover(events.TERMINAL_COVER_OPEN)),
    "key": Order(
        "programming|closing",
        Text("presses the programming key, or the one that closes the relay if permitted", "按编程键或合闸键"),
        press_key,
    ),
    "clock": Order("YYYY-MM-DDThh:mm:ss", Text("sets the clock", "设置时钟"), set_clock),
    "relay": Order("trip|close", Text("moves the relay by hand", "手动跳合闸"), move_relay),
    "power": Order("off|on", Text("takes the meter's power, gives it back", "断电、上电"), power),
    "fault": Order("NAME[@S[+S]]", Text("a fault from now on", "从现在起注入故障"), add_fault),
    "mend": Order("[NAME]", Text("takes a fault away, or all", "清除故障"), mend),
}


def obey(line: Line, text: str, now: float) -> str:
    """Do what `[ADDRESS] ORDER [WORD]` says, to all meters if it names none; the answer to give."""
    words = text.split()
    named = [device for device in line.devices if words and device.address == words[0]]
    if named:
        words = words[1:]
    if not words or words[0] not in ORDERS or len(words) > 2:
        return "error [ADDRESS] " + ", ".join(f"{name} {order.written}" for name, order in ORDERS.items())
    name, word = words[0], "".join(words[1:])
    for device in named or line.devices:
        device.pass_time(now)
        try:
            ORDERS[name].does(device, word)
        except ValueError:
            return f"error {name} {ORDERS[name].written}"
    return "ok"
