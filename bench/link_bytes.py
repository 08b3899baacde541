"""What a charger's link takes of its SIM card in a month: both guns charge for 12 h a day, each with a session an hour.

Measured in minutes on a wire of its own (`bench.link_wire`), both ways, TLS included, and carried on to a month of 30
days: nothing that is sent depends on how long it goes on. Added are a reconnect each hour and what a line that
loses 2 % of its packets sends again. `reference` of a part is what it would be without what lies around the messages.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator

from bench import link_wire
from bench.link_wire import CHARGING_FOR, IDLE_FOR, RECONNECTS, SESSIONS, Taken
from bench.measure import Measured, more

HOURS = 12 * 30  # of charging in a month, and as many without
GOAL = 300.0  # MB a month
RETRIES = 0.02  # of everything
MB = 1e6


def figures() -> Iterator[Measured]:
    phases = measured()
    times = {
        "charging": 3600 / CHARGING_FOR * HOURS,
        "idle": 3600 / IDLE_FOR * HOURS,
        "telemetry": HOURS,
        "sessions": 2 * HOURS / SESSIONS,
        "reconnect": 2 * HOURS,
    }
    names = {
        "charging": "states and samples, 360 h",
        "idle": "pings and heartbeats, 360 h idle",
        "telemetry": "telemetry, 2.6 million samples",
        "sessions": "records of 720 sessions",
        "reconnect": "720 connections",
    }
    total = 0.0
    for phase, often in times.items():
        taken = phases[phase]
        on_wire, in_messages = (size * often / MB for size in (taken.wire, taken.messages))
        total += on_wire
        yield more("link", names[phase], "MB/month", on_wire, in_messages, "in messages")
    retries = total * RETRIES
    yield more("link", "sent again on a line that loses 2 %", "MB/month", retries, total, "all before")
    yield more(
        "link", "a charging hour of both guns", "kB", hour(phases), GOAL * 1000 / HOURS, "300 MB / 360 h", "<= 1"
    )
    yield more("link", "a charger's month", "MB/month", total + retries, GOAL, "goal of 300 MB", "<= 1")
    estimate = sum(phases[phase].estimate * often for phase, often in times.items()) / MB
    yield more("link", "the same, as `edge status` estimates", "MB/month", estimate, total, "on the wire")


def hour(phases: dict[str, Taken]) -> float:
    """kB of an hour in which both guns charge, with a session each and a reconnect."""
    live = phases["charging"].wire * 3600 / CHARGING_FOR
    return (live + phases["telemetry"].wire + phases["sessions"].wire * 2 / SESSIONS + phases["reconnect"].wire) / 1000


def measured() -> dict[str, Taken]:
    if shutil.which("unshare") is None:
        raise SystemExit("link_bytes needs `unshare` (util-linux) for a network of its own")
    assert RECONNECTS > 1  # the last of them stands, when everything is warm
    line = ["unshare", "-rn", sys.executable, "-m", link_wire.__name__]
    done = subprocess.run(line, stdout=subprocess.PIPE, check=True, text=True)
    last = done.stdout.strip().splitlines()[-1]
    return {phase: Taken(*taken) for phase, taken in json.loads(last[last.index("{") :]).items()}
