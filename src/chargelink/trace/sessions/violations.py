"""The kinds of violations, and how the many of a session become a few: one of each kind and message."""

from typing import Any, NamedTuple

from chargelink.cli.language import Text
from chargelink.gbt27930.catalogue import BY_NAME, Sender
from chargelink.trace.sessions.model import Example, Severity, Side, Violation

MOST = 300  # kinds and messages of one session: a hostile recording must not fill the memory
MOST_EXAMPLES = 3
SIDES = {Sender.CHARGER: Side.CHARGER, Sender.BMS: Side.VEHICLE}
SEVERITIES = [*Severity]
TRANSPORT = Text("SAE J1939-21, 5.10", "SAE J1939-21, 5.10")
STATES = Text("GB/T 27930-2015, 10, annex A", "GB/T 27930-2015 第 10 章、附录 A")
TIMEOUTS = Text("GB/T 27930-2015, 8, 10, annex A", "GB/T 27930-2015 第 8、10 章、附录 A")
# The table of GB/T 27930-2015 in which a message stands with its PGN, length and period.
TABLES = {
    **dict.fromkeys(("CHM", "BHM", "CRM", "BRM"), 3),
    **dict.fromkeys(("BCP", "CTS", "CML", "BRO", "CRO"), 4),
    **dict.fromkeys(("BCL", "BCS", "CCS", "BSM", "BMV", "BMT", "BSP", "BST", "CST"), 5),
    **dict.fromkeys(("BSD", "CSD"), 6),
    **dict.fromkeys(("BEM", "CEM"), 7),
}


class Kind(NamedTuple):
    """A kind of violation; `text` has a place for `{message}` and for what `Violations.add` is given."""

    code: str
    severity: Severity
    clause: Text | None  # None is the table of the message
    text: Text


class Frame(NamedTuple):
    """The identifier and the data, or a transported message, that something was seen in."""

    identifier: int
    data: bytes

    def __str__(self) -> str:
        return f"{self.identifier:08X}#{self.data.hex().upper()}"


def clause_of(message: str, edition: str = "2015") -> Text | None:
    """Where length and period of a message stand; None where there is no message."""
    if message not in TABLES:
        return None
    table = TABLES[message]
    return Text(f"GB/T 27930-{edition}, table {table}", f"GB/T 27930-{edition} 表 {table}")


class _Seen:
    """One violation as it gathers."""

    __slots__ = ("count", "examples", "first", "kind", "last", "message", "values", "whose", "worst")

    def __init__(self, kind: Kind, message: str, whose: Side, now: float) -> None:
        self.kind, self.message, self.whose = kind, message, whose
        self.count = 0
        self.first = self.last = now
        self.worst = float("-inf")
        self.values: dict[str, Any] = {}
        self.examples: list[tuple[float, Frame]] = []


