"""A simulated EBYTE E22-400T22 modem: a stream of bytes, and registers that are reached by changing its mode.

It stands for the modems of the sockets as well, for its air carries frames as all others do here; the air of the real
ones is not published, so times on it are those of SF8. Setting modes by command must have been allowed to it before.
"""

from chargelink.lora_radio.ebyte import CHANNEL_0_HZ, CHANNEL_STEP_HZ, unwrap, wrapped
from chargelink.sim.sockets.air import Air, Packet, Radio

DELIVERED = bytes.fromhex("00000062101200")  # 22 dBm, another channel, no levels, no listening
MODE = bytes([0xC0, 0xC1, 0xC2, 0xC3, 2])
REFUSED = b"\xff\xff\xff"
LONGEST_LINE = 512


class EbyteModem:
    """The modem, by the name of `eui` in the air. `now` in seconds."""

    def __init__(self, eui: bytes, air: Air, now: float) -> None:
        self.eui = eui
        self.registers = bytearray(DELIVERED)
        self.configuring = False
        self.radio = Radio(air, eui)
        self._air = air
        self._line = bytearray()
        self._outbox: list[bytes] = []
        air.listen(eui, inverted=False, frequencies=frozenset())

    @property
    def deadline(self) -> float:
        """When `tick` has something to do."""
        return float("inf") if self.radio.deadline is None else self.radio.deadline

    def data_to_send(self) -> list[bytes]:
        """Bytes on the line."""
        outbox, self._outbox = self._outbox, []
        return outbox

    def receive(self, datagram: bytes, now: float) -> None:
        """Take bytes of the line."""
        self._line += datagram
        del self._line[:-LONGEST_LINE]
        if MODE in self._line and not self._line.endswith(MODE):
            at = self._line.index(MODE) + len(MODE)
            self._change(self._line[at])
            del self._line[: at + 1]
        if self.configuring:
            self._command()
            return
        while frame := unwrap(self._line):
            self.radio.send(Packet(self._frequency, 8, True, frame), now, quick=True)

    def tick(self, now: float) -> None:
        """Let time pass."""
        self.radio.tick(now)

    def hear(self, packet: Packet, now: float) -> None:
        """A packet has arrived by air."""
        level = bytes([256 + packet.level // 100]) if self.registers[6] & 0x80 else b""
        self._outbox.append(wrapped(packet.payload) + level)

    @property
    def _frequency(self) -> int:
        return CHANNEL_0_HZ + CHANNEL_STEP_HZ * self.registers[5]

    def _change(self, mode: int) -> None:
        self.configuring = mode == 2
        self._outbox.append(MODE[1:] + bytes([mode]))
        frequencies = frozenset({self._frequency} if mode == 0 else ())
        self._air.listen(self.eui, inverted=False, frequencies=frequencies)

    def _command(self) -> None:
        """C1 address length reads, C0 address length values writes."""
        if len(self._line) < 3:
            return
        kind, address, length = self._line[:3]
        if kind not in (0xC0, 0xC1) or address + length > len(self.registers):
            self._line.clear()
            self._outbox.append(REFUSED)
            return
        if kind == 0xC0:
            if len(self._line) < 3 + length:
                return
            self.registers[address : address + length] = self._line[3 : 3 + length]
        self._line.clear()
        self._outbox.append(bytes([0xC1, address, length]) + self.registers[address : address + length])
