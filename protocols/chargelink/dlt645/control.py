"""What a frame is for: the control code, its functions in both editions, and the error word of a refusal.

Control code (DL/T 645-2007, clause 5.2.4): D7 direction (1 = from the meter), D6 abnormal reply, D5 more frames
follow, D4..D0 function.
"""

from enum import IntEnum, IntFlag, StrEnum
from typing import NamedTuple

FROM_METER = 0x80
ABNORMAL = 0x40
MORE_FOLLOWS = 0x20
FUNCTION = 0x1F


class Edition(StrEnum):
    """Which document explains a frame."""

    DLT645_2007 = "2007"
    DLT645_1997 = "1997"
    DLT645_1997_VENDOR = "1997-vendor"
    """The frame of 1997 with a function that the document does not have."""
    DLT698_45 = "698.45"


class Function(IntEnum):
    """Functions of the 2007 edition; security, relay and terminal signal come from State Grid's supplements."""

    SECURITY = 0x03
    BROADCAST_TIME = 0x08
    READ = 0x11
    READ_FOLLOW_UP = 0x12
    READ_ADDRESS = 0x13
    WRITE = 0x14
    WRITE_ADDRESS = 0x15
    FREEZE = 0x16
    SET_BAUD = 0x17
    SET_PASSWORD = 0x18
    CLEAR_DEMAND = 0x19
    CLEAR_METER = 0x1A
    CLEAR_EVENTS = 0x1B
    RELAY = 0x1C
    TERMINAL_SIGNAL = 0x1D


class Function1997(IntEnum):
    """Functions of the 1997 edition."""

    READ = 0x01
    READ_FOLLOW_UP = 0x02
    READ_AGAIN = 0x03
    WRITE = 0x04
    BROADCAST_TIME = 0x08
    WRITE_ADDRESS = 0x0A
    SET_BAUD = 0x0C
    SET_PASSWORD = 0x0F
    CLEAR_DEMAND = 0x10


class Words(NamedTuple):
    """One thing said in both languages."""

    english: str
    chinese: str


def counted(count: int, thing: str) -> str:
    """A count in English: "1 byte", "2 bytes"."""
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


WORDS_2007: dict[int, Words] = {
    Function.SECURITY: Words("security", "安全认证"),
    Function.BROADCAST_TIME: Words("broadcast time", "广播校时"),
    Function.READ: Words("read", "读数据"),
    Function.READ_FOLLOW_UP: Words("read follow-up", "读后续数据"),
    Function.READ_ADDRESS: Words("read address", "读通信地址"),
    Function.WRITE: Words("write", "写数据"),
    Function.WRITE_ADDRESS: Words("write address", "写通信地址"),
    Function.FREEZE: Words("freeze", "冻结"),
    Function.SET_BAUD: Words("set baud rate", "更改通信速率"),
    Function.SET_PASSWORD: Words("set password", "修改密码"),
    Function.CLEAR_DEMAND: Words("clear demand", "最大需量清零"),
    Function.CLEAR_METER: Words("clear meter", "电表清零"),
    Function.CLEAR_EVENTS: Words("clear events", "事件清零"),
    Function.RELAY: Words("relay", "跳合闸、报警、保电"),
    Function.TERMINAL_SIGNAL: Words("terminal signal", "多功能端子控制"),
}
WORDS_1997: dict[int, Words] = {
    Function1997.READ: Words("read", "读数据"),
    Function1997.READ_FOLLOW_UP: Words("read follow-up", "读后续数据"),
    Function1997.READ_AGAIN: Words("read again", "重读数据"),
    Function1997.WRITE: Words("write", "写数据"),
    Function1997.BROADCAST_TIME: Words("broadcast time", "广播校时"),
    Function1997.WRITE_ADDRESS: Words("write address", "写设备地址"),
    Function1997.SET_BAUD: Words("set baud rate", "更改通信速率"),
    Function1997.SET_PASSWORD: Words("set password", "修改密码"),
    Function1997.CLEAR_DEMAND: Words("clear demand", "最大需量清零"),
}


class ErrorWord(IntFlag):
    """Why a meter refuses: the one byte of a D1, D2, D4 ... reply; bits can be combined."""

    OTHER = 0x01
    NO_REQUESTED_DATA = 0x02
    NOT_AUTHORISED = 0x04
    BAUD_CANNOT_CHANGE = 0x08
    YEAR_ZONES_EXCEEDED = 0x10
    DAY_SLOTS_EXCEEDED = 0x20
    TARIFF_COUNT_EXCEEDED = 0x40
    RESERVED = 0x80


