"""The charging sequence, its watches and its causes as Markdown tables, for the page about them."""

from chargelink.cli.language import Text
from chargelink.edge.charge.advice import ADVICE
from chargelink.edge.charge.causes import Action, Cause, Latch
from chargelink.edge.charge.phases import ORDER, TABLE, WATCHED, WATCHES, Condition, Move, Output, Phase, Row, Watch

OUTPUTS = {
    Output.LOCK: "lock",
    Output.AC: "AC",
    Output.AUXILIARY: "K3K4",
    Output.PERMIT: "permit",
    Output.MODULES: "modules",
    Output.K1K2: "K1K2",
    Output.BLEED: "bleed",
}
ACTIONS = {Action.RAMP: "ramp", Action.CUT: "cut", Action.OPEN: "open"}
LATCHES = {Latch.NONE: "", Latch.REPLUG: "re-plug", Latch.SERVICE: "service"}


def sequence() -> str:
    """Every phase: what is on in it, what leads on, and what it means if that takes too long."""
    head = "| phase | shown | on | goes on to | waits | if that is over |\n|---|---|---|---|---|---|"
    return "\n".join([head, *(_phase(phase, row) for phase, row in TABLE.items())])


def watches() -> str:
    """What stops a charge from whatever phase it is watched in, in the order of precedence."""
    head = "| when | for | in | cause |\n|---|---|---|---|"
    return "\n".join([head, *map(_watch, WATCHES)])


def causes() -> str:
    """Why a charge stops, how fast, and what must happen then."""
    head = "| cause | | | action | then | reason (OCPP 2.0.1) | cut-off |\n|---|---|---|---|---|---|---|"
    return "\n".join([head, *map(_cause, Cause)])


def advice() -> str:
    """What the driver is told: whose doing it was, and what now."""
    rows = [f"| {cause.key} | {_both(one.whose.value)} | {_both(one.now)} |" for cause, one in ADVICE.items()]
    return "\n".join(["| cause | whose | what now |\n|---|---|---|", *rows])


def _both(text: Text) -> str:
    return f"{text.english} {text.chinese}"


def _phase(phase: Phase, row: Row) -> str:
    outputs = " ".join(name for output, name in OUTPUTS.items() if output in row.outputs)
    moves = "; ".join(map(_move, row.moves))
    waits = over = ""
    if row.wait is not None:
        waits = f"{row.wait.seconds:g} s"
        over = row.wait.cause.key + (f", then `{row.wait.to}`" if row.wait.to else "")
    english, chinese = row.shows.value
    return f"| `{phase}` | {english} {chinese} | {outputs} | {moves} | {waits} | {over} |"


def _move(move: Move) -> str:
    return f"`{move.to}`: {_words(move.when)}{_held(move.held)}"


def _watch(watch: Watch) -> str:
    return f"| {_words(watch.when)} | {_held(watch.held).strip()} | {_phases(watch.phases)} | {watch.cause.key} |"


def _phases(phases: frozenset[Phase]) -> str:
    """Runs of phases in the order of the sequence."""
    if phases == WATCHED:
        return "the whole charge"
    runs: list[list[Phase]] = []
    for place, phase in enumerate(ORDER):
        if phase in phases:
            if runs and runs[-1][-1] is ORDER[place - 1]:
                runs[-1].append(phase)
            else:
                runs.append([phase])
    return ", ".join(f"`{run[0]}`" if len(run) == 1 else f"`{run[0]}` to `{run[-1]}`" for run in runs)


def _cause(cause: Cause) -> str:
    row = cause.value
    cells = (cause.key, row.words, row.chinese, ACTIONS[row.action], LATCHES[row.latch], row.reason, row.cutoff)
    return f"| {' | '.join(cells)} |"


def _words(condition: Condition) -> str:
    return condition.__name__.replace("_", " ")


def _held(seconds: float) -> str:
    return f" for {seconds:g} s" if seconds else ""
