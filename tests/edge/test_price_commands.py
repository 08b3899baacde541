"""Prices on site: shown before a start, set by staff, remembered; asked for as people do it, on a command line."""

import argparse
import asyncio
import io
import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import pytest
from tests.edge.ledger.opened import kinds_waiting, open_journal

from chargelink.cli.china import CHINA
from chargelink.cli.main import main
from chargelink.edge.arguments import moment
from chargelink.edge.config import Config
from chargelink.edge.config.sections import Gun, Site, Socket, SocketSite, TariffFile
from chargelink.edge.control import Control
from chargelink.edge.hours import ClosedError, Hours
from chargelink.edge.ledger import Journal, Memory
from chargelink.edge.paths import control_socket
from chargelink.edge.price_commands import day
from chargelink.edge.price_control import PriceControl
from chargelink.edge.prices import Prices, configured
from chargelink.model import Period, Tariff

NOW = 1_790_002_800_000  # 2026-09-21 23:00 in China
MINUTE = 60_000
FLAT = Period(start="08:00", end="22:00", name="flat", energy_price=65_000, service_price=40_000)
VALLEY = Period(start="22:00", end="08:00", name="valley", energy_price=30_000, service_price=40_000)
SITE = Tariff(id="site", version=1, periods=(FLAT, VALLEY), hotline="95598")
PER_USE = Tariff(id="use", version=1, per_use=150)
DEVICES = ("gun-1", "socket-1", "socket-2")


def config(folder: Path, **own: Tariff) -> Config:
    sockets = [
        SocketSite(
            id=name,
            radio="gwmp://127.0.0.1:1700",
            keys=folder,
            gateways=(),
            sockets=(Socket(id=f"socket-{number}", eui=f"{number:016x}"),),
        )
        for number, name in enumerate(("north", "south"), 1)
    ]
    return Config(
        site=Site(id="edge-1", data=folder, groups=("malls",)),
        tariff=TariffFile(file=folder / "tariff.toml"),
        guns=(Gun(id="gun-1", mode="monitor", can="socketcan:can0"),),
        socket_sites=tuple(sockets),
        prices=SITE,
        socket_prices=own,
        profiles={},
    )


class Edge:
    """An edge as far as it sells, on a control socket of its own."""

    def __init__(self, folder: Path, journal: Journal) -> None:
        self.folder, self.journal = folder, journal
        self.now = NOW
        self.started: list[dict[str, object]] = []
        self.prices = Prices(config(folder), journal, lambda: self.now)
        control = PriceControl(self.prices, lambda: self.now)
        actions = {**control.actions, "start": self._start, "clock": self._clock}
        self.control = Control(control_socket(folder), actions)

    async def _start(self, request: dict[str, object]) -> dict[str, object]:
        self.started.append(request)
        return {"plan": "plan-1", "due": NOW + MINUTE} if request.get("at") else {"session": "s-1"}

    async def _clock(self, _: dict[str, object]) -> dict[str, object]:
        return {"now": self.now}

    async def says(self, *line: str) -> int:
        """`chargelink edge ...`, and how it ended."""

        def run() -> int:
            try:
                return main(["edge", *line, "--data", str(self.folder), "--lang", "en"])
            except SystemExit as end:
                return int(end.code or 0)

        return await asyncio.to_thread(run)


@pytest.fixture
async def edge(tmp_path: Path) -> AsyncIterator[Edge]:
    journal = open_journal(tmp_path / "ledger.db")
    edge = Edge(tmp_path, journal)
    await edge.prices.load()
    ready = asyncio.Event()
    task = asyncio.create_task(edge.control.serve(ready.set))
    await ready.wait()
    yield edge
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await journal.close()


NIGHT = "now valley: 0.70 yuan/kWh = electricity 0.30 + service 0.40, until 08:00 tomorrow"


