"""What takes several exchanges with one meter, and is only over when the meter shows that it is done.

procedure    a script of requests, waits and changes of rate, played on a master: the same four verbs
relay        trip or close, and confirm it by the state of the relay
baud         another rate, proven by a read, with a way back
clock        set the time, and see that it was taken
edition      which edition a meter speaks, and its address
"""

from chargelink.dlt645.procedures.baud import BaudChange, BaudOutcome, BaudState
from chargelink.dlt645.procedures.block import BlockOutcome, BlockRead
from chargelink.dlt645.procedures.clock import SetTime, TimeOutcome, TimeState
from chargelink.dlt645.procedures.edition import Detected, EditionDetection
from chargelink.dlt645.procedures.procedure import Finished, Procedure, ProcedureEvent, Script, SetRate
from chargelink.dlt645.procedures.relay import ConfirmedRelay, OperatingState, RelayOutcome, RelayState

__all__ = [
    "BaudChange",
    "BaudOutcome",
    "BaudState",
    "BlockOutcome",
    "BlockRead",
    "ConfirmedRelay",
    "Detected",
    "EditionDetection",
    "Finished",
    "OperatingState",
    "Procedure",
    "ProcedureEvent",
    "RelayOutcome",
    "RelayState",
    "Script",
    "SetRate",
    "SetTime",
    "TimeOutcome",
    "TimeState",
]
