"""`chargelink conformance` on a real bus against simulators as processes, and what goes wrong there."""

import asyncio
import json
import random
import re
import shlex
import signal
import threading
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree.ElementTree import parse as parse_xml

import pytest
from tests.sim.processes import can_bus, facts, simulator

from chargelink.cli.command import CommandError, Exit
from chargelink.cli.language import Language, speak, spoken
from chargelink.cli.parser import parse
from chargelink.sim.can_client import joined
from chargelink.sim.conformance.command import COMMAND
from chargelink.sim.recording import Recording
from chargelink.sim.socketcand import CanFrame


@pytest.fixture(autouse=True)
def _as_others_run(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In this process, which is to stay as it is."""
    monkeypatch.setattr("chargelink.sim.conformance.live.run.like_hardware", lambda: None)
    before = spoken()
    speak(Language.ENGLISH)
    yield
    speak(before)


def conformance(*line: str) -> int:
    arguments = Namespace()
    parse(COMMAND, "chargelink conformance", line, arguments)
    code: int = arguments.run(arguments)
    return code


@pytest.fixture(scope="module")
def bus() -> Iterator[str]:
    with can_bus() as address:
        yield address


@contextmanager
def device(name: str, bus: str, folder: Path) -> Iterator[str]:
    """A simulator that takes orders, and where."""
    control = str(folder / "control")
    with simulator(name, "--can", bus, "--control", control) as process:
        assert facts(process)["what"] == "ready"
        yield control


def test_a_charger(bus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A foreign node chatters meanwhile. A busy machine may make the tester late, which condemns nobody."""
    files = {kind: tmp_path / f"report.{kind}" for kind in ("html", "json", "xml", "log")}
    stop = threading.Event()
    chatter = threading.Thread(target=lambda: asyncio.run(chattering(bus, stop)))
    chatter.start()
    with device("charger", bus, tmp_path) as control:
        code = conformance(
            "charger", "--can", bus, "--control", control, "--case", "dp.1001", "--case", "DP.1002", "--device", "<7>",
            "--html", str(files["html"]), "--json", str(files["json"]), "--junit", str(files["xml"]),
            "--save-trace", str(files["log"]), "--observe", "while sleep 0.2; do echo locked yes; done",
        )  # fmt: skip
    stop.set()
    chatter.join()
    told = json.loads(files["json"].read_bytes())
    verdicts = [case["verdict"] for case in told["cases"]]
    assert verdicts == ["pass"] * 2 or told["late_ms"] > 20
    found = {finding["expectation"]: finding["met"] for finding in told["cases"][0]["trials"][0]["findings"]}
    assert found["the connector is locked"] is True
    assert found["the auxiliary supply is on (K3K4 closed)"] is None
    assert code == (Exit.CLEAN if verdicts == ["pass"] * 2 else Exit.DEFECTS)
    said = capsys.readouterr().out
    assert [line.split()[0] for line in said.splitlines()[:2]] == ["DP.1001", "DP.1002"]
    assert "&lt;7&gt;" in files["html"].read_text("utf-8")
    assert parse_xml(files["xml"]).getroot()[0].get("tests") == "2"
    recorded = [recorded.frame for recorded in Recording(files["log"])]
    assert {CanFrame(0x1826F456, bytes.fromhex("010100")), CanFrame(0x182756F4, bytes.fromhex("6810"))} <= {*recorded}
    assert any(not frame.extended for frame in recorded)


async def chattering(bus: str, stop: threading.Event) -> None:
    """Other nodes, 11-bit identifiers, the wrong addresses, and no payload at all."""
    drawn = random.Random(1)
    async with joined(bus) as client:
        while not stop.is_set():
            frames = [CanFrame(drawn.randrange(1 << 11), drawn.randbytes(drawn.randrange(9)), extended=False)]
            frames += [CanFrame(drawn.randrange(1 << 21) << 8 | 0x57, drawn.randbytes(drawn.randrange(9)))]
            frames += [CanFrame(drawn.randrange(1 << 13) << 16 | 0xF456, b"")] if drawn.random() < 0.1 else []
            await client.send(frames)
            await asyncio.sleep(0.005)


def test_a_vehicle_that_cannot_do_everything(bus: str, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with device("vehicle", bus, tmp_path) as control:
        conformance("vehicle", "--can", bus, "--control", control, "--case", "BP.1001", "--json", str(report))
        told = json.loads(report.read_bytes())
        assert told["cases"][0]["verdict"] == "pass" or told["late_ms"] > 20
        code = conformance("vehicle", "--can", bus, "--automatic", "--case", "BP.3004", "--json", str(report))
    told = json.loads(report.read_bytes())
    assert told["cases"][0]["verdict"] == "not run"
    assert code == Exit.DEFECTS


@pytest.mark.parametrize(
    ("hook", "verdict", "words"),
    [
        ("echo no relay; exit 1 #", "inconclusive", "no relay"),
        ("exit 77 #", "not run", "exit code 77"),
    ],
)
def test_a_hook_that_does_not_bring_the_device_there(
    bus: str, tmp_path: Path, hook: str, verdict: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.json"
    line = ("charger", "--can", bus, "--hook", hook, "--case", "DN.1001", "--json", str(report))
    assert conformance(*line) == Exit.DEFECTS
    assert json.loads(report.read_bytes())["cases"][0]["verdict"] == verdict
    assert words in capsys.readouterr().out


def test_ctrl_c_ends_with_what_is_known(bus: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The hook stands for the person at the keys: its second call is the end."""
    report = tmp_path / "report.json"
    hook = tmp_path / "hook"
    hook.write_text(f'#!/bin/sh\n[ "$2" = DN.1001 ] && exit 77\nkill -INT {threading.get_native_id()}\nsleep 1000\n')
    hook.chmod(0o700)
    code = conformance("charger", "--can", bus, "--hook", str(hook), "--case", "DN.100[12]", "--json", str(report))
    assert code == Exit.INTERRUPTED
    told = json.loads(report.read_bytes())
    assert [(case["id"], case["verdict"]) for case in told["cases"]] == [("DN.1001", "not run"), ("DN.1002", "not run")]
    assert told["interrupted"]
    assert "interrupted" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_bus_that_goes_away_ends_with_what_is_known(tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    with simulator("can-bus") as process:
        address = facts(process)["can"]
        hook = f"kill {process.pid}; sleep 1000 #"
        with pytest.raises(CommandError, match="the bus is gone"):
            conformance("charger", "--can", address, "--hook", hook, "--case", "DN.1001", "--json", str(report))
    assert json.loads(report.read_bytes())["cases"][0]["reason"] == "stopped before its end"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("--rehearse", "--case", "BP.*"), "no case is called BP"),
        (("--rehearse", "--tolerance", "perod=3"), "perod"),
        (("--rehearse", "--figure", "voltage=9000000"), "do not fit"),
        (("--rehearse", "--html", "/no/such/folder/report.html"), "cannot write"),
        (("--can", "socketcand://127.0.0.1:1/can0", "--hook", "true"), "is it running"),
        (("--can", "socketcand://127.0.0.1:1/can0", "--hook", "true", "--control", "x"), "not both"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is(line: tuple[str, ...], words: str) -> None:
    with pytest.raises(CommandError, match=words):
        conformance("charger", *line)


@pytest.mark.parametrize("number", ["soc=half", "soc", "soc=-1", "soc=99999999"])
def test_a_figure_that_is_no_number_is_said(number: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        conformance("charger", "--rehearse", "--figure", number)
    assert f"{number} is no NAME=NUMBER with a whole number" in capsys.readouterr().err


@pytest.mark.parametrize("side", ["charger", "vehicle"])
def test_a_rehearsal(side: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert conformance(side, "--rehearse", "--case", "?P.1*", "--figure", "voltage=400000") == Exit.CLEAN
    assert "3 of 3 cases" in capsys.readouterr().out


def test_the_page_shows_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    page = (Path(__file__).parents[3] / "docs" / "conformance.md").read_text("utf-8")
    found = re.search(
        r"```sh\nchargelink conformance ([^\n]*--rehearse[^\n]*)\n```\n\n```text\n(.*?)```", page, re.DOTALL
    )
    assert found
    line, shown = found.groups()
    assert conformance(*shlex.split(line)) == Exit.DEFECTS
    assert capsys.readouterr().out == shown
