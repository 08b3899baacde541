"""Allowances: money leaves the wallet once, is spent by bills alone, and what is left goes back once."""

import asyncio
import json
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.hub.conftest import PATIENCE, Hub, Place
from tests.hub.fake_edge import FakeEdge, record

from chargelink.cli.main import main
from chargelink.hub.services import accounts, books, leases
from chargelink.hub.services.leases import HOUR, LeaseState
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.models import Alarm, Record
from chargelink.hub.store.money import Decision, Lease, LeasePolicy
from chargelink.model import LeaseClosed

ACCEPTED = {"status": "Accepted"}
NOW = 1_800_000_000_000
LATER = 4_000_000_000_000  # a time that is no past for any clock


async def rich(fen: int = 10_000) -> str:
    """An account that has so much."""
    account = (await accounts.create(NOW)).id
    await accounts.top_up(account, fen, f"pay-{account}", NOW)
    return account


async def spend(lease: Lease, fen: int, session: str) -> None:
    """A bill on a lease, as settled."""
    await books.post(f"bill:{session}", "bill", NOW, {books.leased(lease.id): -fen, books.ENERGY: fen})


def over(lease: Lease, spent: int, reason: str = "expired", unbilled: int = 0, **other: Any) -> LeaseClosed:
    said = {"lease": lease.id, "edge_id": lease.edge, "account": lease.account, "amount": lease.amount}
    return LeaseClosed(**{**said, "spent": spent, "reason": reason, "at": NOW + 9, "unbilled": unbilled, **other})


async def tell(content: LeaseClosed, edge: str = "edge-1") -> list[str]:
    """The record is read; the kinds of alarms since the beginning."""
    row = Record(edge=edge, epoch="e", lane="record", seq=1, kind="lease.closed", at=1, body=b"", hash="", received=1)
    await leases.closed(content, row)
    return [alarm.kind for alarm in await Alarm.all().order_by("id")]


async def money(account: str, *rows: Lease) -> tuple[int, ...]:
    """Wallet, then what is left in each lease."""
    return (await books.balance(books.wallet(account)), *[await books.balance(books.leased(row.id)) for row in rows])


async def granted(account: str, amount: int = 2_000, edge: str = "edge-1", *, sent: bool = True) -> Lease:
    row = await leases.grant(account, edge, amount, NOW + 48 * HOUR, NOW)
    if sent:
        await Lease.filter(id=row.id).update(sent=NOW, accepted=NOW, state=LeaseState.HELD)
    return await Lease.get(id=row.id)


async def test_what_is_left_goes_back_when_both_ends_agree(tables: Engine) -> None:
    account = await rich()
    row = await granted(account)
    assert await money(account, row) == (8_000, 2_000)
    await spend(row, 700, "s1")
    for _ in range(2):  # the record may come again, in another life of the journal
        assert await tell(over(row, 700)) == []
        assert await money(account, row) == (9_300, 0)
    row = await Lease.get(id=row.id)
    assert (row.state, row.spent, row.returned, row.reason) == ("closed", 700, 1_300, "expired")


@pytest.mark.parametrize(
    ("spent", "reason", "other"),
    [
        (600, "expired", {}),
        (800, "spent", {}),
        (700, "expired", {"unbilled": 1}),
        (700, "epoch", {}),
        (700, "expired", {"amount": 1_999}),
    ],
)
async def test_nothing_goes_back_while_the_ends_disagree(
    tables: Engine, spent: int, reason: str, other: dict[str, int]
) -> None:
    account = await rich()
    row = await granted(account)
    await spend(row, 700, "s1")
    assert await tell(over(row, spent, reason, **other)) == ["lease-doubtful"]
    assert await money(account, row) == (8_000, 1_300)
    assert await leases.release(row.id, "zhang", "read its disk", NOW + 10) == 1_300
    assert await money(account, row) == (9_300, 0)
    with pytest.raises(RefusedError, match="over already"):
        await leases.release(row.id, "zhang", "again", NOW + 11)
    decision = await Decision.get(what="lease-released")
    assert (decision.subject, decision.before, decision.after) == (row.id, 700, 2_000)


