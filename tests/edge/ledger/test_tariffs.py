"""Every tariff that an edge ever held: adopted once, from whom it may come, and which one holds."""

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.edge.ledger.opened import KEY, kinds_waiting, open_journal

from chargelink.edge.ledger import Ending, Journal, Sessions, held_tariffs
from chargelink.edge.ledger.tariffs import (
    Configured,
    NoTariffError,
    TariffRefusedError,
    Tariffs,
    read_document,
)
from chargelink.link.chain import record_hash
from chargelink.link.messages import RECORD_LANE
from chargelink.link.pricing import SignedTariff, TariffUpdate
from chargelink.model import Alarm, Period, SessionKind, StopReason, Tariff, TariffAdopted, body_of, content_of
from chargelink.tariff import tariff_hash
from chargelink.trust import tariffs as signatures
from chargelink.trust.checkpoints import JournalKey

NOW = 1_790_000_000_000
DAY = 86_400_000
HUB = JournalKey(bytes(31) + b"\x01")  # any Ed25519 key can sign
STRANGER = JournalKey(bytes(31) + b"\x02")
DEVICES = ("gun-1", "socket-1", "socket-2")


def sold(identifier: str = "site", version: int = 1, energy: int = 65_000, **more: object) -> Tariff:
    period = Period(start="00:00", end="24:00", name="flat", energy_price=energy, service_price=40_000)
    return Tariff(id=identifier, version=version, periods=(period,), **more)  # type: ignore[arg-type]


def signed(tariff: Tariff | bytes, key: JournalKey = HUB, devices: Sequence[str] = ()) -> SignedTariff:
    document = tariff if isinstance(tariff, bytes) else body_of(tariff)
    signature = signatures.sign(key, record_hash(document))
    return SignedTariff(document=document, signer=key.public, signature=signature, devices=tuple(devices))


def update(*tariffs: Tariff | SignedTariff) -> TariffUpdate:
    return TariffUpdate(tariffs=tuple(one if isinstance(one, SignedTariff) else signed(one) for one in tariffs))


class Clock:
    now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def tariffs(journal: Journal, clock: Clock) -> Tariffs:
    return Tariffs(journal, clock, DEVICES)


async def contents(journal: Journal, kind: str) -> list[object]:
    records = (await journal.pending(RECORD_LANE, 1000, 1 << 22)).records
    return [content_of(record.kind, record.body) for record in records if record.kind == kind]


async def test_what_the_hub_publishes_is_held_and_recorded(journal: Journal, tariffs: Tariffs) -> None:
    one, two = sold(), sold("night", valid_from=NOW + DAY)
    answer = await tariffs.update(update(one, signed(two, devices=["gun-1"])))
    assert (answer.status, answer.held) == ("Accepted", (tariff_hash(one), tariff_hash(two)))
    assert await kinds_waiting(journal) == ["tariff", "tariff.adopted", "tariff", "tariff.adopted"]
    records = (await journal.pending(RECORD_LANE, 10, 1 << 20)).records
    assert [records[0].body, records[2].body] == [body_of(one), body_of(two)]
    adopted = content_of("tariff.adopted", records[3].body)
    assert isinstance(adopted, TariffAdopted)
    assert (adopted.source, adopted.devices, adopted.signer, adopted.at) == ("hub", ("gun-1",), HUB.public, NOW)
    assert signatures.verify(HUB.public, bytes.fromhex(adopted.tariff_hash), adopted.signature or b"")
    assert await tariffs.sent() == answer.held


async def test_again_changes_nothing_and_other_devices_do(journal: Journal, tariffs: Tariffs) -> None:
    request = update(signed(sold(), devices=["gun-1"]))
    first = await tariffs.update(request)
    assert await tariffs.update(request) == first
    assert await kinds_waiting(journal) == ["tariff", "tariff.adopted"]
    with pytest.raises(NoTariffError, match="socket-1 has no price"):
        await tariffs.at("socket-1", NOW)
    await tariffs.update(update(signed(sold(), devices=["gun-1", "socket-1"])))
    assert (await tariffs.at("socket-1", NOW)).hash == first.held[0]
    assert await kinds_waiting(journal) == ["tariff", "tariff.adopted", "tariff.adopted"]


async def test_a_document_that_was_published_is_not_recorded_again_when_it_is_sold_by(
    journal: Journal, tariffs: Tariffs, sessions: Sessions
) -> None:
    await tariffs.update(update(sold()))
    price = await tariffs.at("gun-1", NOW)
    started = (await sessions.begin("gun-1", SessionKind.DC, price.tariff, NOW)).started
    assert started.tariff_hash == price.hash
    assert await kinds_waiting(journal) == ["tariff", "tariff.adopted", "session.started"]


