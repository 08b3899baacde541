"""Cards, VINs, vouchers and passes on the command line, and what a VIN needs before it counts."""

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from tests.hub.conftest import Place

from chargelink.cli.main import main
from chargelink.hub.services import accounts, bindings, persons, tokens
from chargelink.hub.services.refused import RefusedError
from chargelink.hub.store.engine import Engine
from chargelink.hub.store.models import Session
from chargelink.hub.store.money import Order
from chargelink.hub.store.vault import unlocked
from chargelink.link.messages import PersonKey
from chargelink.model import VEHICLE
from chargelink.trust.personal import seal


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


VIN = "LSVAM4187C2184847"
PERSON, KEY = "ab" * 16, bytes(32)
NOW = 1_800_000_000_000
NIGHT = """
id = "ebikes"
version = 1

[[period]]
start = "00:00"
end = "24:00"
name = "flat"
energy_yuan_per_kWh = 0.65

[monthly_pass]
price_yuan = 30.00
uses_per_month = 40
"""

Run = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def run(place: Place, capsys: pytest.CaptureFixture[str]) -> Run:
    """`chargelink hub ...` beside the database: exit code, and all that it said."""
    beside_hub = ["--data", str(place.directory), *(["--database", place.url] if place.url else [])]

    async def command(*line: str) -> tuple[int, str]:
        code = await asyncio.to_thread(main, ["hub", *line, *beside_hub])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return command


async def account(run: Run, yuan: str = "100") -> str:
    _, said = await run("account", "create", "--json")
    name = str(json.loads(said)["account"])
    await run("account", "top-up", name, "--amount", yuan, "--reference", f"pay-{name}")
    return name


