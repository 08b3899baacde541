"""How long things take in LS1, by the constants that edge and simulated socket go by: `docs/protocols/ls1.md`."""

from collections.abc import Sequence

from chargelink.edge.sockets.beacons import EVERY
from chargelink.edge.sockets.plan import ANSWER_SLACK, TURNAROUND, RadioPlan
from chargelink.edge.sockets.remote import MISSED, SILENT
from chargelink.edge.sockets.site import LISTEN, MISSED_AGAIN
from chargelink.lora_radio.airtime import airtime_us
from chargelink.lora_socket.clock import FRESH, MOST_BY_BEACON
from chargelink.lora_socket.commands import LONGEST_VALID
from chargelink.lora_socket.frame import LONGEST
from chargelink.lora_socket.session import ORDER_WAITS, REPORT_WAITS, REPORT_WAITS_ON
from chargelink.sim.sockets.outlet import FULL_PERMILLE, NO_LOAD_BELOW, NO_LOAD_FOR, OVERLOAD, PLUG_WAIT, UNPLUGGED_FOR
from chargelink.sim.sockets.socket import JOIN_WAITS, SILENT_AFTER, TOP_UP

POLL, SHORTEST_ANSWER, ANSWER = 14, 16, 33  # bytes of POLL, STATUS_SHORT and STATUS


def times() -> str:
    """Who waits how long for what."""
    plan = RadioPlan()
    rows = [
        ("both", "from the end of a frame to the answer", f"{TURNAROUND * 1000:g} ms and more"),
        ("both", "frame on the air: POLL, STATUS_SHORT, STATUS, the longest", ", ".join(map(_airtime, _LENGTHS))),
        ("edge", "wait for an answer after its airtime", f"{TURNAROUND * 1000:g} ms and {ANSWER_SLACK * 1000:g} ms"),
        ("edge", "poll of a socket at rest", f"every {plan.cycle} s"),
        ("edge", "poll again after one without an answer", f"after {MISSED_AGAIN} s"),
        ("edge", "air left free when an answer says that a report waits", f"{LISTEN} s"),
        ("edge", "a socket is lost", f"after {MISSED} polls and {SILENT:g} s without a frame"),
        ("edge", "an order is sent again", f"after {_seconds(ORDER_WAITS[:-1])}, {len(ORDER_WAITS)} times in all"),
        ("edge", "BEACON on each channel", f"every {EVERY:g} s"),
        ("socket", "a report is sent again", f"after {_seconds(REPORT_WAITS)}, then every {REPORT_WAITS_ON:g} s"),
        ("socket", "JOIN_REQ is sent again", f"after {_seconds(JOIN_WAITS)}, then every {JOIN_WAITS[-1]:g} s; +-25 %"),
        ("socket", "it joins anew", f"after {SILENT_AFTER:g} s without a frame that it could open"),
        ("socket", "a command can be ahead of its expiry", f"at most {LONGEST_VALID} s"),
        ("socket", "a NETWORK_TIME is believed", f"for {FRESH:g} s after the frame that it acknowledges"),
        ("socket", "BEACONs move the clock", f"forward by {MOST_BY_BEACON:g} s in all"),
    ]
    return _table(("who", "what", "how long"), rows)


def ends() -> str:
    """What ends a charge, in the order in which the simulated socket looks."""
    overload = "; ".join(f"more than {permille / 10:g} % for {longest / 1000:g} s" for permille, longest in OVERLOAD)
    no_load = (
        f"less than {NO_LOAD_BELOW // 1000} W for {NO_LOAD_FOR // 1000} s, {PLUG_WAIT // 1000} s before the first load"
    )
    low = f"below the threshold of START or {FULL_PERMILLE // 10} % of the peak"
    rows = [
        ("42", "the energy of START or LIMIT is drawn"),
        ("43", "its minutes are over"),
        ("03", f"power above its limit: {overload}"),
        ("10", f"unplugged for {UNPLUGGED_FOR // 1000} s after there was a load"),
        ("44", no_load),
        ("41", f"{low} for its minutes, then {TOP_UP // 60_000} min of topping up"),
        ("40", "STOP"),
        ("46", "emergency off in a BEACON"),
        ("01 to 1E", "the protective circuit whose EVENT has that code"),
    ]
    return _table(("reason", "when"), rows)


_LENGTHS = (POLL, SHORTEST_ANSWER, ANSWER, LONGEST)


def _airtime(length: int) -> str:
    return f"{length} bytes {airtime_us(length, RadioPlan().spreading_factor) / 1000:.1f} ms"


def _seconds(waits: tuple[float, ...]) -> str:
    return ", ".join(f"{wait:g}" for wait in waits) + " s"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ("---",) * len(head), *rows))
