"""The catalogue as Markdown, for the documentation."""

from collections.abc import Iterable, Iterator

from chargelink.dlt645.catalogue import PAGES
from chargelink.dlt645.catalogue.axis import AXES, Axis
from chargelink.dlt645.catalogue.row import Access, Row
from chargelink.dlt645.forms import Form
from chargelink.dlt645.forms.number import Scaled
from chargelink.dlt645.profiles import PROFILES, Profile

ACCESS = {Access.READ: "R", Access.WRITE: "W", Access.READ_WRITE: "R/W"}
LONGEST_LAYOUT = 60  # characters; a longer record is told by its length


def identifier_table() -> str:
    """What varies in an identifier, then every page of the catalogue."""
    parts = ["\n".join(_axes())]
    for title, rows in PAGES.items():
        parts.append(f"### {title}\n\n" + "\n".join(_rows(rows)))
    return "\n\n".join(parts)


def profile_table() -> str:
    """Every vendor's profile."""
    parts = (f"### Profile `{name}`\n\n" + "\n".join(_profile(profile)) for name, profile in PROFILES.items())
    return "\n\n".join(parts)


def _axes() -> Iterator[str]:
    yield "| axis | digits | block | ends of names |"
    yield "|---|---|---|---|"
    for name, axis in AXES.items():
        yield f"| `{{{name}}}` | {_range(axis)} | {axis.block or '–'} | {_suffixes(axis)} |"


def _range(axis: Axis) -> str:
    codes = list(axis.steps)
    return f"{codes[0]}..{codes[-1]}" if len(codes) > 4 else ", ".join(codes)


def _suffixes(axis: Axis) -> str:
    steps = list(axis.steps.values())
    if len(steps) > 4:
        steps = [steps[0], steps[1], steps[-1]]
    shown = [f"`{step.suffix}` {step.chinese}" if step.suffix else f"none {step.chinese}".strip() for step in steps]
    return ", ".join(shown[:-1]) + (" .. " if len(axis.steps) > 4 else ", ") + shown[-1]


def _profile(profile: Profile) -> Iterator[str]:
    yield f"{profile.words.english}. {profile.words.chinese}。"
    yield ""
    poll = profile.poll
    others = (("voltage", poll.voltage), ("current", poll.current), ("power", poll.power))
    yield f"- energy: {', else '.join(f'`{identifier}`' for identifier in poll.energy)}"
    yield from (f"- {name}: `{identifier}`" if identifier else f"- {name}: none" for name, identifier in others)
    if profile.rows:
        yield ""
        yield from _rows(profile.rows)


def _rows(rows: Iterable[Row]) -> Iterator[str]:
    yield "| identifier | name | 名称 | bytes | form | unit | inside | |"
    yield "|---|---|---|---|---|---|---|---|"
    for row in rows:
        form = row.form
        inside = f"{form.step} {form.scale.inner}".strip() if isinstance(form, Scaled) and form.scale.inner else ""
        form_cells = (
            ("joined", " + ".join(row.block), "", "") if row.block else (_size(row), _layout(form), form.unit, inside)
        )
        cells = (f"`{row.pattern}`", f"`{row.name}`", row.chinese, *form_cells, ACCESS[row.access])
        yield "| " + " | ".join(cells) + " |"


def _size(row: Row) -> str:
    size = "any" if row.form.size is None else str(row.form.size)
    return f"{size} each" if row.repeats else size


def _layout(form: Form) -> str:
    sign = "±" if isinstance(form, Scaled) and form.signed else ""
    layout = form.layout if len(form.layout) <= LONGEST_LAYOUT else "record"
    return sign + layout
