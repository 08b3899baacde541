"""Cycle and latency of polled e-bike sockets, in simulated time, beside what the radio alone allows.

The reference is reckoned from airtime: a poll of 14 bytes, its answer, 6 ms of listening and 12 ms of turnaround each
way, 18 ms for host and network. Latency is of a command until its answer, at any moment of the cycle; the
reference is a simulation of the exchange alone, with the same loss each way.
"""

from collections.abc import Iterator
from random import Random
from statistics import quantiles

from tests.edge.sockets.yard import A, Yard, eui, small

from bench.measure import Measured, slower
from chargelink.edge.sockets.events import Told
from chargelink.edge.sockets.plan import RadioPlan
from chargelink.edge.sockets.terms import Terms
from chargelink.link.messages import Caps
from chargelink.lora_socket.commands import Start
from chargelink.lora_socket.messages import Meter, Status, StatusShort

SOCKETS = 17
HOST = 0.009  # s each way
IDLE, CHARGING = 0.229, 0.270  # s of one exchange
LATENCY = {0.01: (425, 550, 778), 0.05: (438, 781, 904), 0.10: (454, 883, 1227), 0.20: (499, 1242, 1797)}  # ms
ORDERS = 400
NOTHING = Start(0, 1, 1_000, 1_000, 0, 0, 0)  # as long as any START, and refused: session 0 is none
BUSY = RadioPlan(cycle=1)  # polled as fast as the air allows


def figures() -> Iterator[Measured]:
    """A row for the cycle at rest and while all charge, three for the latency at each loss."""
    yard = Yard(SOCKETS, delay=HOST, plan=BUSY)
    yard.run(lambda: yard.all_online, 900.0)
    yard.after(60.0)
    at_rest = "airtime and 18 ms host"
    yield slower("sockets", f"poll cycle, {SOCKETS} at rest", cycle(yard), SOCKETS * IDLE * 1e9, at_rest, "<= 1.1")
    terms = Terms(full_minutes=0, power=400_000)
    for number in range(1, SOCKETS + 1):
        yard.street.plug(number, A, small(500_000), yard.now)
        yard.site.order(eui(number), A, terms.start(number, Caps()), yard.now)
    yard.after(60.0)
    yield slower("sockets", f"poll cycle, {SOCKETS} charging", cycle(yard), SOCKETS * CHARGING * 1e9, at_rest, "<= 1.1")
    for loss, reference in LATENCY.items():
        ours = latencies(loss)
        for name, value, other in zip(("p50", "p95", "p99"), ours, reference, strict=True):
            metric = f"command, {loss:.0%} loss, {name}"
            yield slower("sockets", metric, value, other * 1e6, "pre-emptive exchange alone")


def cycle(yard: Yard, sockets: int = SOCKETS) -> float:
    """ns between two answers of a socket, on average over a minute."""
    told = yard.after(60.0)
    answers = [
        one for one in told if isinstance(one, Told) and isinstance(one.received.body, Status | StatusShort | Meter)
    ]
    return 60.0 / len(answers) * sockets * 1e9


def latencies(loss: float) -> tuple[float, float, float]:
    """p50, p95 and p99 in ns of commands at random moments, to sockets that are polled as usual."""
    yard = Yard(SOCKETS, seed=3, delay=HOST)
    yard.run(lambda: yard.all_online, 900.0)
    yard.street.air.loss = loss
    random = Random(3)  # the same again each time
    took: list[float] = []
    for _ in range(ORDERS):
        yard.after(random.uniform(1.0, 3.0))
        began = yard.now
        who = eui(random.randrange(SOCKETS) + 1)
        order = yard.site.order(who, A, NOTHING, yard.now)
        while order in yard.site.sockets[who].orders:
            yard.step()
        took.append((yard.now - began) * 1e9)
    cuts = quantiles(took, n=100)
    return cuts[49], cuts[94], cuts[98]
