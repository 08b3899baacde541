"""Local lists: in full, by what changed, in parts; what is cut short is not used, and no hub fills a disk with them."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.edge.ledger.alone import NOW, Ledger
from tests.edge.ledger.opened import open_journal

from chargelink.edge.ledger import Journal, epochs, local_list, pins
from chargelink.edge.ledger.local_list import Found, ListError, LocalList
from chargelink.edge.ledger.refusal import NotAuthorisedError
from chargelink.link.authorisation import GetLocalListVersion, ListEntry, Pass, SendLocalList, SendLocalListResponse
from chargelink.trust.tokens import pin_digest, token_digest

KEY = bytes(range(32))


def card(number: str, account: str = "a-1", key: bytes = KEY, kind: str = "card", **values: Any) -> ListEntry:
    return ListEntry(token=token_digest(key, kind, number), kind=kind, account=account, **values)


def full(version: int, *entries: ListEntry, key: bytes | None = KEY, **values: Any) -> SendLocalList:
    return SendLocalList(version=version, update_type="Full", entries=entries, key=key, **values)


def changes(version: int, base: int, *entries: ListEntry, **values: Any) -> SendLocalList:
    return SendLocalList(version=version, update_type="Differential", base=base, entries=entries, **values)


def accepted(version: int) -> SendLocalListResponse:
    return SendLocalListResponse(status="Accepted", version=version)


@pytest.fixture
def ledger(tmp_path: Path) -> Any:
    ledger = Ledger(tmp_path / "ledger.db")
    yield ledger
    ledger.close()


def sent(ledger: Ledger, request: SendLocalList) -> SendLocalListResponse:
    return ledger.do(lambda database: local_list.take(database, request))


def found(ledger: Ledger, number: str, kind: str = "card") -> Found | None:
    return ledger.do(lambda database: local_list.find(database, kind, number))


def account(ledger: Ledger, number: str) -> str | None:
    one = found(ledger, number)
    return None if one is None else one.entry.account


def test_without_a_list_nobody_is_known(ledger: Ledger) -> None:
    assert found(ledger, "1001") is None
    assert sent(ledger, changes(2, 1, card("1001"))) == SendLocalListResponse(status="VersionMismatch", version=0)
    assert sent(ledger, changes(1, 0, card("1001"))) == SendLocalListResponse(status="VersionMismatch", version=0)
    with pytest.raises(ListError, match="needs its key"):
        sent(ledger, full(1, card("1001"), key=None))


def test_in_full_and_by_what_changed(ledger: Ledger) -> None:
    assert sent(ledger, full(7, card("10 01"), card("1002", "a-2"), card("1003", "a-3"))) == accepted(7)
    assert found(ledger, "10-01") == Found(card("1001"), KEY, whole=True)
    gone = token_digest(KEY, "card", "1002")
    assert sent(ledger, changes(9, 7, card("1001", "a-9"), card("1004", "a-4"), removed=(gone,))) == accepted(9)
    assert [account(ledger, number) for number in ("1001", "1002", "1003", "1004")] == ["a-9", None, "a-3", "a-4"]
    assert sent(ledger, changes(9, 7, removed=(gone,))) == accepted(9)  # whose answer was lost
    assert sent(ledger, changes(10, 8)) == SendLocalListResponse(status="VersionMismatch", version=9)
    with pytest.raises(ListError, match="does not follow"):
        sent(ledger, changes(8, 9))
    with pytest.raises(ListError, match="one key"):
        sent(ledger, changes(10, 9, key=bytes(32)))
    assert sent(ledger, full(3, card("1001", "a-5"), key=None)) == accepted(3)  # a hub that was restored: it decides
    assert [account(ledger, number) for number in ("1001", "1003")] == ["a-5", None]


def test_a_new_key_comes_with_a_full_list(ledger: Ledger) -> None:
    sent(ledger, full(1, card("1001")))
    sent(ledger, full(2, card("1001", "a-2", key=bytes(32)), key=bytes(32)))
    assert account(ledger, "1001") == "a-2"
    assert sent(ledger, changes(3, 2, card("1002", "a-3", key=bytes(32)))) == accepted(3)
    assert account(ledger, "1002") == "a-3"


def test_what_is_removed_and_there_is_there_and_of_two_the_later_counts(ledger: Ledger) -> None:
    sent(ledger, full(1, card("1001"), card("1001", "a-2")))
    assert account(ledger, "1001") == "a-2"
    sent(ledger, changes(2, 1, card("1001", "a-3"), removed=(token_digest(KEY, "card", "1001"),)))
    assert account(ledger, "1001") == "a-3"
    assert ledger.do(local_list.counts) == local_list.Counts(2, True, {"card": 1}, 0, None)


@pytest.mark.parametrize("kill", [False, True], ids=["in one run", "killed after each part"])
@pytest.mark.parametrize("kind", ["Full", "Differential"])
def test_parts_are_used_when_the_last_has_come(ledger: Ledger, kind: str, kill: bool) -> None:
    sent(ledger, full(1, card("1000", "a-0"), card("1001", "old")))
    base = 1 if kind == "Differential" else 0
    for part in range(3):
        request = SendLocalList(
            version=2,
            update_type=kind,  # type: ignore[arg-type]
            base=base,
            entries=(card(f"100{part + 1}", f"a-{part + 1}"),),
            part=part,
            more=part < 2,
        )
        assert [account(ledger, "1001"), account(ledger, "1002")] == ["old", None]
        assert sent(ledger, request) == accepted(2 if part == 2 else 1)
        if kill:
            ledger.reopen()
    numbers = ["1000", "1001", "1002", "1003"]
    assert [account(ledger, n) for n in numbers] == [None if kind == "Full" else "a-0", "a-1", "a-2", "a-3"]
    assert sent(ledger, request) == accepted(2)  # the last part once more: its answer was lost


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"version": 2, "more": True}, {"version": 2, "part": 2}),
        ({"version": 2, "more": True}, {"version": 3, "part": 1}),
        (None, {"version": 2, "part": 1}),
        ({"version": 2, "more": True}, {"version": 2, "part": 1, "key": bytes(32)}),
    ],
    ids=["one is missing", "of another list", "without a first", "with another key"],
)
def test_a_part_that_does_not_follow(ledger: Ledger, first: dict[str, Any] | None, then: dict[str, Any]) -> None:
    sent(ledger, full(1, card("1000")))
    if first is not None:
        sent(ledger, full(first["version"], card("1001"), more=True))
    with pytest.raises(ListError):
        sent(ledger, full(**{"key": KEY, **then}))
    assert sent(ledger, full(4, card("1004"))) == accepted(4)  # part 0 begins anew
    assert account(ledger, "1001") is None


def test_a_list_that_is_sent_from_the_start_again_holds_nothing_of_the_first_try(ledger: Ledger) -> None:
    sent(ledger, full(2, card("1001"), more=True))
    sent(ledger, full(2, card("1002"), more=True))
    sent(ledger, full(2, card("1003"), part=1))
    assert [account(ledger, number) for number in ("1001", "1002", "1003")] == [None, "a-1", "a-1"]


async def stored(journal: Journal) -> int:
    """Entries on the disk, whatever they are for."""
    return int(await journal.writer.run(lambda d: d.execute("SELECT count(*) FROM list_entries").fetchone()[0]))


async def test_what_the_hub_hears_and_what_stays_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_list, "MOST_HELD", 40)
    monkeypatch.setattr(local_list, "MOST_CHANGES", 20)
    monkeypatch.setattr(local_list, "DELETED_AT_ONCE", 7)
    journal = open_journal(tmp_path / "ledger.db")
    lists = LocalList(journal)
    assert (await lists.version(GetLocalListVersion())).version == 0
    many = tuple(card(str(number)) for number in range(1_000, 1_040))
    for version in range(1, 6):
        assert await lists.send(full(version, *many)) == accepted(version)
    too_many = await lists.send(full(7, *many, card("7")))
    assert (too_many.status, too_many.version) == ("Failed", 5)
    assert "may have 40" in (too_many.reason or "")
    for part in range(30):  # one list after the other that never ends
        await lists.send(full(8 + part, *many, more=True))
    for part in range(3):
        answer = await lists.send(changes(9, 5, *many[:10], part=part, more=True))
    assert answer.status == "Failed"
    assert (await lists.send(changes(9, 5, *(card(str(n)) for n in range(5))))).status == "Failed"
    assert (await lists.send(full(9, card("1" * 64, "a" * 64, voucher="v" * 64, group="g" * 64)))).status == "Accepted"
    terms = Pass(id="p" * 64, until=NOW, uses=1)
    huge = card("1", kind="言" * 64, account="a" * 64, voucher="v" * 64, group="g" * 64, honours=terms)
    assert "512 are allowed" in ((await lists.send(full(10, huge))).reason or "")
    await lists.send(full(11, *many, more=True))
    assert (await lists.counts()).coming == 11
    assert await stored(journal) == 1 + 40  # the list in use, and the one that is coming
    for version in (12, 13):
        assert await lists.send(full(version, *many)) == accepted(version)
        assert await stored(journal) <= 80
    await lists.tidy()
    assert await stored(journal) == 40
    assert (await lists.counts()).coming is None
    await journal.close()


def test_a_new_life_of_the_journal_wants_the_list_anew_and_lends_no_pass_before(ledger: Ledger) -> None:
    terms = Pass(id="p-1", until=NOW + 1, uses=3)
    sent(ledger, full(4, card("1001", honours=terms)))
    assert ledger.do(lambda database: local_list.honoured(database, "p-1")) == terms
    sent(ledger, full(5, card("1002"), more=True))
    ledger.do(lambda database: epochs.begin_anew(database, epochs.RESTORED))
    assert ledger.do(local_list.counts) == local_list.Counts(0, False, {"card": 1}, 0, None)
    one = found(ledger, "1001")
    assert one is not None
    assert not one.whole  # who it is, is still known
    assert ledger.do(lambda database: local_list.honoured(database, "p-1")) is None
    assert sent(ledger, changes(6, 4)).status == "VersionMismatch"
    sent(ledger, full(6, card("1001", honours=terms)))
    assert ledger.do(lambda database: local_list.honoured(database, "p-1")) == terms


def test_whoever_is_named_anew_may_try_a_pin_again(ledger: Ledger) -> None:
    """Sent again as it was in a full list: nothing changes. Named among what changed, or with another PIN: it does."""
    entries = [card(n, pin=pin_digest(KEY, token_digest(KEY, "card", n), "1234")) for n in ("1001", "1002", "1003")]
    sent(ledger, full(1, *entries))
    for entry in entries:
        for _ in range(pins.TRIES):
            ledger.do(lambda database, entry=entry: pins.count(database, entry, NOW))  # type: ignore[misc]

    def is_locked(entry: ListEntry) -> bool:
        try:
            ledger.do(lambda database: pins.count(database, entry, NOW), die=True)
        except NotAuthorisedError:
            return True
        return False

    sent(ledger, full(2, *entries))
    assert [is_locked(entry) for entry in entries] == [True, True, True]
    sent(ledger, changes(3, 2, entries[0]))
    assert [is_locked(entry) for entry in entries] == [False, True, True]
    other = card("1002", pin=pin_digest(KEY, entries[1].token, "9876"))
    sent(ledger, full(4, entries[0], other))
    assert [is_locked(entry) for entry in (entries[0], other, entries[2])] == [False, False, False]
    assert ledger.do(pins.locked) == []


NUMBERS = st.sampled_from(["1", "2", "3", "4", "5", "6"])
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["full", "full", "changes", "changes", "kill", "epoch"]),
        st.dictionaries(NUMBERS, st.sampled_from(["a-1", "a-2"]), max_size=4),
        st.lists(NUMBERS, max_size=3),
        st.integers(1, 3),  # parts
        st.integers(0, 3),  # parts that come; none: the whole list comes
        st.integers(-1, 1),  # by how much the base is wrong, mostly not at all
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None)
@given(steps=STEPS)
def test_whatever_comes_the_list_is_what_the_last_whole_one_says(steps: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ledger = Ledger(Path(folder) / "ledger.db")
        model: dict[str, str] = {}
        version = 0
        for number, (what, entries, removed, parts, come, wrong) in enumerate(steps, 1):
            if what == "kill":
                ledger.reopen()
            elif what == "epoch":
                ledger.do(lambda database: epochs.begin_anew(database, epochs.RESTORED))
                version = 0
            else:
                count = min(come, parts) if come else parts
                base = 0 if what == "full" else max(0, version + (wrong if number % 3 == 0 else 0))
                fresh = 100 * number
                dealt = list(entries.items())
                answers = [_part(ledger, what, fresh, base, part, parts, dealt, removed) for part in range(count)]
                if answers[-1] == accepted(fresh):
                    assert count == parts
                    before = (
                        {} if what == "full" else {key: value for key, value in model.items() if key not in removed}
                    )
                    model, version = before | entries, fresh
                else:
                    assert count < parts or base != version or version == 0
            assert {key: account(ledger, key) for key in "123456"} == {key: model.get(key) for key in "123456"}
            assert ledger.do(local_list.head).version == version
            assert ledger.do(local_list.head).entries == len(model)
        ledger.close()


def _part(
    ledger: Ledger,
    what: str,
    version: int,
    base: int,
    part: int,
    parts: int,
    entries: list[tuple[str, str]],
    removed: list[str],
) -> SendLocalListResponse:
    """Send one part: what is removed goes in the first, entries are dealt out."""
    request = SendLocalList(
        version=version,
        update_type="Full" if what == "full" else "Differential",
        base=base,
        part=part,
        more=part < parts - 1,
        key=KEY if what == "full" and part == 0 else None,
        entries=tuple(card(number, owner) for number, owner in entries[part::parts] if part < parts),
        removed=() if part or what == "full" else tuple(token_digest(KEY, "card", number) for number in removed),
    )
    return sent(ledger, request)
