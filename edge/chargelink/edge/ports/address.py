"""How a port is written in the configuration, as `serial:/dev/ttyS1?baud=9600` or `modbus-tcp://127.0.0.1:502?unit=1`.

Also what every port raises.
"""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from chargelink.wire import ChargelinkError


class AddressError(ChargelinkError, ValueError):
    """An address cannot be meant; the message says what is wrong with it."""


class LinkError(ChargelinkError, ConnectionError):
    """The line is gone, or nobody answers on it. Open it again after a while."""


class Address(NamedTuple):
    """The parts of an address: `path` of a device, or `host` and `port` of a peer."""

    text: str
    scheme: str
    path: str
    host: str
    port: int
    options: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Raises AddressError for what has no scheme, a port that is none, an option given twice or without value."""
        try:
            parts = urlsplit(text)
            options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
            port = parts.port or 0
        except ValueError as error:
            raise AddressError(f"{text!r}: {error}") from None
        if not parts.scheme:
            raise AddressError(f"{text!r} does not begin with what it is, as serial: or modbus-tcp: do")
        names = [name for name, value in options if value]
        if len({*names}) != len(options):
            raise AddressError(f"{text!r}: every option has a value and is given once")
        return cls(text, parts.scheme, parts.path, parts.hostname or "", port, dict(options))

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """An option as a number within `low..high`. Raises AddressError."""
        value = self.options.get(name, str(default))
        if not (value.isascii() and value.isdecimal() and low <= int(value) <= high):
            raise AddressError(f"{self.text!r}: {name}={value} is not a number within {low}..{high}")
        return int(value)

    def choice(self, name: str, choices: str) -> str:
        """An option as one of the letters of `choices`, the first being the default. Raises AddressError."""
        value = self.options.get(name, choices[0])
        if len(value) != 1 or value not in choices:
            raise AddressError(f"{self.text!r}: {name}={value} is not one of {', '.join(choices)}")
        return value

    def only(self, *names: str) -> None:
        """Raises AddressError for an option that is not one of `names`."""
        for name in self.options:
            if name not in names:
                raise AddressError(f"{self.text!r} has no option {name}; there are {', '.join(names)}")
