"""The end that answers Modbus (MODBUS Application Protocol V1.1b3; TCP: Messaging on TCP/IP V1.0b). No I/O.

What is asked is handed to a device; what is wrong with the question is answered as the standard wants: 01 no such
function, 02 no such address, 03 no such value.
"""

import struct
from collections.abc import Sequence
from typing import Protocol

from chargelink.io_board.registers import Space
from chargelink.wire import ChargelinkError

HEADER = struct.Struct(">HHHB")  # transaction, protocol, length of the rest, unit
LONGEST = 254  # bytes that the length may announce: unit and 253 of the function
ON, OFF = 0xFF00, 0x0000

READS = {1: Space.COIL, 2: Space.DISCRETE_INPUT, 3: Space.HOLDING_REGISTER, 4: Space.INPUT_REGISTER}
WRITES_ONE = {5: Space.COIL, 6: Space.HOLDING_REGISTER}
WRITES_MANY = {15: Space.COIL, 16: Space.HOLDING_REGISTER}
MOST_READ = {True: 2000, False: 125}  # bits, words


class Device(Protocol):
    """What has points. Both raise LookupError for an address that is not there."""

    def read(self, space: Space, address: int, count: int, now: float) -> list[int]: ...
    def write(self, space: Space, address: int, words: list[int], now: float) -> None: ...


def answer(device: Device, request: bytes, now: float) -> bytes:
    """The answer to a request, both from the function code on; whatever the request is."""
    function = request[0] if request else 0
    try:
        if function in READS and len(request) == 5:
            return bytes((function,)) + _read(device, READS[function], request, now)
        if function in WRITES_ONE and len(request) == 5:
            return _write_one(device, WRITES_ONE[function], request, now)
        if function in WRITES_MANY and len(request) > 6:
            return _write_many(device, WRITES_MANY[function], request, now)
    except LookupError:
        return bytes((function | 0x80, 2))
    except (ChargelinkError, ValueError):
        return bytes((function | 0x80, 3))
    known = function in READS or function in WRITES_ONE or function in WRITES_MANY
    return bytes((function | 0x80, 3 if known else 1))


def _read(device: Device, space: Space, request: bytes, now: float) -> bytes:
    address, count = struct.unpack_from(">HH", request, 1)
    if not 0 < count <= MOST_READ[space.is_bits]:
        raise ValueError(count)
    words = device.read(space, address, count, now)
    packed = pack_bits(words) if space.is_bits else struct.pack(f">{count}H", *words)
    return bytes((len(packed),)) + packed


def _write_one(device: Device, space: Space, request: bytes, now: float) -> bytes:
    address, word = struct.unpack_from(">HH", request, 1)
    if space.is_bits:
        word = {ON: 1, OFF: 0}.get(word, -1)
    device.write(space, address, [word], now)
    return request


def _write_many(device: Device, space: Space, request: bytes, now: float) -> bytes:
    address, count, size = struct.unpack_from(">HHB", request, 1)
    packed = request[6:]
    if not count or size != len(packed) or size != ((count + 7) // 8 if space.is_bits else 2 * count):
        raise ValueError(size)
    words = unpack_bits(packed, count) if space.is_bits else list(struct.unpack(f">{count}H", packed))
    device.write(space, address, words, now)
    return request[:5]


def pack_bits(bits: Sequence[int]) -> bytes:
    """Eight bits a byte, the first the lowest."""
    number = sum(1 << place for place, bit in enumerate(bits) if bit)
    return number.to_bytes((len(bits) + 7) // 8, "little")


def unpack_bits(packed: bytes, count: int) -> list[int]:
    """The reverse."""
    number = int.from_bytes(packed, "little")
    return [number >> place & 1 for place in range(count)]


class Conversation:
    """One TCP connection. `closed` once the master sent what is no Modbus: nothing after it can be understood."""

    def __init__(self, device: Device, unit: int) -> None:
        self.closed = False
        self._device = device
        self._unit = unit
        self._held = b""

    def receive(self, data: bytes, now: float) -> bytes:
        """Take bytes; the answers to what is whole by now. Another unit is not here: it stays silent."""
        self._held += data
        answers = b""
        while len(self._held) >= HEADER.size and not self.closed:
            transaction, protocol, length, unit = HEADER.unpack_from(self._held)
            if protocol != 0 or not 2 <= length <= LONGEST:
                self.closed = True
                break
            end = HEADER.size - 1 + length
            if len(self._held) < end:
                break
            request, self._held = self._held[HEADER.size : end], self._held[end:]
            if unit == self._unit:
                reply = answer(self._device, request, now)
                answers += HEADER.pack(transaction, 0, len(reply) + 1, unit) + reply
        return answers
