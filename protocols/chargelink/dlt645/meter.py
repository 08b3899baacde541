"""The end that answers. The same four verbs as the master's; the device around it says what its registers hold.

Silent, as the standard wants it, on a wrong address or a damaged frame. What is longer than a frame goes out in parts,
which the master asks for one by one.
"""

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from chargelink.dlt645.address import is_meant
from chargelink.dlt645.bodies import Address
from chargelink.dlt645.catalogue import STANDARD, Catalogue
from chargelink.dlt645.control import (
    ABNORMAL,
    FROM_METER,
    MORE_FOLLOWS,
    AnyError,
    Edition,
    ErrorWord,
    ErrorWord1997,
    Function,
    Function1997,
    edition_of,
)
from chargelink.dlt645.frame import ALL_METERS, LONGEST_DATA, Frame
from chargelink.dlt645.reading import identifier_of
from chargelink.dlt645.refusal import error_bytes
from chargelink.dlt645.scanner import Defect, Noise, Received, ScanEvent, Scanner
from chargelink.wire import EncodeError

REPLY_DELAY = 0.02  # s: the least Td (DL/T 645-2007, clause 5.3.3)
USUAL_PART = 170  # bytes of value in one frame: what meters' firmware sends; the standard allows 195
LONGEST_PART = LONGEST_DATA - 5  # identifier and sequence number


class Asked(NamedTuple):
    """The master read something, and was answered or refused."""

    frame: Frame
    identifier: str
    known: bool


class Commanded(NamedTuple):
    """The master wants something else: `answer` or `refuse` it, or stay silent. Nobody answers 99 x 6.

    After an order to take another address, set `address` and then answer: the reply bears the new one.
    """

    frame: Frame


Device = Callable[[str, bytes], "bytes | AnyError | None"]
"""What a device says to a read of an identifier, given the bytes behind it in the request (how many records of a load
profile, from when): data, an error word to refuse by, or None for what its registers say."""

MeterEvent = Asked | Commanded | Noise | Defect


class Parts(NamedTuple):
    """What is being read in several frames: asked how, in which parts, and which was sent last."""

    asked: bytes
    parts: list[bytes]
    last: int


