"""Ports on this machine: of the other simulators, and to listen at."""

from chargelink.sim.process import HOST

PORTS = range(65536)


def port(text: str) -> int:
    """A port to listen at, 0 for a free one. Raises ValueError."""
    number = int(text)
    if number not in PORTS:
        raise ValueError(text)
    return number


def loopback_port(text: str) -> int:
    """The port of `127.0.0.1:P`. Raises ValueError, for another host too."""
    host, _, port = text.rpartition(":")
    if host != HOST or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(text)
    return int(port)
