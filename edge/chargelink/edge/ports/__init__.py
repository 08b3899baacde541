"""Bytes in and out. Ports move; they decide nothing.

address  how a port is written in the configuration
serial   a serial line, its descriptor read by the loop
modbus   a Modbus device over TCP or a serial line
can      a CAN bus, opened again when it is gone: socketcan (an interface), socketcand (over TCP)
radio    the one face of every radio of e-bike sockets: gwmp, mqtt, modem; radios knows them by address
"""
