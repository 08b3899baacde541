"""The wires between charger and guard, as datagram sockets in a directory.

permit  bound here: words of the guard for the one-shot
inputs  bound by the guard: the safety inputs, every 5 ms and at once on a change
"""

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from chargelink.sim.dc_circuit import Facts

VERSION = 1
INPUTS = struct.Struct("<BBHiii")
LONGEST_WORD = 16


def encode_inputs(facts: Facts, counter: int) -> bytes:
    """Version, bits (0 e-stop, 1 door, 2 K1K2 feedback, 3 lock), counter; outside and inside mV, current mA."""
    bits = facts.e_stop | facts.door_open << 1 | facts.k1k2_feedback << 2 | facts.lock_feedback << 3
    voltages = facts.outside_voltage, facts.inside_voltage
    return INPUTS.pack(VERSION, bits, counter & 0xFFFF, *voltages, facts.current)


class GuardLines:
    """Hands every word of the guard to `hear`. Needs a running loop."""

    def __init__(self, directory: Path, hear: Callable[[bytes], None]) -> None:
        """Raises OSError."""
        self._permit = directory / "permit"
        self._inputs = str(directory / "inputs")
        self._hear = hear
        self._counter = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._permit.unlink(missing_ok=True)
        try:
            self._socket.bind(str(self._permit))
        except OSError as error:
            self._socket.close()
            raise OSError(error.errno, error.strerror, str(self._permit)) from error  # which the kernel does not name
        os.chmod(self._permit, 0o600)
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def send(self, facts: Facts) -> None:
        """Show the guard the inputs; one that is not there misses them."""
        self._counter += 1
        with suppress(OSError):
            self._socket.sendto(encode_inputs(facts, self._counter), self._inputs)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        self._permit.unlink(missing_ok=True)

    def _read(self) -> None:
        with suppress(BlockingIOError):
            self._hear(self._socket.recv(LONGEST_WORD))
