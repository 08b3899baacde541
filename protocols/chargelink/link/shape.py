"""What every shape on the link has in common: camelCase names, unknown fields ignored, values that never change.

Fields are given by name only, so that a later version may add one with a default wherever it belongs.
"""

import msgspec


class Shape(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of what travels between edge and hub. A newer peer may send more; what we do not know, we skip."""
