"""Tariffs published by the hub: signed, never changed, sent to each edge until it holds them."""

import asyncio
import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgpack
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from tests.hub.conftest import PATIENCE, Hub, Place
from tests.hub.fake_edge import PERIODS, FakeEdge, ended, identifier, record

from chargelink.cli.command import CommandError
from chargelink.cli.main import main
from chargelink.hub.identity import tariff_key
from chargelink.hub.services import tariff_list, tariffs
from chargelink.hub.services.tariffs import Aim, PublishError
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.tariffs import PublishedTariff
from chargelink.hub.tariff_file import Cost, above_cost, cost, read
from chargelink.model import Tariff, body_of

EVERYBODY = Aim()


def tariff(version: int = 1, name: str = "site-1", **other: Any) -> Tariff:
    return msgspec.convert({"id": name, "version": version, "periods": PERIODS, **other}, Tariff)


async def publish(place: Place, one: Tariff, aim: Aim = EVERYBODY) -> str:
    """As the command does, in the database of the hub that runs in this process."""
    return (await tariffs.publish(one, aim, tariff_key.opened(place.directory), at=7)).hash


class TariffEdge:
    """An edge that holds what it is sent, or refuses all with a reason."""

    def __init__(self, edge: FakeEdge, refusing: str | None = None) -> None:
        self.edge, self.refusing = edge, refusing
        self.held: list[str] = []

    async def take(self) -> dict[str, Any]:
        """The next tariff that it is sent, after it answered."""
        action, payload = await asyncio.wait_for(self.edge.asked.get(), PATIENCE)
        assert action == "TariffUpdate"
        (one,) = payload["tariffs"]
        return dict(one)

    def answer_with(self, *documents: bytes) -> None:
        """Accept these."""
        self.held += [sha256(document).hexdigest() for document in documents]
        self.edge.answers["TariffUpdate"] = {"status": "Accepted", "held": self.held}


async def until_sent(**wanted: Any) -> tariff_list.Sent:
    """The row of `hub tariff sent` that is as wanted."""
    async with asyncio.timeout(PATIENCE):
        while True:
            for row in await tariff_list.sent(10**13):
                if wanted.items() <= row._asdict().items():
                    return row
            await asyncio.sleep(0.02)


async def test_a_published_tariff_is_sent_and_signed(hub: Hub, place: Place) -> None:
    edge = TariffEdge(await hub.edge())
    body = body_of(tariff())
    edge.answer_with(body)
    await edge.edge.boot(tariffs=[])
    digest = await publish(place, tariff())
    sent = await edge.take()
    assert sent["document"] == body
    assert sent["devices"] == []
    assert digest == sha256(body).hexdigest()
    public = Ed25519PublicKey.from_public_bytes(sent["signer"])
    public.verify(sent["signature"], b"chargelink tariff 1\0" + bytes.fromhex(digest))
    row = await until_sent(edge="edge-1", state="held")
    assert (row.tariff, row.version, row.drifts) == ("site-1", 1, 0)


async def test_an_edge_is_sent_at_its_boot_what_it_lacks(hub: Hub, place: Place) -> None:
    first, second = tariff(), tariff(name="other")
    await publish(place, first)
    await publish(place, second)
    await publish(place, tariff(name="elsewhere"), Aim(("edge-2",)))
    edge = TariffEdge(await hub.edge())
    edge.answer_with(body_of(first))
    await edge.edge.boot(tariffs=[sha256(body_of(second)).hexdigest()])
    assert (await edge.take())["document"] == body_of(first)
    await until_sent(tariff="site-1", edge="edge-1", state="held")
    await until_sent(tariff="other", edge="edge-1", state="held")
    await until_sent(tariff="elsewhere", edge="edge-2", state="waiting")


async def test_an_edge_that_takes_no_tariffs_is_left_alone(hub: Hub, place: Place) -> None:
    """It says so by saying nothing: its next call is answered, and it was asked for nothing."""
    await publish(place, tariff())
    old, new = await hub.edge(), TariffEdge(await hub.edge("edge-2"))
    await old.boot()
    new.answer_with(body_of(tariff()))
    await new.edge.boot(tariffs=[])
    await until_sent(edge="edge-2", state="held")
    await until_sent(edge="edge-1", state="waiting")
    assert old.asked.empty()


