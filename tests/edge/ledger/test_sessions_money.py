"""What a session comes to: what was agreed, how long it took, readings that cannot be, times that were wrong."""

import os
from pathlib import Path

import pytest
from tests.edge.ledger.charging import HOUR, MIDNIGHT, MINUTE, MORNING, PER_USE, STOP, TARIFF, begin, reading
from tests.edge.ledger.opened import kinds_waiting, open_journal

from chargelink.edge.ledger import Ending, Journal, OpenSession, Sessions, open_session
from chargelink.edge.ledger.elapsed import Moment
from chargelink.edge.ledger.open_session import used_up as is_used_up
from chargelink.link.messages import RECORD_LANE, Caps
from chargelink.model import (
    Alarm,
    Authorisation,
    AuthorisedBy,
    Measured,
    Reading,
    SessionKind,
    SessionStarted,
    StopReason,
    Tariff,
    Usage,
    content_of,
)
from chargelink.tariff import TariffError, due, reprice


async def test_what_was_agreed_stands_in_start_and_end(journal: Journal, sessions: Sessions) -> None:
    agreed = Authorisation(mode="card", account="a-1", order="o-1", prepaid=500)
    caps = Caps(money=300, energy=5_000_000)
    started, _ = await sessions.begin(
        "gun-1", SessionKind.DC, TARIFF, MIDNIGHT, start=reading(0, 100), authorisation=agreed, caps=caps
    )
    assert (started.authorisation, started.caps) == (agreed, caps)
    later = Sessions(journal, "edge-1", os.urandom)
    (found,) = await later.load()
    assert (found.started, found.caps, found.most) == (started, caps, 300)
    ended = await later.end(found.id, MIDNIGHT + HOUR, STOP)
    assert (ended.authorisation, ended.caps, ended.measured) == (agreed, caps, "unverified")
    assert reprice(ended, TARIFF) == ended.bill


@pytest.mark.parametrize(
    ("kind", "by", "told", "measured"),
    [
        (SessionKind.DC, AuthorisedBy.LOCAL, None, "unverified"),
        (SessionKind.DC, AuthorisedBy.LOCAL, "verified", "verified"),
        (SessionKind.DC, AuthorisedBy.MONITOR, "verified", "calculated"),
        (SessionKind.SOCKET, AuthorisedBy.LOCAL, "verified", "calculated"),
    ],
)
async def test_what_the_energy_is_worth(
    journal: Journal, kind: SessionKind, by: AuthorisedBy, told: Measured | None, measured: Measured
) -> None:
    sessions = Sessions(journal, "edge-1", os.urandom)
    await sessions.begin("x", kind, PER_USE, MIDNIGHT, authorised_by=by, measured=told)
    later = Sessions(journal, "edge-1", os.urandom)
    (found,) = await later.load()
    assert (await later.end(found.id, MIDNIGHT, STOP)).measured == measured


async def test_time_counts_while_energy_flows_and_not_without_power(journal: Journal) -> None:
    now = Moment("first", 1_000)

    def edge() -> Sessions:
        return Sessions(journal, "edge-1", os.urandom, elapsed=lambda: now)

    sessions = edge()
    started = await begin(sessions)
    for boot, ms, watt_hours, duration in [
        ("first", 61_000, 100, 0),  # shaking hands
        ("first", 121_000, 200, 60_000),
        ("first", 241_000, 200, 180_000),  # a pause within
        (None, 301_000, 300, 180_000),  # the edge ran anew: what passed since is nobody's
        ("first", 361_000, 400, 240_000),
        ("second", 5_000, 500, 240_000),  # the machine did
        (None, 6_000, 600, 240_000),
        ("second", 66_000, 700, 300_000),
    ]:
        if boot is None:
            sessions = edge()
            await sessions.load()
        now = Moment(boot or now.boot, ms)
        # By the clock on the wall the session runs backwards.
        await sessions.read(started.session_id, reading(-ms, watt_hours), power=watt_hours * 10)
        (session,) = sessions.open
        assert session.usage.duration == duration
        await sessions.read(started.session_id, reading(HOUR, watt_hours))  # and then leaps: it is kept
    ended = await sessions.end(started.session_id, MIDNIGHT, STOP)
    assert ended.usage == Usage(duration=300_000, peak_power=7_000)


async def test_a_clock_that_leaps_by_years_leaves_a_session_that_can_be_priced(
    journal: Journal, sessions: Sessions
) -> None:
    """An edge without a battery clock begins at the time of its release, until NTP comes."""
    started = await begin(sessions)
    for days in (500, 501):
        await sessions.read(started.session_id, reading(days * 24 * HOUR, 1_100))
    ended = await sessions.end(started.session_id, MIDNIGHT + 501 * 24 * HOUR, STOP)
    assert (ended.bill.total, ended.bill.energy) == (50, 1_000_000)  # at the cheapest
    assert reprice(ended, TARIFF) == ended.bill
    assert "alarm" not in await kinds_waiting(journal)


