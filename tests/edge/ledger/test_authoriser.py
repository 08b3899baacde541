"""Who may charge without the hub: by the list; PINs, passes, vouchers, leases; nothing is paid twice."""

from typing import Any

import pytest
from tests.edge.ledger.till import NOW, PASS, PER_USE, Till, entry, refused

from chargelink.edge.ledger import epochs, local_list, pins
from chargelink.edge.ledger.authoriser import Authorised, Claim, tighter
from chargelink.edge.ledger.refusal import NotAuthorisedError
from chargelink.link.authorisation import Authorisation, Pass, TokenKind
from chargelink.link.messages import Caps
from chargelink.model import Alarm, LeaseClosed, SessionStarted

DAY = 86_400_000
PIN: dict[str, Any] = {"pin": "0417"}


@pytest.mark.parametrize(
    ("token", "how", "status", "words"),
    [
        ("9999", {}, "Invalid", "is not known here"),
        ("1001", {"kind": TokenKind.ACCOUNT}, "Invalid", "is not known here"),
        ("a-1", {"kind": TokenKind.ACCOUNT}, "Invalid", "proves nothing"),
        (" - ", {}, "Invalid", "no number"),
        ("7" * 65, {}, "Invalid", "no number"),
        ("blocked", {}, "Blocked", "is blocked"),
        ("expired", {}, "Expired", "not valid any more"),
        ("1001", {}, "WrongPin", "needs its PIN"),
        ("1001", {"pin": "12"}, "WrongPin", "4 to 8 digits"),
        ("1001", {"pin": "0000"}, "WrongPin", "4 tries are left"),
        ("poor", {}, "NoCredit", "no allowance here"),
        ("rich", {"money": 199}, "NoCredit", "buys nothing"),
    ],
)
async def test_who_may_not(till: Till, token: str, how: dict[str, Any], status: str, words: str) -> None:
    await till.hold(
        entry("1001", pin="0417"),
        entry("blocked", status="Blocked"),
        entry("expired", until=NOW),
        entry("poor", account="a-2"),
        entry("rich"),
        entry("a-1", TokenKind.ACCOUNT),
    )
    await till.lend(5_000)
    await refused(till, token, status, words, **how)
    assert await till.left() == {"l-1": 5_000}


async def test_without_a_list_nobody_is_known(till: Till) -> None:
    await refused(till, "1001", "Invalid", "nobody is known")


@pytest.mark.parametrize(
    ("kind", "how", "mode", "confirmed"),
    [
        (TokenKind.CARD, {}, "card", "now"),
        (TokenKind.CARD, {"mode": "remote"}, "remote", "now"),
        (TokenKind.ACCOUNT, {"pin": "0417"}, "pin", "now"),
        (TokenKind.VIN, {}, "vin", "consent"),
    ],
)
async def test_a_lease_pays(till: Till, kind: TokenKind, how: dict[str, Any], mode: str, confirmed: str) -> None:
    pin = how.get("pin", "")
    await till.hold(entry("LSV-7", kind, pin=pin, group="staff", consent=kind is not TokenKind.CARD))
    await till.lend(5_000)
    told = await till.ask("lsv7", kind, **how)
    agreed = Authorisation(
        mode=mode,
        account="a-1",
        group="staff",
        lease="l-1",
        prepaid=200,
        confirmed=confirmed,  # type: ignore[arg-type]
    )
    assert told == Authorised(agreed)
    session = await till.begin(told)
    assert await till.left() == {"l-1": 4_800}
    ended = await till.end(session, 400_000)
    assert (ended.bill.total, ended.authorisation) == (200, agreed)
    assert await till.left() == {"l-1": 4_800}


async def test_what_one_charge_may_hold(till: Till) -> None:
    """What was chosen, what the price says, or what a charge may hold here; at most what is left, then nothing."""
    await till.hold(entry("1001"))
    await till.lend(7_000)
    amounts = []
    for how in ({"money": 500}, {}, {"device": "gun-1"}, {"device": "gun-1"}, {"device": "gun-1"}):
        told = await till.ask("1001", **how)
        amounts.append(told.authorisation.prepaid)
        if len(amounts) < 5:
            await till.begin(told, how.get("device", "socket-1"))  # type: ignore[arg-type]
    assert amounts == [500, 200, 3_000, 3_000, 300]
    await till.begin(told, "gun-1")
    await refused(till, "1001", "NoCredit", "no allowance here", device="gun-1")


