"""Addresses of the other simulators, on this machine."""

from chargelink.sim.process import HOST


def loopback_port(text: str) -> int:
    """The port of `127.0.0.1:P`. Raises ValueError, for another host too."""
    host, _, port = text.rpartition(":")
    if host != HOST or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(text)
    return int(port)
