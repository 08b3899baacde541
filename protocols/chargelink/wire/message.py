"""A message: a typed, frozen struct whose annotations are its wire format.

ChargelinkError
├── DecodeError        the peer's bytes are wrong: count it, report it, carry on
└── EncodeError        our value is wrong (also a ValueError): a bug of ours, let it fly

A value that can be read but makes no sense is no error: the message is returned, marked with its flaws, to be shown and
never obeyed.
"""

from collections.abc import Callable
from enum import Enum, IntEnum
from typing import Any, NamedTuple, Self

import msgspec


class ChargelinkError(Exception):
    """Everything that chargelink raises on purpose."""


class DecodeError(ChargelinkError):
    """The peer's bytes do not hold what they should."""


class EncodeError(ChargelinkError, ValueError):
    """A value of ours cannot travel in its field."""


class Why(Enum):
    """What is odd about a field."""

    ABOVE = "above its range"
    BELOW = "below its range"
    UNKNOWN_CODE = "a code the standard does not know"
    NOT_BCD = "not binary coded decimal"
    TORN = "cut off by the end of the data"
    TOO_MANY = "more elements than allowed"


class Flaw(NamedTuple):
    """One field that was read and makes no sense: its name, the raw value as it travelled, and why."""

    field: str
    raw: int
    why: Why


class Coded(IntEnum):
    """An enumeration whose members carry their words: `PAUSED = 0, "paused", "暂停"`."""

    text: str
    chinese: str

    def __new__(cls, value: int, text: str, chinese: str = "") -> Self:
        member = int.__new__(cls, value)
        member._value_ = value
        member.text = text
        member.chinese = chinese or text
        return member


class Message(msgspec.Struct, frozen=True, gc=False, kw_only=True, repr_omit_defaults=True):
    """Base of every declared message. `flaws` is empty when every field makes sense.

    The codec of a class is generated when its first message is decoded or encoded, then replaces these methods; a
    reference to them taken earlier finds the same codec and compiles nothing again.
    """

    flaws: tuple[Flaw, ...] = ()

    def __init_subclass__(cls) -> None:
        """Every class begins with the slow methods: a codec generated for its base is not inherited."""
        for name in ("decode", "encode"):
            setattr(cls, name, Message.__dict__[name])

    @classmethod
    def decode(cls, data: bytes | bytearray | memoryview) -> Self:
        """Read a message. Bytes behind the last field are ignored, optional fields may be missing at the end.

        Raises DecodeError when a mandatory field is missing.
        """
        decoded: Self = codec(cls).decode(data)
        return decoded

    def encode(self, length: int | None = None, checked: bool = True) -> bytes:
        """Write the message in full, or its first `length` bytes for a peer of an older edition.

        Undefined bits and fields that are None travel as ones. `checked=False` also writes values outside their
        range, for simulators of faulty devices. Raises EncodeError when a value cannot travel in its field, is out of
        range, or would be lost by the cut.
        """
        written: bytes = codec(type(self)).encode(self, length, checked)
        return written

    @classmethod
    def source(cls) -> str:
        """The generated code of the decoder and the encoder, for the curious."""
        return codec(cls).source


class Codec(NamedTuple):
    """What is generated for a class."""

    decode: Callable[[bytes | bytearray | memoryview], Any]
    encode: Callable[[Any, int | None, bool], bytes]
    source: str


_codecs: dict[type[Message], Codec] = {}


def codec(cls: type[Message]) -> Codec:
    """The codec of a message class, generated on first use and put in the place of its slow methods."""
    found = _codecs.get(cls)
    if found is None:
        from chargelink.wire.generate import generate  # on first use: most commands touch few messages

        found = _codecs[cls] = generate(cls)
        setattr(cls, "decode", staticmethod(found.decode))  # noqa: B010  (types see the method above)
        setattr(cls, "encode", found.encode)  # noqa: B010
    return found