async def test_two_at_once_are_told_the_same_and_one_begins(till: Till) -> None:
    await till.hold(entry("1001"))
    await till.lend(4_000)
    first, second = [await till.ask("1001", device="gun-1") for _ in range(2)]
    await till.begin(first, "gun-1")
    with pytest.raises(NotAuthorisedError, match="another charge has just taken"):
        await till.begin(second, "gun-2")
    assert len(await till.records(SessionStarted)) == 1
    assert await till.left() == {"l-1": 1_000}


async def test_a_clock_that_nobody_trusts_opens_nothing_that_ends(till: Till) -> None:
    terms = Pass(id="p-1", until=NOW + DAY, uses=3)
    await till.hold(
        entry("1001"),
        entry("1002", honours=terms),
        entry("1003", until=NOW + 1),
        entry("old", until=NOW),
        entry("v", TokenKind.VOUCHER, amount=500),
    )
    await till.lend(5_000)
    till.sold = PASS
    told = await till.ask("1001")
    passed = await till.ask("1002")
    till.trusted = False
    for token in ("1001", "1002", "1003"):
        await refused(till, token, "Invalid", "time is not known")
    for late in (told, passed):
        with pytest.raises(NotAuthorisedError, match="time is not known"):
            await till.begin(late)
    await refused(till, "old", "Expired", "not valid any more")  # our clock is never ahead of the true time
    assert (await till.ask("v", TokenKind.VOUCHER)).authorisation.prepaid == 500


async def test_five_tries_of_a_pin_across_restarts(till: Till) -> None:
    await till.hold(entry("1001", pin="0417"), entry("1002", pin="0417"))
    await till.lend(9_000)
    for left in (4, 3, 2):
        await refused(till, "1001", "WrongPin", f"{left} tries are left", pin="1234")
        await till.reopen()
    assert (await till.ask("1001", **PIN)).authorisation.mode == "pin"  # the right one frees all tries
    for left in (4, 3, 2, 1, 0):
        await refused(till, "1001", "WrongPin", f"{left} tries are left", pin="0418")
    await till.reopen()
    for pin in ("0417", "0418"):
        await refused(till, "1001", "Blocked", "wrong five times", pin=pin)
    assert (await till.ask("1002", **PIN)).authorisation.account == "a-1"
    alarms = [alarm.code for alarm in await till.records(Alarm)]
    assert alarms == ["pin-locked"]
    found = await till.journal.writer.run(lambda database: local_list.find(database, "card", "1001"))
    assert found is not None
    assert await till.journal.writer.run(lambda database: pins.unlock(database, found.entry, NOW))
    assert (await till.ask("1001", **PIN)).authorisation.account == "a-1"


