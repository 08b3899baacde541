"""What the values of a frame are called, and their codes, in both languages."""

from chargelink.cli.language import Language, Text, spoken
from chargelink.dlt645.bodies import RELAY_COMMANDS, TERMINAL_SIGNALS, UNKNOWN
from chargelink.dlt645.catalogue import STANDARD
from chargelink.dlt645.control import ERROR_WORDS, ERROR_WORDS_1997, RELAY_ACCEPTED, RELAY_ERRORS, SECURITY_ERRORS
from chargelink.dlt645.forms import Bits

LABELS = {
    "PA": Text("level", "权限"),
    "password": Text("password", "密码"),
    "old_PA": Text("old level", "原权限"),
    "old_password": Text("old password", "原密码"),
    "operator": Text("operator", "操作者"),
    "data": Text("data", "数据"),
    "N1": Text("N1", "N1"),
    "command": Text("command", "命令"),
    "N2": Text("N2", "N2"),
    "valid_until": Text("valid until", "有效截止"),
    "time": Text("time", "时间"),
    "freeze": Text("when", "冻结时间"),
    "before": Text("before", "校时前"),
    "after": Text("after", "校时后"),
    "baud_feature": Text("baud feature word", "速率特征字"),
    "baud": Text("baud", "波特率"),
    "new_address": Text("new address", "新地址"),
    "communication_address": Text("address", "通信地址"),
    "error_word": Text("error word", "错误信息字"),
    "errors": Text("errors", "错误"),
    "accepted": Text("accepted", "已接受"),
    "sequence": Text("sequence", "帧序号"),
    "blocks": Text("blocks", "块数"),
    "from": Text("from", "起始时间"),
    "raw": Text("bytes", "字节"),
    "extra_bytes": Text("extra bytes", "多余字节"),
    "apdu": Text("APDU", "APDU"),
    "weekday": Text("weekday", "星期"),
    "number": Text("number", "编号"),
    "set": Text("set", "置位"),
    "identifier": Text("identifier", "数据标识"),
    "terminal": Text("terminal", "端子"),
    "signal": Text("signal", "输出信号"),
}
TABLES = (
    ERROR_WORDS_1997,
    ERROR_WORDS,
    SECURITY_ERRORS,
    RELAY_ERRORS,
    RELAY_ACCEPTED,
    RELAY_COMMANDS,
    TERMINAL_SIGNALS,
)
CHINESE = {words.english: words.chinese for table in TABLES for words in table.values()}
CHINESE[UNKNOWN.english] = UNKNOWN.chinese
UNITS = {
    "times": Text("", "次"),
    "yuan": Text("yuan", "元"),
    "yuan/kWh": Text("yuan/kWh", "元/kWh"),
    "deg": Text("°", "°"),
}
# The words that names of a record's parts are made of, and what the codes of a status word mean.
PIECES = {
    "a": "A相",
    "active": "有功",
    "after": "（后）",
    "auxiliary": "辅助电源",
    "b": "B相",
    "battery": "电池",
    "before": "（前）",
    "c": "C相",
    "count": "次数",
    "current": "电流",
    "duration": "累计时间",
    "end": "结束",
    "energy": "电量型",
    "forward": "正向",
    "identifier": "数据标识",
    "main": "主电源",
    "money": "电费型",
    "plain": "非预付费",
    "power": "功率",
    "prepaid": "预付费",
    "quadrant": "象限",
    "reactive": "无功",
    "reverse": "反向",
    "start": "起始",
    "total": "总",
}
FLAGS = {field.name: field.chinese for row in STANDARD.rows if isinstance(row.form, Bits) for field in row.form.fields}
ANY = "99"  # in the moment of a freeze: any month, day or hour


def label(key: str) -> str:
    """What a value is called, by its key."""
    return str(LABELS[key]) if key in LABELS else in_pieces(key)


def in_pieces(name: str) -> str:
    """A name such as `quadrant_1_reactive_before` in words: "quadrant 1 reactive before", "象限1无功（前）"."""
    pieces = name.split("_")
    known = all(piece in PIECES or piece.isdecimal() for piece in pieces)
    if known and spoken() is Language.CHINESE:
        return "".join(PIECES.get(piece, piece) for piece in pieces)
    return " ".join(pieces)


def flag(name: str) -> str:
    """What a status word has set, in words: `power_supply=battery` is "power supply battery", "供电方式：电池"."""
    name, _, meaning = name.partition("=")
    if spoken() is Language.CHINESE:
        shown = FLAGS.get(name, name)
        return f"{shown}：{in_pieces(meaning)}" if meaning else shown
    return f"{in_pieces(name)} {in_pieces(meaning)}".strip()


def unit_words(symbol: str) -> str:
    """A unit as people say it; "" where the name says enough."""
    return str(UNITS.get(symbol, symbol))


def frozen_at(moment: str) -> str:
    """When a freeze is to happen, from "MM-DD hh:mm": at once, or again and again."""
    day, time = moment[:5], moment[6:]
    if moment == f"{ANY}-{ANY} {ANY}:{ANY}":
        return str(Text("at once", "立即"))
    if not day.startswith(ANY):
        return moment
    if time.startswith(ANY):
        return Text("minute {} of every hour", "每小时第 {} 分").format(time[3:])
    if day.endswith(ANY):
        return Text("{} every day", "每日 {}").format(time)
    return Text("day {} of every month, {}", "每月 {} 日 {}").format(day[3:], time)
