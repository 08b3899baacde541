"""What travels: the TP.CM messages and TP.DT (SAE J1939-21, 5.10.3), their sizes and the reasons of an abort.

All of them have 8 bytes; numbers are little endian, the PGN of the transported message stands in bytes 6-8.
Reserved bytes are sent as ones and never compared: some implementations fill them otherwise.
"""

from enum import IntEnum
from functools import lru_cache
from typing import Annotated, NamedTuple

from chargelink.gbt27930.identifier import Identifier
from chargelink.wire import Coded, DecodeError, Message, Raw, u8, u16, u24

TP_CM = 0xEC  # PDU format of the connection management, PGN 0x00EC00
TP_DT = 0xEB  # PDU format of the data transfer, PGN 0x00EB00
ADDRESSED = 0x03FF_FFFF  # an identifier without its priority, which says nothing to a receiver
PRIORITY = 7

PACKET = 7  # bytes of the message in one TP.DT
SMALLEST = 9  # bytes; what fits a frame travels as one
LARGEST = 255 * PACKET  # bytes
UNLIMITED = 0xFF  # of packets per CTS

Pgn = Annotated[int, u24(at="6")]


class Control(IntEnum):
    """The control byte of TP.CM, byte 1."""

    RTS = 0x10
    CTS = 0x11
    END_OF_MESSAGE = 0x13
    BAM = 0x20
    ABORT = 0xFF


class AbortReason(Coded):
    """Why a connection is aborted.

    1 to 3 are those of the 2006 edition and all that we send; 4 to 250 were added by later editions. 251 to 255
    are left to J1939-71, which names none: real BMSs send 255 when a charger does not answer.
    """

    BUSY = 1, "already in a session", "已有其他连接"
    RESOURCES = 2, "resources are needed elsewhere", "资源被占用"
    TIMEOUT = 3, "timeout", "超时"
    CTS_DURING_TRANSFER = 4, "CTS while data is being transferred", "传输过程中收到 CTS"
    RETRANSMISSIONS = 5, "too many retransmit requests", "重传请求次数超限"
    UNEXPECTED_PACKET = 6, "unexpected data packet", "意外的数据包"
    BAD_SEQUENCE = 7, "bad sequence number", "包序号错误"
    DUPLICATE_SEQUENCE = 8, "duplicate sequence number", "包序号重复"
    TOO_LARGE = 9, "message larger than 1785 bytes", "报文超过 1785 字节"
    OTHER = 250, "another reason", "其他原因"


REASONS = {reason.value: reason for reason in AbortReason}


class RequestToSend(Message, frozen=True):
    """TP.CM_RTS: the originator has `total_size` bytes (9..1785) in `packets`; 0xFF of them per CTS is no limit."""

    control_byte: Annotated[int, u8()]
    total_size: Annotated[int, u16(low=SMALLEST, high=LARGEST, name="total_size_bytes")]
    packets: Annotated[int, u8()]
    max_packets: Annotated[int, u8(name="max_packets_per_CTS")]
    pgn: Pgn


class ClearToSend(Message, frozen=True):
    """TP.CM_CTS: the responder wants `packets_allowed` packets from `next_packet` on; 0 of them is "hold"."""

    control_byte: Annotated[int, u8()]
    packets_allowed: Annotated[int, u8()]
    next_packet: Annotated[int, u8()]
    pgn: Pgn


class EndOfMessage(Message, frozen=True):
    """TP.CM_EndOfMsgACK: the responder has everything."""

    control_byte: Annotated[int, u8()]
    total_size: Annotated[int, u16(low=SMALLEST, high=LARGEST, name="total_size_bytes")]
    packets: Annotated[int, u8()]
    pgn: Pgn


class Broadcast(Message, frozen=True):
    """TP.CM_BAM: a message to everybody is announced. J1939 has it, GB/T 27930 does not use it."""

    control_byte: Annotated[int, u8()]
    total_size: Annotated[int, u16(low=SMALLEST, high=LARGEST, name="total_size_bytes")]
    packets: Annotated[int, u8()]
    pgn: Pgn


class Abort(Message, frozen=True):
    """TP.Conn_Abort: either side ends the connection; see `AbortReason` for the known reasons."""

    control_byte: Annotated[int, u8()]
    abort_reason: Annotated[int, u8()]
    pgn: Pgn


class DataPacket(Message, frozen=True):
    """TP.DT: packet `sequence` (1..255) and 7 bytes of the message; the last one is padded, mostly with ones."""

    sequence: Annotated[int, u8(low=1)]
    data: Annotated[bytes, Raw(PACKET)]


Connection = RequestToSend | ClearToSend | EndOfMessage | Broadcast | Abort

CONNECTION: dict[int, type[Connection]] = {
    Control.RTS: RequestToSend,
    Control.CTS: ClearToSend,
    Control.END_OF_MESSAGE: EndOfMessage,
    Control.BAM: Broadcast,
    Control.ABORT: Abort,
}

NAMES: dict[type[Message], str] = {
    RequestToSend: "TP.CM_RTS",
    ClearToSend: "TP.CM_CTS",
    EndOfMessage: "TP.CM_EndOfMsgACK",
    Broadcast: "TP.CM_BAM",
    Abort: "TP.Conn_Abort",
    DataPacket: "TP.DT",
}


class Frame(NamedTuple):
    """A CAN frame to send: 29-bit identifier and up to 8 bytes."""

    identifier: int
    data: bytes


def decode_connection(data: bytes) -> Connection:
    """Read the data of a TP.CM frame. Raises DecodeError when it is short or its control byte is unknown."""
    cls = CONNECTION.get(data[0]) if data else None
    if cls is None:
        raise DecodeError(f"no TP.CM message: {data.hex(' ') or 'empty'}")
    return cls.decode(data)


def packets_needed(size: int) -> int:
    """How many TP.DT a message of `size` bytes takes."""
    return -(-size // PACKET)


def conforms(announced: RequestToSend | Broadcast) -> bool:
    """Size and number of packets are possible and agree."""
    size = announced.total_size
    return SMALLEST <= size <= LARGEST and announced.packets == packets_needed(size)


def packet_holds(data: bytes, sequence: int, size: int) -> bool:
    """The TP.DT brings every byte that a message of `size` bytes has in packet `sequence`.

    A last packet cut to what is left is read like one that is padded.
    """
    return len(data) - 1 >= min(PACKET, size - (sequence - 1) * PACKET)


def joined(parts: dict[int, bytes], size: int) -> bytes:
    """The message from the data of its TP.DT by sequence number, cut by the announced size whatever the padding."""
    return b"".join([parts[sequence][1:8] for sequence in range(1, len(parts) + 1)])[:size]


def addressed(pdu_format: int, destination: int, source: int) -> int:
    """The identifier of a TP frame without its priority."""
    return Identifier(0, pdu_format << 8, destination, source).encode()


def frame(pdu_format: int, destination: int, source: int, message: Message) -> Frame:
    """A TP frame as it is sent. Raises EncodeError when a value does not fit its field."""
    return Frame(_prioritised(pdu_format, destination, source), message.encode())


@lru_cache(maxsize=64)  # a node sends with few
def _prioritised(pdu_format: int, destination: int, source: int) -> int:
    return Identifier(PRIORITY, pdu_format << 8, destination, source).encode()
