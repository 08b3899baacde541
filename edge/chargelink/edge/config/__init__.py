"""The configuration of an edge: one TOML document, read wholly and checked before anything is energised.

sections    what can be configured, as typed sections
strict      unknown keys and wrong types, each with its path and remedy
checks      values that contradict each other or what exists
document    a file becomes a Config
"""

from chargelink.cli.strict import Problem
from chargelink.edge.config.document import load, tariff_of
from chargelink.edge.config.error import ConfigError
from chargelink.edge.config.sections import Config, Guard, Gun, Hub, IoBoard, Meter, Metering, Site, Socket, SocketSite

__all__ = [
    "Config",
    "ConfigError",
    "Guard",
    "Gun",
    "Hub",
    "IoBoard",
    "Meter",
    "Metering",
    "Problem",
    "Site",
    "Socket",
    "SocketSite",
    "load",
    "tariff_of",
]