class Violations:
    """What went wrong in a session, bounded whatever comes."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str, object], _Seen] = {}
        self.omitted = 0

    def add(
        self,
        kind: Kind,
        message: str,
        whose: Side,
        now: float,
        frame: Frame | None = None,
        *,
        detail: object = None,
        worst: float = 0.0,
        count: int = 1,
        **values: object,
    ) -> None:
        """One more. `detail` tells apart what is not the same; the words are of the one with the largest `worst`."""
        key = kind.code, message, detail
        seen = self._seen.get(key)
        if seen is None:
            if len(self._seen) >= MOST:
                self.omitted += count
                return
            seen = self._seen[key] = _Seen(kind, message, whose, now)
        seen.count += count
        seen.last = now
        if worst > seen.worst:
            seen.worst, seen.values = worst, values
        if frame is not None and len(seen.examples) < MOST_EXAMPLES:
            seen.examples.append((now, frame))

    def again(self, kind: Kind, message: str, detail: object, now: float) -> bool:
        """Count one more of what was added often enough to need neither words nor frame any more; False if it was not.

        For what comes with every frame of a bad sender. Not for kinds that tell the worst.
        """
        seen = self._seen.get((kind.code, message, detail))
        if seen is None or len(seen.examples) < MOST_EXAMPLES:
            return False
        seen.count += 1
        seen.last = now
        return True

    def forget(self, *details: object) -> None:
        """What turns out not to be judged."""
        self._seen = {key: seen for key, seen in self._seen.items() if key[2] not in details}

    def result(self, edition: str, shift: float | None) -> tuple[Violation, ...]:
        """The worst first; `shift` turns times into those of the recording, None: it has none."""
        found = sorted(self._seen.values(), key=lambda seen: (SEVERITIES.index(seen.kind.severity), -seen.count))
        return tuple(self._told(seen, edition, shift) for seen in found)

    def _told(self, seen: _Seen, edition: str, shift: float | None) -> Violation:
        kind, message = seen.kind, seen.message
        return Violation(
            kind.code,
            message,
            seen.whose,
            kind.severity,
            kind.clause or clause_of(message, edition),
            filled(kind.text, message=message, **seen.values),
            seen.count,
            None if shift is None else seen.first + shift,
            None if shift is None else seen.last + shift,
            tuple(Example(None if shift is None else at + shift, str(frame)) for at, frame in seen.examples),
        )


def filled(text: Text, **values: object) -> Text:
    """A text with its places filled in both languages; a value that is a text itself speaks the same one."""
    english = {name: value.english if isinstance(value, Text) else value for name, value in values.items()}
    chinese = {name: value.chinese if isinstance(value, Text) else value for name, value in values.items()}
    return Text(text.english.format(**english), text.chinese.format(**chinese))


def side_of(message: str) -> Side:
    """Who sends a message, by its name or its word ("CRO(AA)")."""
    return SIDES[BY_NAME[message.partition("(")[0]].sender]


F, V, R = Severity.FAULT, Severity.VIOLATION, Severity.REMARK

PERIOD = Kind("period", V, None, Text(
    "{message} comes every {median:.0f} ms, not every {period} ms",
    "{message} 的发送周期为 {median:.0f} ms，应为 {period} ms",
))  # fmt: skip
PERIOD_ROUGH = PERIOD._replace(severity=R)
GAP = Kind("gap", F, TIMEOUTS, Text(
    "{message} was silent for {seconds:.2f} s; the peer gives up after {limit:g} s",
    "{message} 中断 {seconds:.2f} s；对方等待上限为 {limit:g} s",
))  # fmt: skip
HOLE = Kind("hole", R, None, Text(
    "neither side was recorded for {seconds:.1f} s",
    "有 {seconds:.1f} s 双方均无记录",
))  # fmt: skip
LENGTH = Kind("length", V, None, Text("{message} {said}", "{message} {said}"))
PADDED = Kind("length", R, None, Text(
    "{message} is padded to {given} bytes, the standard says {expected}",
    "{message} 填充至 {given} 字节，标准规定 {expected}",
))  # fmt: skip
PRIORITY = Kind("priority", R, None, Text("{message} {said}", "{message} {said}"))
NOT_TRANSPORTED = Kind("not-transported", F, None, Text("{message} {said}", "{message} {said}"))
TRANSPORTED = Kind("transported", V, None, Text("{message} {said}", "{message} {said}"))
BROADCAST = Kind("broadcast", F, TRANSPORT, Text("{message} {said}", "{message} {said}"))
SHORT = Kind("short", F, None, Text("{message} is too short: {error}", "{message} 长度不足：{error}"))
RANGE = Kind("range", V, None, Text("{message}: {said}", "{message}：{said}"))
RANGE_SHOWN = RANGE._replace(severity=R)  # of what no charge depends on
IMPLAUSIBLE = Kind("implausible", V, None, Text("{message}: {said}", "{message}：{said}"))
ADVICE = Kind("implausible", R, None, Text("{message}: {said}", "{message}：{said}"))
PADDING = Kind("padding", R, Text("GB/T 27930-2015, 7.9", "GB/T 27930-2015, 7.9"), Text(
    "undefined bits of {message} are not all ones",
    "{message} 的未定义位未填 1",
))  # fmt: skip
SEQUENCE = Kind("sequence", V, STATES, Text(
    "{word} follows {other}, which the states of this side do not allow",
    "{word} 出现在 {other} 之后，不符合该方的状态流程",
))  # fmt: skip
TOO_EARLY = Kind("too-early", V, STATES, Text(
    "{word} came before {other} of the peer",
    "未收到对方的 {other} 就发送了 {word}",
))  # fmt: skip
WAIT_IGNORED = Kind("timeout-missed", F, TIMEOUTS, Text(
    "still {word} {seconds:.1f} s on, although {other} was due: {meaning}",
    "{seconds:.1f} s 后仍发送 {word}，应已报 {other}：{meaning}",
))  # fmt: skip
IGNORED = Kind("ignored", F, TIMEOUTS, Text(
    "still {word} {seconds:.1f} s after {other}, which should have ended it",
    "收到 {other} 后 {seconds:.1f} s 仍发送 {word}",
))  # fmt: skip
PREMATURE = Kind("timeout-premature", F, TIMEOUTS, Text(
    "{message} reports {cause}, but {awaited} had come {age:.2f} s before, and {limit:g} s are allowed",
    "{message} 报 {cause}，但 {awaited} 在 {age:.2f} s 前刚到，允许 {limit:g} s",
))  # fmt: skip
TAIL = Kind("packet-padding", R, TRANSPORT, Text(
    "the last packet of {message} is not filled with FF",
    "{message} 的最后一包未用 FF 填充",
))  # fmt: skip
STALE = Kind("stale", R, Text("GB/T 27930-2015, 10.5", "GB/T 27930-2015, 10.5"), Text(
    "{message} reports {cause} of an earlier charge: nothing of this one can have caused it",
    "{message} 报 {cause}，属于上一次充电的残留，与本次无关",
))  # fmt: skip
RETRIED = Kind("retry", R, TRANSPORT, Text(
    "{message} needed {given} more attempts of the transport protocol",
    "{message} 传输重试了 {given} 次",
))  # fmt: skip
UNANSWERED = Kind("unanswered", F, TRANSPORT, Text(
    "the request to send {message} (RTS) was never answered (CTS)",
    "{message} 的发送请求 (RTS) 从未得到应答 (CTS)",
))  # fmt: skip
ABORTED = Kind("abort", F, TRANSPORT, Text("transfer of {message} given up: {said}", "{message} 传输被放弃：{said}"))
INCOMPLETE = Kind("incomplete", V, TRANSPORT, Text(
    "{message} is incomplete, {have} of {of} packets: {said}",
    "{message} 传输不完整，{have}/{of} 包：{said}",
))  # fmt: skip
TRANSPORT_FRAME = Kind("transport", V, TRANSPORT, Text(
    "a frame of the transport protocol fits nowhere: {said}",
    "传输协议帧无法归属：{said}",
))  # fmt: skip
NOT_STANDARD = Kind("frame-kind", V, Text("GB/T 27930-2015, 5", "GB/T 27930-2015 第 5 章"), Text(
    "{said} on the bus; only 29-bit data frames are allowed",
    "总线上有{said}；只允许扩展数据帧",
))  # fmt: skip
CONTRADICTION = Kind("contradiction", V, None, Text("{said}", "{said}"))
CONTRADICTION_ADVICE = CONTRADICTION._replace(severity=R)