ERROR_WORDS: dict[int, Words] = {
    ErrorWord.OTHER: Words("other error", "其他错误"),
    ErrorWord.NO_REQUESTED_DATA: Words("no requested data", "无请求数据"),
    ErrorWord.NOT_AUTHORISED: Words("password error/not authorised", "密码错/未授权"),
    ErrorWord.BAUD_CANNOT_CHANGE: Words("baud cannot change", "通信速率不能更改"),
    ErrorWord.YEAR_ZONES_EXCEEDED: Words("year zones exceeded", "年时区数超"),
    ErrorWord.DAY_SLOTS_EXCEEDED: Words("day slots exceeded", "日时段数超"),
    ErrorWord.TARIFF_COUNT_EXCEEDED: Words("tariff count exceeded", "费率数超"),
    ErrorWord.RESERVED: Words("reserved", "保留"),
}


class ErrorWord1997(IntFlag):
    """Why a meter of the 1997 edition refuses. Some firmware answers with the bits of `ErrorWord` instead."""

    ILLEGAL_DATA = 0x01
    WRONG_IDENTIFIER = 0x02
    WRONG_PASSWORD = 0x04
    RESERVED_3 = 0x08
    YEAR_ZONES_EXCEEDED = 0x10
    DAY_SLOTS_EXCEEDED = 0x20
    TARIFF_COUNT_EXCEEDED = 0x40
    RESERVED_7 = 0x80


ERROR_WORDS_1997: dict[int, Words] = {
    ErrorWord1997.ILLEGAL_DATA: Words("illegal data", "非法数据"),
    ErrorWord1997.WRONG_IDENTIFIER: Words("wrong identifier", "数据标识错"),
    ErrorWord1997.WRONG_PASSWORD: Words("password error", "密码错"),
    ErrorWord1997.RESERVED_3: Words("reserved", "保留"),
    ErrorWord1997.YEAR_ZONES_EXCEEDED: Words("year zones exceeded", "年时区数超"),
    ErrorWord1997.DAY_SLOTS_EXCEEDED: Words("day slots exceeded", "日时段数超"),
    ErrorWord1997.TARIFF_COUNT_EXCEEDED: Words("tariff count exceeded", "费率数超"),
    ErrorWord1997.RESERVED_7: Words("reserved", "保留"),
}


class SecurityError(IntFlag):
    """The two bytes of a C3 reply, low first (State Grid's supplement on security)."""

    OTHER = 0x0001
    RECHARGED_TWICE = 0x0002
    ESAM_CHECK_FAILED = 0x0004
    AUTHENTICATION_FAILED = 0x0008
    CUSTOMER_DOES_NOT_MATCH = 0x0010
    RECHARGE_COUNT_WRONG = 0x0020
    HOARDING = 0x0040
    ADDRESS_DOES_NOT_MATCH = 0x0080
    SUSPENDED = 0x0100
    PASSWORD_NOT_SET = 0x8000


SECURITY_ERRORS: dict[int, Words] = {
    SecurityError.OTHER: Words("other error", "其他错误"),
    SecurityError.RECHARGED_TWICE: Words("recharged twice", "重复充值"),
    SecurityError.ESAM_CHECK_FAILED: Words("ESAM check failed", "ESAM验证失败"),
    SecurityError.AUTHENTICATION_FAILED: Words("authentication failed", "身份认证失败"),
    SecurityError.CUSTOMER_DOES_NOT_MATCH: Words("customer number does not match", "客户编号不匹配"),
    SecurityError.RECHARGE_COUNT_WRONG: Words("recharge count wrong", "充值次数错误"),
    SecurityError.HOARDING: Words("more than may be hoarded", "购电超囤积"),
    SecurityError.ADDRESS_DOES_NOT_MATCH: Words("address does not match", "表号不匹配"),
    SecurityError.SUSPENDED: Words("meter suspended", "电能表挂起"),
    SecurityError.PASSWORD_NOT_SET: Words("password could not be set", "密码设置错误"),
}


