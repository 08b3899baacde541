"""What systemd is told, and the unit that asks for it."""

import configparser
import os
import socket
from pathlib import Path

import pytest

from chargelink.edge.notify import Notify

UNIT = Path(__file__).parents[2] / "edge" / "systemd" / "chargelink-edge.service"


@pytest.mark.parametrize("abstract", [False, True])
def test_what_systemd_hears(tmp_path: Path, abstract: bool) -> None:
    name = f"{tmp_path}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(f"\0{name}" if abstract else name)
        notify = Notify({"NOTIFY_SOCKET": f"@{name}" if abstract else name}, os.getpid())
        notify.ready()
        notify.status("two guns\nand more")
        notify.alive()
        notify.stopping()
        heard = [supervisor.recv(100) for _ in range(4)]
    assert heard == [b"READY=1", b"STATUS=two guns", b"WATCHDOG=1", b"STOPPING=1"]


@pytest.mark.parametrize(
    ("environment", "interval"),
    [
        ({}, None),
        ({"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "10000000"}, 5.0),
        ({"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "7"}, 5.0),
        ({"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "8"}, None),
        ({"NOTIFY_SOCKET": "/run/x", "WATCHDOG_USEC": "soon"}, None),
        ({"NOTIFY_SOCKET": "tcp:1", "WATCHDOG_USEC": "10000000"}, None),
        ({"WATCHDOG_USEC": "10000000"}, None),
    ],
)
def test_how_often_a_sign_of_life_is_due(environment: dict[str, str], interval: float | None) -> None:
    assert Notify(environment, 7).watchdog_interval == interval


def test_a_supervisor_that_is_gone_stops_nothing(tmp_path: Path) -> None:
    Notify({"NOTIFY_SOCKET": f"{tmp_path}/nobody"}, 7).ready()
    Notify({}, 7).ready()


def test_the_unit_waits_for_the_sign_and_watches() -> None:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(UNIT)
    service = unit["Service"]
    assert (service["Type"], service["Restart"]) == ("notify", "always")
    assert int(service["WatchdogSec"]) > 0
    assert int(service["TimeoutStopSec"]) >= 5
