"""A start with a card as people do it, on a command line; what the edge shows of what it holds; what the hub asks."""

import asyncio
import io
import json
import logging
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from tests.edge.ledger.till import KEY, NOW, Till, entry

from chargelink.cli.main import main
from chargelink.edge import start_command
from chargelink.edge.charge.events import RefusedError
from chargelink.edge.clock import Clock
from chargelink.edge.control import Control
from chargelink.edge.drivers.gun import Gun
from chargelink.edge.entrance import HELD_AT_GUN, Entrance
from chargelink.edge.paths import control_socket
from chargelink.edge.places import Places
from chargelink.edge.uplink import Uplink
from chargelink.link.authorisation import Authorisation, AuthorizeResponse, GrantAllowance, Lease, SendLocalList
from chargelink.link.messages import Caps
from chargelink.link.shape import Shape
from chargelink.model import Alarm, SessionKind, SessionStarted, StartRefused, Tariff

PIN = "041793"


class FakeGun:
    """Stores the session, as a gun does; nothing is energised. `refuses` says why nothing begins."""

    def __init__(self, till: Till) -> None:
        self.till = till
        self.refuses = ""
        self.caps = Caps()

    async def start(self, tariff: Tariff, **how: Any) -> SessionStarted:
        if self.refuses:
            raise RefusedError(self.refuses)
        self.caps = how["caps"]
        begun = await self.till.sessions.begin("gun-1", SessionKind.DC, tariff, self.till.now, **how)
        return begun.started


class FakeUplink:
    """Where errands are left; the hub behind it is that of the till."""

    def __init__(self, till: Till) -> None:
        self.till = till
        self.errands: dict[type[Shape], Any] = {}
        self.holdings: dict[str, Any] = {}

    @property
    def online(self) -> bool:
        return self.till.hub.online

    async def ask(self, request: Shape, within: float) -> Shape:
        return await self.till.hub.ask(request, within)


class Site:
    """An edge as far as people come in, on a control socket of its own."""

    def __init__(self, folder: Path, till: Till) -> None:
        self.folder, self.till = folder, till
        self.gun = FakeGun(till)
        clock = Clock(0, system=lambda: till.now, passed=lambda: till.now)
        clock.hear("ntp", till.now, 0)
        places = Places({"gun-1": cast("Gun", self.gun)}, {}, till._price, till.sessions)
        places.settled.set()
        self.entrance = Entrance(till.journal, places, till._price, clock)
        self.uplink = FakeUplink(till)
        self.entrance.connect(cast("Uplink", self.uplink))
        actions = {**self.entrance.actions, "start": self.entrance.start}
        self.control = Control(control_socket(folder), actions)

    async def says(self, *line: str, language: str = "en") -> int:
        """`chargelink edge ...`, and how it ended."""

        def run() -> int:
            try:
                return main(["edge", *line, "--data", str(self.folder), "--lang", language])
            except SystemExit as end:
                return int(end.code or 0)

        return await asyncio.to_thread(run)


@pytest.fixture
async def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    till = Till(tmp_path / "ledger.db")
    site = Site(tmp_path, till)
    monkeypatch.setattr(start_command, "shown", lambda _: {"hash": None})  # what it costs has tests of its own
    ready = asyncio.Event()
    serving = asyncio.create_task(site.control.serve(ready.set))
    await ready.wait()
    yield site
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    await till.journal.close()


