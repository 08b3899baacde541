"""One session on the page: the verdict first, then what shows it."""

from collections.abc import Iterator
from datetime import UTC, datetime

from chargelink.cli.china import CHINA
from chargelink.cli.language import Text
from chargelink.trace.gbt27930.words import masked
from chargelink.trace.report import EPOCH_TIMES, YEAR_10000
from chargelink.trace.sessions.model import Session, Side, Violation
from chargelink.trace.sessions.page import words
from chargelink.trace.sessions.page.axes import moment, number
from chargelink.trace.sessions.page.markup import Child, Markup, element, joined
from chargelink.trace.sessions.page.plots import plots
from chargelink.trace.sessions.page.timeline import anchor, timeline
from chargelink.trace.sessions.terminal import duration
from chargelink.trace.sessions.violations import filled
from chargelink.trace.sessions.words import cause_names
from chargelink.units import SHOWN

MOST_VIOLATIONS = 100
LONGEST_FRAME = 120  # characters; BMV may have 1,785 bytes
VIN_IN_BRM = slice(48, 82)  # hexadecimal digits of the data, see `gbt27930.handshake.BRM`


def section(session: Session) -> Markup:
    """The whole session."""
    numbered = [*enumerate(session.violations[:MOST_VIOLATIONS], 1)]
    curves = plots(session)
    return element(
        "section",
        _verdict(session),
        element("dl", *_facts(session), class_="facts"),
        *[element("p", note, class_="note") for note in _notes(session)],
        element("h3", words.TIMELINE),
        timeline(session, numbered),
        joined(element("h3", words.MEASURED), curves) if curves else None,
        element("h3", words.VIOLATIONS, element("small", f" {len(session.violations)}") if numbered else None),
        _violations(session, numbered) if numbered else element("p", words.NO_VIOLATIONS, class_="note"),
        element("h3", words.LIMITS),
        _numbers(session),
        id=f"s{session.number}",
        class_=f"session {session.verdict.whose}",
    )


def _verdict(session: Session) -> Markup:
    verdict, stop = session.verdict, session.stop
    causes = None
    if len(session.stop_causes) > len(stop.causes):
        causes = element("p", element("b", words.CAUSES), " ", cause_names(session.stop_causes), class_="stopped")
    return element(
        "header",
        element(
            "div",
            element("p", filled(words.SESSION, number=session.number), *_where(session), class_="which"),
            element("h2", words.FAULT_OF[verdict.whose]),
            devices(verdict.whose),
            class_="headline",
        ),
        element("p", verdict.text, class_="why"),
        element("div", element("b", words.WHAT_NOW), element("p", verdict.remedy), class_="now"),
        element("p", element("b", words.STOPPED), " ", stop.text, class_="stopped"),
        causes,
        class_="verdict",
    )


def _where(session: Session) -> Iterator[Child]:
    """Bus and addresses where they are not those of every recording."""
    if session.channel:
        yield f" · {session.channel}"
    if session.addresses != (0x56, 0xF4):
        yield " · {:02X}–{:02X}".format(*session.addresses)


def devices(whose: Side) -> Markup:
    """Charger, bus and vehicle side by side; the one at fault stands out."""
    parts: list[Child] = []
    for side in (Side.CHARGER, Side.BUS, Side.VEHICLE):
        state = "guilty" if side is whose else "well" if whose is Side.NOBODY else None
        parts.append(element("span", words.DEVICES[side], class_=" ".join(filter(None, (side.value, state)))))
    return element("div", *parts, class_="devices", aria_hidden="true")


def _facts(session: Session) -> Iterator[Markup]:
    vehicle = session.vehicle
    yield from _fact(words.START, *started(session))
    yield from _fact(words.LASTED, None if session.seconds is None else duration(session.seconds))
    if session.first_soc is not None and session.last_soc is not None:
        yield from _fact(words.SOC, f"{number(session.first_soc / 10)} → {number(session.last_soc / 10)} %")
    if session.energy is not None and session.energy_from is not None:
        kilowatt_hours = f"{session.energy / 1_000_000:.3f} kWh"
        yield from _fact(words.ENERGY, kilowatt_hours, words.ENERGY_FROM[session.energy_from])
    yield from _fact(words.EDITION, session.edition)
    yield from _fact(words.VIN, None if vehicle.vin is None else masked(vehicle.vin))
    capacity = None if vehicle.rated_capacity is None else f"{number(vehicle.rated_capacity / 1000)} Ah"
    yield from _fact(words.BATTERY, vehicle.battery_type, capacity)