FLAT, NIGHT = sold("flat"), sold("night", energy=30_000)
HOLDS: dict[str, tuple[list[Tariff], str]] = {
    "the latest that has begun": ([sold("a", valid_from=NOW - 2), sold("b", valid_from=NOW - 1)], "b"),
    "whenever it was adopted": ([sold("b", valid_from=NOW - 1), sold("a", valid_from=NOW - 2)], "b"),
    "not one that has not": ([sold("a"), sold("b", valid_from=NOW + 1)], "a"),
    "one begins at its instant": ([sold("a"), sold("b", valid_from=NOW)], "b"),
    "of equals the later adopted": ([sold("a", valid_from=5), sold("b", valid_from=5)], "b"),
    "not for other sites": ([sold("a"), sold("b", valid_from=5, sites=("north",))], "a"),
    "for these sites": ([sold("a"), sold("b", valid_from=5, sites=("north", "south"))], "a"),
    "not for other customers": ([sold("a"), sold("b", valid_from=5, customers=("staff",))], "a"),
}


@pytest.mark.parametrize(("published", "expected"), HOLDS.values(), ids=HOLDS)
async def test_which_one_holds(tariffs: Tariffs, published: list[Tariff], expected: str) -> None:
    for tariff in published:
        assert (await tariffs.update(update(tariff))).status == "Accepted"
    priced = await tariffs.at("gun-1", NOW)
    assert (priced.tariff.id, priced.hash) == (expected, tariff_hash(priced.tariff))


async def test_groups_of_sites_and_of_customers(journal: Journal, clock: Clock) -> None:
    tariffs = Tariffs(journal, clock, DEVICES, groups=["south"])
    await tariffs.update(update(sold("all"), sold("south", sites=("south",)), sold("staff", customers=("staff",))))
    assert (await tariffs.at("gun-1", NOW)).tariff.id == "south"
    assert (await tariffs.at("gun-1", NOW, "guests")).tariff.id == "south"
    assert (await tariffs.at("gun-1", NOW, "staff")).tariff.id == "staff"
    await tariffs.update(update(sold("newer", valid_from=NOW)))
    assert (await tariffs.at("gun-1", NOW, "guests")).tariff.id == "newer"
    assert (await tariffs.at("gun-1", NOW, "staff")).tariff.id == "staff"  # theirs comes before what is for all


async def test_what_sells_by_energy_is_passed_over_where_energy_is_calculated(journal: Journal, clock: Clock) -> None:
    """One that is published for a whole site must not leave its sockets without a price."""
    tariffs = Tariffs(journal, clock, DEVICES, calculated=["socket-1"])
    per_use = Tariff(id="use", version=1, per_use=200)
    await tariffs.update(update(per_use, sold("by-energy", valid_from=NOW)))
    assert (await tariffs.at("gun-1", NOW)).tariff.id == "by-energy"
    assert (await tariffs.at("socket-1", NOW)).tariff.id == "use"


async def test_who_signs_first_is_believed_and_no_other_until_an_operator_says_so(
    journal: Journal, tariffs: Tariffs
) -> None:
    assert (await tariffs.update(update(sold()))).status == "Accepted"
    other = signed(sold("other"), STRANGER)
    for _ in range(3):
        answer = await tariffs.update(update(sold("mine"), other))
        assert (answer.status, answer.held) == ("Rejected", ())
        assert STRANGER.public.hex() in (answer.reason or "")
    assert [one.tariff.id for one in await tariffs.held()] == ["site"]  # all or none
    (alarm,) = await contents(journal, "alarm")
    assert isinstance(alarm, Alarm)
    assert alarm.code == "tariff-key"
    assert f"trust-tariff-key {STRANGER.public.hex()}" in alarm.text
    assert await tariffs.trust(STRANGER.public, "operator")
    assert not await tariffs.trust(STRANGER.public, "operator")
    assert (await tariffs.update(update(other))).status == "Accepted"
    assert (await tariffs.update(update(sold("mine")))).status == "Rejected"


async def test_two_strangers_in_one_message_pin_neither(tariffs: Tariffs) -> None:
    answer = await tariffs.update(update(sold(), signed(sold("other"), STRANGER)))
    assert answer.status == "Rejected"
    assert await tariffs.trusted() is None


async def test_a_key_of_the_configuration_is_the_only_one(journal: Journal, clock: Clock) -> None:
    await Tariffs(journal, clock, DEVICES).update(update(signed(sold("before"), STRANGER)))
    tariffs = Tariffs(journal, clock, DEVICES, key=HUB.public)
    await tariffs.configure([])
    assert (await tariffs.update(update(signed(sold("x"), STRANGER)))).status == "Rejected"
    assert (await tariffs.update(update(sold("y")))).status == "Accepted"
    with pytest.raises(TariffRefusedError, match=r"hub\.tariff_key"):
        await tariffs.trust(STRANGER.public, "operator")


