"""The tables of `docs/protocols/records.md`, made from the bodies of records."""

from chargelink.link.shape import Shape
from chargelink.link.tables import fields, inner, summary
from chargelink.model import KINDS, StopReason
from chargelink.model.meanings import MEANINGS


def bodies() -> str:
    """Every kind of record with the fields of its body, then the shapes that stand in them."""
    tops: dict[str, type[Shape]] = {**KINDS}
    named = tops | {shape.__name__: shape for shape in inner(tops.values())}
    parts = [part for name, shape in named.items() for part in (f"### {name}", summary(shape), fields(shape, MEANINGS))]
    return "\n\n".join(parts)


def stop_reasons() -> str:
    """The words of `stopReason`."""
    return ", ".join(f"`{reason}`" for reason in StopReason)
