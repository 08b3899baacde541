"""Set a meter's clock, and see that it was taken.

By broadcast (08) nobody answers, and meters ignore it near midnight and settlement, if they are off by more than five
minutes, and after the first of a day. By writing, date and time go together (0400010C) where the meter has that; where
not, they go one after the other, never across midnight.
"""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from chargelink.dlt645.bodies import Credentials, Password
from chargelink.dlt645.catalogue import STANDARD
from chargelink.dlt645.control import Edition, Words
from chargelink.dlt645.forms import Stamp
from chargelink.dlt645.master import Master, Refused, Reply, Sent
from chargelink.dlt645.procedures.procedure import Ended, Procedure, Script, Wait, ask, refused_words, require_whole
from chargelink.dlt645.request import Request, broadcast_time, read, write, write_1997

TOGETHER = "0400010C"
APART = {Edition.DLT645_2007: ("04000101", "04000102"), Edition.DLT645_1997: ("C010", "C011")}
CLOSE_ENOUGH = 3.0  # s; a meter tells whole seconds, and the line takes its time
BEFORE_MIDNIGHT = 30  # s in which date and time are not set one after the other
TAKES = 1.0  # s from a broadcast to a clock that shows it


class TimeState(StrEnum):
    """What came of it."""

    DONE = "done"
    IGNORED = "ignored"  # no refusal, and yet the clock does not show it
    REFUSED = "refused"
    UNKNOWN = "unknown"  # the clock cannot be read


class TimeOutcome(NamedTuple):
    """`before` and `after`: how many seconds the meter's clock is ahead; None where it cannot be read."""

    state: TimeState
    words: Words
    before: float | None
    after: float | None
    refused: Refused | None = None


class Clock(NamedTuple):
    """What a meter's clock showed, at a moment of ours; `together`: it has date and time in one."""

    shown: datetime | None
    at: float
    together: bool


class SetTime(Procedure[TimeOutcome]):
    """Sets the clock of the meter at `address` to `time`, the local time at `now`.

    By writing if there are credentials `by` (of them the 1997 edition takes level and password); else by broadcast,
    which all meters on the line hear, and of which this one shows whether it was taken.
    """

    def __init__(
        self,
        master: Master,
        address: str,
        time: datetime,
        now: float,
        by: Credentials | None = None,
        edition: Edition = Edition.DLT645_2007,
    ) -> None:
        """Raises EncodeError for credentials that are none, or an address that names no single meter."""
        require_whole(address)
        (by or Credentials()).encode()
        super().__init__(master, set_time(address, time - timedelta(seconds=now), by, edition), now)


def set_time(address: str, zero: datetime, by: Credentials | None, edition: Edition) -> Script[TimeOutcome]:
    """The script of `SetTime`; `zero` is the local time at which `now` was 0."""
    before = yield from _clock(address, edition)
    if by is None:
        answer = yield from ask(broadcast_time(_text(_second(zero, before.at))))
        yield Wait(TAKES)
    elif before.together:
        stamp = _stamp(_second(zero, before.at))
        answer = yield from ask(_write(address, TOGETHER, stamp, by, edition))
    else:
        answer = yield from _write_apart(address, zero, by, edition)
    was = _ahead(before, zero)
    if isinstance(answer, Refused):
        return TimeOutcome(TimeState.REFUSED, refused_words(answer), was, None, answer)
    after = yield from _clock(address, edition)
    ahead = _ahead(after, zero)
    return TimeOutcome(*_judged(ahead, isinstance(answer, Reply | Sent), by is None), was, ahead)


def _clock(address: str, edition: Edition) -> Script[Clock]:
    if edition is Edition.DLT645_2007:
        event, now = yield read(address, TOGETHER)
        if isinstance(event, Reply):
            return Clock(_moment(_shown(event)), now, together=True)
    date, time = APART[edition]
    day, now = yield read(address, date)
    event, now = yield read(address, time)
    if _shown(event).startswith("00:00"):  # midnight may have come between the two
        day, _ = yield read(address, date)
    return Clock(_moment(f"{_shown(day)} {_shown(event)}"), now, together=False)


def _shown(event: Ended | None) -> str:
    """The text of the moment that an answer tells."""
    found = event.readings().readings if isinstance(event, Reply) else ()
    value = found[0].value if found else None
    return value.text if isinstance(value, Stamp) else ""


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if len(text) == len("2026-01-01 00:00:00") else None
    except ValueError:  # a clock that lost its battery
        return None


def _write_apart(address: str, zero: datetime, by: Credentials, edition: Edition) -> Script[Ended]:
    """Date, then time, on the same day."""
    _, now = yield Wait(0.0)
    time = _second(zero, now)
    midnight = datetime.combine(time.date(), datetime.min.time()) + timedelta(days=1)
    left = (midnight - time).total_seconds()
    if left < BEFORE_MIDNIGHT:
        _, now = yield Wait(left + 1)
    date_identifier, time_identifier = APART[edition]
    answer, now = yield _write(address, date_identifier, _stamp(_second(zero, now), time=False), by, edition)
    if not isinstance(answer, Reply):
        assert answer is not None
        return answer
    stamp = Stamp(f"{_second(zero, now):%H:%M:%S}")
    return (yield from ask(_write(address, time_identifier, stamp, by, edition)))


def _write(address: str, identifier: str, stamp: Stamp, by: Credentials, edition: Edition) -> Request:
    item = STANDARD.find(identifier)
    assert item is not None
    value = item.form.encode(stamp)
    if edition is Edition.DLT645_2007:
        return write(address, identifier, value, by)
    return write_1997(address, identifier, value, Password(by.level, by.password))


def _second(zero: datetime, now: float) -> datetime:
    """The local time at `now`, to the nearest second."""
    return (zero + timedelta(seconds=now + 0.5)).replace(microsecond=0)


def _text(time: datetime) -> str:
    return f"{time:%Y-%m-%d %H:%M:%S}"


def _stamp(moment: datetime, time: bool = True) -> Stamp:
    """With the weekday, 0 = Sunday."""
    return Stamp(_text(moment) if time else f"{moment:%Y-%m-%d}", moment.isoweekday() % 7)


def _ahead(clock: Clock, zero: datetime) -> float | None:
    if clock.shown is None:
        return None
    return round((clock.shown - zero).total_seconds() - clock.at, 1)


def _judged(ahead: float | None, answered: bool, broadcast: bool) -> tuple[TimeState, Words]:
    if ahead is None:
        return TimeState.UNKNOWN, Words("the meter's clock cannot be read", "无法读取电能表时钟")
    if abs(ahead) <= CLOSE_ENOUGH:
        return TimeState.DONE, Words(f"the clock is right to {abs(ahead):.1f} s", f"时钟误差 {abs(ahead):.1f} 秒")
    off = Words(f"the clock is off by {ahead:+.1f} s", f"时钟相差 {ahead:+.1f} 秒")
    if not answered:
        return TimeState.UNKNOWN, Words(f"no answer; {off.english}", f"无应答；{off.chinese}")
    if broadcast:
        why = Words(
            "meters ignore a broadcast near midnight and settlement, if they are off by more than 5 min, and after the "
            "first of a day: write the time with a password",
            "午夜、结算日附近、偏差超过 5 分钟或当日已校时，电能表会忽略广播校时：请用密码写入时间",
        )
        return TimeState.IGNORED, Words(f"{off.english}; {why.english}", f"{off.chinese}；{why.chinese}")
    return TimeState.IGNORED, Words(f"accepted, but {off.english}", f"已接受，但{off.chinese}")
