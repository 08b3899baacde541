"""Recordings written as a script: which message is said from when to when, each at its period of the catalogue.

    recording = scripted(charging | {"CCS": [(2.0, 20.0)], "BEM": [(21.0, 25.0)]})

What is longer than a frame goes by the transport protocol, answered at once, but for messages in `unanswered`.
"""

from collections.abc import Collection, Iterator, Mapping

from tests.gbt27930.bus import acknowledgement, cts, packet, rts
from tests.gbt27930.opposite import MESSAGES
from tests.trace.recorded import Recording

from chargelink.gbt27930.catalogue import BY_NAME
from chargelink.gbt27930.causes import flagged
from chargelink.gbt27930.charging import BCL, BCS, BSM, CCS
from chargelink.gbt27930.codes import ChargeMode, ChargePermission, Permission
from chargelink.gbt27930.ending import BEM, BST, CEM, CST
from chargelink.gbt27930.parameters import CTS
from chargelink.gbt27930.transport import Frame
from chargelink.wire import Message

Spans = list[tuple[float, float]]
Script = dict[str, Spans]
OTHERS: Mapping[str, Message] = MESSAGES | {
    "CTS": CTS(*(None,) * 6),
    "BCS full": BCS(380_000, -5_000, 3_450, 1, 990, 0),
    "BSM full": BSM(53, 310, 7, 280, 16, 0, 1, 0, 0, 0, 0, ChargePermission.PERMITTED),
    "BCL high": BCL(500_000, -100_000, ChargeMode.CONSTANT_CURRENT),
    "CCS high": CCS(380_000, -130_000, 1, Permission.PERMITTED),  # BCL asks for 100 A
}
FLAGS: dict[str, type[Message]] = {"CST": CST, "BST": BST, "CEM": CEM, "BEM": BEM}

HANDSHAKE: Script = {"CHM": [(0.0, 1.0)], "BHM": [(0.25, 1.0)]}
RECOGNITION: Script = {"CRM(00)": [(1.0, 1.4)], "BRM": [(1.1, 1.3)], "CRM(AA)": [(1.4, 1.9)], "BCP": [(1.5, 1.7)]}
PARAMETERS: Script = {"CML": [(1.9, 2.6)], "CTS": [(1.9, 2.3)], "BRO(00)": [(2.0, 2.3)], "BRO(AA)": [(2.5, 3.2)]}
PREPARING: Script = {"CRO(00)": [(2.6, 2.9)], "CRO(AA)": [(3.1, 3.5)]}
BATTERY = ("BCL", "BCS", "BSM")


def charging(until: float = 20.0, then: Script | None = None) -> Script:
    """A session up to charging, which lasts `until` then; and what comes after it."""
    script = HANDSHAKE | RECOGNITION | PARAMETERS | PREPARING
    script |= {"CCS": [(3.5, until)]} | {name: [(3.3, until)] for name in BATTERY}
    return script | (then or {})


def orderly(until: float = 20.0) -> Script:
    """A whole session, ended by somebody at the charger."""
    return charging(until, {
        "CST:manual_stop": [(until, until + 0.3)],
        "BST:charger_stopped": [(until + 0.02, until + 0.12)],
        "BSD": [(until + 0.2, until + 1.2)],
        "CSD": [(until + 0.4, until + 1.3)],
    })  # fmt: skip


def said(word: str) -> Message:
    """A message by its word; `CST:manual_stop+fault_stop` raises fields."""
    name, _, causes = word.partition(":")
    return flagged(FLAGS[name], causes.split("+")) if ":" in word else OTHERS[word]


def scripted(script: Script, unanswered: Collection[str] = (), start: float = 0.0) -> Recording:
    """The recording, in order."""
    frames = [
        timed
        for word, spans in script.items()
        for begin, end in spans
        for timed in _row(word, begin, end, word not in unanswered)
    ]
    return [(start + at, frame) for at, frame in sorted(frames, key=lambda timed: timed[0])]


def _row(word: str, begin: float, end: float, answered: bool) -> Iterator[tuple[float, Frame]]:
    entry = BY_NAME[word.partition(":")[0].partition("(")[0].partition(" ")[0]]
    payload = said(word).encode(entry.lengths_2015[0])
    period = (entry.period or 250) / 1000
    for number in range(max(round((end - begin) / period), 1)):
        at = begin + number * period
        if len(payload) <= 8:
            yield at, Frame(entry.identifier, payload)
            continue
        transfer = [rts(entry.pgn, len(payload))]
        if answered:
            transfer += [cts(entry.pgn, -(-len(payload) // 7), 1)]
            transfer += [packet(payload, sequence) for sequence in range(1, -(-len(payload) // 7) + 1)]
            transfer += [acknowledgement(entry.pgn, len(payload))]
        for place, frame in enumerate(transfer):
            yield at + place * 0.001, frame