async def test_the_price_is_shown_before_a_start_and_goes_with_it(
    edge: Edge, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())  # a program, which has decided before
    assert await edge.says("start", "socket-1", "A", "--minutes", "60") == 0
    said = capsys.readouterr()
    assert said.out == "s-1\n"
    assert said.err.splitlines()[0] == NIGHT
    assert said.err.splitlines()[-1] == "hotline 95598"
    (asked,) = edge.started
    assert asked["tariffHash"] == (await edge.prices.tariffs.at("socket-1", NOW)).hash
    assert asked["caps"] == {"energy": None, "minutes": 60, "money": None, "soc": None}


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "starts"), [("y\n", 1), ("是\n", 1), ("n\n", 0), ("\n", 0), ("", 0)])
async def test_somebody_at_a_terminal_is_asked(
    edge: Edge, monkeypatch: pytest.MonkeyPatch, answer: str, starts: int
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    assert await edge.says("start", "gun-1") == (0 if starts else 2)
    assert len(edge.started) == starts


async def test_a_start_for_later(
    edge: Edge, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(""))
    assert await edge.says("start", "gun-1", "--yes", "--at", "2026-09-22T09:00") == 0
    said = capsys.readouterr()
    assert said.out == "plan-1 begins at 2026-09-21 23:01\n"
    assert said.err.startswith("now flat: 1.05 yuan/kWh")  # as it will be then
    assert edge.started[0]["at"] == NOW + 10 * 60 * MINUTE


async def test_what_staff_set_holds_from_now_on(edge: Edge, capsys: pytest.CaptureFixture[str]) -> None:
    levels = ("--high", "1.20", "--flat", "0.80", "--low", "0.40", "--service", "0.10", "--hotline", "12345")
    periods = "high=08:00-11:00,high=18:00-21:00,low=23:00-07:00"
    edge.now += MINUTE
    assert await edge.says("price", "set", "gun-1", *levels, "--periods", periods, "--yes") == 0
    digest = capsys.readouterr().out.strip()
    priced = await edge.prices.tariffs.at("gun-1", edge.now)
    assert priced.hash == digest
    assert (priced.tariff.id, priced.tariff.version, priced.tariff.valid_from) == ("screen", 1, edge.now)
    assert [(one.start, one.end, one.name, one.energy_price) for one in priced.tariff.periods] == [
        ("00:00", "07:00", "valley", 40_000),
        ("07:00", "08:00", "flat", 80_000),
        ("08:00", "11:00", "peak", 120_000),
        ("11:00", "18:00", "flat", 80_000),
        ("18:00", "21:00", "peak", 120_000),
        ("21:00", "23:00", "flat", 80_000),
        ("23:00", "24:00", "valley", 40_000),
    ]
    assert {one.service_price for one in priced.tariff.periods} == {10_000}
    assert (await edge.prices.tariffs.at("socket-1", edge.now)).tariff == SITE
    assert (await kinds_waiting(edge.journal))[-2:] == ["tariff", "tariff.adopted"]
    edge.now += MINUTE
    assert await edge.says("price", "set", "gun-1", "--flat", "0.80", "--yes") == 0
    assert (await edge.prices.tariffs.at("gun-1", edge.now)).tariff.version == 2


async def test_a_price_of_a_file(edge: Edge, tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text('id = "own"\nversion = 3\nper_use_yuan = 2\n')
    assert await edge.says("price", "set", "--file", str(file), "--yes") == 0
    tariff = (await edge.prices.tariffs.at("socket-2", edge.now)).tariff
    assert (tariff.id, tariff.version, tariff.per_use, tariff.valid_from) == ("own", 3, 200, NOW)


WRONG: dict[str, tuple[tuple[str, ...], str]] = {
    "sockets by energy": (("set", "--flat", "1", "--yes"), "name the guns that this price is for"),
    "no price of a level": (("set", "--high", "1", "--yes"), "say the price: --flat"),
    "two at once": (
        ("set", "--high", "1", "--flat", "1", "--low", "1", "--periods", "high=00:00-12:00,low=11:00-13:00"),
        "11:00 is in two periods",
    ),
    "no period": (("set", "--flat", "1", "--periods", "high=8-11"), "'high=8-11' is no period"),
    "no price": (("set", "--flat", "free"), "'free' is no price in yuan"),
    "finer than can be billed": (("set", "--flat", "0.000001"), "is no price in yuan"),
    "no file": (("set", "--file", "/nowhere.toml"), "cannot be read"),
    "no device": (("set", "gun-9", "--flat", "1", "--yes"), "gun-9 is no device of this edge"),
    "nothing shown": (("show", "gun-9"), "nothing to charge at is called gun-9; there is gun-1, socket-1"),
    "no time": (("at", "noon"), "'noon' is no time, such as 23:00"),
    "no name of a period": (("hours", "gun-1", "--allow", "dawn"), "periods are among sharp, peak"),
    "nothing has hours": (("hours", "gun-9", "--always"), "nothing to charge at is called gun-9"),
}


@pytest.mark.parametrize(("line", "says"), WRONG.values(), ids=WRONG)
async def test_what_cannot_be_is_said(
    edge: Edge, capsys: pytest.CaptureFixture[str], line: tuple[str, ...], says: str
) -> None:
    before = await kinds_waiting(edge.journal)
    assert await edge.says("price", *line) == 2
    assert says in capsys.readouterr().err
    assert await kinds_waiting(edge.journal) == before


async def test_the_price_now_then_and_to_come(edge: Edge, capsys: pytest.CaptureFixture[str]) -> None:
    edge.now += MINUTE
    await edge.says("price", "set", "gun-1", "--flat", "0.80", "--yes")
    capsys.readouterr()

    async def at(*line: str) -> list[tuple[str, str]]:
        assert await edge.says("price", *line, "--json") == 0
        prices = json.loads(capsys.readouterr().out)
        return [(one["tariff"], one["lines"][0]["en"].split(",")[0]) for one in prices]

    new = ("screen", "now flat: 0.80 yuan/kWh = electricity 0.80 + service 0.00")
    assert await at("show", "gun-1") == [new]
    assert await at("show") == [new, ("site", NIGHT.split(",")[0]), ("site", NIGHT.split(",")[0])]
    assert await at("at", "2026-09-21T23:00", "gun-1") == [("site", NIGHT.split(",")[0])]
    assert await at("at", "2026-12-01T09:00", "gun-1") == [new]
    assert await edge.says("price", "list") == 0
    listed = capsys.readouterr().out.splitlines()
    assert [" ".join(line.split()[1:4]) for line in listed[:2]] == ["screen 1 set", "site 1 configuration"]


async def test_hours_are_set_told_and_kept(edge: Edge, capsys: pytest.CaptureFixture[str]) -> None:
    assert await edge.says("price", "hours", "gun-1", "--allow", "flat,peak") == 0
    assert capsys.readouterr().out == "gun-1: charges begin in these periods only: peak, flat\n"
    await edge.prices.at("socket-1", NOW, None)
    with pytest.raises(
        ClosedError, match=r"not charge in valley hours; it does again from 09-22 08:00, .* / gun-1 在谷"
    ):
        await edge.prices.now("gun-1", None)
    await edge.prices.at("gun-1", NOW + 9 * 60 * MINUTE, None)
    again = Hours(Memory(edge.journal))
    await again.load(DEVICES)
    assert (again.of("gun-1"), again.of("socket-1")) == (["peak", "flat"], [])
    assert await edge.says("price", "show", "gun-1") == 0
    assert "only: peak, flat" in capsys.readouterr().out
    assert await edge.says("price", "hours", "gun-1", "--always") == 0
    await edge.prices.now("gun-1", None)


async def test_a_key_is_trusted_by_hand(edge: Edge, capsys: pytest.CaptureFixture[str]) -> None:
    key = "4cb5abf6ad79fbf5abbccafcc269d85cd2651ed4b885b5869f241aedf0a5ba29"
    for said in ("believed from now on", "is believed already"):
        assert await edge.says("trust-tariff-key", key) == 0
        assert said in capsys.readouterr().out
    assert await edge.prices.tariffs.trusted() == bytes.fromhex(key)
    for nonsense in ("4cb5", "zz" * 32, " " * 64):
        assert await edge.says("trust-tariff-key", nonsense) == 2
    assert "64 hexadecimal digits" in capsys.readouterr().err


def test_a_configuration_has_each_price_once(tmp_path: Path) -> None:
    assert [(one.tariff, one.devices) for one in configured(config(tmp_path))] == [(SITE, ())]
    same = config(tmp_path, north=SITE)
    assert [one.devices for one in configured(same)] == [()]
    mixed = configured(config(tmp_path, north=PER_USE))
    assert [(one.tariff.id, one.devices) for one in mixed] == [("site", ("gun-1", "socket-2")), ("use", ("socket-1",))]


def test_a_day_in_levels() -> None:
    assert day("") == [("flat", "00:00", "24:00")]
    assert day("low=00:00-12:00, high=12:00-00:00") == [("low", "00:00", "12:00"), ("high", "12:00", "24:00")]
    assert day("low=06:00-06:00") == [("low", "00:00", "24:00")]


TIMES = [
    ("23:00", datetime(2026, 9, 21, 23, tzinfo=CHINA)),
    ("22:59", datetime(2026, 9, 21, 22, 59, tzinfo=CHINA)),
    ("22:30", datetime(2026, 9, 22, 22, 30, tzinfo=CHINA)),  # that of today has passed
    ("7:05", datetime(2026, 9, 22, 7, 5, tzinfo=CHINA)),
    ("2026-09-21T23:00", datetime(2026, 9, 21, 23, tzinfo=CHINA)),
    ("2026-09-21T15:00:00Z", datetime(2026, 9, 21, 23, tzinfo=CHINA)),
]


@pytest.mark.parametrize(("text", "then"), TIMES)
def test_times_as_people_say_them(text: str, then: datetime) -> None:
    now = datetime(2026, 9, 21, 22, 58, 30, tzinfo=CHINA)
    assert moment(text, now) == int(then.timestamp()) * 1000


@pytest.mark.parametrize("text", ["24:00", "noon", "", "1969-01-01T00:00", "23:00:00:00"])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError):
        moment(text)