async def test_a_refusal_is_kept_in_its_words_and_tried_again_at_the_next_boot(hub: Hub, place: Place) -> None:
    body = body_of(tariff())
    edge = TariffEdge(await hub.edge())
    edge.edge.answers["TariffUpdate"] = {"status": "Rejected", "held": [], "reason": "no such device"}
    await edge.edge.boot(tariffs=[])
    await publish(place, tariff(), Aim(("edge-1",), ("gun-9",)))
    assert (await edge.take())["devices"] == ["gun-9"]
    assert (await until_sent(state="refused")).reason == "no such device"
    (alarm,) = await hub.until("/api/alarms", len)
    assert alarm["kind"] == "tariff-refused"
    assert "no such device" in alarm["words"]["en"]
    await edge.edge.close()
    again = TariffEdge(await hub.edge())
    again.answer_with(body)
    await again.edge.boot(tariffs=[])
    assert (await again.take())["document"] == body
    await until_sent(state="held")


async def test_an_edge_that_lost_a_tariff_is_sent_it_again(hub: Hub, place: Place) -> None:
    digest, stranger = await publish(place, tariff()), "ab" * 32
    edge = TariffEdge(await hub.edge())
    await edge.edge.boot(tariffs=[digest])
    await until_sent(state="held")
    again = TariffEdge(await hub.edge())
    again.answer_with(body_of(tariff()))
    await again.edge.boot(tariffs=[stranger])
    await again.take()
    assert (await until_sent(state="held")).drifts == 1
    assert (await until_sent(state="foreign")).hash == stranger
    alarms = await hub.until("/api/alarms", lambda rows: len(rows) == 2)
    assert {alarm["kind"] for alarm in alarms} == {"tariff-lost", "tariff-foreign"}


async def test_what_was_published_is_never_changed(tables: Engine, place: Place) -> None:
    key = tariff_key.opened(place.directory)
    await tariffs.publish(tariff(2), Aim(("edge-1",)), key, 7)
    await tariffs.publish(tariff(2), Aim(("edge-2",)), key, 8)  # the very same, for another edge
    assert await PublishedTariff.all().count() == 1
    for version, name in ((2, "changed"), (1, "older")):
        with pytest.raises(PublishError, match="write version = 3"):
            await tariffs.publish(msgspec.structs.replace(tariff(version), name=name), Aim(), key, 9)
    with pytest.raises(PublishError, match="version 3"):
        await tariffs.publish(tariff(2), Aim(("edge-1",), ("gun-1",)), key, 9)
    (row,) = await tariff_list.listed(0)
    assert (row.version, row.edges, row.published) == (2, ("edge-1", "edge-2"), 7)


async def test_an_edge_holds_what_is_in_force_and_what_is_to_come(tables: Engine, place: Place) -> None:
    key = tariff_key.opened(place.directory)
    for version, valid_from, devices in ((1, 0, ()), (2, 100, ("gun-1",)), (3, 200, ()), (4, 900, ())):
        await tariffs.publish(tariff(version, validFrom=valid_from), Aim(("e",), devices), key, 7)
    expected = {50: [1, 2, 3, 4], 150: [1, 2, 3, 4], 300: [3, 4], 900: [4]}
    for now, versions in expected.items():
        assert [one.version for one in await tariffs.wanted("e", now)] == versions


async def test_a_session_is_priced_from_what_was_published(hub: Hub, place: Place) -> None:
    """The edge's record of the tariff never came."""
    digest = await publish(place, tariff(name="night"))
    edge = await hub.edge()
    await edge.boot()
    body = ended("edge-1", identifier(1), tariffId="night", tariffHash=digest)
    body["bill"] |= {"tariffId": "night", "tariffHash": digest}
    await edge.send(record(1, "session.ended", body))
    (bill,) = await hub.until("/api/bills", len)
    assert (bill["settlement"], bill["total"]) == ("agreed", 700)


async def test_a_tariff_that_nobody_signed_is_told(hub: Hub, place: Place) -> None:
    digest = await publish(place, tariff())
    key = tariff_key.opened(place.directory)
    signature = key.sign(b"chargelink tariff 1\0" + bytes.fromhex(digest))
    edge = await hub.edge()
    await edge.boot()
    said = {"tariffId": "site-1", "tariffHash": digest, "version": 1, "source": "hub", "at": 7}
    signed = said | {"signer": key.public, "signature": signature}
    await edge.send(
        record(1, "tariff.adopted", signed),
        record(2, "tariff.adopted", signed),  # told twice
        record(3, "tariff.adopted", said | {"source": "file", "at": 8}),
        record(4, "tariff.adopted", signed | {"source": "screen", "signature": bytes(64), "at": 9}),
    )
    (alarm,) = await hub.until("/api/alarms", len)
    assert alarm["kind"] == "tariff-unsigned"
    rows = await tariff_list.adopted()
    assert [(row.source, row.signed_by) for row in rows] == [("screen", "nobody"), ("file", "nobody"), ("hub", "hub")]