async def test_a_card_and_its_pin_begin_a_session_and_the_pin_stands_nowhere(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await site.till.hold(entry("1001", pin=PIN))
    await site.till.lend(9_000)
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{PIN}\n"))
    assert await site.says("start", "gun-1", "--card", "10-01", "--pin", "--money", "50.5") == 0
    said = capsys.readouterr()
    (started,) = await site.till.records(SessionStarted)
    assert said.out.strip() == started.session_id
    assert started.authorisation == Authorisation(mode="pin", account="a-1", lease="l-1", prepaid=5_050)
    assert site.gun.caps == Caps(money=5_050)
    kept = b"".join(path.read_bytes() for path in site.folder.iterdir() if path.is_file())
    for where in (said.out + said.err, caplog.text, kept.decode("latin-1")):
        assert PIN not in where


@pytest.mark.parametrize(("language", "words"), [("en", "the PIN is wrong; 4 tries are left"), ("zh", "密码错误")])
async def test_a_refusal_is_said_in_words(
    site: Site, language: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await site.till.hold(entry("1001", pin=PIN))
    monkeypatch.setattr(sys, "stdin", io.StringIO("0000\n"))
    assert await site.says("start", "gun-1", "--card", "1001", "--pin", language=language) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["--pin"], "--pin goes with"),
        (["--voucher", "v", "--pin"], "--pin goes with"),
        (["--card", "1", "--mode", "scan"], "--mode goes with"),
        (["--card", "1", "--account", "2"], "not allowed with"),
        (["--card", "1", "--money", "0"], "--money"),
        (["--card", "1", "--money", "1.234"], "--money"),
        (["--card", "1", "--money", "nan"], "--money"),
        (["--card", "x" * 200], "128"),
        (["--card", "1", "--at", "23:00"], "begins now"),
        (["--card", "9999"], "not known here"),
        (["--card", "-"], "no number"),
    ],
)
async def test_what_cannot_be(site: Site, line: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    await site.till.hold(entry("1001"))
    assert await site.says("start", "gun-1", *line) != 0
    assert words in capsys.readouterr().err
    assert await site.till.records(SessionStarted) == []


async def test_nobody_is_asked_about_a_place_that_is_not_there(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.till.hub.online = True
    assert await site.says("start", "gun-7", "--card", "1001") == 2
    assert "nothing to charge at is called gun-7; there is gun-1" in capsys.readouterr().err
    assert site.till.hub.asked == []


async def test_what_the_hub_froze_is_free_where_nothing_begins(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.till.hub.online = True
    told = Authorisation(account="a-1", order="order-1", prepaid=5_000)
    site.till.hub.answer = AuthorizeResponse(status="Accepted", authorisation=told)
    site.gun.refuses = "nothing is plugged in"
    assert await site.says("start", "gun-1", "--card", "1001") == 2
    assert "nothing is plugged in" in capsys.readouterr().err
    (record,) = await site.till.records(StartRefused)
    assert (record.order, record.reason, record.text) == ("order-1", "refused", "nothing is plugged in")
    site.gun.refuses = ""
    assert await site.says("start", "gun-1", "--card", "1001") == 2  # the same order again: it is over
    assert "took too long" in capsys.readouterr().err


async def test_what_is_held_is_shown_and_who_is_locked_is_let_try_again(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert await site.says("lists") == 0
    assert capsys.readouterr().out.splitlines() == ["no local list: without the hub nobody is known", "no allowance"]
    lists = site.uplink.errands[SendLocalList]
    entries = (entry("1001", pin=PIN), entry("1002", status="Blocked"))
    assert (await lists(SendLocalList(version=3, update_type="Full", entries=entries, key=KEY))).version == 3
    lease = Lease(id="l-1", account="a-1", amount=9_000, until=NOW + 60_000)
    assert (await site.uplink.errands[GrantAllowance](GrantAllowance(leases=(lease,)))).status == "Accepted"
    assert await site.uplink.holdings["local_list"]() == 3
    for _ in range(5):
        monkeypatch.setattr(sys, "stdin", io.StringIO("0000\n"))
        assert await site.says("start", "gun-1", "--card", "1001", "--pin") == 2
    capsys.readouterr()
    assert await site.says("lists", "--json") == 0
    held = json.loads(capsys.readouterr().out)
    assert held["list"] == {"version": 3, "whole": True, "entries": {"card": 2}, "blocked": 1, "coming": None}
    assert [(one["id"], one["amount"], one["spent"], one["reserved"]) for one in held["leases"]] == [
        ("l-1", 9_000, 0, 0)
    ]
    assert [one["token"] for one in held["locked"]] == [entry("1001").token.hex()[:8]]
    assert await site.says("lists") == 0
    first, second, third = capsys.readouterr().out.splitlines()
    assert first == "local list, version 3: 2 card; 1 blocked"
    assert second.startswith("allowance l-1 of a-1: 90.00 yuan, 0.00 spent")
    assert third.startswith(f"locked after five wrong PINs: {entry('1001').token.hex()[:8]} since")
    assert await site.says("unlock-card", "7777") == 2
    assert "holds no such card" in capsys.readouterr().err
    assert await site.says("unlock-card", "1001") == 0
    assert await site.says("unlock-card", "1001") == 0
    assert capsys.readouterr().out.splitlines() == ["its PIN may be tried again", "no try was counted"]
    monkeypatch.setattr(sys, "stdin", io.StringIO(PIN))
    assert await site.says("start", "gun-1", "--card", "1001", "--pin") == 0
    (started,) = await site.till.records(SessionStarted)
    assert started.authorisation
    assert started.authorisation.prepaid == min(9_000, HELD_AT_GUN)
    assert [alarm.code for alarm in await site.till.records(Alarm)] == ["pin-locked", "pin-unlocked"]
