"""Parameters: lists of tag (1), length (1), value; a list is taken as a whole or not at all.

Values are integers, or tuples of them, in the unit of the table PARAMETERS. `settings` reads and writes the lists; it
is imported when the first one comes, for construct takes 2 MiB, and sockets that keep their defaults never need it.
"""

from typing import Annotated, NamedTuple, Self

import msgspec

from chargelink.lora_socket.codes import ParameterResult
from chargelink.wire import Flaw, Message, Rest, Why, u8

Value = int | tuple[int, ...] | bytes


class Parameter(NamedTuple):
    """One parameter: `fields` integers of `format` ("B" u8, "b" i8, "H" u16), each between `low` and `high`."""

    tag: int
    name: str
    chinese: str
    format: str
    fields: int
    unit: str
    low: int
    high: int
    default: Value


PARAMETERS = (
    Parameter(0x01, "largest power of an outlet", "单口最大功率", "H", 1, "W", 30, 2200, 400),
    Parameter(0x02, "largest power of the socket", "整机最大功率", "H", 1, "W", 30, 4400, 4400),
    Parameter(0x03, "longest charge", "最长充电时间", "H", 1, "min", 1, 720, 480),
    Parameter(0x04, "power below which a battery is full", "充满判断功率", "B", 1, "W", 1, 200, 30),
    Parameter(0x05, "time below it", "充满判断时间", "B", 1, "min", 1, 240, 10),
    Parameter(0x06, "top-up time", "浮充时间", "B", 1, "min", 0, 240, 45),
    Parameter(0x07, "no load below", "空载判断功率", "B", 1, "W", 1, 50, 3),
    Parameter(0x08, "no load for", "空载判断时间", "H", 1, "s", 5, 3600, 60),
    Parameter(0x09, "wait for the plug", "等待插入时间", "H", 1, "s", 10, 600, 120),
    Parameter(0x0A, "power step", "功率突变阈值", "H", 1, "W", 10, 2200, 80),
    Parameter(0x0B, "power step held for", "功率突变持续时间", "H", 1, "s", 1, 600, 30),
    Parameter(
        0x0C,
        "board warning, board cut-off, contact warning, contact cut-off",
        "主板与触点的告警和切断温度",
        "b",
        4,
        "°C",
        40,
        110,
        (70, 85, 75, 90),
    ),
    Parameter(0x0D, "lowest and highest voltage", "欠压和过压阈值", "H", 2, "0.1 V", 1000, 2900, (1600, 2650)),
    Parameter(0x0E, "tier bounds", "功率分档上限", "H", 4, "W", 10, 2200, (200, 300, 500, 1000)),
    Parameter(0x0F, "resume after mains loss within", "断电恢复时限", "B", 1, "min", 0, 240, 15),
    Parameter(0x10, "status mode", "状态上报模式", "B", 1, "", 0, 2, 0),
    Parameter(0x11, "lamp and voice", "灯光与语音", "B", 1, "", 0, 255, 255),
    Parameter(0x12, "transmit power", "发射功率", "b", 1, "dBm", -9, 17, 17),
    Parameter(0x13, "USB policy", "USB 策略", "B", 1, "", 0, 2, 0),
    Parameter(0x14, "polls missed until the edge counts as lost", "判定网关离线的漏询次数", "B", 1, "", 1, 255, 3),
)
SIGNATURE = 0x20  # Ed25519 signature of the firmware that OTA_SETUP announces
SIGNATURE_LENGTH = 64  # bytes

BY_TAG = {parameter.tag: parameter for parameter in PARAMETERS}


class Setting(NamedTuple):
    """One parameter and its value; the bytes as they came where the tag is unknown or the length wrong."""

    tag: int
    value: Value


def judge(setting: Setting) -> Why | None:
    """What is wrong with a setting, if anything."""
    if setting.tag == SIGNATURE:
        return None if isinstance(setting.value, bytes) and len(setting.value) == SIGNATURE_LENGTH else Why.TORN
    parameter = BY_TAG.get(setting.tag)
    if parameter is None:
        return Why.UNKNOWN_CODE
    values = setting.value if isinstance(setting.value, tuple) else (setting.value,)
    numbers = [value for value in values if isinstance(value, int)]
    if len(numbers) != parameter.fields or len(values) != parameter.fields:
        return Why.TORN
    if max(numbers) > parameter.high:
        return Why.ABOVE
    return Why.BELOW if min(numbers) < parameter.low else None


def _read(data: bytes) -> tuple[Setting, ...]:
    from chargelink.lora_socket.settings import read_settings

    return read_settings(data)


def _written(settings: tuple[Setting, ...], checked: bool) -> bytes:
    from chargelink.lora_socket.settings import write_settings

    return write_settings(settings, checked)


def _flaws(settings: tuple[Setting, ...]) -> tuple[Flaw, ...]:
    judged = [(setting, judge(setting)) for setting in settings]
    return tuple(Flaw(f"parameter {setting.tag:02X}", setting.tag, why) for setting, why in judged if why)


class ParameterSet(msgspec.Struct, frozen=True):
    """PARAM_SET: a list to be taken as a whole. One flaw, and the socket refuses all of it with the tag at fault."""

    settings: tuple[Setting, ...]
    flaws: tuple[Flaw, ...] = ()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read the list. Raises DecodeError when it is torn."""
        settings = _read(data)
        return cls(settings, _flaws(settings))

    def encode(self, length: None = None, checked: bool = True) -> bytes:
        """Write the list. Raises EncodeError for a setting that a socket would refuse."""
        return _written(self.settings, checked)


class ParameterGet(Message, frozen=True):
    """PARAM_GET: tags to be reported; none for all."""

    tags: Annotated[tuple[int, ...], Rest(u8(), most=64)] = ()


class ReportHead(Message, frozen=True):
    """What comes before the list of a report."""

    result: Annotated[ParameterResult | int, u8()]
    tag: Annotated[int, u8()]
    version: Annotated[int, u8()]


class ParameterReport(msgspec.Struct, frozen=True):
    """PARAM_RPT: what became of a PARAM_SET, or what a PARAM_GET asked for. `tag` is the one at fault, else 0."""

    result: ParameterResult | int
    tag: int
    version: int
    settings: tuple[Setting, ...] = ()
    flaws: tuple[Flaw, ...] = ()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read a report of at least 3 bytes. Raises DecodeError when it is torn."""
        head = ReportHead.decode(data)
        settings = _read(data[3:])
        return cls(head.result, head.tag, head.version, settings, (*head.flaws, *_flaws(settings)))

    def encode(self, length: None = None, checked: bool = True) -> bytes:
        """Write the report. Raises EncodeError."""
        head = ReportHead(self.result, self.tag, self.version)
        return head.encode(None, checked) + _written(self.settings, checked)
