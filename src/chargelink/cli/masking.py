"""What people may see of what they need not know: vehicle identification numbers, keys."""

import re

SHOWN_BEFORE, SHOWN_AFTER = 3, 4  # characters of a VIN: the maker, and what tells one car at a site from another
# GB 16735, ISO 3779: 17 letters and digits, both of them. I, O and Q are not used, and are covered all the same.
VIN = re.compile(r"(?<![0-9A-Za-z])(?=[0-9]*[A-Za-z])(?=[A-Za-z]*[0-9])[0-9A-Za-z]{17}(?![0-9A-Za-z])")
KEY = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{64}(?![0-9A-Fa-f])")  # 32 bytes: may be a key, may be a hash
SHOWN_OF_KEY = 8


def masked(vin: str) -> str:
    """A VIN to be shown: `LSV**********1234`. What is too short to be one is masked wholly."""
    hidden = len(vin) - SHOWN_BEFORE - SHOWN_AFTER
    if hidden <= 0:
        return "*" * len(vin)
    return vin[:SHOWN_BEFORE] + "*" * hidden + vin[-SHOWN_AFTER:]


def mask(text: str) -> str:
    """Text with every VIN in it masked, and what could be a key of 32 bytes cut short."""
    text = VIN.sub(lambda found: masked(found[0]), text)
    return KEY.sub(lambda found: f"{found[0][:SHOWN_OF_KEY]}...", text)
