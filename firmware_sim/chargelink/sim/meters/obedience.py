"""What a meter does when it is told to: every control code but those that read.

An answer's data, an error word, or None for silence. Clause numbers are those of DL/T 645-2007, clause 7; relay,
terminal and security are State Grid's supplements.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from chargelink.dlt645 import bodies
from chargelink.dlt645.catalogue import modern_identifier
from chargelink.dlt645.control import (
    BAUD_RATES,
    AnyError,
    Edition,
    ErrorWord,
    ErrorWord1997,
    Function,
    Function1997,
    RelayError,
    SecurityError,
    edition_of,
)
from chargelink.dlt645.forms import Moment, Stamp, Value
from chargelink.dlt645.frame import ALL_METERS, ANY_METER, Frame
from chargelink.dlt645.reading import identifier_of
from chargelink.dlt645.request import PASSWORDS
from chargelink.sim.meters import events, freezes
from chargelink.sim.meters.clock import read, written
from chargelink.wire import DecodeError, EncodeError

if TYPE_CHECKING:
    from chargelink.sim.meters.device import Device

Outcome = bytes | AnyError | None
SETS, CLEARS = 4, 2  # the least level that may set parameters or switch, that may clear
ESAM_LEVELS = (0x98, 0x99)
IDENTITY = "070000FF"
IDENTITY_REQUEST = 24  # bytes: cipher, random number, diversifier
IDENTITY_ANSWER = bytes.fromhex("01020304 1122334455667788")  # random number, serial number of the ESAM
NOW = "99-99 99:99"
NO_IDENTIFIER = "00000000"
RECORDED = 10  # identifiers in one record of programming
DATE, TIME, BOTH = "04000101", "04000102", "0400010C"
MOMENTS = {DATE: Moment("YYMMDDWW"), TIME: Moment("hhmmss"), BOTH: Moment("YYMMDDWWhhmmss")}
ADDRESS = "04000401"
SECRETS = "04000C"


class Obedience:
    """Of one device."""

    def __init__(self, device: "Device") -> None:
        self._device = device
        self._rate: int | None = None  # feature word that holds once its answer has left
        self._programming = -1  # which press of the key the newest record is of
        self._programmed: list[str] = []
        self._security = False  # the identity has been asked for
        self.terminal = 0
        """What the multi-function terminal gives out."""

    def obey(self, frame: Frame, now: float) -> None:
        """Do what a frame says, and answer it, refuse it or be silent."""
        modern = edition_of(frame.control, frame.data) is Edition.DLT645_2007
        doing = (ORDERS if modern else ORDERS_1997).get(frame.function)
        if doing is None:
            return
        try:
            outcome = doing(self, frame)
        except (DecodeError, EncodeError, ValueError):
            outcome = ErrorWord.OTHER if modern else ErrorWord1997.ILLEGAL_DATA
        if isinstance(outcome, bytes):
            self._device.meter.answer(frame, outcome, now)
        elif outcome is not None:
            self._device.meter.refuse(frame, outcome, now)

    def answered(self) -> None:
        """An answer has left: a new rate holds from here on."""
        if self._rate is not None:
            self._device.set_baud(BAUD_RATES[self._rate])
            self._rate = None

    def broadcast_time(self, frame: Frame) -> Outcome:
        """Nobody answers; to one meter alone it is not sent."""
        if frame.address == ALL_METERS:
            device = self._device
            time = read(bodies.BroadcastTime.decode(frame.data).time)
            if device.clock.broadcast(time, device.now, device.parameters.settlements):
                device.clock_was_set()
        return None

    def write(self, frame: Frame) -> Outcome:
        identifier = identifier_of(frame.data)
        write = bodies.Write.decode(frame.data[4:])
        if not self._may_program(write.credentials, SETS):
            return ErrorWord.NOT_AUTHORISED
        error = self._set(identifier, write.data, write.credentials.operator)
        if error is None:
            self._record_programming(identifier, write.credentials.operator)
        return b"" if error is None else error

    def write_1997(self, frame: Frame) -> Outcome:
        """The same parameters under their old identifiers, and no operator."""
        write = bodies.Write1997.decode(frame.data[2:])
        modern = modern_identifier(identifier_of(frame.data, 2))
        if not self._may_program(bodies.Credentials(write.level, write.password), SETS):
            return ErrorWord1997.WRONG_PASSWORD
        if modern is None:
            return ErrorWord1997.WRONG_IDENTIFIER
        error = self._set(modern, write.data, NO_IDENTIFIER)
        if error is None:
            return b""
        return ErrorWord1997.WRONG_IDENTIFIER if ErrorWord.NO_REQUESTED_DATA in error else ErrorWord1997.ILLEGAL_DATA

    def write_address(self, frame: Frame) -> Outcome:
        """Silence without the key: others on the line heard it too."""
        device = self._device
        if frame.address not in (ANY_METER, device.address) or not device.key.allows(device.now):
            return None
        device.set_address(bodies.Address.decode(frame.data).address)
        return b""

    def freeze(self, frame: Frame) -> Outcome:
        moment = bodies.Freeze.decode(frame.data).moment
        if moment == NOW:
            self._device.freeze(freezes.INSTANT)
            return b""
        return b"" if self._device.freezes.schedule(moment) else ErrorWord.OTHER

    def set_baud(self, frame: Frame) -> Outcome:
        word = bodies.BaudFeature.decode(frame.data).word
        if word not in BAUD_RATES:
            return ErrorWord.BAUD_CANNOT_CHANGE
        self._rate = word
        return frame.data

    def set_password(self, frame: Frame) -> Outcome:
        """Of the level that the identifier names, by the password of that or a higher one."""
        body = bodies.SetPassword.decode(frame.data[4:])
        level = int(identifier_of(frame.data), 16) - PASSWORDS
        if level != int(body.new.level, 16) or not 0 <= level <= 9:
            return ErrorWord.NO_REQUESTED_DATA
        return frame.data[8:] if self._changes_password(body) else ErrorWord.NOT_AUTHORISED

    def set_password_1997(self, frame: Frame) -> Outcome:
        body = bodies.SetPassword.decode(frame.data)
        if int(body.new.level, 16) > 9:
            return ErrorWord1997.ILLEGAL_DATA
        return frame.data[4:] if self._changes_password(body) else ErrorWord1997.WRONG_PASSWORD

    def clear_demand(self, frame: Frame) -> Outcome:
        credentials = bodies.Credentials.decode(frame.data)
        if not self._may_program(credentials, CLEARS):
            return ErrorWord.NOT_AUTHORISED
        self._clear_demand(credentials.operator)
        return b""

    def clear_demand_1997(self, frame: Frame) -> Outcome:
        """By the key, without a password."""
        if not self._device.key.allows(self._device.now):
            return ErrorWord1997.WRONG_PASSWORD
        self._clear_demand(NO_IDENTIFIER)
        return b""

    def clear_meter(self, frame: Frame) -> Outcome:
        credentials = bodies.Credentials.decode(frame.data)
        if not self._may_program(credentials, CLEARS):
            return ErrorWord.NOT_AUTHORISED
        device = self._device
        energies = device.holdings.energies_of_phases
        device.clear()
        device.events.happened(events.METER_CLEAR, self._time, credentials.operator, *energies)
        return b""

    def clear_events(self, frame: Frame) -> Outcome:
        """All, or those of one kind; never what was cleared."""
        body = bodies.ClearEvents.decode(frame.data)
        if not self._may_program(body.credentials, CLEARS):
            return ErrorWord.NOT_AUTHORISED
        everything = body.identifier == "FFFFFFFF"
        kinds = "" if everything else body.identifier[:6]
        if not events.named(kinds):
            return ErrorWord.NO_REQUESTED_DATA
        self._device.events.clear(kinds)
        cleared = None if everything else body.identifier  # None travels as FF..FF
        self._device.events.happened(events.EVENT_CLEAR, self._time, body.credentials.operator, cleared)
        return b""

    def relay(self, frame: Frame) -> Outcome:
        device = self._device
        if frame.data[:1] and frame.data[0] in ESAM_LEVELS:
            if not device.built.esam:
                return ErrorWord.NOT_AUTHORISED
            # What follows is enciphered by keys that no simulator has.
            return RelayError.WRONG_MAC if self._security else RelayError.AUTHENTICATION_TIMED_OUT
        order = bodies.Relay.decode(frame.data)
        trips = order.command in (0x1A, 0x1D, 0x1E)
        if not self._proves(order.credentials, SETS) or (trips and device.built.esam):
            return ErrorWord.NOT_AUTHORISED
        if not device.relay.obey(order, device.shows, device.now):
            return ErrorWord.NOT_AUTHORISED  # what firmware says for every refusal
        device.record_relay()
        return b""

    def terminal_signal(self, frame: Frame) -> Outcome:
        self.terminal = bodies.TerminalSignal.decode(frame.data).code
        return frame.data if self.terminal in bodies.TERMINAL_SIGNALS else ErrorWord.OTHER

    def security(self, frame: Frame) -> Outcome:
        """With an ESAM the identity is told, always the same; what needs a key is refused."""
        body = bodies.Security.decode(frame.data[4:])
        if not self._device.built.esam:
            return SecurityError.AUTHENTICATION_FAILED
        if identifier_of(frame.data) == IDENTITY and len(body.data) == IDENTITY_REQUEST:
            self._security = True
            return frame.data[:4] + IDENTITY_ANSWER
        return SecurityError.ESAM_CHECK_FAILED if self._security else SecurityError.AUTHENTICATION_FAILED

    @property
    def _time(self) -> Stamp:
        return Stamp(written(self._device.shows))

    def _proves(self, credentials: bodies.Credentials, least: int) -> bool:
        password = bytes.fromhex(credentials.password)[::-1]
        level = int(credentials.level, 16)
        return self._device.passwords.proves(level, password, least, self._device.now)

    def _may_program(self, credentials: bodies.Credentials, least: int) -> bool:
        """The key first: without it no password is tried."""
        return self._device.key.allows(self._device.now) and self._proves(credentials, least)

    def _changes_password(self, body: bodies.SetPassword) -> bool:
        old = bodies.Credentials(body.old.level, body.old.password)
        level = int(body.new.level, 16)
        if not self._may_program(old, level):
            return False
        self._device.passwords.set(level, bytes.fromhex(body.new.password)[::-1])
        return True

    def _clear_demand(self, operator: str) -> None:
        device = self._device
        device.events.happened(events.DEMAND_CLEAR, self._time, operator, *device.holdings.demands_of_phases)
        device.demand.clear()

    def _set(self, identifier: str, value: bytes, operator: str) -> ErrorWord | None:
        if identifier in MOMENTS:
            self._set_clock(MOMENTS[identifier], value, operator)
            return None
        if identifier.startswith(SECRETS):
            return ErrorWord.NOT_AUTHORISED  # function 18 sets them
        if identifier == ADDRESS:
            self._device.set_address(bodies.Address.decode(value).address)
            return None
        return self._device.parameters.write(identifier, value)

    def _set_clock(self, form: Moment, value: bytes, operator: str) -> None:
        """Date, time or both; what is not named stays. Raises DecodeError and ValueError for what is no moment."""
        device = self._device
        before = device.shows
        stamp = form.decode(value)
        if not isinstance(stamp, Stamp):
            raise DecodeError("absent")
        parts = {10: stamp.text + written(before)[10:], 8: written(before)[:11] + stamp.text}
        to: datetime = read(parts.get(len(stamp.text), stamp.text))
        device.set_clock(to)
        device.events.happened(events.TIME_SET, operator, Stamp(written(before)), Stamp(written(to)))

    def _record_programming(self, identifier: str, operator: str) -> None:
        """What is set under one press of the key is one record, of the last ten identifiers."""
        device = self._device
        goes_on = self._programming == device.key.pressed and not device.built.unlocked
        self._programmed = [*self._programmed, identifier][-RECORDED:] if goes_on else [identifier]
        listed: list[Value | None] = [*self._programmed, *[None] * (RECORDED - len(self._programmed))]
        record = device.events.went_on if goes_on else device.events.happened
        record(events.PROGRAMMING, self._time, operator, *listed)
        self._programming = device.key.pressed


Doing = Callable[[Obedience, Frame], Outcome]
ORDERS: dict[int, Doing] = {
    Function.SECURITY: Obedience.security,
    Function.BROADCAST_TIME: Obedience.broadcast_time,
    Function.WRITE: Obedience.write,
    Function.WRITE_ADDRESS: Obedience.write_address,
    Function.FREEZE: Obedience.freeze,
    Function.SET_BAUD: Obedience.set_baud,
    Function.SET_PASSWORD: Obedience.set_password,
    Function.CLEAR_DEMAND: Obedience.clear_demand,
    Function.CLEAR_METER: Obedience.clear_meter,
    Function.CLEAR_EVENTS: Obedience.clear_events,
    Function.RELAY: Obedience.relay,
    Function.TERMINAL_SIGNAL: Obedience.terminal_signal,
}
ORDERS_1997: dict[int, Doing] = {
    Function1997.WRITE: Obedience.write_1997,
    Function1997.WRITE_ADDRESS: Obedience.write_address,
    Function1997.SET_BAUD: Obedience.set_baud,
    Function1997.SET_PASSWORD: Obedience.set_password_1997,
    Function1997.CLEAR_DEMAND: Obedience.clear_demand_1997,
}