async def test_another_end_of_the_same_lease_frees_nothing(tables: Engine) -> None:
    account = await rich()
    row = await granted(account)
    await tell(over(row, 0))
    assert await money(account, row) == (10_000, 0)
    assert await tell(over(row, 500, "withdrawn")) == ["lease-ended-twice"]
    assert await money(account, row) == (10_000, 0)


async def test_a_lease_ends_at_its_own_edge_alone(tables: Engine) -> None:
    account = await rich()
    row = await granted(account)
    assert await tell(over(row, 0, edge_id="edge-2"), "edge-2") == ["lease-unknown"]
    assert await tell(msgspec.structs.replace(over(row, 0), lease="none")) == ["lease-unknown", "lease-unknown"]
    assert await money(account, row) == (8_000, 2_000)


async def test_only_what_was_never_sent_goes_back_at_once(tables: Engine) -> None:
    account = await rich()
    row, sent = await granted(account, sent=False), await granted(account)
    assert await leases.withdraw(row.id, NOW) == LeaseState.CLOSED
    assert await leases.withdraw(sent.id, NOW) == LeaseState.HELD
    assert await money(account, row, sent) == (8_000, 0, 2_000)
    with pytest.raises(RefusedError, match="may still spend"):
        await leases.release(sent.id, "zhang", "", NOW)
    assert await leases.release(sent.id, "zhang", "gateway burnt", NOW, force=True) == 2_000
    assert await tell(over(row, 0)) == ["lease-ended-twice"]  # the hub came from a backup: the edge has had it


async def test_what_was_never_sent_and_is_over_goes_back(tables: Engine) -> None:
    account = await rich()
    row, sent = await granted(account, sent=False), await granted(account)
    await leases.expire(NOW + 48 * HOUR - 1)
    assert await money(account, row, sent) == (6_000, 2_000, 2_000)
    await leases.expire(NOW + 48 * HOUR)
    assert await money(account, row, sent) == (8_000, 0, 2_000)


async def test_an_edge_that_began_anew_is_never_offered_its_old_leases_again(tables: Engine) -> None:
    """It may have forgotten what it spent, and the lease itself."""
    account = await rich()
    row, fresh = await granted(account), await granted(account, sent=False)
    await leases.void("edge-1")
    assert {one.id: one.state for one in await Lease.all()} == {row.id: "doubtful", fresh.id: "offered"}
    assert await tell(over(row, 0, "epoch")) == ["lease-doubtful"]
    assert await money(account, row) == (6_000, 2_000)


@pytest.mark.parametrize(
    ("amount", "until"), [(10_001, NOW + HOUR), (0, NOW + HOUR), (1, NOW), (1, NOW + 401 * 24 * HOUR)]
)
async def test_what_cannot_be_granted(tables: Engine, amount: int, until: int) -> None:
    account = await rich()
    with pytest.raises(RefusedError):
        await leases.grant(account, "edge-1", amount, until, NOW)
    assert await money(account) == (10_000,)
    assert not await Lease.exists()


async def test_an_allowance_renews_itself_when_half_is_used(tables: Engine) -> None:
    account = await rich(5_000)
    await leases.set_policy(account, "edge-1", 2_000, 10 * HOUR, NOW)

    async def renewed(now: int) -> Lease | None:
        found = [await leases.renew(policy, now) for policy in await leases.due(now)]
        policy = await LeasePolicy.get()
        assert found or await leases.renew(policy, now) is None  # what is not due is not renewed
        return found[0] if found else None

    first = await renewed(NOW)
    assert first is not None
    assert await renewed(NOW + 5 * HOUR - 1) is None
    second = await renewed(NOW + 5 * HOUR)
    assert second is not None
    assert await renewed(NOW + 9 * HOUR) is None  # two are open
    await spend(second, 1_000, "s1")
    third = await renewed(NOW + 10 * HOUR)  # the first is over by then
    assert third is not None
    assert await money(account, first, second, third) == (0, 2_000, 1_000, 1_000)
    assert await renewed(NOW + 19 * HOUR) is None  # the wallet is empty
    assert await leases.end_policy(account, "edge-1")
    assert not await leases.end_policy(account, "edge-1")