PLAIN = body_of(sold())


def longer(document: bytes) -> bytes:
    """The same tariff, with one more field."""
    return msgspec.msgpack.encode(msgspec.msgpack.decode(document) | {"surcharge": 5})


def spread(document: bytes) -> bytes:
    """The same tariff, with its fields in another order."""
    return msgspec.msgpack.encode(dict(reversed(msgspec.msgpack.decode(document).items())))


def changed(**fields: object) -> bytes:
    return msgspec.msgpack.encode(msgspec.msgpack.decode(PLAIN) | fields)


HOSTILE: dict[str, tuple[SignedTariff, str]] = {
    "nothing that is MessagePack": (signed(b"\xc1"), "tariff: "),
    "cut short": (signed(PLAIN[:-3]), "tariff: "),
    "something behind it": (signed(PLAIN + b"\x00"), "tariff: "),
    "nested without end": (signed(b"\x91" * 60_000), "tariff: "),
    "text that is not UTF-8": (signed(b"\x81\xa2id\xa1\xff"), "tariff: "),
    "another document": (signed(msgspec.msgpack.encode({"id": "x"})), "tariff: "),
    "a price below 0": (signed(changed(periods=[], perUse=-1)), "tariff: "),
    "a price too high": (signed(changed(periods=[], perUse=2**60)), "tariff: "),
    "half a day": (signed(changed(periods=[{"start": "00:00", "end": "12:00", "name": "flat"}])), "tariff: "),
    "what we do not know": (signed(longer(PLAIN)), "does not know"),
    "written otherwise": (signed(spread(PLAIN)), "does not know"),
    "a default written out": (signed(changed(minimum=0)), "does not know"),
    "a wrong signature": (msgspec.structs.replace(signed(sold()), signature=bytes(64)), "the signature is wrong"),
    "another's signature": (msgspec.structs.replace(signed(sold()), signer=STRANGER.public), "the signature is wrong"),
    "a key that is none": (msgspec.structs.replace(signed(sold()), signer=b"\x02" + bytes(31)), "signature is wrong"),
    "not for us": (signed(sold(), devices=["gun-1", "gun-9"]), "gun-9 is no device of this edge; there are: gun-1, "),
}


@pytest.mark.parametrize(("hostile", "reason"), HOSTILE.values(), ids=HOSTILE)
async def test_what_is_not_right_is_refused_with_all_that_came_with_it(
    journal: Journal, tariffs: Tariffs, hostile: SignedTariff, reason: str
) -> None:
    answer = await tariffs.update(update(sold("good"), hostile))
    assert (answer.status, answer.held) == ("Rejected", ())
    assert reason in (answer.reason or "")
    assert len(answer.reason or "") <= 512
    assert await kinds_waiting(journal) == []
    assert await tariffs.trusted() is None
    assert (await tariffs.update(update(sold("good")))).status == "Accepted"


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(min_size=1, max_size=300) | st.tuples(st.integers(0, len(PLAIN) - 1), st.binary(max_size=3)))
def test_any_bytes_are_a_tariff_or_are_refused(told: bytes | tuple[int, bytes]) -> None:
    if isinstance(told, tuple):
        place, middle = told
        told = PLAIN[:place] + middle + PLAIN[place + len(middle) :]
    try:
        tariff = read_document(told)
    except TariffRefusedError:
        return
    assert body_of(tariff) == told


async def test_the_configuration_has_its_own_and_another_takes_its_place(journal: Journal, tariffs: Tariffs) -> None:
    await tariffs.configure([Configured(sold("guns"), ("gun-1",)), Configured(sold("use"), ("socket-1", "socket-2"))])
    await tariffs.configure([Configured(sold("guns"), ("gun-1",)), Configured(sold("use"), ("socket-1", "socket-2"))])
    assert await kinds_waiting(journal) == ["tariff", "tariff.adopted", "tariff", "tariff.adopted"]
    assert (await tariffs.at("gun-1", NOW)).tariff.id == "guns"
    assert (await tariffs.at("socket-2", NOW)).tariff.id == "use"
    await tariffs.configure([Configured(sold("guns", 2))])
    assert (await tariffs.at("socket-2", NOW)).tariff.version == 2
    await tariffs.configure([Configured(sold("guns"), ("gun-1",))])  # the old file is back
    assert (await tariffs.at("gun-1", NOW)).tariff.version == 1
    with pytest.raises(NoTariffError):
        await tariffs.at("socket-2", NOW)
    assert [(one.tariff.id, one.tariff.version) for one in await tariffs.held()] == [
        ("guns", 1),
        ("guns", 2),
        ("use", 1),
        ("guns", 1),
    ]
    assert (await kinds_waiting(journal)).count("tariff") == 3
    assert (await kinds_waiting(journal)).count("tariff.adopted") == 4
    assert await tariffs.sent() == ()


