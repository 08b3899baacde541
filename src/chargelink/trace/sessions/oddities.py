"""What the listener finds odd about one message, as violations of a session."""

from functools import lru_cache
from typing import TYPE_CHECKING

from chargelink.cli.language import Text
from chargelink.gbt27930.catalogue import BY_NAME
from chargelink.gbt27930.contradictions import ADVISORY as ADVISORY_CONFLICTS
from chargelink.gbt27930.contradictions import Conflict, Contradiction
from chargelink.gbt27930.ending import CSD2011
from chargelink.gbt27930.listener import Heard, Odd, Oddity
from chargelink.gbt27930.plausibility import ADVISORY, Implausible
from chargelink.trace.gbt27930.names import CHINESE, ENGLISH
from chargelink.trace.gbt27930.reports import FLAW
from chargelink.trace.sessions import violations as kinds
from chargelink.trace.sessions.violations import SIDES, Frame, Kind
from chargelink.wire import Flaw, Message
from chargelink.wire.layout import layout

if TYPE_CHECKING:
    from chargelink.trace.sessions.draft import Draft

KINDS: dict[Odd, Kind] = {
    Odd.LENGTH: kinds.LENGTH,
    Odd.PRIORITY: kinds.PRIORITY,
    Odd.NOT_TRANSPORTED: kinds.NOT_TRANSPORTED,
    Odd.TRANSPORTED: kinds.TRANSPORTED,
    Odd.BROADCAST: kinds.BROADCAST,
    Odd.RETRIED: kinds.RETRIED,
}
SHOWN_ONLY = ("production_", "vendor_", "pack_serial_", "charge_count", "ownership", "bms_software_version")
FULL = 8  # bytes: devices of 2011 pad every frame to that
ONE_BYTE = 0xFF  # a charger number of 2011


@lru_cache(64)
def undefined_bits(cls: type[Message]) -> int:
    """The bits of a message that nothing is defined for; 0 where there are none, or where the length varies."""
    of = layout(cls)
    if of.rest is not None or not of.fields:
        return 0
    defined = 0
    for field in of.fields:
        defined |= (1 << field.end) - (1 << field.start)
    return (1 << 8 * of.length) - 1 & ~defined


def filled_up(message: Message, payload: bytes) -> bool:
    """All bits that nothing is defined for are ones, as far as the payload goes."""
    bits = undefined_bits(type(message))
    if not bits:
        return True
    bits &= (1 << 8 * len(payload)) - 1
    return int.from_bytes(payload, "little") & bits == bits


def note(draft: "Draft", heard: Heard, now: float) -> None:
    """Everything odd about a message."""
    name, violations = heard.entry.name, draft.violations
    for odd in heard.oddities:
        kind, detail = _sorted(name, odd)
        if isinstance(odd, Oddity):
            _count(draft, name, odd)
        if not violations.again(kind, name, detail, now):
            frame = Frame(heard.identifier, heard.payload)
            given, expected = (odd.given, odd.expected) if isinstance(odd, Oddity) else (0, "")
            violations.add(
                kind, name, SIDES[heard.entry.sender], now, frame, detail=detail,
                said=_words(heard, odd), given=given, expected=expected,
            )  # fmt: skip


def _sorted(name: str, odd: Flaw | Implausible | Oddity) -> tuple[Kind, object]:
    """The kind of an odd thing, and what tells it apart from others of its kind."""
    if isinstance(odd, Flaw):
        shown_only = name == "CTS" or (name == "BRM" and odd.field.startswith(SHOWN_ONLY))
        return kinds.RANGE_SHOWN if shown_only else kinds.RANGE, (odd.field.partition("[")[0], odd.why)
    if isinstance(odd, Implausible):
        return (kinds.ADVICE if odd in ADVISORY else kinds.IMPLAUSIBLE), odd.name
    if odd.odd is Odd.LENGTH and odd.given == FULL and odd.given > _longest(name):
        return kinds.PADDED, odd.given
    return KINDS[odd.odd], odd.given


def _words(heard: Heard, odd: Flaw | Implausible | Oddity) -> Text:
    if not isinstance(odd, Flaw):
        return Text(odd.text, odd.chinese)
    name = _attribute(type(heard.message), odd.field.partition("[")[0])
    text = FLAW[odd.why]
    return Text(text.english.format(name.english, odd.raw), text.chinese.format(name.chinese, odd.raw))


def contradicted(draft: "Draft", heard: Heard, found: tuple[Contradiction, ...], now: float) -> None:
    """What a message says against others of the session."""
    frame = Frame(heard.identifier, heard.payload)
    for one in found:
        if one.conflict is Conflict.OTHER_CHARGER and isinstance(heard.message, CSD2011) and one.against > ONE_BYTE:
            continue  # its CRM came before anything told that it speaks 2011
        kind = kinds.CONTRADICTION_ADVICE if one.conflict in ADVISORY_CONFLICTS else kinds.CONTRADICTION
        draft.violations.add(
            kind, heard.entry.name, SIDES[heard.entry.sender], now, frame,
            detail=one.conflict, worst=abs(one.said - one.against), said=Text(one.text, one.chinese),
        )  # fmt: skip


def _attribute(cls: type[Message], shown: str) -> Text:
    """What people call a field by its name in JSON."""
    of = layout(cls)
    fields = [*of.fields, of.rest] if of.rest else of.fields
    name = next((field.name for field in fields if field.shown_name == shown), shown)
    return Text(ENGLISH.get(name) or name.replace("_", " "), CHINESE.get(name, name))


def _count(draft: "Draft", name: str, odd: Oddity) -> None:
    if odd.odd is Odd.RETRIED:
        draft.retries += odd.given
    elif odd.odd is Odd.NOT_TRANSPORTED:
        draft.transfer(name).single += 1


@lru_cache(64)
def _longest(name: str) -> int:
    entry = BY_NAME[name]
    return max((*entry.lengths_2015, *entry.lengths_2011), default=FULL)
