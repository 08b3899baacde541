"""Frames of the link, as OCPP-J has them.

    [2, id, action, payload]         CALL
    [3, id, payload]                 CALLRESULT
    [4, id, code, text, details]     CALLERROR

One frame is one websocket message; the subprotocol says whether it is MessagePack or JSON. A message whose first byte
is 0x78, with which no frame begins, is a frame compressed by zlib (RFC 1950): everybody reads it, but it is sent only
to a peer whose BootNotification, or whose answer to ours, says so.
"""

import re
import zlib
from enum import Enum, StrEnum
from typing import Annotated, Any, NamedTuple

import msgspec

from chargelink.link.dictionary import DICTIONARY
from chargelink.wire import DecodeError, EncodeError

LARGEST_FRAME = 1 << 20  # bytes of a frame, and of the message that carries it compressed
WORTH_COMPRESSING = 1024  # bytes
WORTH_THE_DICTIONARY = 96  # bytes
ZLIB = "zlib"  # the word by which a peer says that it reads compressed frames
COMPRESSION = "zlib.1"  # and this, that it has the dictionary as well
COMPRESSIONS = (ZLIB, COMPRESSION)
LARGEST_DETAILS = 4096  # bytes of a CALLERROR's details that are looked at
LONGEST_TEXT = 255  # characters of a CALLERROR's text (OCPP-J 2.0.1 §4.2.3)

_ZLIB = 0x78  # CMF of RFC 1950: deflate, a window of 32 KiB

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


class ViolationError(DecodeError):
    """Bytes that are not what they should be; `code` says in which way."""

    def __init__(self, code: Code, text: str) -> None:
        super().__init__(text)
        self.code = code


class Call(msgspec.Struct, frozen=True, array_like=True, tag=2, gc=False):
    """Somebody asks."""

    id: CallId
    action: Annotated[str, msgspec.Meta(max_length=64)]
    payload: msgspec.Raw


class CallResult(msgspec.Struct, frozen=True, array_like=True, tag=3, gc=False):
    """The answer."""

    id: CallId
    payload: msgspec.Raw


class CallError(msgspec.Struct, frozen=True, array_like=True, tag=4, gc=False):
    """The refusal. `details` may be anything the refuser wants to add."""

    id: CallId
    code: str
    text: str = ""
    details: msgspec.Raw = msgspec.Raw()


Frame = Call | CallResult | CallError
Message = bytes | str  # of the websocket: binary or text


class Fault(NamedTuple):
    """What is wrong with a frame that cannot be taken. `type` and `id` are those that could be read."""

    type: int | None
    id: str | None
    code: Code
    text: str


