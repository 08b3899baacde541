"""Who is meant: twelve digits, abbreviated from the left with AA, or 99 x 6 for everybody."""

from chargelink.dlt645.control import Function, Function1997
from chargelink.dlt645.frame import ALL_METERS

WILDCARD = "AA"
WITHOUT_WILDCARD = frozenset(
    {
        Function.WRITE,
        Function.SET_BAUD,
        Function.CLEAR_DEMAND,
        Function.CLEAR_METER,
        Function.CLEAR_EVENTS,
        Function.RELAY,
        Function1997.WRITE,
        Function1997.SET_BAUD,
        Function1997.SET_PASSWORD,
        Function1997.CLEAR_DEMAND,
    }
)
FOR_ALL = frozenset({Function.BROADCAST_TIME, Function.FREEZE, Function.TERMINAL_SIGNAL})


def abbreviates(written: str, address: str) -> bool:
    """Whether `written` means `address`: leading AA pairs match anything, the rest must agree."""
    known = written
    while known.startswith(WILDCARD):
        known = known[2:]
    return address.endswith(known) and len(written) == len(address)


def is_meant(written: str, function: int, address: str, data: bytes = b"") -> bool:
    """Whether the meter at `address` heeds a request of `function` sent to `written`, as meters' firmware does.

    What changes a meter must name it in full; of security (03), what does not only read, which its `data` says.
    99 x 6 is for what nobody answers.
    """
    if written == ALL_METERS:
        return function in FOR_ALL or address == ALL_METERS
    if written.startswith(WILDCARD) and (function in WITHOUT_WILDCARD or _changes_security(function, data)):
        return False
    return abbreviates(written, address)


def _changes_security(function: int, data: bytes) -> bool:
    """Identifiers of security that read have bit 7 of DI2 set; without data 03 is reading again (1997)."""
    return function == Function.SECURITY and len(data) > 2 and not data[2] & 0x80