class Money(dict[str, int]):
    """What should be in each account, by a reckoning of the test's own."""

    def move(self, giver: str, taker: str, fen: int) -> None:
        self[giver] = self.get(giver, 0) - fen
        self[taker] = self.get(taker, 0) + fen


STEP = st.one_of(
    st.tuples(st.just("grant"), st.integers(1, 4_000)),
    st.tuples(st.sampled_from(["send", "withdraw", "release", "force", "again", "send"]), st.integers(0, 2)),
    st.tuples(st.just("spend"), st.tuples(st.integers(0, 2), st.integers(1, 4_000))),
    st.tuples(st.just("end"), st.tuples(st.integers(0, 2), st.sampled_from([0, 0, 0, 1, -1]))),
    st.tuples(st.just("epoch"), st.none()),
)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(st.lists(STEP, min_size=5, max_size=25))
async def test_whatever_happens_no_fen_is_lost_or_there_twice(tables: Engine, steps: list[tuple[str, Any]]) -> None:
    account = await rich()
    wallet = books.wallet(account)
    expected, rows, over_at_edge = Money({wallet: 10_000}), list[Lease](), set[str]()
    for number, (step, value) in enumerate([("grant", 3_000), ("grant", 3_000), ("send", 0), ("send", 1), *steps]):
        if step == "grant":
            try:
                rows.append(await granted(account, value, sent=False))
            except RefusedError:
                assert value > expected[wallet]
                continue
            expected.move(wallet, rows[-1].id, value)
            continue
        if step == "epoch":
            await leases.void("edge-1")
            continue
        which = value[0] if isinstance(value, tuple) else value
        if which >= len(rows):
            continue
        row = await Lease.get(id=rows[which].id)
        left = expected[row.id]
        match step:
            case "send" if row.state == LeaseState.OFFERED:
                await Lease.filter(id=row.id).update(sent=NOW, accepted=NOW, state=LeaseState.HELD)
            case "spend" if row.state == LeaseState.HELD and value[1] <= left and row.id not in over_at_edge:
                await spend(row, value[1], f"{row.id}:{number}")
                expected.move(row.id, books.ENERGY, value[1])
            case "withdraw" if row.state in leases.OPEN:
                if await leases.withdraw(row.id, NOW) == LeaseState.CLOSED:
                    assert row.sent is None
                    expected.move(row.id, wallet, left)
            case "release" | "force":
                try:
                    freed = await leases.release(row.id, "zhang", "", NOW, force=step == "force")
                except RefusedError:
                    continue
                assert freed == left
                expected.move(row.id, wallet, freed)
            case "end" | "again" if row.sent is not None:
                wrong = value[1] if step == "end" else 0
                over_at_edge.add(row.id)
                await tell(over(row, max(0, row.amount - left + wrong)))
                undecided = row.state not in leases.ENDED and row.spent is None
                if undecided and max(0, row.amount - left + wrong) == row.amount - left:
                    expected.move(row.id, wallet, left)
        assert await money(account, *rows) == (expected[wallet], *[expected[one.id] for one in rows])
    assert not await books.verify()
    assert all(fen >= 0 for name, fen in expected.items())


async def asked(edge: FakeEdge) -> tuple[str, dict[str, Any]]:
    return await asyncio.wait_for(edge.asked.get(), PATIENCE)


async def until_state(lease: str, good: Any) -> Lease:
    async with asyncio.timeout(PATIENCE):
        while not good(row := await Lease.get(id=lease)):  # noqa: ASYNC110 - asking is the condition
            await asyncio.sleep(0.02)
    return row


