"""What the transport tells: transfers that ended well, transfers that did not, and what fits nowhere.

`source` is the address of the originator, `destination` that of the responder. Times are seconds.
"""

from enum import Enum

import msgspec

from chargelink.gbt27930.transport.frames import REASONS


class Trouble(Enum):
    """What is wrong with a TP frame or with the end of a transfer, in English and Chinese."""

    MALFORMED = "no transport message", "不是有效的传输协议报文"
    NO_SESSION = "packet without a session", "未建立连接的数据包"
    BAD_PACKET = "sequence number or length does not fit the session", "包序号或长度与当前连接不符"
    BAD_SIZE = "size and number of packets do not fit each other", "报文长度与包数不符"
    NOT_ACCEPTED = "message is not wanted", "不接收该报文"
    OTHER_SESSION = "another session is running", "另一连接正在进行"
    BROADCAST = "broadcast (BAM) is not used by GB/T 27930", "GB/T 27930 不使用广播传输 (BAM)"
    WRONG_ANSWER = "answer does not fit the session", "应答与当前连接不符"
    SUPERSEDED = "another transfer began before the end", "传输未完成即开始新的传输"
    NOT_RECORDED = "acknowledged, but not all packets were seen", "已确认, 但未见全部数据包"
    ENDED = "the recording ends", "记录结束"

    def __init__(self, text: str, chinese: str) -> None:
        self.text = text
        self.chinese = chinese


class Received(msgspec.Struct, frozen=True):
    """A message is complete: `payload` cut by the announced size; `took` s since RTS, `retries` requests repeated."""

    pgn: int
    payload: bytes
    source: int
    destination: int
    took: float
    retries: int = 0
    broadcast: bool = False


class Sent(msgspec.Struct, frozen=True):
    """The responder confirmed a message."""

    pgn: int
    took: float
    retries: int = 0


class Aborted(msgspec.Struct, frozen=True):
    """The node at address `by` ended a transfer, or refused one, for `reason`; `text` and `chinese` say it in words."""

    pgn: int
    reason: int
    by: int
    source: int
    destination: int

    @property
    def text(self) -> str:
        known = REASONS.get(self.reason)
        return known.text if known else f"reason {self.reason}"

    @property
    def chinese(self) -> str:
        known = REASONS.get(self.reason)
        return known.chinese if known else f"原因 {self.reason}"


class Refused(msgspec.Struct, frozen=True):
    """We did not begin a transfer that the peer asked for, and told it by Conn_Abort."""

    pgn: int
    why: Trouble


class TimedOut(msgspec.Struct, frozen=True):
    """Timer `timer` ("T1" to "T4") ran out for the last time; `missing` packets had not come, or were not asked for."""

    pgn: int
    timer: str
    missing: tuple[int, ...]


class Incomplete(msgspec.Struct, frozen=True):
    """A transfer seen on the bus ended with `have` of `of` packets."""

    pgn: int
    source: int
    destination: int
    have: int
    of: int
    why: Trouble
    retries: int = 0


class Unexpected(msgspec.Struct, frozen=True):
    """A TP frame that fits nowhere; it changed nothing."""

    identifier: int
    data: bytes
    why: Trouble


Event = Received | Sent | Aborted | Refused | TimedOut | Incomplete | Unexpected
