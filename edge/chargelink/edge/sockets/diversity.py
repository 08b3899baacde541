"""The same packet through several gateways: used once, and answered through the one that heard its socket best."""

from typing import NamedTuple

from chargelink.lora_radio.packets import ReceivedPacket
from chargelink.lora_socket.frame import Header
from chargelink.wire import DecodeError

SAME_WITHIN = 2.0  # s
UNKNOWN_SNR = -10_000  # 0.01 dB, of a gateway that does not say


class _Copy(NamedTuple):
    at: float
    snr: int


class Diversity:
    """Remembers packets for two seconds and the best gateway for each address."""

    def __init__(self) -> None:
        self._packets: dict[bytes, _Copy] = {}
        self._best: dict[int, bytes] = {}

    def is_new(self, gateway: bytes, packet: ReceivedPacket, now: float) -> bool:
        """Whether this is the first copy of a packet; learns from every copy which gateway hears best."""
        payload = packet.payload or b""
        self._packets = {key: copy for key, copy in self._packets.items() if now - copy.at < SAME_WITHIN}
        snr = UNKNOWN_SNR if packet.snr is None else packet.snr
        before = self._packets.get(payload)
        if before is None or snr > before.snr:
            self._packets[payload] = _Copy(now if before is None else before.at, snr)
            self._learn(payload, gateway)
        return before is None

    def best(self, address: int, reachable: frozenset[bytes]) -> bytes | None:
        """The gateway to send through: the one that heard the address best, else any that can be reached."""
        best = self._best.get(address)
        return best if best in reachable else min(reachable, default=None)

    def _learn(self, payload: bytes, gateway: bytes) -> None:
        try:
            self._best[Header.decode(payload).address] = gateway
        except DecodeError:
            return
