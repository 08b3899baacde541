"""What a case of GB/T 34658 is: who is tested, how it is brought there, what is done to it, what it has to do.

Times are ms. A case has one trial or more, each from the plug on; a trial has steps, and a step lasts until the device
says something, plus `hold`, or for `limit`. What the tester says in a step it says again and again, until a step that
does not name it.
"""

from enum import Enum

import msgspec

from chargelink.cli.language import Text
from chargelink.sim.conformance.bench import Prompt
from chargelink.sim.conformance.expectation import Expectation
from chargelink.sim.conformance.figures import Side


class Utterance(msgspec.Struct, frozen=True):
    """A word of `chargelink.sim.conformance.words`, every `period` ms; None: its own period."""

    word: str
    period: int | None = None


class Hearing(Enum):
    """How the tester treats long messages of the device."""

    WELL = "answers"
    DEAF = "answers no request to send"
    ABORTING = "refuses every request to send"
    STALLING = "allows packets and acknowledges none"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a trial. It ends `hold` ms after the device first said one of `until`, or after `limit` ms.

    With a prompt the limit counts from when that is done; until the plug is in the tester is silent. In a step that
    `must` succeed, the trial is inconclusive when none of `until` came: the device could not be brought to where the
    case begins.
    """

    says: tuple[Utterance, ...] = ()
    hears: Hearing = Hearing.WELL
    prompt: Prompt | None = None
    until: tuple[str, ...] = ()
    hold: int = 0
    limit: int
    must: bool = False
    expects: tuple[Expectation, ...] = ()


class Trial(msgspec.Struct, frozen=True):
    """What is done from one plugging in: `before` brings the device there, `steps` are judged."""

    before: tuple[Step, ...]
    steps: tuple[Step, ...]
    name: Text = Text("", "")


class Need(Enum):
    """What a device may lack; a case that needs it is then not applicable."""

    AUXILIARY = "auxiliary"

    @property
    def text(self) -> Text:
        return Text("a vehicle that uses the auxiliary supply", "使用低压辅助电源的车辆")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One case of the standard. `title` says what is done to the device, its expectations what it has to do.

    `inferred`: the standard's text was not at hand, the content follows from the mirror case of the other side and
    from the states of GB/T 27930.
    """

    id: str
    side: Side
    title: Text
    trials: tuple[Trial, ...]
    note: Text | None = None
    needs: Need | None = None
    inferred: bool = False

    @property
    def clause(self) -> str:
        return f"GB/T 34658-2017 {self.id}"

    @property
    def expectations(self) -> tuple[Expectation, ...]:
        """Of all trials, each once."""
        steps = [step for trial in self.trials for step in trial.before + trial.steps]
        return tuple(dict.fromkeys(expected for step in steps for expected in step.expects))