def _fact(name: Text, value: Child, small: Child = None) -> Iterator[Markup]:
    if value is not None:
        said = element("dd", value, None if small is None else element("small", small))
        yield element("div", element("dt", name), said)


def started(session: Session) -> tuple[str | None, Text | None]:
    """Date and time, or the seconds of a clock that counts from when the recorder started; and which clock it is."""
    if session.start is None:
        return None, None
    if EPOCH_TIMES <= session.start < YEAR_10000:
        return f"{datetime.fromtimestamp(session.start, UTC).astimezone(CHINA):%Y-%m-%d %H:%M:%S}", words.CHINA_TIME
    return f"{session.start:.3f} s", words.RECORDERS_CLOCK


def _notes(session: Session) -> Iterator[Text]:
    if not session.timed:
        yield words.NOT_TIMED
    if not session.whole:
        yield words.NOT_WHOLE


def _violations(session: Session, numbered: list[tuple[int, Violation]]) -> Markup:
    head = element("tr", element("th", "#"), *(element("th", heading) for heading in words.HEADINGS))
    rows = [_row(session, place, violation) for place, violation in numbered]
    return element("table", element("thead", head), element("tbody", *rows), class_="violations")


def _row(session: Session, place: int, violation: Violation) -> Markup:
    severity = element("span", words.SEVERITIES[violation.severity], class_=f"severity {violation.severity}")
    example = next((shown_frame(violation.message, one.frame) for one in violation.examples), None)
    return element(
        "tr",
        element("td", place, class_="place"),
        element(
            "td",
            severity,
            element("span", violation.text, class_="text"),
            element("code", example) if example else None,
            class_="what",
        ),
        element("td", words.WHOSE[violation.whose]),
        element("td", f"{violation.count:,}×", class_="count"),
        element("td", _when(session, violation)),
        element("td", violation.clause, class_="clause"),
        id=anchor(session, place),
    )


def _when(session: Session, violation: Violation) -> Child:
    if violation.first is None or violation.last is None or session.start is None:
        return "–"
    first, last = (moment(max(time - session.start, 0.0)) for time in (violation.first, violation.last))
    return first if first == last else f"{first} – {last}"


def shown_frame(message: str, frame: str) -> str:
    """A frame as far as there is room; the VIN of a BRM is covered, for pages are passed on."""
    identifier, _, data = frame.partition("#")
    if message == "BRM":
        vin = data[VIN_IN_BRM]
        data = data[: VIN_IN_BRM.start] + "*" * len(vin) + data[VIN_IN_BRM.stop :]
    frame = f"{identifier}#{data}"
    return frame if len(frame) <= LONGEST_FRAME else f"{frame[:LONGEST_FRAME]}…"


def _numbers(session: Session) -> Markup:
    """Limits, counts and messages in three lists."""
    limits: list[Markup] = []
    for name, message, field, unit in words.LIMIT_ROWS:
        value = getattr(session.limits, field)
        if value is not None:
            shown = SHOWN[unit]
            limits.append(_pair(joined(name, f" ({message})"), f"{number(value / shown.divisor)} {shown.symbol}"))
    counts = session.counts
    counted = [
        _pair(name, f"{getattr(counts, field):,}") for field, name in words.COUNTS.items() if getattr(counts, field)
    ]
    messages = [_pair(name, f"{count:,}") for name, count in sorted(counts.messages.items())]
    lists = ((words.SAID_LIMITS, limits, None), (words.COUNTED, counted, None), (words.MESSAGES, messages, "narrow"))
    return element(
        "div",
        *(
            element("div", element("h4", title), element("dl", *pairs, class_=kind))
            for title, pairs, kind in lists
            if pairs
        ),
        class_="numbers",
    )


def _pair(name: Child, value: str) -> Markup:
    return element("div", element("dt", name), element("dd", value))
