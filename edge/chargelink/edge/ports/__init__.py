"""Bytes in and out. Ports move; they decide nothing.

address  how a port is written in the configuration
serial   a serial line, its descriptor read by the loop
modbus   a Modbus device over TCP or a serial line
can      a CAN bus
gwmp     LoRa packet forwarders
"""