class RelayError(IntFlag):
    """The two bytes that meters with an ESAM send in a DC reply, low first (State Grid's supplement)."""

    SUSPENDED = 0x0001
    WRONG_MAC = 0x0002
    WRONG_PASSWORD = 0x0004
    AUTHENTICATION_TIMED_OUT = 0x0008
    DEADLINE_INVALID = 0x0010
    POWER_KEPT = 0x0020
    POWER_KEPT_FOR_RETURN = 0x0040
    RETURN_TIME_INVALID = 0x0080
    TRIPPED_ALREADY = 0x0100


RELAY_ERRORS: dict[int, Words] = {
    RelayError.SUSPENDED: Words("meter suspended", "电能表挂起"),
    RelayError.WRONG_MAC: Words("MAC wrong", "MAC校验错"),
    RelayError.WRONG_PASSWORD: Words("password error", "密码错"),
    RelayError.AUTHENTICATION_TIMED_OUT: Words("authentication timed out", "身份认证超时"),
    RelayError.DEADLINE_INVALID: Words("deadline invalid", "有效时间无效"),
    RelayError.POWER_KEPT: Words("power is kept: no trip", "保电中不执行跳闸"),
    RelayError.POWER_KEPT_FOR_RETURN: Words("power is kept: no trip with return", "保电中不执行自动恢复跳闸"),
    RelayError.RETURN_TIME_INVALID: Words("time of return invalid", "自动恢复时间无效"),
    RelayError.TRIPPED_ALREADY: Words("tripped already: no trip with return", "跳闸状态不执行自动恢复跳闸"),
}

AnyError = ErrorWord | ErrorWord1997 | SecurityError | RelayError


class RelayAccepted(IntFlag):
    """The two bytes that meters with an ESAM send in a 9C reply, low first: what they will do. Others send none."""

    DIRECT_CLOSE = 0x0001
    CLOSE_PERMITTED = 0x0002
    DIRECT_TRIP = 0x0004
    DELAYED_TRIP = 0x0008
    TRIP_WITH_RETURN = 0x0010
    TRIP_AFTER_HIGH_CURRENT = 0x0020
    KEEP_POWER = 0x0100
    KEEP_POWER_OFF = 0x0200
    ALARM = 0x0400
    ALARM_OFF = 0x0800


RELAY_ACCEPTED: dict[int, Words] = {
    RelayAccepted.DIRECT_CLOSE: Words("closes now", "直接合闸"),
    RelayAccepted.CLOSE_PERMITTED: Words("closes when its key is pressed", "允许合闸"),
    RelayAccepted.DIRECT_TRIP: Words("trips now", "直接跳闸"),
    RelayAccepted.DELAYED_TRIP: Words("trips after a delay", "延时跳闸"),
    RelayAccepted.TRIP_WITH_RETURN: Words("trips and closes by itself", "自动恢复跳闸"),
    RelayAccepted.TRIP_AFTER_HIGH_CURRENT: Words("trips when the current has fallen", "大电流延时跳闸"),
    RelayAccepted.KEEP_POWER: Words("keeps power", "保电"),
    RelayAccepted.KEEP_POWER_OFF: Words("no longer keeps power", "保电解除"),
    RelayAccepted.ALARM: Words("alarm", "报警"),
    RelayAccepted.ALARM_OFF: Words("alarm off", "报警解除"),
}

BAUD_RATES = {0x02: 600, 0x04: 1200, 0x08: 2400, 0x10: 4800, 0x20: 9600, 0x40: 19200}
"""Feature word of a baud rate: a mask with one bit set (clause 7.7)."""


def edition_of(control: int, data: bytes) -> Edition:
    """Which edition a frame speaks, by its function; 03 exists in both and is told apart by its data.

    `data` is without +33H. The functions of 1997 lie below 11H, those of 2007 from there on.
    """
    function = control & FUNCTION
    if function >= Function.READ or function == Function.BROADCAST_TIME:
        return Edition.DLT645_2007
    if function == Function.SECURITY:
        names_class_07 = len(data) >= 4 and data[3] == 0x07
        two_byte_error = bool(control & ABNORMAL) and len(data) == 2
        return Edition.DLT645_2007 if names_class_07 or two_byte_error else Edition.DLT645_1997
    if function in Function1997.__members__.values():
        return Edition.DLT645_1997
    return Edition.DLT645_1997_VENDOR


def function_words(control: int, edition: Edition) -> Words:
    """What a control code asks for or answers, in words."""
    code = control & FUNCTION
    functions = WORDS_2007 if edition is Edition.DLT645_2007 else WORDS_1997
    return functions.get(code) or Words(f"function {code:02X}", f"功能码 {code:02X}")