@pytest.mark.parametrize(
    ("costs", "sold_above"),
    [
        ((), []),
        ((Cost("", 120_000),), []),
        ((Cost("", 100_000),), ["peak"]),
        ((Cost("valley", 29_999), Cost("peak", 110_000)), ["valley"]),
    ],
)
def test_electricity_is_not_sold_above_its_cost(costs: tuple[Cost, ...], sold_above: list[str]) -> None:
    assert [str(warning).partition(":")[0] for warning in above_cost(tariff(), costs)] == sold_above


@pytest.mark.parametrize(
    ("text", "expected"),
    [("0.65", Cost("", 65_000)), ("peak=0.95", Cost("peak", 95_000)), ("valley=0", Cost("valley", 0))],
)
def test_a_cost_is_written_in_yuan(text: str, expected: Cost) -> None:
    assert cost(text) == expected


@pytest.mark.parametrize("text", ["", "x", "-1", "night=1", "=1", "NaN", "1e9", "0.000001"])
def test_what_is_no_cost(text: str) -> None:
    with pytest.raises(ValueError, match="yuan"):
        cost(text)


def command(*line: str) -> int:
    return main(["hub", "tariff", *line])


NIGHT_FILE = """
id = "night"
version = 1

[[period]]
start = "00:00"
end = "08:00"
name = "valley"
energy_yuan_per_kWh = 0.30
service_yuan_per_kWh = 0.40

[[period]]
start = "08:00"
end = "24:00"
name = "peak"
energy_yuan_per_kWh = 1.10
service_yuan_per_kWh = 0.40
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "night.toml"
    path.write_text(NIGHT_FILE)
    return path


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("bad.toml", NIGHT_FILE.replace("0.30", "-1"), "energy_yuan_per_kWh"),
        ("bad.toml", "id = ", "is not TOML"),
        ("bad.json", '{"id": "night"}', "version"),
        ("gone.toml", None, "gone.toml"),
    ],
)
def test_a_file_that_is_no_tariff(tmp_path: Path, name: str, content: str | None, why: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    with pytest.raises(CommandError, match=why):
        read(path)


def test_the_document_itself_can_be_published(tmp_path: Path) -> None:
    """As `hub tariff show` prints it."""
    path = tmp_path / "night.json"
    path.write_text(json.dumps({"id": "night", "version": 1, "periods": PERIODS}))
    assert body_of(read(path)) == body_of(tariff(name="night"))


async def test_the_commands(place: Place, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    beside_hub = ["--data", str(place.directory), *(["--database", place.url] if place.url else [])]

    async def run(*line: str) -> tuple[int, str]:
        code = await asyncio.to_thread(command, *line, *beside_hub)
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    assert await run("check", str(file)) == (0, "night@1 can be published\n")
    code, said = await run("publish", str(file), "--cost", "0.65", "--edge", "garage-1", "--valid-from", "2026-03-01")
    assert code == 1
    assert "peak: electricity at 1.10 yuan/kWh is above its cost of 0.65" in said
    code, said = await run("list", "--json")
    (row,) = json.loads(said)
    assert (row["tariff"], row["edges"], row["valid_from"]) == ("night", ["garage-1"], 1_772_294_400_000)
    assert "2026-03-01 00:00  garage-1" in (await run("list"))[1]
    assert '"validFrom": 1772294400000' in (await run("show", "night@1", "--json"))[1]
    assert "00:00-08:00" in (await run("show", "night@1"))[1]
    assert (await run("show", row["hash"][:8]))[0] == 0
    code, said = await run("show", "night@2")
    assert code == 2
    assert "no published tariff" in said
    code, said = await run("sent")
    assert code == 0
    assert "waits for the edge" in said
    code, said = await run("publish", str(file))
    assert code == 2
    assert "write version = 2" in said
    assert (await run("publish", str(file), "--device", "gun-1"))[0] == 2


async def test_edges_can_be_given_the_key(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("key", "--data", str(tmp_path)) == 0
    assert capsys.readouterr().out.strip() == tariff_key.opened(tmp_path).public.hex()
    assert command("key", "--data", str(tmp_path / "none")) == 2


def test_the_key_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    key = tariff_key.opened(tmp_path)
    assert tariff_key.opened(tmp_path).public == key.public
    file = tmp_path / "identity" / "tariffs.key"
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    with pytest.raises(tariff_key.TariffKeyError, match="chmod 600"):
        tariff_key.opened(tmp_path)
    file.chmod(0o600)
    file.write_text("x")
    with pytest.raises(tariff_key.TariffKeyError, match="backup"):
        tariff_key.opened(tmp_path)


def test_what_is_sent_decodes_elsewhere() -> None:
    """The document's bytes by a codec that is not ours."""
    document = msgpack.unpackb(body_of(tariff()))
    assert document["periods"] == PERIODS
