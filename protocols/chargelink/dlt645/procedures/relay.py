"""Trip or close, and see that it was done. An acknowledgement (9C) only says that the meter accepted the command.

The relay's own state is in status word 3 (04000503): bit 4 says where it is, bit 6 where it was ordered to be. A
command is sent once, whatever happens: a wrong password that is repeated locks the meter.
"""

from enum import IntFlag, StrEnum
from typing import NamedTuple

from chargelink.dlt645.bodies import Relay
from chargelink.dlt645.control import RelayAccepted, Words
from chargelink.dlt645.master import Master, Refused, Reply
from chargelink.dlt645.procedures.procedure import Ended, Procedure, Script, Wait, ask, refused_words, require_whole
from chargelink.dlt645.refusal import Acceptance
from chargelink.dlt645.request import read, relay

STATUS_WORD_3 = "04000503"
CONFIRM_WITHIN = 10.0  # s; relays move within one, some meters wait for the load to fall
LOOK_EVERY = 1.0  # s


class OperatingState(IntFlag):
    """Bits of status word 3."""

    PROGRAMMING = 0x0008
    RELAY_OPEN = 0x0010
    TRIP_COMMANDED = 0x0040
    ALARM = 0x0080


RELAY_BITS = OperatingState.RELAY_OPEN | OperatingState.TRIP_COMMANDED
# What the meter shows once a command is done, by N1: which bits count, and which of them are set.
SHOWS = {
    0x1A: (RELAY_BITS, RELAY_BITS),
    0x1B: (RELAY_BITS, OperatingState(0)),
    0x1C: (RELAY_BITS, OperatingState(0)),
    0x1D: (RELAY_BITS, RELAY_BITS),
    0x1E: (RELAY_BITS, RELAY_BITS),
    0x2A: (OperatingState.ALARM, OperatingState.ALARM),
    0x2B: (OperatingState.ALARM, OperatingState(0)),
}
PERMIT_CLOSE = 0x1B


class RelayState(StrEnum):
    """How far a command got."""

    DONE = "done"  # the meter shows it
    ACCEPTED = "accepted"  # the meter said yes and does not show it, or nothing can show it
    REFUSED = "refused"  # nothing was done
    UNKNOWN = "unknown"  # no answer: it may be done now, or later until its deadline


class RelayOutcome(NamedTuple):
    """What came of a command. `before` and `after` are None where the meter did not tell its state."""

    state: RelayState
    words: Words
    before: OperatingState | None
    after: OperatingState | None
    accepted: RelayAccepted | None = None
    refused: Refused | None = None


class ConfirmedRelay(Procedure[RelayOutcome]):
    """Sends a command and watches status word 3 for up to `confirm_within` s."""

    def __init__(
        self, master: Master, address: str, command: Relay, now: float, confirm_within: float = CONFIRM_WITHIN
    ) -> None:
        """Raises EncodeError for a command that cannot be sent, or an address that names no single meter."""
        require_whole(address)
        relay(address, command)
        super().__init__(master, confirmed_relay(address, command, confirm_within), now)


def confirmed_relay(address: str, command: Relay, confirm_within: float = CONFIRM_WITHIN) -> Script[RelayOutcome]:
    """The script of `ConfirmedRelay`."""
    before = _state_in((yield read(address, STATUS_WORD_3)).event)
    answer = yield from ask(relay(address, command))
    if isinstance(answer, Refused):
        return RelayOutcome(RelayState.REFUSED, refused_words(answer), before, None, refused=answer)
    after = yield from _watch(address, command, confirm_within)
    answered = isinstance(answer, Reply)
    accepted = Acceptance.decode(answer.data).accepted if isinstance(answer, Reply) and len(answer.data) == 2 else None
    return RelayOutcome(*_judged(command, before, after, answered), before, after, accepted)


def _state_in(event: Ended | None) -> OperatingState | None:
    """Status word 3 of an answer; None if the meter does not tell."""
    if not isinstance(event, Reply) or len(event.data) < 2 or event.data[:2] == b"\xff\xff":
        return None
    return OperatingState(int.from_bytes(event.data[:2], "little"))


def _watch(address: str, command: Relay, confirm_within: float) -> Script[OperatingState | None]:
    """The state once it shows the command as done, or the last one that was told."""
    seen: OperatingState | None = None
    until: float | None = None
    while command.command in SHOWS:
        event, now = yield read(address, STATUS_WORD_3)
        told = _state_in(event)
        seen = seen if told is None else told
        until = now + confirm_within if until is None else until
        if _shows(command, seen) or now >= until:
            break
        yield Wait(LOOK_EVERY)
    return seen


def _shows(command: Relay, state: OperatingState | None) -> bool:
    if state is None or command.command not in SHOWS:
        return False
    bits, wanted = SHOWS[command.command]
    return state & bits == wanted


def _judged(
    command: Relay, before: OperatingState | None, after: OperatingState | None, answered: bool
) -> tuple[RelayState, Words]:
    """What is known after the command was sent and not refused."""
    shown = _shows(command, after)
    if shown and (answered or not _shows(command, before)):
        return RelayState.DONE, Words("done: the meter shows it", "已执行：电能表状态字已证实")
    if not answered:
        if shown:
            words = Words("no answer; the state is as wanted, as it was before", "无应答；状态与命令一致，但此前已如此")
        elif after is None:
            words = Words("no answer, and the state cannot be read", "无应答，状态也无法读取")
        else:
            words = Words("no answer; the state does not show it yet", "无应答；状态字尚未显示已执行")
        return RelayState.UNKNOWN, words
    if command.command not in SHOWS:
        words = Words("accepted; no status word shows whether it is done", "已接受；没有状态字可证实")
    elif after is None:
        words = Words("accepted; the state cannot be read", "已接受；状态无法读取")
    elif command.command == PERMIT_CLOSE and not after & OperatingState.TRIP_COMMANDED:
        words = Words("accepted; closes when the key on the meter is pressed", "已接受；需按电能表按键合闸")
    else:
        words = Words("accepted, but the relay has not moved", "已接受，但继电器未动作")
    return RelayState.ACCEPTED, words