async def test_a_try_counts_before_it_is_answered(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """The power goes whenever a PIN is about to be compared: whoever does that has five tries, too."""
    await till.hold(entry("1001", pin="0417"))
    await till.lend(9_000)

    def dies(*_: Any) -> bool:
        raise SystemError("the power is gone")

    with monkeypatch.context() as patched:
        patched.setattr("chargelink.edge.ledger.authoriser.hmac.compare_digest", dies)
        for _ in range(5):
            with pytest.raises(SystemError):
                await till.ask("1001", **PIN)
            await till.reopen()
    await refused(till, "1001", "Blocked", "wrong five times", **PIN)


async def test_a_pass_counts_its_uses_and_brings_its_limits(till: Till) -> None:
    till.sold = PASS
    terms = Pass(id="p-1", until=NOW + 9 * DAY, uses=3, uses_per_day=2, minutes_per_use=480, energy_per_use=2_000_000)
    await till.hold(entry("1001", honours=terms))
    told = await till.ask("1001")
    assert told == Authorised(
        Authorisation(mode="card", account="a-1", pass_id="p-1"), Caps(energy=2_000_000, minutes=480)
    )
    first, second = await till.begin(told), await till.begin(told)
    with pytest.raises(NotAuthorisedError, match="used up for today"):
        await till.begin(told)
    await till.reopen()
    await refused(till, "1001", "NoCredit", "used up for today")
    assert (await till.end(first, 0)).bill.total == 0  # nothing was delivered: it is given back
    await till.begin(told)
    assert (await till.end(second, 300_000)).bill.total == 0
    await refused(till, "1001", "NoCredit", "used up for today")
    till.now += DAY
    await till.begin(await till.ask("1001"))
    till.now += DAY
    await refused(till, "1001", "NoCredit", "pass is used up")
    await till.hold(entry("1001", honours=terms), version=2)  # the same again gives none anew
    await refused(till, "1001", "NoCredit", "pass is used up")
    till.now = terms.until
    await refused(till, "1001", "Expired", "pass is over")


async def test_a_clock_that_is_years_ahead_for_a_while_gives_no_use_anew(till: Till) -> None:
    till.sold = PASS
    await till.hold(entry("1001", honours=Pass(id="p-1", until=NOW + 9 * DAY, uses=1)))
    await till.begin(await till.ask("1001"))
    till.now, till.trusted = NOW + 500 * DAY, False
    await till.authoriser.tidy()
    till.now, till.trusted = NOW + DAY, True
    await refused(till, "1001", "NoCredit", "pass is used up")


async def test_a_day_of_a_pass_begins_at_midnight_of_china(till: Till) -> None:
    till.sold = PASS
    midnight = NOW - NOW % DAY + 16 * 3_600_000  # 16:00 UTC
    terms = Pass(id="p-1", until=midnight + DAY, uses=9, uses_per_day=1)
    await till.hold(entry("1001", honours=terms))
    till.now = midnight - 1
    await till.begin(await till.ask("1001"))
    await refused(till, "1001", "NoCredit", "used up for today")
    till.now = midnight
    await till.begin(await till.ask("1001"))


async def test_where_no_passes_are_sold_the_account_pays(till: Till) -> None:
    await till.hold(entry("1001", honours=Pass(id="p-1", until=NOW + DAY, uses=3)))
    await till.lend(5_000)
    assert till.sold == PER_USE
    assert (await till.ask("1001")).authorisation.lease == "l-1"


async def test_a_voucher_is_good_once(till: Till) -> None:
    await till.hold(
        entry("SPRING-1", TokenKind.VOUCHER, amount=300, voucher="v-1"),
        entry("2", TokenKind.VOUCHER, amount=250),
        entry("3", TokenKind.VOUCHER, amount=199),
    )
    told = await till.ask("spring1", TokenKind.VOUCHER)
    assert told.authorisation == Authorisation(mode="voucher", account="a-1", voucher="v-1", prepaid=300)
    session = await till.begin(told)
    await refused(till, "spring1", "NoCredit", "has been used", kind=TokenKind.VOUCHER)
    with pytest.raises(NotAuthorisedError, match="has been used"):
        await till.begin(told)
    await till.end(session, 0)
    session = await till.begin(told)  # nothing was delivered
    await till.reopen()
    await till.end(session, 100_000)
    await refused(till, "spring1", "NoCredit", "has been used", kind=TokenKind.VOUCHER)
    named = (await till.ask("2", TokenKind.VOUCHER)).authorisation.voucher
    assert named == entry("2", TokenKind.VOUCHER).token.hex()
    await refused(till, "3", "NoCredit", "buys nothing", kind=TokenKind.VOUCHER)


async def test_a_restored_backup_lends_nothing_twice(till: Till) -> None:
    till.sold = PASS
    terms = Pass(id="p-1", until=NOW + DAY, uses=9)
    entries = (entry("1001"), entry("1002", honours=terms), entry("v", TokenKind.VOUCHER, amount=300))
    await till.hold(*entries)
    await till.lend(5_000)
    told = [await till.ask("1001"), await till.ask("1002"), await till.ask("v", TokenKind.VOUCHER)]
    await till.journal.writer.run(lambda database: epochs.begin_anew(database, epochs.RESTORED))
    for agreed in told[:2]:
        with pytest.raises(NotAuthorisedError):
            await till.begin(agreed)
    await refused(till, "1001", "NoCredit", "no allowance here")
    for token, kind in (("1002", TokenKind.CARD), ("v", TokenKind.VOUCHER)):
        await refused(till, token, "Invalid", "until the hub has been here", kind=kind)
    assert [closed.reason for closed in await till.records(LeaseClosed)] == ["epoch"]
    await till.hold(*entries, version=2)
    await till.begin(await till.ask("1002"))
    await till.begin(await till.ask("v", TokenKind.VOUCHER))


async def test_a_lease_without_an_amount_begins_nothing(till: Till) -> None:
    await till.lend(5_000)
    with pytest.raises(NotAuthorisedError, match="needs an amount"):
        await till.begin(Authorised(Authorisation(lease="l-1")))


def test_a_claim_tells_no_number() -> None:
    assert "0417" not in repr(Claim(TokenKind.CARD, "621483", "gun-1", pin="0417"))
    assert "621483" not in repr(Claim(TokenKind.CARD, "621483", "gun-1", pin="0417"))


def test_the_tighter_of_two_limits() -> None:
    assert tighter(Caps(energy=5, money=7), Caps(energy=3, minutes=9)) == Caps(energy=3, minutes=9, money=7)
