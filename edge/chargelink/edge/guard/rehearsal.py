"""Goes once through what happens at a trip, before it matters: code is warm, its pages are in memory."""

import struct

from chargelink.edge.guard.datagrams import Facts
from chargelink.edge.guard.mark import CLEAR, Mark
from chargelink.edge.guard.rules import MS
from chargelink.edge.guard.state import Guard, State

ROUNDS = 50


def rehearse() -> None:
    """A session with an e-stop, played to a guard that has no wires, many times over."""
    for _ in range(ROUNDS):
        guard = Guard(Mark(CLEAR), 0)
        for turn in range(1, 8):
            now = turn * 10 * MS
            pressed = turn > 5
            guard.receive_inputs(struct.pack("<BBHiii", 1, 4 | pressed, turn, 380_000, 380_000, 100_000), now)
            guard.receive_facts(Facts(True, True, turn, now, 400_000, 250_000, 1).encode(), now)
            guard.tick(now)
            guard.words_to_send()
            guard.report_to_send(now, pid=0)
            if guard.mark_to_write(now):
                guard.mark_written(True, now)
        if guard.state is not State.TRIPPED:
            raise AssertionError("the rehearsal did not trip")
