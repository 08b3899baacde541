"""How a charger gets into each of its states, opposite a tester, and what can happen to it there."""

from tests.gbt27930.opposite import MESSAGES, Opposite

from chargelink.gbt27930.causes import ChargerCause
from chargelink.gbt27930.charger import (
    Charger,
    ChargerLimits,
)

LIMITS = ChargerLimits(max_voltage=750_000, min_voltage=200_000, max_current=250_000, number=7, region="CN1")
COMMANDS = ("start", "insulation done", "ready", "stop", "safe", "replugged", "end")
SILENCE = "silence"
STIMULI = (*COMMANDS, *(name for name in MESSAGES if name.startswith("B")), SILENCE)

# How a session gets into each state.
PATHS = {
    "idle": "",
    "handshake": "start",
    "insulation": "start, BHM",
    "recognition": "start, BHM, insulation done",
    "recognised": "start, BHM, insulation done, BRM",
    "parameters": "start, BHM, insulation done, BRM, BCP",
    "preparing": "start, BHM, insulation done, BRM, BCP, BRO(AA)",
    "ready": "start, BHM, insulation done, BRM, BCP, BRO(AA), ready",
    "charging": "start, BHM, insulation done, BRM, BCP, BRO(AA), ready, BCL, BCS",
    "paused": "start, BHM, insulation done, BRM, BCP, BRO(AA), ready, BCL, BCS, BSM forbids",
    "stopping": "start, BHM, insulation done, BRM, BCP, BRO(AA), ready, BCL, BCS, stop",
    "stopped": "start, BHM, insulation done, BRM, BCP, BRO(AA), ready, BCL, BCS, BST",
    "statistics": "start, BHM, insulation done, BRM, BCP, BRO(AA), ready, BCL, BCS, BST, BSD",
    "error": "start, BHM, insulation done, silence",
    "failed": "start, BHM, insulation done, silence, silence",
    "interrupted": "start, BHM, insulation done, BRM, BEM",
    "waking": "start, silence, insulation done, silence, silence, safe",
    "unanswered": "start, BHM, insulation done, BRM, BCP, BRO(AA), ready, BCL, BCS, stop, silence",
    "ended": "end",
}


def charger_in(state: str) -> Opposite:
    tester = Opposite(Charger(0.0, LIMITS))
    for stimulus in filter(None, PATHS[state].split(", ")):
        apply(tester, stimulus)
    assert tester.state == state
    return tester


def charger_of(tester: Opposite) -> Charger:
    assert isinstance(tester.device, Charger)
    return tester.device


def apply(tester: Opposite, stimulus: str) -> None:
    charger = charger_of(tester)
    commands = {
        "start": charger.start,
        "insulation done": charger.insulation_done,
        "ready": charger.ready,
        "stop": lambda now: charger.stop(now, ChargerCause.MANUAL),
        "safe": charger.safe,
        "replugged": charger.replugged,
        "end": charger.end,
    }
    if stimulus in commands:
        tester.events += commands[stimulus](tester.now)
    elif stimulus == SILENCE:
        tester.now += 1000.0
        tester.events += charger.tick(tester.now)
    else:
        tester.say(stimulus)
    tester.settle()