async def test_what_no_rule_can_price_ends_with_nothing_due_and_an_alarm(
    journal: Journal, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = await begin(sessions)
    await sessions.read(started.session_id, reading(MINUTE, 500))

    def price(*_: object) -> None:
        raise TariffError("a rule that is not known")

    monkeypatch.setattr(open_session, "price", price)
    ended = await sessions.end(started.session_id, MIDNIGHT + HOUR, STOP)
    assert (ended.bill.total, ended.bill.energy, ended.bill.lines) == (0, 400_000, ())
    assert "alarm" in await kinds_waiting(journal)


RATED = {"gun-1": 120_000_000}  # 120 kW


@pytest.mark.parametrize("power_cut", [False, True])
async def test_a_meter_that_was_exchanged_is_not_billed(tmp_path: Path, power_cut: bool) -> None:
    journal = open_journal(tmp_path / "ledger.db")
    now = Moment("first", 0)
    sessions = Sessions(journal, "edge-1", os.urandom, elapsed=lambda: now, most_power=RATED)
    started = await begin(sessions)
    now = Moment("first", 600_000)
    assert await sessions.read(started.session_id, reading(600_000, 20_100))  # 20 kWh in ten minutes: 120 kW
    now = Moment("second" if power_cut else "first", 660_000)
    other = reading(660_000, 5_000_000)
    if power_cut:
        sessions = Sessions(journal, "edge-1", os.urandom, elapsed=lambda: now, most_power=RATED)
        await sessions.load()
        (ended,) = await sessions.close_interrupted(other.at, {"gun-1": other.register}, ())
    else:
        assert not await sessions.read(started.session_id, other)
        assert sessions.doubtful(started.session_id)
        now = Moment("first", 600_000_000)  # in which it could have flowed
        assert not await sessions.read(started.session_id, reading(600_000_000, 5_000_001))
        ended = await sessions.end(started.session_id, MIDNIGHT + 600_000_000, STOP)
    assert ended.bill.energy == 20_000_000
    alarms = [
        content
        for record in (await journal.pending(RECORD_LANE, 100, 1 << 20)).records
        if isinstance(content := content_of(record.kind, record.body), Alarm)
    ]
    assert [alarm.code for alarm in alarms] == ["register-leap"]
    assert all(figure in alarms[0].text for figure in ("20100000 mWh", "5000000000 mWh", str(other.at)))
    await journal.close()


async def test_one_wrong_reading_in_between_costs_nothing(journal: Journal) -> None:
    sessions = Sessions(journal, "edge-1", os.urandom, elapsed=lambda: Moment("b", 0), most_power=RATED)
    started = await begin(sessions)
    assert not await sessions.read(started.session_id, reading(1_000, 9_000_000))
    assert await sessions.read(started.session_id, reading(2_000, 200))
    ended = await sessions.end(started.session_id, MIDNIGHT + HOUR, STOP)
    assert ended.bill.energy == 100_000


@pytest.mark.parametrize(
    ("right", "times"),
    [
        (None, [None, None, None]),  # nobody said what is right
        (MIDNIGHT - 500, [None, None, None]),  # half a second is none
        (MIDNIGHT + HOUR, [MIDNIGHT + HOUR, MIDNIGHT + HOUR + MINUTE, MIDNIGHT + HOUR + 2 * MINUTE]),
        (MIDNIGHT - HOUR, [MIDNIGHT - HOUR, MIDNIGHT - HOUR + MINUTE, MIDNIGHT - HOUR + 2 * MINUTE]),
    ],
)
async def test_a_clock_that_is_put_right_leaves_both_times(
    journal: Journal, right: int | None, times: list[int | None]
) -> None:
    now = Moment("b", 0)
    sessions = Sessions(journal, "edge-1", os.urandom, elapsed=lambda: now, right=lambda: right)
    started = (await sessions.begin("gun-1", SessionKind.DC, MORNING, MIDNIGHT, start=reading(0, 100))).started
    for minute in (1, 2):
        now = Moment("b", minute * MINUTE)
        await sessions.read(started.session_id, reading(minute * MINUTE, 100 + minute))
    ended = await sessions.end(started.session_id, MIDNIGHT + 2 * MINUTE, STOP)
    assert [one.at - MIDNIGHT for one in ended.readings] == [0, MINUTE, 2 * MINUTE]
    assert [one.corrected for one in ended.readings] == times
    assert ended.bill.energy == 2_000
    assert reprice(ended, MORNING) == ended.bill


async def test_readings_of_another_life_of_the_machine_keep_their_times(journal: Journal) -> None:
    now = Moment("first", 5)
    sessions = Sessions(journal, "edge-1", os.urandom, elapsed=lambda: now, right=lambda: MIDNIGHT + HOUR)
    started = await begin(sessions)
    now = Moment("second", 5)
    ended = await sessions.end(started.session_id, MIDNIGHT + HOUR, Ending(StopReason.LOCAL, "x", reading(9, 200)))
    assert [one.corrected for one in ended.readings] == [None, MIDNIGHT + HOUR + 5]


async def test_a_clock_put_right_never_raises_a_bill(journal: Journal) -> None:
    """By our clock it is night, and cheap; by the right one it is day, and dear. Or the other way round."""
    for at, right, total in ((2 * HOUR, 10 * HOUR, 100), (10 * HOUR, 2 * HOUR, 100)):
        now = Moment("b", 0)
        sessions = Sessions(
            journal,
            "edge-1",
            os.urandom,
            elapsed=lambda: now,  # noqa: B023
            right=lambda: MIDNIGHT + right,  # noqa: B023
        )
        started = await begin(sessions, at)
        now = Moment("b", MINUTE)
        final = Ending(StopReason.LOCAL, "x", reading(at + MINUTE, 2_100))
        ended = await sessions.end(started.session_id, MIDNIGHT + at + MINUTE, final)
        assert ended.bill.total == total
        assert ended.bill.times == ("read" if at < right else "corrected")


async def test_what_is_given_away_is_counted(journal: Journal, sessions: Sessions) -> None:
    assert await sessions.given_away() == (0, 0, 0)
    for _ in range(2):
        started, _ = await sessions.begin(
            "gun-1", SessionKind.DC, MORNING, MIDNIGHT, start=reading(0, 0), authorisation=Authorisation(prepaid=30)
        )
        await sessions.read(started.session_id, reading(MINUTE, 1_000))
        assert sessions.due(started.session_id) == 50
        ended = await sessions.end(started.session_id, MIDNIGHT + MINUTE, STOP)
        assert (ended.bill.total, ended.bill.given_away_amount) == (30, 20)
    assert await sessions.given_away() == (2 * ended.bill.given_away, 40, 2)


BY_USE = Tariff(id="use", version=1, per_use=200)
CAPPED = Tariff(id="capped", version=1, periods=MORNING.periods, most=30)


@pytest.mark.parametrize(
    ("tariff", "agreed", "caps", "watt_hours", "used_up"),
    [
        (MORNING, None, Caps(), 9_000, False),
        (MORNING, Authorisation(prepaid=50), Caps(), 900, False),
        (MORNING, Authorisation(prepaid=50), Caps(), 1_000, True),
        (MORNING, Authorisation(prepaid=90), Caps(money=50), 1_000, True),
        (MORNING, Authorisation(prepaid=0), Caps(), 0, True),
        (MORNING, Authorisation(prepaid=50, pass_id="p"), Caps(), 9_000, False),
        (CAPPED, Authorisation(prepaid=30), Caps(), 9_000, False),  # no more is due
        (CAPPED, Authorisation(prepaid=29), Caps(), 9_000, True),
        (BY_USE, Authorisation(prepaid=200), Caps(), 9_000, False),
        (BY_USE, Authorisation(prepaid=199), Caps(), 1, True),
    ],
)
def test_money_is_used_up_when_more_would_be_given_away(
    tariff: Tariff, agreed: Authorisation | None, caps: Caps, watt_hours: int, used_up: bool
) -> None:
    started = SessionStarted(
        session_id="",
        edge_id="e",
        device="d",
        kind=SessionKind.DC,
        authorised_by=AuthorisedBy.LOCAL,
        tariff_id="t",
        tariff_hash="",
        at=0,
        authorisation=agreed,
    )
    session = OpenSession(started, tariff, caps, None, (reading(0, 0), reading(MINUTE, watt_hours)))
    assert is_used_up(session, due(tariff, session.consumption())) is used_up


@pytest.mark.parametrize(
    ("told_after", "says", "moment"),
    [
        (10 * MINUTE, 10 * MINUTE, 10 * MINUTE),  # told at once
        (90 * MINUTE, 10 * MINUTE + 20_000, 10 * MINUTE + 20_000),  # told late; it began 20 s after we said so
        (90 * MINUTE, 70 * MINUTE, 10 * MINUTE),  # its clock was an hour off when it began
        (5 * MINUTE, 5 * MINUTE, 5 * MINUTE),  # it says that it took longer than time has passed
    ],
)
async def test_when_a_settlement_that_is_told_late_was(
    journal: Journal, told_after: int, says: int, moment: int
) -> None:
    now = Moment("b", 1_000)
    sessions = Sessions(journal, "edge-1", os.urandom, elapsed=lambda: now, right=lambda: MIDNIGHT + 2 * HOUR)
    start = Reading(at=MIDNIGHT, register=0)
    started = (await sessions.begin("s", SessionKind.SOCKET, BY_USE, MIDNIGHT, start=start)).started
    now = Moment("b", 1_000 + told_after)
    reading_then = Reading(at=MIDNIGHT + says, register=5_000)
    ending = Ending(StopReason.LOCAL, "x", reading_then, final=True, usage=Usage(duration=10 * MINUTE))
    ended = await sessions.end(started.session_id, MIDNIGHT + told_after, ending)
    assert [one.corrected for one in ended.readings] == [
        MIDNIGHT + 2 * HOUR + 1_000,
        MIDNIGHT + 2 * HOUR + 1_000 + moment,
    ]