async def test_cards(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = await account(run)
    assert (await run("card", "add", "6214 8301 2345", "--account", owner, "--until", "2030-01-01"))[0] == 0
    file = tmp_path / "cards.csv"
    file.write_text(f"0412A3B4,{owner}\n\n0412A3B5,{owner},0417\n")
    assert await run("card", "add", "--file", str(file)) == (0, "2 entered\n")
    _, said = await run("card", "list", "--json")
    rows = json.loads(said)
    assert [(row["masked"], row["pin"]) for row in rows] == [
        ("******B5", True),
        ("******B4", False),
        ("**********2345", False),
    ]
    assert "6214" not in said
    typed = iter(["1234", "1234", "1234", "4321", "12", "12"])
    monkeypatch.setattr("getpass.getpass", lambda _: next(typed))
    monkeypatch.setattr("sys.stdin", Terminal())
    assert (await run("card", "pin", "0412a3b4"))[0] == 0
    assert "differ" in (await run("card", "pin", "0412a3b4"))[1]
    assert "4 to 8 digits" in (await run("card", "pin", "0412a3b4"))[1]
    monkeypatch.setattr("sys.stdin", StringIO("5678\n"))
    assert (await run("card", "pin", "0412a3b4"))[0] == 0
    assert (await run("card", "block", "0412A3B4"))[0] == 0
    listed = (await run("card", "list"))[1]
    assert "blocked" in listed
    assert (await run("card", "unblock", "0412A3B4"))[0] == 0
    assert (await run("card", "remove", "0412A3B4"))[0] == 0
    assert "no such card" in (await run("card", "remove", "0412A3B4"))[1]
    assert (await run("card", "allow", "--account", owner, "--edge", "garage-1"))[0] == 0
    assert (await run("card", "sent"))[0] == 0


@pytest.mark.parametrize(
    ("line", "content", "why"),
    [
        (["0412A3B4"], None, "whose card"),
        ([], None, "name cards"),
        ([], "0412A3B4", "line 1"),
        ([], "0412A3B4,nobody", "no account nobody"),
        ([], "0412A3B4,{},12", "4 to 8 digits"),
        ([], "-,{}", "1 to 64 characters"),
    ],
)
async def test_what_is_no_card(run: Run, tmp_path: Path, line: list[str], content: str | None, why: str) -> None:
    owner = await account(run)
    if content is not None:
        (tmp_path / "cards.csv").write_text(content.format(owner))
        line = [*line, "--file", str(tmp_path / "cards.csv")]
    code, said = await run("card", "add", *line)
    assert code == 2
    assert why in said


async def test_passes_and_vouchers(run: Run, tmp_path: Path) -> None:
    owner = await account(run)
    (tmp_path / "ebikes.toml").write_text(NIGHT)
    await run("tariff", "publish", str(tmp_path / "ebikes.toml"))
    sell = ["pass", "sell", "--account", owner, "--reference", "sale-1", "--edge", "garage-1=25", "--edge", "b"]
    code, said = await run(*sell, "--tariff", "ebikes@1", "--json")
    assert code == 0
    assert json.loads(said)["price"] == 3_000
    _, said = await run("pass", "list", "--json")
    (row,) = json.loads(said)
    assert row["shares"] == {"garage-1": 25, "b": 15}
    assert "garage-1=25" in (await run("pass", "list"))[1]
    assert (await run(*sell, "--tariff", "none"))[0] == 2
    assert (await run(*sell, "--tariff", "ebikes", "--edge", "c=x"))[0] == 2

    code, said = await run("voucher", "make", "--count", "3", "--yuan", "5", "--edge", "garage-1")
    codes = said.split()
    assert (code, len({*codes}), {len(one) for one in codes}) == (0, 3, {19})
    _, said = await run("voucher", "list", "--json")
    assert [row["left"] for row in json.loads(said)] == [500, 500, 500]
    assert not any(one in said for one in codes)
    assert "garage-1" in (await run("voucher", "list"))[1]
    assert "voucher" in (await run("lease", "list", "--edge", "garage-1"))[1]


async def test_vins(run: Run) -> None:
    owner = await account(run)
    code, said = await run("vin", "bind", VIN, "--account", owner, "--consent", "--json")
    assert (code, json.loads(said)["status"]) == (0, "waiting")
    listed = (await run("vin", "list"))[1]
    assert "LSV**********4847" in listed
    assert "waits for its first order" in listed
    assert (await run("vin", "confirm", VIN, "--order", "none"))[0] == 2
    assert (await run("vin", "unbind", VIN))[0] == 0
    assert (await run("vin", "unbind", VIN))[0] == 2


@pytest.fixture
def vaulted(tables: Engine, place: Place) -> Any:
    with unlocked(place.directory):
        yield


@pytest.mark.parametrize(
    ("order", "session", "said", "why"),
    [
        ({}, {}, VIN, None),
        ({"mode": "vin"}, {}, VIN, "that a person confirmed"),
        ({"account": "other"}, {}, VIN, "no order of account"),
        ({}, {"energy": 0}, VIN, "charged no car"),
        ({"session": None}, {}, VIN, "charged no car"),
        ({}, {}, "LSVAM4187C2184848", "did not say this VIN"),
        ({}, {"person": None}, VIN, "did not say this VIN"),
    ],
)
async def test_a_vin_counts_after_an_order_that_a_person_confirmed(
    vaulted: None, order: dict[str, Any], session: dict[str, Any], said: str, why: str | None
) -> None:
    owner = (await accounts.create(NOW)).id
    bound = await bindings.bind(VIN, owner, NOW, consent=True)
    assert (bound.status, bound.consent) == ("waiting", True)
    await persons.keep("edge-1", [PersonKey(person=PERSON, key=KEY)], NOW)
    box = seal(said, VEHICLE, PERSON, KEY, secrets.token_bytes(12)).box
    place: dict[str, Any] = {"edge": "edge-1", "device": "gun-1"}
    told: dict[str, Any] = {"authorised_by": "remote", "kind": "dc", "started": NOW, "energy": 5, "person": PERSON}
    await Session.create(id="s1", vehicle=box, **place, **(told | session))
    paid: dict[str, Any] = {"account": owner, "mode": "scan", "session": "s1"}
    times: dict[str, Any] = {"prepaid": 1, "state": "settled", "created": NOW, "changed": NOW}
    await Order.create(id="o1", **place, **times, **(paid | order))
    if why is None:
        assert (await bindings.confirm(VIN, "o1")).status == "active"
        assert (await bindings.bind(VIN, owner, NOW, consent=False)).status == "active"
        return
    with pytest.raises(RefusedError, match=why):
        await bindings.confirm(VIN, "o1")
    found = await tokens.find("vin", VIN)
    assert found is not None
    assert found.status == "waiting"


async def test_a_car_is_bound_to_one_account(vaulted: None) -> None:
    first, second = (await accounts.create(NOW)).id, (await accounts.create(NOW)).id
    await bindings.bind(VIN, first, NOW, consent=True)
    with pytest.raises(RefusedError, match="belongs to the account"):
        await bindings.bind(VIN, second, NOW, consent=True)
