"""One session while its messages come."""

from typing import Any

from chargelink.cli.language import Text
from chargelink.gbt27930.catalogue import BY_NAME, MESSAGES, Edition, Sender
from chargelink.gbt27930.causes import raised
from chargelink.gbt27930.charging import BSM, CCS
from chargelink.gbt27930.codes import ChargePermission, Permission
from chargelink.gbt27930.contradictions import NEVER_OBEYED, Contradiction
from chargelink.gbt27930.contradictions import Session as Said
from chargelink.gbt27930.faults import battery_faults
from chargelink.gbt27930.listener import Heard, Odd, Unread
from chargelink.gbt27930.transport import Aborted, Incomplete, Trouble, Unexpected
from chargelink.gbt27930.transport.frames import PACKET
from chargelink.gbt27930.transport.frames import Control as ControlByte
from chargelink.trace.gbt27930.words import message_name
from chargelink.trace.sessions import violations as kinds
from chargelink.trace.sessions.cadence import NOT_TIMED, Beat
from chargelink.trace.sessions.ending import CHARGED, CYCLIC, Ending, Moment, Transfer, stale
from chargelink.trace.sessions.model import Phase, Side
from chargelink.trace.sessions.oddities import contradicted, filled_up, note
from chargelink.trace.sessions.phases import Phases
from chargelink.trace.sessions.readings import TAKE, Readings
from chargelink.trace.sessions.states import Fault, Wrong, limits
from chargelink.trace.sessions.talker import TRANSFERRED, Row, Talker
from chargelink.trace.sessions.violations import SIDES, Frame, Violations, side_of
from chargelink.trace.sessions.words import cause_names
from chargelink.wire import Message

LIMITS = limits()  # s, by word
ANSWERS = (ControlByte.CTS, ControlByte.END_OF_MESSAGE)  # only the charger receives long messages
FAULT_COUNTS = 5.0  # s that a fault of the battery may be the reason of a stop
SHORTEST_LIMIT = min(LIMITS.values())
JUST_OVER = 1.02  # what is over by less, a recorder may have added
AA = 0xAA
FRAME = 8  # bytes


