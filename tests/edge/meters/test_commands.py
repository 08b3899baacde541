"""The commands on a real serial line with simulated meters: found, read, switched; and what cannot be done."""

import json

import pytest
import serial
from tests.sim.simulator import simulator

from chargelink.cli.main import main
from chargelink.edge.meters.relay import PASSWORD


def test_a_meter_is_found_and_read(capsys: pytest.CaptureFixture[str]) -> None:
    with simulator("meter", "--address", "161", "--energy", "12.34", "--ac", "--baud", "2400") as meter:
        port = f"serial:{meter.places['serial']}"
        assert main(["edge", "meters", "scan", "--port", port, "--baud", "2400", "--lang", "en"]) == 0
        said = capsys.readouterr()
        assert said.out.splitlines() == [
            "000000000161  2400 8E1  DL/T 645-2007",
            f'in the configuration: port = "{port}?baud=2400&parity=E"',
        ]
        assert "found 000000000161" in said.err
        line = ["--port", f"{port}?baud=2400", "--address", "161", "00010000", "0201FF00", "02800002"]
        assert main(["edge", "meters", "read", *line, "--lang", "zh"]) == 0
        said = capsys.readouterr()
        assert said.out.splitlines()[0].split()[1:] == ["正向有功总电能", "12.34", "kWh"]
        assert "None" not in said.out


def test_nobody_answers(capsys: pytest.CaptureFixture[str]) -> None:
    with simulator("meter", "--fault", "mute") as meter:
        port = f"serial:{meter.places['serial']}"
        assert main(["edge", "meters", "scan", "--port", port, "--baud", "19200", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert (found["meters"], found["complete"]) == ([], True)


@pytest.mark.parametrize("command", ["trip", "close"])
def test_a_relay_is_switched(command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv(PASSWORD, "000000")
    with simulator("meter", "--address", "161") as meter:
        line = ["--port", f"serial:{meter.places['serial']}", "--address", "161", "--confirm", "--lang", "en"]
        assert main(["edge", "meters", "relay", command, *line]) == 0
    assert "the meter shows it" in capsys.readouterr().out


def test_a_refusal_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv(PASSWORD, "999999")
    with simulator("meter", "--address", "161") as meter:
        line = ["--port", f"serial:{meter.places['serial']}", "--address", "161", "--confirm", "--lang", "en"]
        assert main(["edge", "meters", "relay", "trip", *line]) == 1
    assert "refused" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (["read", "--port", "serial:/dev/nowhere", "--address", "1", "00010000"], "could not open port"),
        (["read", "--port", "serial:/dev/nowhere", "--address", "1", "00xx"], "is no identifier"),
        (["read", "--port", "modbus-tcp://127.0.0.1:1", "--address", "1", "00010000"], "is no serial:"),
        (["read", "--port", "serial:/dev/nowhere?baud=1", "--address", "1", "00010000"], "baud=1"),
        (["scan", "--port", "nonsense"], "does not begin with what it is"),
        (["relay", "trip", "--port", "serial:/dev/nowhere", "--address", "1"], "add --confirm"),
        (["relay", "trip", "--port", "serial:/dev/nowhere", "--address", "1", "--confirm"], f"set {PASSWORD}"),
    ],
)
def test_what_cannot_be_done(line: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["edge", "meters", *line, "--lang", "en"]) == 2
    assert words in capsys.readouterr().err


def test_a_port_that_an_edge_uses(capsys: pytest.CaptureFixture[str]) -> None:
    with simulator("meter") as meter, serial.Serial(meter.places["serial"], exclusive=True):
        assert main(["edge", "meters", "scan", "--port", f"serial:{meter.places['serial']}", "--lang", "en"]) == 2
    assert "stop the edge first" in capsys.readouterr().err


@pytest.mark.parametrize(("typed", "sent"), [("161", True), ("000000000161", True), ("162", False), ("", False)])
def test_a_person_confirms(
    typed: str, sent: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the meter's address; the port is tried only then."""
    monkeypatch.setenv(PASSWORD, "000000")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda question: typed)
    line = ["--port", "serial:/dev/nowhere", "--address", "161", "--lang", "en"]
    assert main(["edge", "meters", "relay", "trip", *line]) == 2
    assert ("could not open port" if sent else "nothing was sent") in capsys.readouterr().err


@pytest.mark.parametrize("password", ["12345", "1234567", "12345x"])
def test_a_password_that_is_none(
    password: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(PASSWORD, password)
    line = ["--port", "serial:/dev/nowhere", "--address", "1", "--confirm", "--lang", "en"]
    assert main(["edge", "meters", "relay", "trip", *line]) == 2
    assert "six digits" in capsys.readouterr().err
