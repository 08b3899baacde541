"""A declaration that contradicts itself is a TypeError when its codec is made."""

from typing import Annotated

import pytest

from chargelink.wire import Bcd, Coded, Message, Raw, Rest, bits, i8, u8, u16
from chargelink.wire.layout import layout


class Code(Coded):
    ONE = 1, "one"


class Overlapping(Message, frozen=True):
    first: Annotated[int, bits(4, "1.1")]
    second: Annotated[int, bits(4, "1.4")]


class Backwards(Message, frozen=True):
    first: Annotated[int, u8(at="2")]
    second: Annotated[int, u8(at="1")]


class Unannotated(Message, frozen=True):
    first: int


class SignedNone(Message, frozen=True):
    first: Annotated[int | None, i8()]


class WideEnum(Message, frozen=True):
    first: Annotated[Code | int, u16()]


class UnalignedBytes(Message, frozen=True):
    first: Annotated[int, bits(4)]
    second: Annotated[bytes, Raw(2)]


class CertainBcd(Message, frozen=True):
    first: Annotated[int, Bcd(1)]


class AfterTheRest(Message, frozen=True):
    first: Annotated[bytes, Rest()]
    second: Annotated[int, u8()]


class FiveBytesOfBits(Message, frozen=True):
    first: Annotated[int, bits(36)]
    second: Annotated[int, bits(4)]


@pytest.mark.parametrize(
    "cls",
    [
        Overlapping,
        Backwards,
        Unannotated,
        SignedNone,
        WideEnum,
        UnalignedBytes,
        CertainBcd,
        AfterTheRest,
        FiveBytesOfBits,
    ],
)
def test_contradictions(cls: type[Message]) -> None:
    with pytest.raises(TypeError, match=cls.__name__):
        layout(cls)
