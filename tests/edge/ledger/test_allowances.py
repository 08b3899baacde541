"""Leases: what may be reserved when, and stories of their ends."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from tests.edge.ledger.alone import NOW, Ledger
from tests.edge.ledger.opened import open_journal

from chargelink.edge.ledger import Journal, allowances, epochs
from chargelink.edge.ledger.allowances import LeaseError
from chargelink.edge.ledger.refusal import NotAuthorisedError
from chargelink.ids import session_id
from chargelink.link.authorisation import GrantAllowance, Lease, WithdrawAllowance
from chargelink.model import Alarm, JournalEpoch, LeaseClosed

LEASE = Lease(id="l-1", account="a-1", amount=5_000, until=NOW + 1_000, group="staff")


@pytest.fixture
def ledger(tmp_path: Path) -> Any:
    ledger = Ledger(tmp_path / "ledger.db")
    yield ledger
    ledger.close()


def granted(ledger: Ledger, *leases: Lease, now: int = NOW) -> None:
    ledger.do(lambda database: allowances.grant(database, leases, now))


def reserved(ledger: Ledger, session: str, wanted: int | None = None, now: int = NOW, trusted: bool = True) -> int:
    return ledger.do(lambda database: allowances.reserve(database, "l-1", session, wanted, now, trusted))


def settled(ledger: Ledger, session: str, spent: int, now: int = NOW) -> None:
    ledger.do(lambda database: allowances.settle(database, session, spent, now))


def withdrawn(ledger: Ledger, now: int = NOW) -> None:
    ledger.do(lambda database: allowances.withdraw(database, "l-1", now))


def swept(ledger: Ledger, now: int) -> list[str]:
    return ledger.do(lambda database: allowances.sweep(database, now))


def closed(spent: int, reason: str, at: int = NOW, unbilled: int = 0) -> LeaseClosed:
    return LeaseClosed(
        lease="l-1", edge_id="edge-1", account="a-1", amount=5_000, spent=spent, reason=reason, at=at, unbilled=unbilled
    )


def test_two_outlets_never_reserve_the_same_money(ledger: Ledger) -> None:
    granted(ledger, LEASE)
    assert reserved(ledger, "s-1", 3_000) == 3_000
    assert reserved(ledger, "s-2", 3_000) == 2_000
    with pytest.raises(NotAuthorisedError, match="nothing is left") as refusal:
        reserved(ledger, "s-3")
    assert refusal.value.status == "NoCredit"
    settled(ledger, "s-1", 100)
    assert reserved(ledger, "s-3") == 2_900  # what the first left over, wanting nothing in particular


@pytest.mark.parametrize(
    ("before", "how", "words"),
    [
        ("", {}, "is over"),
        ("grant", {"now": NOW + 1_000}, "is over"),
        ("grant", {"trusted": False}, "the time is not known"),
        ("grant", {"wanted": 0}, "nothing is left"),
        ("grant reserve", {}, "nothing is left"),
        ("grant reserve withdraw", {}, "is over"),
        ("grant withdraw", {}, "is over"),
    ],
)
def test_refused(ledger: Ledger, before: str, how: dict[str, Any], words: str) -> None:
    if "grant" in before:
        granted(ledger, LEASE)
    if "reserve" in before:
        reserved(ledger, "s-1")
    if "withdraw" in before:
        withdrawn(ledger)
    with pytest.raises(NotAuthorisedError, match=words) as refusal:
        reserved(ledger, "s-9", **how)
    assert refusal.value.text.chinese


def test_granted_again_changes_nothing_and_with_other_values_is_refused(ledger: Ledger) -> None:
    granted(ledger, LEASE)
    assert reserved(ledger, "s-1", 4_000) == 4_000
    granted(ledger, LEASE)
    assert ledger.left("l-1") == 1_000
    other = Lease(id="l-2", account="a-2", amount=1, until=NOW + 1)
    for wrong in ("account", "amount", "until", "group"):
        values = {"id": "l-1", "account": "a-1", "amount": 5_000, "until": NOW + 1_000, "group": "staff"}
        values[wrong] = 7 if isinstance(values[wrong], int) else "other"
        with pytest.raises(LeaseError, match="with other values"):
            granted(ledger, other, Lease(**values))  # type: ignore[arg-type]
    assert ledger.left("l-2") == 0  # all or none


def test_closed_when_its_time_is_over_and_nobody_charges_on_it(ledger: Ledger) -> None:
    granted(ledger, LEASE)
    reserved(ledger, "s-1", 3_000)
    assert swept(ledger, NOW + 1_000) == []
    settled(ledger, "s-1", 1_234, NOW + 5_000)
    assert ledger.closed == [closed(1_234, "expired", NOW + 5_000)]
    assert swept(ledger, NOW + 6_000) == []
    granted(ledger, LEASE, now=NOW + 6_000)  # as a hub does that heard no answer
    with pytest.raises(NotAuthorisedError):
        reserved(ledger, "s-2")
    assert len(ledger.closed) == 1


def test_the_sweep_closes_what_nobody_used(ledger: Ledger) -> None:
    granted(ledger, LEASE)
    assert swept(ledger, NOW + 999) == []
    assert swept(ledger, NOW + 1_000) == ["l-1"]
    assert ledger.closed == [closed(0, "expired", NOW + 1_000)]


def test_withdrawn_while_somebody_charges_it_closes_at_the_end(ledger: Ledger) -> None:
    granted(ledger, LEASE)
    reserved(ledger, "s-1")
    withdrawn(ledger)
    withdrawn(ledger)
    assert ledger.closed == []
    settled(ledger, "s-1", 5)
    withdrawn(ledger)
    assert ledger.closed == [closed(5, "withdrawn")]
    with pytest.raises(LeaseError, match="l-2 is not known"):
        ledger.do(lambda database: allowances.withdraw(database, "l-2", NOW))


def test_spent_to_the_last_fen_it_closes(ledger: Ledger) -> None:
    granted(ledger, LEASE)
    reserved(ledger, "s-1", 2_000)
    reserved(ledger, "s-2", 3_000)
    settled(ledger, "s-1", 2_000)
    assert ledger.closed == []
    settled(ledger, "s-2", 3_000)
    assert ledger.closed == [closed(5_000, "spent")]


def test_granted_when_its_time_is_over_it_closes_at_once(ledger: Ledger) -> None:
    granted(ledger, LEASE, now=NOW + 2_000)
    assert ledger.closed == [closed(0, "expired", NOW + 2_000)]
    with pytest.raises(LeaseError, match="so long ago"):
        granted(ledger, Lease(id="old", account="a", amount=1, until=NOW - 500 * 86_400_000))


def test_what_was_closed_is_forgotten_when_it_cannot_come_back(ledger: Ledger) -> None:
    granted(ledger, LEASE)
    withdrawn(ledger)
    late = NOW + 1_000 + allowances.REMEMBERED
    swept(ledger, late)
    granted(ledger, LEASE, now=late)  # still known
    swept(ledger, late + 1)
    with pytest.raises(LeaseError, match="so long ago"):
        granted(ledger, LEASE, now=late + 1)
    assert len(ledger.closed) == 1


def test_a_new_life_of_the_journal_closes_all_and_counts_who_charges(ledger: Ledger) -> None:
    granted(ledger, LEASE, Lease(id="l-2", account="a-2", amount=70, until=NOW + 1))
    reserved(ledger, "s-0", 1_000)
    settled(ledger, "s-0", 300)
    reserved(ledger, "s-1", 1_000)
    reserved(ledger, "s-2", 1_000)
    ledger.do(lambda database: epochs.begin_anew(database, epochs.RESTORED))
    began = next(at for at, content in enumerate(ledger.records) if isinstance(content, JournalEpoch))
    assert [type(content) for content in ledger.records[began:]] == [JournalEpoch, LeaseClosed, LeaseClosed]
    assert ledger.closed[0] == closed(300, "epoch", unbilled=2)
    assert (ledger.closed[1].lease, ledger.closed[1].spent, ledger.closed[1].unbilled) == ("l-2", 0, 0)
    settled(ledger, "s-1", 400)  # its bill says so; the lease is over
    assert len(ledger.closed) == 2
    with pytest.raises(NotAuthorisedError):
        reserved(ledger, "s-3")


def test_a_bill_above_what_was_reserved_is_alarmed_and_takes_no_more(ledger: Ledger) -> None:
    granted(ledger, LEASE)
    identifier = session_id(NOW, bytes(10))
    reserved(ledger, identifier, 100)
    reserved(ledger, "s-2", 100)
    settled(ledger, identifier, 150)
    assert ledger.left("l-1") == 4_800
    assert [content.code for content in ledger.records if isinstance(content, Alarm)] == ["lease-overspent"]


def test_a_hub_that_grants_without_end_is_stopped(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowances, "MOST_OPEN", 3)
    monkeypatch.setattr(allowances, "MOST_KNOWN", 5)
    for number in range(3):
        granted(ledger, Lease(id=f"l-{number}", account="a", amount=1, until=NOW + 1))
    with pytest.raises(LeaseError, match="3 leases are open"):
        granted(ledger, Lease(id="l-3", account="a", amount=1, until=NOW + 1))
    swept(ledger, NOW + 1)
    granted(ledger, *(Lease(id=f"m-{number}", account="a", amount=1, until=NOW + 9) for number in range(2)))
    with pytest.raises(LeaseError, match="3 remembered"):
        granted(ledger, Lease(id="m-2", account="a", amount=1, until=NOW + 9))


def test_an_account_pays_from_the_lease_with_the_most_left(ledger: Ledger) -> None:
    leases = [("a-1", 300, 5), ("a-1", 700, 9), ("a-1", 700, 8), ("a-1", 9_000, 0), ("a-2", 9_000, 9)]
    granted(ledger, *(Lease(id=f"l-{n}", account=a, amount=m, until=NOW + u) for n, (a, m, u) in enumerate(leases)))
    chosen = ledger.do(lambda database: allowances.for_account(database, "a-1", NOW))
    assert chosen is not None
    assert chosen.lease.id == "l-2"
    assert ledger.do(lambda database: allowances.for_account(database, "a-3", NOW)) is None


async def test_what_the_hub_hears(journal: Journal) -> None:
    leases = allowances.Allowances(journal, lambda: NOW)
    assert (await leases.grant(GrantAllowance(leases=(LEASE,)))).status == "Accepted"
    other = Lease(id="l-1", account="a-1", amount=6_000, until=NOW + 1_000)
    refused = await leases.grant(GrantAllowance(leases=(other,)))
    assert (refused.status, refused.reason) == ("Rejected", "l-1 is known here with other values")
    assert [held.left for held in await leases.held()] == [5_000]
    assert (await leases.withdraw(WithdrawAllowance(lease="l-7"))).status == "Rejected"
    assert (await leases.withdraw(WithdrawAllowance(lease="l-1"))).status == "Accepted"
    assert await leases.sweep() == []
    assert await leases.held() == []


def test_a_damaged_ledger_closes_the_leases_that_can_be_read(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.db")
    granted(ledger, LEASE)
    reserved(ledger, "s-0", 40)
    settled(ledger, "s-0", 30)
    reserved(ledger, "s-1")
    ledger.close()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as file:
        file.execute("DROP TABLE erased")
        file.commit()
    ledger = Ledger(tmp_path / "ledger.db")
    assert ledger.closed == [closed(30, "epoch", unbilled=1)]
    with pytest.raises(NotAuthorisedError):
        reserved(ledger, "s-2")
    granted(ledger, LEASE)  # as a hub does that heard no answer: what was closed stays closed
    with pytest.raises(NotAuthorisedError):
        reserved(ledger, "s-2")
    ledger.close()


async def test_many_at_once_through_the_writer(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "ledger.db")
    await journal.writer.run(lambda database: allowances.grant(database, [LEASE], NOW))

    async def one(number: int) -> int:
        try:
            return await journal.writer.run(
                lambda database: allowances.reserve(database, "l-1", f"s-{number}", 400, NOW, clock_trusted=True)
            )
        except NotAuthorisedError:
            return 0

    amounts = await asyncio.gather(*(one(number) for number in range(40)))
    assert sorted(amounts, reverse=True)[:14] == [400] * 12 + [200, 0]
    await journal.close()
