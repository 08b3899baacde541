"""What can be wrong with a meter and its end of the line, as a table."""

import math
from collections.abc import Callable
from random import Random
from typing import NamedTuple

from chargelink.cli.language import Text
from chargelink.dlt645.control import Function, Function1997
from chargelink.dlt645.frame import Frame

LEAP = 100_000_000  # mWh that a register leaps by
MOST_NOISE = 12  # bytes
NOT_SO_LATE, TOO_LATE = 0.4, 3.0  # s on top: Td may be 0.5 s, and no master waits for 3 s

Change = Callable[[bytes, Random], bytes]


class Fault(NamedTuple):
    """`answers` changes an answer as it travels, `hears` what comes in, `later` holds answers back, in s."""

    meaning: Text
    answers: Change | None = None
    hears: Change | None = None
    later: float = 0.0


def nothing(raw: bytes, dice: Random) -> bytes:
    return b""


def noise(raw: bytes, dice: Random) -> bytes:
    """Stray bytes around an answer, as a driver makes them that is switched."""
    return dice.randbytes(dice.randint(1, MOST_NOISE)) + raw + dice.randbytes(dice.randrange(MOST_NOISE))


def wrong_checksum(raw: bytes, dice: Random) -> bytes:
    return raw[:-2] + bytes((raw[-2] ^ 1 << dice.randrange(8), raw[-1]))


def garbled(raw: bytes, dice: Random) -> bytes:
    """As if another meter answered at once: where either sends a zero there is one."""
    return bytes(byte & other for byte, other in zip(raw, dice.randbytes(len(raw)), strict=True))


def parity(raw: bytes, dice: Random) -> bytes:
    """Even parity at a receiver that knows none: it takes the parity bit for the stop bit, and a byte whose parity
    bit is 0 for a broken one. FE, with seven ones, survives."""
    return bytes(byte if byte.bit_count() % 2 else 0 for byte in raw)


def cut(raw: bytes, dice: Random) -> bytes:
    return raw[: dice.randint(1, len(raw) - 1)]


def wrong_address(raw: bytes, dice: Random) -> bytes:
    """An answer that bears the address of another meter."""
    frame = Frame.decode(raw)
    other = f"{(int(frame.address) + 1) % 10**12:012d}"
    return Frame(other, frame.control, frame.data).encode()


def wrong_identifier(raw: bytes, dice: Random) -> bytes:
    """An answer to a read that bears another identifier, as one to the request before would."""
    frame = Frame.decode(raw)
    if frame.refused or frame.function not in (Function.READ, Function1997.READ):
        return raw
    return Frame(frame.address, frame.control, bytes((frame.data[0] ^ 1,)) + frame.data[1:]).encode()


ON_INTACT_FRAMES = (wrong_address, wrong_identifier)  # before others damage them
FAULTS = {
    "late": Fault(Text("answers at the end of what is allowed", "应答延迟接近允许上限"), later=NOT_SO_LATE),
    "late-answer": Fault(Text("answers when nobody waits any more", "主站放弃后才应答"), later=TOO_LATE),
    "mute": Fault(Text("does not answer", "不应答"), answers=nothing),
    "deaf": Fault(Text("hears nothing", "收不到任何报文"), hears=nothing),
    "echo": Fault(Text("what is sent comes back, as with a two-wire adapter", "发送内容被回显 (两线制转换器)")),
    "noise": Fault(Text("stray bytes around answers", "应答前后有杂散字节"), answers=noise),
    "wrong-checksum": Fault(Text("answers with a wrong checksum", "校验和错误"), answers=wrong_checksum),
    "collision": Fault(Text("another meter answers at once", "两只电能表同时应答"), answers=garbled),
    "parity": Fault(Text("answers as they look without parity", "接收端未设校验位时看到的应答"), answers=parity),
    "cut-frame": Fault(Text("answers break off", "应答帧被截断"), answers=cut),
    "wrong-address": Fault(Text("answers bear another address", "应答地址错误"), answers=wrong_address),
    "wrong-di": Fault(Text("answers bear another identifier", "应答数据标识错误"), answers=wrong_identifier),
    "register-leap": Fault(Text("the energy register leaps by 100 kWh", "电能示数跳变 100 kWh")),
    "register-stuck": Fault(Text("the energy register stands still", "电能示数不走字")),
    "relay-stuck": Fault(Text("the relay obeys but does not move", "继电器接受命令但不动作")),
}


class Declared(NamedTuple):
    """A fault from `since` s after the start on, for `lasting` s or for good."""

    name: str
    since: float = 0.0
    lasting: float | None = None

    @classmethod
    def parse(cls, text: str) -> "Declared":
        """`mute`, `mute@2.5` or `mute@2.5+3`. Raises ValueError for anything else."""
        name, _, moment = text.partition("@")
        since, _, lasting = moment.partition("+")
        try:
            fault = cls(name, float(since or 0), float(lasting) if lasting else None)
        except ValueError:
            raise ValueError(text) from None
        if name not in FAULTS or not all(0 <= seconds < math.inf for seconds in (fault.since, fault.lasting or 0)):
            raise ValueError(text)
        return fault

    def active(self, elapsed: float) -> bool:
        return elapsed >= self.since and (self.lasting is None or elapsed < self.since + self.lasting)


class Faults:
    """Those of one meter; `began` is when it started, in s. The same `seed` garbles the same way."""

    def __init__(self, declared: list[Declared], began: float, seed: int) -> None:
        self._declared = list(declared)
        self._began = began
        self._dice = Random(seed)  # noqa: S311 - no secret: it has to repeat

    def active(self, name: str, now: float) -> bool:
        return any(fault.name == name and fault.active(now - self._began) for fault in self._declared)

    def add(self, text: str, now: float) -> None:
        """One more; its `since` counts from now. Raises ValueError."""
        fault = Declared.parse(text)
        self._declared.append(fault._replace(since=fault.since + now - self._began))

    def mend(self, name: str = "") -> None:
        """Take away those of a name, or all."""
        self._declared = [fault for fault in self._declared if name and fault.name != name]

    def heard(self, data: bytes, now: float) -> bytes:
        for fault in self._working(now):
            if fault.hears is not None and data:
                data = fault.hears(data, self._dice)
        return data

    def answered(self, raw: bytes, now: float) -> tuple[bytes, float]:
        """What an answer becomes, and by how much it is late, in s."""
        working = self._working(now)
        for fault in sorted(working, key=lambda fault: fault.answers not in ON_INTACT_FRAMES):
            if fault.answers is not None and raw:
                raw = fault.answers(raw, self._dice)
        return raw, sum(fault.later for fault in working)

    def _working(self, now: float) -> list[Fault]:
        names = {fault.name for fault in self._declared if fault.active(now - self._began)}
        return [fault for name, fault in FAULTS.items() if name in names]
