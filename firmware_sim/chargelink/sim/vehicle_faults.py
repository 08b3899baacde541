"""What a vehicle can do wrong, as a table: each fault changes or swallows frames on their way.

The BMS behind them is as the standard wants it, so that a fault is exactly what its row says.
"""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

import msgspec

from chargelink.cli.language import Text
from chargelink.gbt27930.catalogue import BY_NAME
from chargelink.gbt27930.charging import BCL, BSM
from chargelink.gbt27930.codes import ChargePermission, Excess, Level, Ready
from chargelink.gbt27930.identifier import Identifier
from chargelink.gbt27930.transport import Frame
from chargelink.gbt27930.transport.frames import TP_CM, Control

Filter = Callable[[Frame], Frame | None]


class Fault(NamedTuple):
    """`sends` changes what goes out, `hears` what comes in; None swallows the frame.

    One that `sleeps` is over when the auxiliary supply comes back after 10 s or more.
    """

    meaning: Text
    sends: Filter | None = None
    hears: Filter | None = None
    sleeps: bool = False


def carries(frame: Frame, name: str) -> bool:
    """The frame is the message of this name, or asks to send it by the transport protocol."""
    pgn = Identifier.decode(frame.identifier).pgn
    wanted = BY_NAME[name].pgn
    if pgn == TP_CM << 8 and frame.data[0] == Control.RTS:
        return int.from_bytes(frame.data[5:8], "little") == wanted
    return pgn == wanted


def without(*names: str) -> Filter:
    """Swallow messages."""
    return lambda frame: None if any(carries(frame, name) for name in names) else frame


def nothing(frame: Frame) -> None:
    """Swallow every message."""


def wrong_current(frame: Frame) -> Frame:
    """An LFP bus of 2015 codes its demand as -10 I - 400, as a signed number, though its BCP is right."""
    if not carries(frame, "BCL"):
        return frame
    demand = BCL.decode(frame.data)
    raw = demand.current_demand // 100 - 400  # charging is negative: -10 I of the standard's 0.1 A
    return frame._replace(data=frame.data[:2] + raw.to_bytes(2, "little", signed=True) + frame.data[4:])


def state(**changes: int) -> Filter:
    """Say something else in BSM."""

    def changed(frame: Frame) -> Frame:
        if not carries(frame, "BSM"):
            return frame
        return frame._replace(data=msgspec.structs.replace(BSM.decode(frame.data), **changes).encode(checked=False))

    return changed


def withdrawn(frame: Frame) -> Frame:
    """Say BRO(00)."""
    return frame._replace(data=bytes([Ready.NOT_READY])) if carries(frame, "BRO") else frame


def padded(frame: Frame) -> Frame:
    """Eight bytes in every frame, as vehicles of 2011 send them."""
    return frame._replace(data=frame.data.ljust(8, b"\0"))


def other_priority(frame: Frame) -> Frame:
    """Every frame with priority 6."""
    return frame._replace(identifier=Identifier.decode(frame.identifier)._replace(priority=6).encode())


FAULTS = {
    "silent": Fault(Text("sends nothing", "不发送任何报文"), sends=nothing),
    "deaf": Fault(Text("hears nothing", "收不到任何报文"), hears=nothing),
    "bus-gap": Fault(Text("neither sends nor hears", "总线中断 (不发送也收不到)"), sends=nothing, hears=nothing),
    "sleeps": Fault(
        Text("sleeps until its auxiliary supply was off for 10 s", "休眠，辅助电源断开 10 秒后才唤醒"),
        sends=nothing,
        hears=nothing,
        sleeps=True,
    ),
    "silent-brm": Fault(Text("does not say who it is", "不发送 BRM"), sends=without("BRM")),
    "silent-bcp": Fault(Text("does not send its parameters", "不发送 BCP"), sends=without("BCP")),
    "silent-bro": Fault(Text("is never ready", "不发送 BRO"), sends=without("BRO")),
    "silent-bcl": Fault(Text("stops demanding", "不发送 BCL"), sends=without("BCL")),
    "silent-bcs": Fault(Text("stops saying how it is", "不发送 BCS"), sends=without("BCS")),
    "silent-bst": Fault(Text("stops without a word", "不发送 BST"), sends=without("BST")),
    "silent-bsd": Fault(Text("ends without statistics", "不发送 BSD"), sends=without("BSD")),
    "ignores-cst": Fault(Text("does not hear that the charger stops", "忽略 CST"), hears=without("CST")),
    "ignores-csd": Fault(Text("does not hear the charger's statistics", "忽略 CSD"), hears=without("CSD")),
    "withdraws": Fault(Text("takes its readiness back", "撤回准备就绪状态 (BRO 00)"), sends=withdrawn),
    "wrong-current": Fault(Text("codes the current it wants wrongly", "电流需求编码错误"), sends=wrong_current),
    "over-temperature": Fault(
        Text("its battery is too hot", "动力蓄电池温度过高"), sends=state(over_temperature=Excess.OVER)
    ),
    "cell-over-voltage": Fault(
        Text("a cell has too high a voltage", "单体电压过高"), sends=state(cell_voltage_state=Level.TOO_HIGH)
    ),
    "untrusted": Fault(
        Text("does not trust its sensors", "传感器数据不可信"),
        sends=state(over_current=Excess.UNTRUSTED, over_temperature=Excess.UNTRUSTED),
    ),
    "pauses": Fault(
        Text("forbids charging for a while", "暂时禁止充电"), sends=state(charge_permission=ChargePermission.FORBIDDEN)
    ),
    "padded": Fault(Text("fills every frame to 8 bytes", "所有帧补足 8 字节"), sends=padded),
    "other-priority": Fault(Text("uses other priorities", "使用其他优先级"), sends=other_priority),
}


class Declared(NamedTuple):
    """A fault from `since` s after charging began on, or from the beginning (None), for `lasting` s or for good."""

    name: str
    since: float | None = None
    lasting: float | None = None

    @classmethod
    def parse(cls, text: str) -> "Declared":
        """`silent-bcl`, `silent-bcl@2.5` or `pauses@2.5+3`. Raises ValueError for anything else."""
        name, _, moment = text.partition("@")
        since, _, lasting = moment.partition("+")
        if name not in FAULTS:
            raise ValueError(name)
        return cls(name, float(since) if since else None, float(lasting) if lasting else None)

    @classmethod
    def drawn(cls, seed: int) -> "Declared":
        """Any fault, within the first seconds of a charge; the same for the same seed."""
        dice = Random(seed)  # noqa: S311  (no secret: it has to repeat)
        return cls(dice.choice(sorted(FAULTS)), dice.randrange(3000) / 1000)

    def active(self, charging_for: float | None) -> bool:
        """Whether it is there now, so many s after charging began (None: it has not)."""
        if self.since is None:
            return True
        elapsed = -1.0 if charging_for is None else charging_for - self.since
        return elapsed >= 0 and (self.lasting is None or elapsed < self.lasting)