class Meter:
    """A meter with one address.

    `registers` says what each identifier holds, without +33H and low byte first, and is looked up when asked; a block
    (FF) that it does not have is put together of its items. `device` is asked before them. `part` is how many bytes of
    value go into one frame, `delay` how long an answer takes, in s. Requests of other `editions` meet with silence.
    """

    def __init__(
        self,
        address: str,
        registers: Mapping[str, bytes],
        *,
        delay: float = REPLY_DELAY,
        part: int = USUAL_PART,
        preamble: int = 4,
        catalogue: Catalogue = STANDARD,
        device: Device = lambda identifier, besides: None,
        editions: Collection[Edition] = (Edition.DLT645_2007, Edition.DLT645_1997),
    ) -> None:
        """Raises EncodeError for an address that is not twelve digits, or parts that fit no frame."""
        Address(address).encode()
        if not 0 < part <= LONGEST_PART:
            raise EncodeError(f"{part} bytes of value do not fit a frame: 1..{LONGEST_PART}")
        self.address = address
        self.registers = registers
        self._delay = delay
        self._part = part
        self._preamble = preamble
        self._catalogue = catalogue
        self._device = device
        self._editions = editions
        self._scanner = Scanner()
        self._outgoing = b""
        self._reply = b""
        self._reply_at = 0.0
        self._parts = Parts(b"", [], 0)

    def data_to_send(self) -> bytes:
        """What is to be written to the line now; b"" if nothing."""
        outgoing, self._outgoing = self._outgoing, b""
        return outgoing

    @property
    def deadline(self) -> float | None:
        """When `tick` is due; None while nothing is awaited."""
        due = [self._scanner.deadline, self._reply_at if self._reply else None]
        return min((time for time in due if time is not None), default=None)

    def receive(self, data: bytes, now: float) -> list[MeterEvent]:
        """Take bytes that came in at `now`."""
        events = self.tick(now)
        self._take(events, self._scanner.receive(data, now), now)
        return events

    def tick(self, now: float) -> list[MeterEvent]:
        """Let time pass: an answer leaves when its delay is over."""
        events: list[MeterEvent] = []
        self._take(events, self._scanner.tick(now), now)
        if self._reply and now >= self._reply_at:
            self._outgoing += self._reply
            self._reply = b""
        return events

    def answer(self, request: Frame, data: bytes, now: float, more_follows: bool = False) -> None:
        """Answer a request; not one to 99 x 6. Raises EncodeError for data that fits no frame."""
        more = MORE_FOLLOWS if more_follows else 0
        self._reply_with(request, request.function | FROM_METER | more, data, now)

    def refuse(self, request: Frame, error: AnyError, now: float) -> None:
        """Answer a request with an error word, of one byte or two as its kind has; not one to 99 x 6."""
        self._reply_with(request, request.function | FROM_METER | ABNORMAL, error_bytes(error), now)

    def _reply_with(self, request: Frame, control: int, data: bytes, now: float) -> None:
        if request.address == ALL_METERS != self.address:
            return
        self._reply = Frame(self.address, control, data).encode(self._preamble)
        self._reply_at = now + self._delay

    def _take(self, events: list[MeterEvent], scanned: list[ScanEvent], now: float) -> None:
        for event in scanned:
            if not isinstance(event, Received):
                events.append(event)
            elif (
                isinstance(event.frame, Frame)
                and not event.frame.from_meter
                and is_meant(event.frame.address, event.frame.function, self.address, event.frame.data)
                and self._understands(event.frame)
            ):
                self._heed(event.frame, events, now)

    def _understands(self, frame: Frame) -> bool:
        """08 is the same in both editions; functions that vendors add go to the device."""
        if frame.function == Function.BROADCAST_TIME:
            return True
        edition = edition_of(frame.control, frame.data)
        return edition is Edition.DLT645_1997_VENDOR or edition in self._editions

    def _heed(self, frame: Frame, events: list[MeterEvent], now: float) -> None:
        if frame.control in (Function.READ, Function1997.READ):
            self._begin(frame, events, now)
        elif frame.control in (Function.READ_FOLLOW_UP, Function1997.READ_FOLLOW_UP):
            self._go_on(frame, now)
        elif frame.control == Function.READ_ADDRESS:
            self.answer(frame, Address(self.address).encode(), now)
        elif frame.control == Function1997.READ_AGAIN and not frame.data:
            self._say_again(frame, now)
        else:
            events.append(Commanded(frame))

    def _begin(self, frame: Frame, events: list[MeterEvent], now: float) -> None:
        """Read: all of it, or the first part."""
        size = 4 if frame.control == Function.READ else 2
        identifier = identifier_of(frame.data, size)
        value = self._device(identifier, frame.data[size:])
        if value is None:
            value = self._value(identifier)
        if value is None:
            value = ErrorWord.NO_REQUESTED_DATA if size == 4 else ErrorWord1997.WRONG_IDENTIFIER
        events.append(Asked(frame, identifier, isinstance(value, bytes)))
        if not isinstance(value, bytes):
            self.refuse(frame, value, now)
            return
        parts = [value[at : at + self._part] for at in range(0, len(value), self._part)] or [b""]
        self._parts = Parts(frame.data, parts, 0)
        self.answer(frame, frame.data[:size] + parts[0], now, more_follows=len(parts) > 1)

    def _go_on(self, frame: Frame, now: float) -> None:
        """Follow-up: the part that is asked for by its number; in the 1997 edition the next one."""
        asked, parts, last = self._parts
        if frame.control == Function.READ_FOLLOW_UP:
            size, number, same = 4, frame.data[-1] if frame.data else 0, frame.data[:-1] == asked
        else:
            size, number, same = 2, last + 1, frame.data == asked
        if not same or not 0 < number < len(parts):
            self.refuse(frame, ErrorWord.NO_REQUESTED_DATA, now)
            return
        self._parts = Parts(asked, parts, number)
        sequence = bytes((number,)) if size == 4 else b""
        self.answer(frame, asked[:size] + parts[number] + sequence, now, more_follows=number + 1 < len(parts))

    def _say_again(self, frame: Frame, now: float) -> None:
        """1997: the part that was said last."""
        asked, parts, last = self._parts
        if len(asked) != 2:
            self.refuse(frame, ErrorWord1997.ILLEGAL_DATA, now)
            return
        self.answer(frame, asked + parts[last], now, more_follows=last + 1 < len(parts))

    def _value(self, identifier: str) -> bytes | None:
        """What an identifier holds; a block is joined of its items, those missing in between as FF..FF.

        Phases that the meter does not have are sent as absent, tariffs that it does not have are left out.
        """
        value = self.registers.get(identifier)
        if value is not None:
            return value
        items = self._catalogue.expand(identifier)
        values = [self.registers.get(item.identifier) for item in items]
        if all(value is None for value in values):
            return None
        if not identifier.startswith(("02", "B6")):
            while values[-1] is None:
                values.pop()
        return b"".join(
            item.form.encode(None) if value is None else value for item, value in zip(items, values, strict=False)
        )
