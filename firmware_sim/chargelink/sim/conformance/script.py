"""The good behaviour that brings a device to where a case begins, and shorthand for the steps of the cases."""

from chargelink.sim.conformance.bench import Prompt
from chargelink.sim.conformance.case import Hearing, Step, Trial, Utterance
from chargelink.sim.conformance.expectation import Expectation, Repeats, Says
from chargelink.sim.conformance.moment import Anchor

START = 60_000  # ms for a device to wake up and begin
INSULATION = 90_000  # ms: a test of the insulation takes what it takes
PRECHARGE = 90_000
CONTACTORS = 90_000
REACTION = 1_000  # ms for what the standard gives no number; ours
ANSWER = 6_000  # ms: what is due within 5 s, with its tolerance
WATCHED = 2_000  # ms in which a period is measured
GRACE = 3_000  # ms that a step is longer than the latest moment that is right
ERROR_WATCHED = 600  # ms after the first error message


def utterances(*words: str) -> tuple[Utterance, ...]:
    return tuple(Utterance(word) for word in words)


def one(before: tuple[Step, ...], *steps: Step) -> tuple[Trial, ...]:
    """The trials of a case that has one."""
    return (Trial(before, steps),)


def until(
    name: str,
    *words: str,
    expects: tuple[Expectation, ...] = (),
    limit: int = ANSWER,
    hold: int = WATCHED,
    prompt: Prompt | None = None,
    hears: Hearing = Hearing.WELL,
) -> Step:
    """Say `words` until the device says `name`, and a while longer; then judge."""
    return Step(
        says=utterances(*words),
        until=(name,),
        hold=hold,
        limit=limit,
        expects=expects,
        prompt=prompt,
        hears=hears,
    )


def lasting(milliseconds: int, *words: str, expects: tuple[Expectation, ...] = ()) -> Step:
    """Say `words` for some time; then judge."""
    return Step(says=utterances(*words), limit=milliseconds, expects=expects)


def error(
    spn: str,
    wait: int,
    after: Anchor,
    *words: str,
    expects: tuple[Expectation, ...] = (),
    slack: int | None = None,
    hears: Hearing = Hearing.WELL,
) -> Step:
    """Say `words` only, until the device complains: `spn` raised, `wait` ms after a moment."""
    name = "CEM" if spn.startswith("392") else "BEM"
    complaint = Says(name=name, after=after, wait=wait, raises=spn, slack=slack)
    return Step(
        says=utterances(*words),
        hears=hears,
        until=(name,),
        hold=ERROR_WATCHED,
        limit=wait + max(wait // 10, GRACE, slack or 0) + GRACE,
        expects=(complaint, Repeats(name, 1), *expects),
    )


def _reach(names: str | tuple[str, ...], *words: str, limit: int = ANSWER, hold: int = 0) -> Step:
    """A part of the good behaviour."""
    names = (names,) if isinstance(names, str) else names
    return Step(says=utterances(*words), until=names, limit=limit, hold=hold, must=True)


CHARGE = ("BCL", "BCS", "BSM")
PLUGGED = Step(prompt=Prompt.CONNECT, until=("CHM",), limit=START, must=True)

# Towards a charger, as a vehicle: each one ends when the charger says what the case of the next state begins with.
HANDSHAKEN = (PLUGGED,)
RECOGNISING = (*HANDSHAKEN, _reach("CRM(00)", "BHM", limit=INSULATION))
RECOGNISED = (*RECOGNISING, _reach("CRM(AA)", "BRM"))
CONFIGURED = (*RECOGNISED, _reach("CML", "BCP"))
NOT_READY = (*CONFIGURED, lasting(REACTION, "BRO(00)"))
READY = (*NOT_READY, _reach("CRO(AA)", "BRO(AA)", limit=PRECHARGE))
CHARGING = (*READY, _reach("CCS", *CHARGE, hold=WATCHED))
STOPPED_BY_VEHICLE = (*CHARGING, _reach("CST", "BST 1.1"))
PREPARING = (  # a charger that finds no battery voltage stays there
    *CONFIGURED,
    Step(says=utterances("BRO(00)"), prompt=Prompt.HOLD_BATTERY, limit=REACTION),
    _reach("CRO(00)", "BRO(AA)", hold=REACTION),
)
STOPPED_BY_CHARGER = (
    *CHARGING,
    Step(says=utterances(*CHARGE), prompt=Prompt.STOP, until=("CST",), limit=START, must=True),
)

# Towards a vehicle, as a charger.
AUXILIARY_ON = Step(prompt=Prompt.CONNECT, limit=0)
GREETED = (Step(prompt=Prompt.CONNECT, says=utterances("CHM"), until=("BHM",), hold=WATCHED, limit=START, must=True),)
IDENTIFIED = (*GREETED, _reach("BRM", "CRM(00)"))
PARAMETERS_KNOWN = (*IDENTIFIED, _reach("BCP", "CRM(AA)"))
VEHICLE_READY = (*PARAMETERS_KNOWN, _reach("BRO(AA)", "CML", "CTS", limit=CONTACTORS))
CHARGER_READY = (*VEHICLE_READY, lasting(REACTION, "CRO(00)"))
DEMANDING = (*CHARGER_READY, _reach("BCL", "CRO(AA)"))
SUPPLIED = (*DEMANDING, lasting(WATCHED, "CCS"))
ANSWERED = (*SUPPLIED, _reach("BST", "CST manual"))
CONCLUDING = (*ANSWERED, _reach("BSD", "CST manual", hold=REACTION))
STOPPED_ITSELF = (
    *SUPPLIED,
    Step(says=utterances("CCS"), prompt=Prompt.STOP, until=("BST",), limit=START, must=True),
)