async def test_a_lease_is_granted_withdrawn_and_closed(hub: Hub) -> None:
    account = await rich()
    edge = await hub.edge()
    edge.answers |= {"GrantAllowance": ACCEPTED, "WithdrawAllowance": ACCEPTED}
    await edge.boot(localList=0)
    row = await leases.grant(account, "edge-1", 2_000, LATER - 1, LATER - HOUR)
    action, payload = await asked(edge)
    assert action == "GrantAllowance"
    (one,) = payload["leases"]
    assert one == {"id": row.id, "account": account, "amount": 2_000, "until": LATER - 1, "group": None}
    await until_state(row.id, lambda row: row.state == "held")
    await leases.withdraw(row.id, LATER)
    assert await asked(edge) == ("WithdrawAllowance", {"lease": row.id})
    await until_state(row.id, lambda row: row.obeyed)
    said = {"lease": row.id, "edgeId": "edge-1", "account": account, "amount": 2_000, "spent": 0}
    await edge.send(record(1, "lease.closed", {**said, "reason": "withdrawn", "at": 7}))
    await until_state(row.id, lambda row: row.state == "closed")
    assert await money(account, row) == (10_000, 0)


async def test_a_lease_is_offered_until_the_edge_has_taken_it(hub: Hub) -> None:
    """Away; then one that takes none; then the answer is lost; at last it is there."""
    account = await rich()
    row = await leases.grant(account, "edge-1", 2_000, LATER - 1, LATER - HOUR)
    old = await hub.edge()
    await old.boot()  # takes no lists, and no leases
    await old.close()
    mute = await hub.edge()
    await mute.boot(localList=0)
    assert (await asked(mute))[0] == "GrantAllowance"
    assert (await until_state(row.id, lambda row: row.sent)).accepted is None
    await mute.close()
    edge = await hub.edge()
    edge.answers["GrantAllowance"] = {"status": "Rejected", "reason": "too many"}
    await edge.boot(localList=0)
    await asked(edge)
    await until_state(row.id, lambda row: row.words == "too many")
    good = await hub.edge()
    good.answers["GrantAllowance"] = ACCEPTED
    await good.boot(localList=0)
    (one,) = (await asked(good))[1]["leases"]
    assert one["id"] == row.id
    assert (await until_state(row.id, lambda row: row.state == "held")).words == ""
    assert await money(account, row) == (8_000, 2_000)


async def test_the_commands(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    beside_hub = ["--data", str(place.directory), *(["--database", place.url] if place.url else [])]

    async def run(*line: str) -> tuple[int, str]:
        code = await asyncio.to_thread(main, ["hub", *line, *beside_hub])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    _, said = await run("account", "create", "--json")
    account = json.loads(said)["account"]
    await run("account", "top-up", account, "--amount", "100", "--reference", "p1")
    where = ["--account", account, "--edge", "garage-1"]
    code, said = await run("lease", "grant", *where, "--yuan", "20.50", "--hours", "48")
    assert code == 0
    name = said.strip()
    code, said = await run("lease", "list", "--json")
    (row,) = json.loads(said)
    assert (row["id"], row["amount"], row["left"], row["state"]) == (name, 2_050, 2_050, "offered")
    assert "20.50" in (await run("lease", "list"))[1]
    code, said = await run("lease", "release", name, "--reason", "x")
    assert code == 2
    assert "may still spend" in said
    assert (await run("lease", "policy", *where, "--yuan", "5", "--hours", "24"))[0] == 0
    assert (await run("lease", "policy", *where))[0] == 2
    assert (await run("lease", "policy", *where, "--end"))[0] == 0
    assert (await run("lease", "policy", *where, "--end"))[0] == 2
    code, said = await run("lease", "withdraw", name)
    assert code == 0
    assert "back in the wallet" in said
    assert (await run("lease", "withdraw", "none"))[0] == 2
