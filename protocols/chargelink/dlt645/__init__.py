"""DL/T 645, how electricity meters are read in China: frames, identifiers, and both ends of the line.

Both editions, 2007 and 1997, share the frame. Frames of DL/T 698.45 on the same line are recognised.

    frame       one frame, strict to build, checked in full to read
    scanner     frames out of a stream with noise
    catalogue   data identifiers: name, form, unit, access
    reading     the data of an identifier as values
    message     any frame explained
    master      the end that asks
    meter       the end that answers
    line        several meters on one line, asked in turn
    discovery   which meters are on a line
"""

from chargelink.dlt645.control import Edition, ErrorWord, Function, Function1997
from chargelink.dlt645.frame import ALL_METERS, ANY_METER, Frame
from chargelink.dlt645.frame698 import Frame698
from chargelink.dlt645.message import Message, explain
from chargelink.dlt645.reading import Reading, Readings, readings
from chargelink.dlt645.scanner import Defect, Noise, Received, Scanner

__all__ = [
    "ALL_METERS",
    "ANY_METER",
    "Defect",
    "Edition",
    "ErrorWord",
    "Frame",
    "Frame698",
    "Function",
    "Function1997",
    "Message",
    "Noise",
    "Reading",
    "Readings",
    "Received",
    "Scanner",
    "explain",
    "readings",
]