async def test_what_held_at_a_time_in_the_past(tariffs: Tariffs, clock: Clock) -> None:
    await tariffs.configure([Configured(sold("file"))])
    clock.now = NOW + 10
    await tariffs.update(update(sold("hub", valid_from=NOW + 5)))  # told of late
    clock.now = NOW + 20
    await tariffs.configure([Configured(sold("file", 2))])
    was = [(await tariffs.was("gun-1", NOW + then)).tariff for then in (0, 5, 9, 10, 20)]
    assert [(tariff.id, tariff.version) for tariff in was] == [("file", 1)] * 3 + [("hub", 1)] * 2
    assert (await tariffs.was("gun-1", clock.now)) == (await tariffs.at("gun-1", clock.now))
    with pytest.raises(NoTariffError):
        await tariffs.was("gun-1", NOW - 1)


async def test_a_clock_that_is_set_back_leaves_no_place_without_a_price(tariffs: Tariffs) -> None:
    await tariffs.configure([Configured(sold("file"))])
    assert (await tariffs.at("gun-1", NOW - DAY)).tariff.id == "file"


async def test_a_price_set_on_site_is_signed_by_this_edge(journal: Journal, tariffs: Tariffs, clock: Clock) -> None:
    await tariffs.update(update(sold(), sold("later", valid_from=NOW + DAY)))
    priced = await tariffs.set_on_site(sold("screen", valid_from=NOW), ["gun-1"])
    assert (await tariffs.at("gun-1", NOW)) == priced
    assert (await tariffs.at("socket-1", NOW)).tariff.id == "site"
    assert (await tariffs.at("gun-1", NOW + DAY)).tariff.id == "later"
    adopted = (await contents(journal, "tariff.adopted"))[-1]
    assert isinstance(adopted, TariffAdopted)
    assert (adopted.source, adopted.signer) == ("screen", KEY.public)
    assert signatures.verify(KEY.public, bytes.fromhex(priced.hash), adopted.signature or b"")
    with pytest.raises(TariffRefusedError, match="gun-2 is no device"):
        await tariffs.set_on_site(sold("screen"), ["gun-2"])
    assert await tariffs.trusted() == HUB.public  # whose key is believed is the hub's matter


async def test_the_oldest_that_was_never_sold_by_gives_way(
    journal: Journal, tariffs: Tariffs, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held_tariffs, "MOST_UNUSED", 3)
    await tariffs.configure([Configured(sold("file"))])
    await tariffs.update(update(sold(version=1)))
    used = await tariffs.at("gun-1", NOW)
    started = (await sessions.begin("gun-1", SessionKind.DC, used.tariff, NOW)).started
    for version in range(2, 8):
        await tariffs.update(update(sold(version=version)))
    assert [one.tariff.version for one in await tariffs.held() if one.source == "hub"] == [7, 6, 5, 1]
    assert [one.tariff.id for one in await tariffs.held() if one.source == "file"] == ["file"]
    ended = await sessions.end(started.session_id, NOW, Ending(StopReason.LOCAL, "driver"))
    assert ended.tariff_hash == used.hash
    await tariffs.update(update(sold(version=2)))  # what was dropped can come again, with its document
    assert (await tariffs.at("gun-1", NOW)).tariff.version == 2


async def test_the_hub_is_told_the_newest(tariffs: Tariffs) -> None:
    hashes: list[str] = []
    for first in range(0, 208, 16):
        batch = [sold(version=first + number + 1) for number in range(16)]
        hashes += (await tariffs.update(update(*batch))).held
    assert await tariffs.sent() == tuple(hashes[-200:])


@pytest.fixture
async def reopened(tmp_path: Path) -> AsyncIterator[Callable[[], Journal]]:
    journals: list[Journal] = []

    def again() -> Journal:
        journals.append(open_journal(tmp_path / "again.db"))
        return journals[-1]

    yield again
    await journals[-1].close()


async def test_it_is_all_there_after_a_restart(reopened: Callable[[], Journal], clock: Clock) -> None:
    journal = reopened()
    answer = await Tariffs(journal, clock, DEVICES).update(update(sold()))
    await journal.close()
    again = Tariffs(reopened(), clock, DEVICES)
    assert (await again.at("gun-1", NOW)).hash == answer.held[0]
    assert await again.trusted() == HUB.public
    assert await again.sent() == answer.held


async def test_whoever_shows_prices_is_told_of_a_change(tariffs: Tariffs) -> None:
    heard: list[str] = []
    tariffs.on_change.append(lambda: heard.append("changed"))
    await tariffs.update(update(signed(sold(), STRANGER), sold("x")))
    assert heard == []
    await tariffs.update(update(sold()))
    await tariffs.set_on_site(sold("screen"), [])
    assert heard == ["changed", "changed"]
