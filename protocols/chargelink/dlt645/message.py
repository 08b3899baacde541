"""A frame explained: which edition, what identifier, which values. Never fails; what is odd becomes a flaw."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from chargelink.dlt645.bodies import (
    Address,
    BaudFeature,
    BroadcastTime,
    ClearEvents,
    Credentials,
    Freeze,
    Password,
    Relay,
    Security,
    SetPassword,
    TerminalSignal,
    Write,
    Write1997,
)
from chargelink.dlt645.catalogue import STANDARD, Catalogue
from chargelink.dlt645.control import (
    Edition,
    Function,
    Function1997,
    Words,
    edition_of,
    function_words,
)
from chargelink.dlt645.forms import Moment, Presented
from chargelink.dlt645.frame import Frame
from chargelink.dlt645.reading import Readings, identifier_of, readings
from chargelink.dlt645.refusal import Acceptance, Refusal
from chargelink.wire import DecodeError


class Body(Protocol):
    """What all bodies have in common."""

    @property
    def presented(self) -> Presented: ...


Decode = Callable[[bytes], Body]

PROFILE_TIME = Moment("YYMMDDhhmm")


@dataclass(frozen=True)
class Message:
    """A frame with its meaning.

    `identifier` as people write it, None where the frame has none. `values` as screens and JSON show them; `readings`
    the same typed, for a reply to a read. `flaws` say what is odd, one thing each.
    """

    frame: Frame
    edition: Edition
    identifier: str | None
    values: Presented
    flaws: tuple[Words, ...] = ()
    readings: Readings | None = None

    @property
    def words(self) -> Words:
        """What the frame asks for or answers, in words."""
        return function_words(self.frame.control, self.edition)


def explain(frame: Frame, catalogue: Catalogue = STANDARD) -> Message:
    """The meaning of a frame, whatever it holds."""
    edition = edition_of(frame.control, frame.data)
    if frame.refused:
        return _with_body(frame, edition, partial(Refusal.decode, function=frame.function, edition=edition))
    if edition is Edition.DLT645_2007:
        explained = _explain_2007(frame, catalogue)
    elif edition is Edition.DLT645_1997:
        explained = _explain_1997(frame, catalogue)
    else:
        explained = None
    return _raw(frame, edition) if explained is None else explained


BODIES_2007: dict[int, Decode] = {
    Function.BROADCAST_TIME: BroadcastTime.decode,
    Function.WRITE_ADDRESS: lambda data: Address.decode(data, "new_address"),
    Function.FREEZE: Freeze.decode,
    Function.SET_BAUD: BaudFeature.decode,
    Function.CLEAR_DEMAND: Credentials.decode,
    Function.CLEAR_METER: Credentials.decode,
    Function.CLEAR_EVENTS: ClearEvents.decode,
    Function.RELAY: Relay.decode,
    Function.TERMINAL_SIGNAL: TerminalSignal.decode,
}
REPLIES_2007: dict[int, Decode] = {
    Function.READ_ADDRESS: Address.decode,
    Function.SET_BAUD: BaudFeature.decode,
    Function.TERMINAL_SIGNAL: TerminalSignal.decode,
    Function.SET_PASSWORD: Password.decode,
    Function.RELAY: Acceptance.decode,
}
BODIES_1997: dict[int, Decode] = {
    Function1997.WRITE_ADDRESS: lambda data: Address.decode(data, "new_address"),
    Function1997.SET_PASSWORD: SetPassword.decode,
}
REPLIES_1997: dict[int, Decode] = {Function1997.SET_PASSWORD: Password.decode}


def _explain_2007(frame: Frame, catalogue: Catalogue) -> Message | None:
    edition = Edition.DLT645_2007
    function = frame.function
    if function in (Function.READ, Function.READ_FOLLOW_UP):
        # Some masters ask with the function of 2007 for an identifier of 1997, which is two bytes.
        size = 2 if len(frame.data) == 2 else 4
        return _explain_read(frame, edition, size, catalogue)
    if not frame.data:
        return Message(frame, edition, None, {})
    if function == Function.WRITE and not frame.from_meter:
        return _with_body(frame, edition, Write.decode, identifier_size=4)
    if function == Function.SET_PASSWORD and not frame.from_meter and len(frame.data) > 4:
        return _with_body(frame, edition, SetPassword.decode, identifier_size=4)
    if function == Function.SECURITY and not frame.from_meter and len(frame.data) >= 8:
        return _with_body(frame, edition, Security.decode, identifier_size=4)
    if function == Function.SECURITY and len(frame.data) > 4:
        return Message(frame, edition, identifier_of(frame.data), _raw_values(frame.data[4:]))
    body = (REPLIES_2007 if frame.from_meter else BODIES_2007).get(function)
    return None if body is None else _with_body(frame, edition, body)


def _explain_1997(frame: Frame, catalogue: Catalogue) -> Message | None:
    edition = Edition.DLT645_1997
    function = frame.function
    if function in (Function1997.READ, Function1997.READ_FOLLOW_UP, Function1997.READ_AGAIN):
        return _explain_read(frame, edition, 2, catalogue)
    if not frame.data:
        return Message(frame, edition, None, {})
    if function == Function1997.WRITE and not frame.from_meter:
        return _with_body(frame, edition, Write1997.decode, identifier_size=2)
    body = (REPLIES_1997 if frame.from_meter else BODIES_1997).get(function)
    return None if body is None else _with_body(frame, edition, body)


def _explain_read(frame: Frame, edition: Edition, size: int, catalogue: Catalogue) -> Message:
    """A request to read, or what the meter has to say to it."""
    identifier = identifier_of(frame.data, size) or None
    rest = frame.data[size:]
    if identifier is None:
        cut = frame.data or edition is Edition.DLT645_2007
        return Message(
            frame, edition, None, _raw_values(frame.data), (Words("no identifier", "没有数据标识"),) if cut else ()
        )
    follow_up = frame.function == Function.READ_FOLLOW_UP
    if not frame.from_meter:
        return Message(frame, edition, identifier, *_asked_besides(rest, follow_up))
    if follow_up:
        values = {**_raw_values(rest[:-1]), "sequence": rest[-1]} if rest else {}
        return Message(frame, edition, identifier, values)
    found = readings(identifier, rest, catalogue)
    flaws = () if frame.more_follows else tuple(found.flaws)
    if not found.known:
        flaws = (Words(f"identifier {identifier} is not in the catalogue", f"未收录的数据标识 {identifier}"),)
    return Message(frame, edition, identifier, found.presented, flaws, found)


def _asked_besides(rest: bytes, follow_up: bool) -> tuple[Presented, tuple[Words, ...]]:
    """Load profile: how many blocks, from when. Follow-up: which one."""
    values: Presented = {}
    if follow_up and rest:
        values["sequence"] = rest[-1]
        rest = rest[:-1]
    if not rest:
        return values, ()
    if len(rest) not in (1, 6):
        return {**values, **_raw_values(rest)}, (
            Words("an odd length behind the identifier", "标识之后的数据长度异常"),
        )
    values["blocks"] = rest[0]
    if len(rest) == 6:
        try:
            values["from"] = PROFILE_TIME.read(rest[1:]).text
        except DecodeError as error:
            return {**values, **_raw_values(rest[1:])}, (_undecodable(error),)
    return values, ()


def _with_body(frame: Frame, edition: Edition, decode: Decode, identifier_size: int = 0) -> Message:
    """A frame whose data, behind an identifier if it has one, is a body that presents itself."""
    identifier = identifier_of(frame.data, identifier_size) or None if identifier_size else None
    try:
        body = decode(frame.data[identifier_size:])
    except DecodeError as error:
        return Message(frame, edition, identifier, _raw_values(frame.data), (_undecodable(error),))
    return Message(frame, edition, identifier, body.presented)


def _raw(frame: Frame, edition: Edition) -> Message:
    return Message(frame, edition, None, _raw_values(frame.data))


def _raw_values(data: bytes) -> Presented:
    return {"raw": data.hex(" ").upper()} if data else {}


def _undecodable(error: DecodeError) -> Words:
    return Words(str(error), f"数据域无法解读 ({error})")