class Codec(Enum):
    """The two subprotocols: the same frames as MessagePack for machines and as JSON for eyes."""

    MSGPACK = "chargelink.1.msgpack"
    JSON = "chargelink.1.json"

    def __init__(self, name: str) -> None:
        form = msgspec.json if name.endswith("json") else msgspec.msgpack
        self.text = form is msgspec.json
        """Frames travel as text messages of the websocket, not as binary ones."""
        self._make_decoder: Any = form.Decoder
        self._decoders: dict[Any, Any] = {}
        self.pack = form.Encoder().encode
        """Any shape as bytes."""

    def unpack(self, data: bytes | msgspec.Raw, shape: Any) -> Any:
        """Bytes as the given shape.

        Raises ViolationError for anything else: bytes that are no MessagePack or JSON, values outside their range.
        """
        decoder = self._decoders.get(shape)
        if decoder is None:
            decoder = self._decoders[shape] = self._make_decoder(shape)
        try:
            return decoder.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ViolationError(_code_of(error), str(error)) from None

    def encode(self, frame: Frame, compress: str | None = None) -> Message:
        """A frame as one websocket message; compressed for who reads that, one of COMPRESSIONS, where that is shorter.

        Raises EncodeError for one that the other end would refuse for its size.
        """
        data: bytes = self.pack(frame)
        if len(data) > LARGEST_FRAME:
            raise EncodeError(f"a frame of {len(data)} bytes, {LARGEST_FRAME} are allowed")
        if compress is not None and len(short := _deflated(data, compress)) < len(data):
            return short
        return data.decode() if self.text else data

    def plain(self, message: Message) -> bytes:
        """The bytes of the frame that a websocket message holds. Raises ViolationError."""
        data = message.encode(errors="surrogatepass") if isinstance(message, str) else message
        if len(data) > LARGEST_FRAME:
            raise ViolationError(Code.FORMAT_VIOLATION, f"{len(data)} bytes, {LARGEST_FRAME} are allowed")
        return _inflated(data) if data[:1] == b"\x78" else data

    def decode(self, plain: bytes) -> Frame:
        """The frame in its plain bytes. Raises ViolationError."""
        frame: Frame = self.unpack(plain, Frame)
        return frame

    def diagnose(self, plain: bytes) -> Fault:
        """Why `decode` refuses these bytes (OCPP-J 2.0.1 §4.2.3)."""
        try:
            parts = self.unpack(plain, list[msgspec.Raw])
        except ViolationError as error:
            if error.code is Code.FORMAT_VIOLATION:
                return Fault(None, None, error.code, f"no {'JSON' if self.text else 'MessagePack'}: {error}")
            return Fault(None, None, Code.RPC_FRAMEWORK_ERROR, "a frame is an array")
        number: int | None = self._part(parts, 0, int)
        identifier: str | None = self._part(parts, 1, CallId)
        if number is None:
            return Fault(None, identifier, Code.RPC_FRAMEWORK_ERROR, "a frame begins with its type: 2, 3 or 4")
        if number not in (2, 3, 4):
            return Fault(number, identifier, Code.MESSAGE_TYPE_NOT_SUPPORTED, "frames are of type 2, 3 or 4")
        if identifier is None:
            return Fault(number, None, Code.RPC_FRAMEWORK_ERROR, "a frame has an id of 1 to 36 characters")
        return Fault(number, identifier, Code.RPC_FRAMEWORK_ERROR, SHAPES[number])

    def raw(self, value: object) -> msgspec.Raw:
        """A payload, or details, ready to stand in a frame."""
        return msgspec.Raw(self.pack(value))

    def _part(self, parts: list[msgspec.Raw], at: int, shape: Any) -> Any:
        try:
            return self.unpack(parts[at], shape) if at < len(parts) else None
        except ViolationError:
            return None


SHAPES = {
    2: "a CALL is [2, id, action, payload]",
    3: "a CALLRESULT is [3, id, payload]",
    4: "a CALLERROR is [4, id, code, text, details]",
}
VIOLATIONS = (
    (re.compile(r"Object missing required field|Expected `array` of "), Code.OCCURRENCE_CONSTRAINT_VIOLATION),
    (re.compile(r"Expected `object`, got `[a-zA-Z]+`$"), Code.PROTOCOL_ERROR),  # the payload itself, no field of it
    (re.compile(r"Expected `[^`]+`, got `"), Code.TYPE_CONSTRAINT_VIOLATION),
)
SUBPROTOCOLS = tuple(codec.value for codec in Codec)  # in the order of preference


def _deflated(data: bytes, compress: str) -> bytes:
    """The same compressed; as it is if it is not worth it."""
    if compress == COMPRESSION and len(data) > WORTH_THE_DICTIONARY:
        deflater = zlib.compressobj(zdict=DICTIONARY)
        return deflater.compress(data) + deflater.flush()
    return zlib.compress(data, 1) if len(data) > WORTH_COMPRESSING else data


def _inflated(data: bytes) -> bytes:
    """Raises ViolationError for what is no stream, not the whole of it, more than it, or grows beyond a frame."""
    inflater = zlib.decompressobj(zdict=DICTIONARY)  # which it takes only if the stream asks for it
    try:
        plain = inflater.decompress(data, LARGEST_FRAME + 1)
    except zlib.error as error:
        raise ViolationError(Code.FORMAT_VIOLATION, f"compressed, and does not decompress: {error}") from None
    if len(plain) > LARGEST_FRAME:
        raise ViolationError(Code.FORMAT_VIOLATION, f"more than {LARGEST_FRAME} bytes when decompressed")
    if not inflater.eof:
        raise ViolationError(Code.FORMAT_VIOLATION, "compressed, and its end is missing")
    if inflater.unused_data:
        raise ViolationError(Code.FORMAT_VIOLATION, "something follows the compressed frame")
    return plain


def _code_of(error: Exception) -> Code:
    """What kind of violation msgspec speaks of; its words are the only place where it says so."""
    if not isinstance(error, msgspec.ValidationError):
        return Code.FORMAT_VIOLATION
    return next((code for said, code in VIOLATIONS if said.match(str(error))), Code.PROPERTY_CONSTRAINT_VIOLATION)
