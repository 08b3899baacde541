"""What is shown of the evidence that an edge gives for a trip: all of it, or which rule it was if there is too much.

Evidence of any size stays in its record, and the trip itself is told whatever its size.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from chargelink.link.messages import LARGEST_DETAIL

NAMES = ("rule", "id", "action")
LONGEST_NAME = 64


def shown(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """The evidence; of too much its names, and how many bytes of JSON were left out."""
    size = len(msgspec.json.encode(evidence))
    if size <= LARGEST_DETAIL:
        return dict(evidence)
    told = ((name, evidence.get(name)) for name in NAMES)
    names = {name: value for name, value in told if isinstance(value, str) and len(value) <= LONGEST_NAME}
    return names | {"omittedBytes": size}