class Draft:
    """Everything that is gathered about a session; `report` makes it a `Session`.

    Times are those of the pair's clock, which never goes back; `shift` leads from it to that of the recording.
    """

    def __init__(self, channel: str, addresses: tuple[int, int], number: int, now: float, whole: bool) -> None:
        self.channel, self.addresses, self.number = channel, addresses, number
        self.start = self.last = now
        self.whole = whole
        self.frames = self.unreadable = self.reconnections = 0
        self.talkers = {sender: Talker(sender) for sender in Sender}
        self._rows = {
            entry.name: Row(entry, self.talkers[entry.sender], self.talkers[entry.sender.opposite])
            for entry in MESSAGES
        }
        self.words: dict[str, float] = {}  # when each was said last, since the (re)connection
        self.ever: set[str] = set()  # words of the whole session
        self.phases = Phases(now)
        self.readings = Readings()
        self.violations = Violations()
        self.ending = Ending()
        self._said = Said()
        self.transfers: dict[str, Transfer] = {}
        self.retries = self.aborts = 0
        self.missing_packets = 0
        self._battery_faults: tuple[str, ...] = ()  # of the last BSM that reported one
        self._faulty_at = 0.0
        self._forbidden = self._not_permitted = False
        self._senseless: set[str] = set()  # messages whose values nobody can follow
        for talker in self.talkers.values():
            talker.shadow.whole = whole

    @property
    def beats(self) -> dict[str, Beat]:
        """How regularly each message came."""
        return {name: row.beat for name, row in self._rows.items()}

    @property
    def sides(self) -> dict[Sender, float]:
        """When each side that was heard said anything last."""
        return {sender: talker.last for sender, talker in self.talkers.items() if talker.last is not None}

    @property
    def editions(self) -> dict[Sender, Edition]:
        """Of each side that was heard."""
        return {sender: talker.edition for sender, talker in self.talkers.items() if talker.edition is not None}

    def heard(self, heard: Heard, now: float) -> None:
        """A message of either side."""
        row = self._rows[heard.entry.name]
        message, own = heard.message, row.own
        self.last = own.last = now
        self.frames += len(heard.payload) <= FRAME  # the packets of a longer one are counted as they come
        word = row.name
        if row.valued:
            word = f"{word}(AA)" if _value(message) == AA else f"{word}(00)"
        gap = row.beat.beat(now)
        if gap > SHORTEST_LIMIT:
            self._gap(row.name, word, gap, now)
        if row.transported and len(heard.payload) > FRAME:
            self.transfer(row.name).done += 1
            if row.name in NOT_TIMED:  # one transfer at a time: BCS had to wait for this one
                self._rows["BCS"].beat.excuse()
        if heard.oddities:
            note(self, heard, now)
        elif not filled_up(message, heard.payload) and not self.violations.again(kinds.PADDING, row.name, None, now):
            self.violations.add(kinds.PADDING, row.name, SIDES[own.sender], now, Frame(heard.identifier, heard.payload))
        own.edition = heard.edition
        if row.stops:
            self._stops(row, raised(message), now, heard)
            return
        self._follow(row, word, heard, now)
        if word not in self.words:
            self.ever.add(word)
            if word in CHARGED:
                self.ending.charging()
        self.words[word] = now
        self.phases.heard(word, now)
        self._understand(heard, now)

    def _understand(self, heard: Heard, now: float) -> None:
        """What a message that is no stop says about the charge."""
        message = heard.message
        if found := self._said.judge(message):
            contradicted(self, heard, found, now)
        if message.flaws or found:
            self._doubt(heard.entry.name, message, found)
        elif self._senseless:
            self._senseless.discard(heard.entry.name)
        self._said.take(message, now)
        take = TAKE.get(type(message))
        if take is not None and not message.flaws:
            take(self.readings, message, now)
        if isinstance(message, CCS):
            self._permits(message, now)
        elif isinstance(message, BSM):
            self._battery(message, now)

    def _gap(self, name: str, word: str, gap: float, now: float) -> None:
        limit = LIMITS.get(word)
        if limit is not None and gap > limit * JUST_OVER:
            self.violations.add(kinds.GAP, name, side_of(name), now, worst=gap, seconds=gap, limit=limit)

    def _follow(self, row: Row, word: str, heard: Heard, now: float) -> None:
        """Where both sides are now."""
        shadow = row.own.shadow
        before = shadow.voice
        fault = shadow.says(word, now, row.transported)
        if shadow.voice is not before:
            self._new_state(row)
        if fault is not None:
            self._wrong(fault, row.own.sender, now, heard)
        other = row.peer.shadow
        other.hears(word, now)
        if row.valued:
            other.hears(row.name, now)

    def _new_state(self, said: Row) -> None:
        """Messages of a state that is over do not come at their period any more."""
        for row in self._rows.values():
            if row is not said and row.own is said.own:
                row.beat.last = None

    def _wrong(self, fault: Fault, sender: Sender, now: float, heard: Heard) -> None:
        frame = Frame(heard.identifier, heard.payload)
        name, whose = heard.entry.name, SIDES[sender]
        if fault.wrong is Wrong.WAIT_IGNORED:
            self.violations.add(
                kinds.WAIT_IGNORED, name, whose, now, frame, detail=fault.other, worst=fault.seconds,
                word=fault.word, other=fault.other, seconds=fault.seconds, meaning=cause_names((fault.other,)),
            )  # fmt: skip
            return
        kind = {
            Wrong.SEQUENCE: kinds.SEQUENCE,
            Wrong.TOO_EARLY: kinds.TOO_EARLY,
            Wrong.IGNORED: kinds.IGNORED,
        }[fault.wrong]
        self.violations.add(
            kind, name, whose, now, frame, detail=(fault.word, fault.other), worst=fault.seconds,
            word=fault.word, other=fault.other, seconds=fault.seconds,
        )  # fmt: skip

    def _stops(self, row: Row, causes: tuple[str, ...], now: float, heard: Heard) -> None:
        name, sender, ending = row.name, row.own.sender, self.ending
        if (name, causes) in ending.echoes:
            return
        new = ending.is_new(name, causes)
        echo = stale(name, causes, {*self.words}) if new and (self.whole or self.reconnections) else ()
        left = tuple(cause for cause in causes if cause not in echo)
        if echo and not self.reconnections:
            self._stale(name, echo, sender, now, heard)
        if echo and not left:
            ending.echoes.add((name, causes))
            return
        self._follow(row, name, heard, now)
        if new:
            ending.take(self.moment(name, sender, left, now))
            self.phases.heard(name, now)
        if ending.first is not None:
            self.words[name] = now

    def _doubt(self, name: str, message: Message, found: tuple[Contradiction, ...]) -> None:
        """Whether the values of a message can be followed."""
        if message.flaws or any(one.conflict in NEVER_OBEYED for one in found):
            self._senseless.add(name)
        else:
            self._senseless.discard(name)

    def _stale(self, name: str, causes: tuple[str, ...], sender: Sender, now: float, heard: Heard) -> None:
        frame = Frame(heard.identifier, heard.payload)
        self.violations.add(kinds.STALE, name, SIDES[sender], now, frame, detail=causes, cause=cause_names(causes))

    def moment(self, message: str, sender: Sender | None, causes: tuple[str, ...], now: float) -> Moment:
        """What is known now."""
        shadow = self.talkers[sender].shadow if sender else None
        return Moment(
            now,
            self.phases.now,
            message,
            sender,
            causes,
            {word: now - at for word, at in self.words.items()},
            {side: now - at for side, at in self.sides.items()},
            now - shadow.before if shadow else 0.0,
            now - self.phases.since if self._forbidden else 0.0,
            frozenset(self._senseless),
            {name: Transfer(*_fields(transfer)) for name, transfer in self.transfers.items()},
            self.battery_faults(now),
        )

    def _battery(self, message: BSM, now: float) -> None:
        faults = battery_faults(message)
        if faults:
            self._battery_faults, self._faulty_at = faults, now
            self.talkers[Sender.CHARGER].shadow.hears("BSM fault", now)
            self._forbidden = False
        else:
            self._forbidden = message.charge_permission == ChargePermission.FORBIDDEN
            self.talkers[Sender.CHARGER].shadow.hears("BSM forbids" if self._forbidden else "BSM permits", now)
        self.phases.pause(self._forbidden or self._not_permitted, now)

    def battery_faults(self, now: float) -> tuple[str, ...]:
        """What BSM reported just now."""
        return self._battery_faults if now - self._faulty_at <= FAULT_COUNTS else ()

    def _permits(self, message: CCS, now: float) -> None:
        paused = message.charging_permitted == Permission.PAUSED
        if paused is not self._not_permitted or self.phases.now is Phase.CHARGING:
            self._not_permitted = paused
            self.phases.pause(paused or self._forbidden, now)

    def unread(self, unread: Unread, now: float) -> None:
        """A message that lacks bytes: nothing of it counts."""
        self.frames += 1
        self.unreadable += 1
        self.last = self.talkers[unread.entry.sender].last = now
        frame = Frame(unread.identifier, unread.payload)
        whose = SIDES[unread.entry.sender]
        name = unread.entry.name
        if name in TRANSFERRED and len(unread.payload) <= FRAME:
            self.transfer(name).single += 1
            said = Text(*Odd.NOT_TRANSPORTED.value)
            self.violations.add(kinds.NOT_TRANSPORTED, name, whose, now, frame, said=said)
            return
        self.violations.add(kinds.SHORT, name, whose, now, frame, error=str(unread.error))

    def packet(self, data: bytes, completed: Heard | None, now: float) -> None:
        """A data frame of the transport, and the message that it completed."""
        self.frames += 1
        self.last = now
        if completed is None:
            return
        before, rest = divmod(len(completed.payload) - 1, PACKET)
        if data[0] != before + 1 or not data[rest + 2 :].strip(b"\xff"):
            return  # another packet came last, or it is filled up with ones
        name, whose = completed.entry.name, SIDES[completed.entry.sender]
        if not self.violations.again(kinds.TAIL, name, None, now):
            self.violations.add(kinds.TAIL, name, whose, now, Frame(completed.identifier, completed.payload))

    def control(self, data: bytes, now: float) -> None:
        """A control frame of the transport."""
        self.frames += 1
        self.last = now
        if len(data) < 8:
            return
        name = message_name(data[5] | data[6] << 8 | data[7] << 16)
        transfer = self.transfer(name)
        if data[0] == ControlByte.RTS:
            transfer.asked += 1
            if name in BY_NAME:
                self.words[f"RTS {name}"] = now
            self.talkers[Sender.BMS].last = now
        elif data[0] in ANSWERS:
            transfer.allowed += data[0] == ControlByte.CTS
            self.talkers[Sender.CHARGER].last = now

    def transfer(self, name: str) -> Transfer:
        """The transfers of a message; those of no message of ours count together."""
        return self.transfers.setdefault(name if name in BY_NAME else "", Transfer())

    def trouble(self, event: Any, now: float) -> None:
        """What the transport tells: a transfer given up, incomplete, or a frame that fits nowhere."""
        if isinstance(event, Aborted):
            name = message_name(event.pgn)
            self.aborts += 1
            self.transfer(name).aborted += 1
            whose = Side.CHARGER if event.by == self.addresses[0] else Side.VEHICLE
            self.violations.add(kinds.ABORTED, name, whose, now, said=Text(event.text, event.chinese))
        elif isinstance(event, Incomplete):
            name = message_name(event.pgn)
            self.retries += event.retries
            if event.why is Trouble.ENDED:
                return
            if not event.have:
                return  # never answered, see `report`
            self.transfer(name).incomplete += 1
            self.missing_packets += event.of - event.have
            self.violations.add(
                kinds.INCOMPLETE, name, Side.BUS, now,
                have=event.have, of=event.of, said=Text(event.why.text, event.why.chinese),
            )  # fmt: skip
        elif isinstance(event, Unexpected):
            frame = Frame(event.identifier, event.data)
            self.violations.add(
                kinds.TRANSPORT_FRAME, "", Side.UNKNOWN, now, frame,
                detail=event.why, said=Text(event.why.text, event.why.chinese),
            )  # fmt: skip

    def judge_error(self, moment: Moment, timed: bool) -> None:
        """Whether what a side reports as missing had been missing."""
        awaited, sender = moment.awaited, moment.sender
        if awaited is None or sender is None or moment.age is None or awaited.message in moment.senseless:
            return
        if moment.came_in_time(timed):
            self.violations.add(
                kinds.PREMATURE, moment.message, SIDES[sender], moment.now,
                cause=cause_names((moment.cause,)), awaited=awaited.word, age=moment.age, limit=moment.limit,
            )  # fmt: skip
        elif timed and awaited.message in CYCLIC:
            self.violations.add(
                kinds.GAP, awaited.message, SIDES[sender.opposite], moment.now - moment.age, worst=moment.age,
                seconds=moment.age, limit=moment.limit,
            )  # fmt: skip

    def hole(self, seconds: float, now: float) -> None:
        """Nothing of the pair was recorded for a while, and it went on as before."""
        self.violations.add(kinds.HOLE, "", Side.UNKNOWN, now, worst=seconds, seconds=seconds)
        for row in self._rows.values():
            row.beat.last = None
        for talker in self.talkers.values():
            talker.shadow.pause(seconds)

    def reconnect(self, now: float) -> None:
        """The charger begins again with recognition."""
        self.reconnections += 1
        self.words.clear()
        self.ending.reconnect()
        if self.ending.before is not None:
            self.judge_error(self.ending.before, now > self.start)
        self._battery_faults = ()
        self._forbidden = self._not_permitted = False
        for talker in self.talkers.values():
            talker.shadow.reset()
        for row in self._rows.values():
            row.beat.last = None
        self.phases.enter(Phase.RECOGNITION, now)


def asks_for(control: bytes, name: str) -> bool:
    """Whether a control frame asks to send that message (RTS)."""
    return (
        len(control) == FRAME
        and control[0] == ControlByte.RTS
        and control[5:] == BY_NAME[name].pgn.to_bytes(3, "little")
    )


def _value(message: Any) -> int:
    """The value that tells two words of a message apart."""
    return int(message.recognition_result if hasattr(message, "recognition_result") else message.ready)


def _fields(transfer: Transfer) -> tuple[int, ...]:
    return transfer.asked, transfer.allowed, transfer.done, transfer.aborted, transfer.incomplete, transfer.single
