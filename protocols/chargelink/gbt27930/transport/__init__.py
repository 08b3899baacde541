"""Messages of more than 8 bytes: the transport protocol of SAE J1939-21 (5.10) as GB/T 27930 uses it.

An originator asks with RTS, the responder allows packets with CTS, the packets come as TP.DT with 7 bytes each, and the
responder confirms with EndOfMsgACK. Either side may give up with Conn_Abort. In GB/T 27930 the BMS originates BRM, BCP,
BCS, BMV, BMT and BSP; the charger responds. Broadcast (BAM) is never used.

- `frames`    what travels: the TP.CM messages and TP.DT, sizes, abort reasons
- `timing`    how long each side waits
- `events`    what is told to whoever listens
- `receiver`  the responder: allows, collects, asks again for what is missing
- `sender`    the originator: obeys windows and holds, repeats, keeps a queue
- `endpoint`  both in one, for a node of a bus
- `observer`  reads the transfers of others on a bus or in a recording and never sends
"""

from chargelink.gbt27930.transport.endpoint import Endpoint
from chargelink.gbt27930.transport.events import (
    Aborted,
    Event,
    Incomplete,
    Received,
    Refused,
    Sent,
    TimedOut,
    Trouble,
    Unexpected,
)
from chargelink.gbt27930.transport.frames import AbortReason, Frame
from chargelink.gbt27930.transport.observer import Observer
from chargelink.gbt27930.transport.receiver import Receiver
from chargelink.gbt27930.transport.sender import Sender

__all__ = [
    "AbortReason",
    "Aborted",
    "Endpoint",
    "Event",
    "Frame",
    "Incomplete",
    "Observer",
    "Received",
    "Receiver",
    "Refused",
    "Sender",
    "Sent",
    "TimedOut",
    "Trouble",
    "Unexpected",
]
