"""Who comes to charge, with what agreement and what limits; and what was seen of it."""

from dataclasses import dataclass, field
from random import Random

import msgspec
from tests.money import documents

from chargelink.link.messages import Caps
from chargelink.model import Authorisation, Reading


@dataclass
class Wish:
    """Somebody wants to charge. `number` is that of a remote start, which is told until it is answered."""

    device: str
    outlet: str | None
    authorisation: Authorisation | None
    caps: Caps
    number: int | None = None
    tries: int = 3


@dataclass
class Watched:
    """What was seen of a gun's session: all readings that the edge took, unless something broke the row."""

    readings: list[Reading] = field(default_factory=list)
    power: int = 0  # mW
    whole: bool = True


def agreement(random: Random) -> Authorisation | None:
    """Who pays: so far without passes, which only a list or the hub can honour."""
    document = documents.agreement(random)
    if document is not None:
        document.pop("passId", None)
        if "prepaid" in document:
            document["prepaid"] = random.choice((1, 100, 250, 1_000, 5_000, 20_000))
    return None if document is None else msgspec.convert(document, Authorisation)


def caps(random: Random) -> Caps:
    """What the customer limits."""
    if random.randrange(3):
        return Caps()
    return Caps(
        energy=documents.sometimes(random, random.choice((2_000_000, 50_000, 1_000)), 2),
        minutes=documents.sometimes(random, random.choice((1, 60, 480)), 2),
        money=documents.sometimes(random, random.choice((0, 50, 500)), 2),
    )
