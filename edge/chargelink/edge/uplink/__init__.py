"""The edge's mouth: tells the hub what is and what was, does what the hub asks, survives the loss of either end.

backoff       how long to wait before the next try
conversation  what is said on one connection, and when; sans-I/O
pace          how often the present is told
history       what was: records, then telemetry
usage         what the link takes of a month
questions     what the hub is asked because somebody waits
connection    one websocket: moves what the conversation says, does what it hears
uplink        the connections, one after the other
"""

from chargelink.edge.uplink.connection import Command, Handler
from chargelink.edge.uplink.questions import NoAnswerError
from chargelink.edge.uplink.uplink import Uplink

__all__ = ["Command", "Handler", "NoAnswerError", "Uplink"]
