"""Charger and vehicle as two processes on one bus, with a listener that reads all they say."""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.socketcan.ends import CHARGES_FOR
from tests.socketcan.port_checks import raw_socket

from chargelink.can_frame import EXTENDED_IDENTIFIER, FRAME_SIZE, unpack_frame
from chargelink.gbt27930.catalogue import BY_PGN
from chargelink.gbt27930.identifier import Identifier
from chargelink.gbt27930.transport import Observer, Received

PATIENCE = 90.0  # s
MOST_LATE = 20  # ms: beyond that the tester says itself that it cannot tell
CONTROL = Path("/tmp")
SO_RCVBUFFORCE = 33
CHARGE = {*("CHM", "BHM", "CRM", "BRM", "BCP", "CML", "BRO", "CRO")} | {
    *("BCL", "BCS", "CCS", "BSM", "BST", "CST", "BSD", "CSD")
}
ENDS = "from tests.socketcan.ends import main; main()"
COMMAND = "from chargelink.cli.main import main; raise SystemExit(main())"


def program(code: str, *arguments: str) -> "subprocess.Popen[str]":
    line = [sys.executable, "-IB", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {code}", *arguments]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def together(*programs: "subprocess.Popen[str]") -> list[str]:
    """What they said; all must end well."""
    try:
        said = [one.communicate(timeout=PATIENCE)[0] for one in programs]
    finally:
        for one in programs:
            one.kill()
    assert [one.returncode for one in programs] == [0] * len(programs), said
    return said


def listener(name: str) -> socket.socket:
    raw = raw_socket(name)
    raw.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 23)
    raw.setblocking(False)
    return raw


def messages(raw: socket.socket) -> tuple[list[str], int]:
    """The names of the messages that were said on a bus, as often as they were, and how many frames it took."""
    observer, said, frames = Observer(), list[str](), 0
    while True:
        try:
            carried = unpack_frame(raw.recv(FRAME_SIZE))
        except BlockingIOError:
            return said, frames
        assert carried is not None
        identifier, data = carried[0] & EXTENDED_IDENTIFIER, carried[1]
        frames += 1
        pgns = [event.pgn for event in observer.receive(identifier, data, 0.0) if isinstance(event, Received)]
        said += [BY_PGN[pgn].name for pgn in (*pgns, Identifier.decode(identifier).pgn) if pgn in BY_PGN]


def charge_of_two_processes(name: str) -> str:
    """From CHM to CSD and BSD; the vehicle has enough."""
    with listener(name) as ear:
        charger, vehicle = together(program(ENDS, "charger", name), program(ENDS, "vehicle", name))
        said, frames = messages(ear)
    assert "soc_target_reached" in charger, charger
    for told in (charger, vehicle):
        assert "Failed" not in told, told
        assert "Ended(fault=None)" in told, told
    assert {*said} >= CHARGE, CHARGE - {*said}
    assert said.count("BCL") > CHARGES_FOR / 0.05 / 2
    return f"{len({*said})} kinds of messages in {frames} frames, {said.count('BCS')} BCS"


def charge_after_a_failed_handshake(name: str) -> str:
    """The vehicle says nothing of itself at first: CEM, a reconnection, then a whole charge."""
    with listener(name) as ear:
        charger, vehicle = together(program(ENDS, "charger", name), program(ENDS, "vehicle", name, "BRM"))
        said, frames = messages(ear)
    assert "brm_timeout" in charger, charger
    assert "soc_target_reached" in charger, charger
    for told in (charger, vehicle):
        assert told.count("Reconnecting") == 1, told
        assert "Ended(fault=None)" in told, told
    assert {*said} >= CHARGE | {"CEM"}, CHARGE - {*said}
    return f"CEM {said.count('CEM')} times, one reconnection on each side, charged in {frames} frames"


def charge_of_the_simulated_vehicle(name: str) -> str:
    """`chargelink sim vehicle --can vcan0`, as a user types it."""
    options = ("--can", name, "--soc", "79.9", "--target", "80", "--capacity-Wh", "50")
    _, vehicle = together(program(ENDS, "charger", name), program(COMMAND, "sim", "vehicle", *options))
    last = vehicle.splitlines()[-1]
    assert last.startswith("done "), vehicle
    assert "stopped-by=bms" in last, vehicle
    return last


def conformance_of_the_simulated_vehicle(name: str) -> str:
    """`chargelink conformance vehicle --can vcan0`: one case against a car that takes orders."""
    control, report = CONTROL / "vehicle", CONTROL / "report"
    car = program(COMMAND, "sim", "vehicle", "--can", name, "--control", str(control))
    try:
        end = time.monotonic() + PATIENCE
        while not control.exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        options = ("--can", name, "--control", str(control), "--case", "BP.1001", "--json", str(report))
        said, _ = program(COMMAND, "conformance", "vehicle", *options).communicate(timeout=PATIENCE)
    finally:
        car.kill()
        car.communicate()
    told = json.loads(report.read_text()) if report.exists() else {"cases": []}
    verdicts = [case["verdict"] for case in told["cases"]]
    # an emulated processor may make the tester late, which condemns nobody
    assert verdicts == ["pass"] or (len(verdicts) == 1 and told["late_ms"] > MOST_LATE), said
    return f"BP.1001: {verdicts[0]}, the tester late by {told['late_ms']:.0f} ms at most"


CHECKS = (
    charge_of_two_processes,
    charge_after_a_failed_handshake,
    charge_of_the_simulated_vehicle,
    conformance_of_the_simulated_vehicle,
)
