"""What every shape on the link has in common: camelCase names, unknown fields ignored, values that never change.

Fields are given by name only, so that a later version may add one with a default wherever it belongs.
"""

import msgspec


class Shape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of what travels between edge and hub. A newer peer may send more; what we do not know, we skip."""


class Document(Shape, frozen=True, omit_defaults=True):
    """Base of what is kept for years and sent over a SIM card: what is left at its default is not written."""
