"""Another rate, proven by a read, with a way back: a meter is never left where nobody can reach it without saying so.

The meter answers at the old rate and then switches; nobody else on the line does. Feature words are those of the
edition of 2007.
"""

from enum import StrEnum
from typing import NamedTuple

from chargelink.dlt645.control import BAUD_RATES, Words
from chargelink.dlt645.master import Master, Refused, Reply
from chargelink.dlt645.procedures.procedure import (
    Procedure,
    Script,
    SetRate,
    Wait,
    ask,
    is_there,
    refused_words,
    require_whole,
)
from chargelink.dlt645.request import read, set_baud
from chargelink.wire import EncodeError

PROOF = "00010000"  # every meter has it; a refusal proves as much
SETTLES = 0.5  # s that a meter may take to switch
ROUNDS = 2  # of looking for the meter at every rate that it may have


class BaudState(StrEnum):
    """Where the meter is now."""

    CHANGED = "changed"
    REFUSED = "refused"
    UNCHANGED = "unchanged"  # accepted or not answered, and still at the old rate
    UNREACHABLE = "unreachable"


class BaudOutcome(NamedTuple):
    """`baud` is the rate at which the meter answered last; the line is left at it."""

    state: BaudState
    words: Words
    baud: int
    refused: Refused | None = None


class BaudChange(Procedure[BaudOutcome]):
    """Changes the rate of a meter from that of the master's timing. Each `SetRate` that it tells is for the port."""

    def __init__(self, master: Master, address: str, baud: int, now: float) -> None:
        """Raises EncodeError for a rate that has no feature word, or an address that names no single meter."""
        require_whole(address)
        feature_word(baud)
        super().__init__(master, baud_change(address, baud, master.timing.baud), now)


def feature_word(baud: int) -> int:
    """The word of a rate: one bit. Raises EncodeError."""
    for word, rate in BAUD_RATES.items():
        if rate == baud:
            return word
    rates = ", ".join(map(str, BAUD_RATES.values()))
    raise EncodeError(f"{baud} baud has no feature word: {rates}")


def baud_change(address: str, baud: int, old: int) -> Script[BaudOutcome]:
    """The script of `BaudChange`; `old` is the rate that the line has."""
    answer = yield from ask(set_baud(address, feature_word(baud)))
    if isinstance(answer, Refused):
        return BaudOutcome(BaudState.REFUSED, refused_words(answer), old, answer)
    rates = [baud, old]
    if isinstance(answer, Reply):
        said = BAUD_RATES.get(answer.data[0]) if answer.data else None
        if said is not None and said not in rates:  # it goes where it was not sent
            rates.insert(0, said)
    else:
        rates.reverse()
    found = yield from _find(address, rates * ROUNDS)
    if found is None:
        yield SetRate(old)
        tried = ", ".join(map(str, sorted({*rates})))
        words = Words(
            f"the meter answers at none of {tried} baud; the line is back at {old}",
            f"电能表在 {tried} 波特均无应答；线路已恢复为 {old}",
        )
        return BaudOutcome(BaudState.UNREACHABLE, words, old)
    if found == old and found != baud:
        words = Words(f"the meter answers at {old} baud only: nothing changed", f"电能表仍只在 {old} 波特应答：未更改")
        return BaudOutcome(BaudState.UNCHANGED, words, old)
    if found == baud:
        return BaudOutcome(BaudState.CHANGED, Words(f"answers at {baud} baud", f"已在 {baud} 波特应答"), baud)
    words = Words(f"went to {found} baud instead of {baud}", f"电能表改为 {found} 波特，而非 {baud}")
    return BaudOutcome(BaudState.CHANGED, words, found)


def _find(address: str, rates: list[int]) -> Script[int | None]:
    """The first of the rates at which the meter answers, with the line at it."""
    for rate in rates:
        yield SetRate(rate)
        yield Wait(SETTLES)
        if is_there((yield read(address, PROOF)).event):
            return rate
    return None
