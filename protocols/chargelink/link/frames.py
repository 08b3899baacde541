"""Frames of the link, as OCPP-J has them.

    [2, id, action, payload]         CALL
    [3, id, payload]                 CALLRESULT
    [4, id, code, text, details]     CALLERROR

One frame is one websocket message; the subprotocol says whether it is MessagePack or JSON.
"""

from enum import Enum, StrEnum
from typing import Annotated, Any

import msgspec

from chargelink.link.shape import Shape
from chargelink.wire import DecodeError, EncodeError

LARGEST_FRAME = 1 << 20  # bytes

CallId = Annotated[str, msgspec.Meta(min_length=1, max_length=36)]


class Code(StrEnum):
    """Codes of a CALLERROR (OCPP-J 2.0.1 §4.3). A peer may send others; they are kept as they are."""

    FORMAT_VIOLATION = "FormatViolation"
    GENERIC_ERROR = "GenericError"
    INTERNAL_ERROR = "InternalError"
    MESSAGE_TYPE_NOT_SUPPORTED = "MessageTypeNotSupported"
    NOT_IMPLEMENTED = "NotImplemented"
    NOT_SUPPORTED = "NotSupported"
    OCCURRENCE_CONSTRAINT_VIOLATION = "OccurrenceConstraintViolation"
    PROPERTY_CONSTRAINT_VIOLATION = "PropertyConstraintViolation"
    PROTOCOL_ERROR = "ProtocolError"
    RPC_FRAMEWORK_ERROR = "RpcFrameworkError"
    SECURITY_ERROR = "SecurityError"
    TYPE_CONSTRAINT_VIOLATION = "TypeConstraintViolation"


class Call(msgspec.Struct, frozen=True, array_like=True, tag=2):
    """Somebody asks."""

    id: CallId
    action: Annotated[str, msgspec.Meta(max_length=64)]
    payload: msgspec.Raw


class CallResult(msgspec.Struct, frozen=True, array_like=True, tag=3):
    """The answer."""

    id: CallId
    payload: msgspec.Raw


class CallError(msgspec.Struct, frozen=True, array_like=True, tag=4):
    """The refusal. `details` may be anything the refuser wants to add."""

    id: CallId
    code: Annotated[str, msgspec.Meta(max_length=64)]
    text: Annotated[str, msgspec.Meta(max_length=4096)] = ""
    details: Any = None


Frame = Call | CallResult | CallError


class Codec(Enum):
    """The two subprotocols: the same frames as MessagePack for machines and as JSON for eyes."""

    MSGPACK = "chargelink.1.msgpack"
    JSON = "chargelink.1.json"

    @property
    def text(self) -> bool:
        """Frames travel as text messages of the websocket, not as binary ones."""
        return self is Codec.JSON

    def pack(self, value: object) -> bytes:
        """Any shape as bytes."""
        return msgspec.json.encode(value) if self.text else msgspec.msgpack.encode(value)

    def unpack(self, data: bytes | msgspec.Raw, shape: Any) -> Any:
        """Bytes as the given shape.

        Raises DecodeError for anything else: bytes that are no MessagePack or JSON, values outside their range.
        """
        try:
            return (msgspec.json if self.text else msgspec.msgpack).decode(data, type=shape)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise DecodeError(str(error)) from None

    def encode(self, frame: Frame) -> bytes:
        """A frame as the bytes of one websocket message.

        Raises EncodeError for one that the other end would refuse for its size.
        """
        data = self.pack(frame)
        if len(data) > LARGEST_FRAME:
            raise EncodeError(f"a frame of {len(data)} bytes, {LARGEST_FRAME} are allowed")
        return data

    def decode(self, data: bytes) -> Frame:
        """The frame of one websocket message. Raises DecodeError."""
        if len(data) > LARGEST_FRAME:
            raise DecodeError(f"a frame of {len(data)} bytes, {LARGEST_FRAME} are allowed")
        frame: Frame = self.unpack(data, Frame)
        return frame

    def raw(self, shape: Shape) -> msgspec.Raw:
        """A payload ready to stand in a frame."""
        return msgspec.Raw(self.pack(shape))


SUBPROTOCOLS = tuple(codec.value for codec in Codec)  # in the order of preference
