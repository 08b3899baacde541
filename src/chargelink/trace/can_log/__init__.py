"""Recordings of a CAN bus, whatever tool made them.

    with open_bytes(arguments) as source:
        log = CanLog(source, arguments.format)
        for batch in log:
            if isinstance(batch, Unreadable):
                ...                                     # a line that is no frame, reported in place
            else:
                for time, channel, identifier, data, kind in batch:
                    ...

A batch is a list of frames as they stood next to each other; it is as large as what could be read at once, one frame
when a bus is watched live, thousands from a file. Order is that of the recording and nothing is left out: frames that
are not ordinary (11-bit, remote, error, CAN FD) carry their `Kind`, what is no frame comes as `Unreadable`.

`frame` what a frame is, `text` candump and other lines, `table` CSV and the tables of Chinese CAN tools, `clock` their
times, `container` ASC, BLF, TRC and MF4 through python-can, `log` which of them it is.
"""

from chargelink.trace.can_log.frame import CanFrame, Kind, Unreadable
from chargelink.trace.can_log.log import CanLog, add_format_argument

__all__ = ["CanFrame", "CanLog", "Kind", "Unreadable", "add_format_argument"]
