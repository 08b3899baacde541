"""A simulated LoRa gateway with Semtech's packet forwarder: eight ears, one transmitter, GWMP towards its server."""

from chargelink.lora_radio.airtime import CN470
from chargelink.lora_radio.gateway import Gateway, TransmitRequested
from chargelink.lora_radio.gwmp import TransmitResult
from chargelink.lora_radio.packets import ReceivedPacket, TransmitPacket
from chargelink.sim.sockets.air import Air, Packet, Radio

KEEPALIVE = 2.0  # s; short, so that an edge that starts again finds its gateway soon
SPREADING_FACTORS = {f"SF{number}BW125": number for number in range(7, 13)}


class Forwarder:
    """Hears every uplink in the air that no collision, loss or transmission of its own hides. `now` in seconds."""

    def __init__(self, eui: bytes, air: Air, now: float) -> None:
        self.eui = eui
        self.gateway = Gateway(eui, now, KEEPALIVE)
        self.radio = Radio(air, eui)
        air.listen(eui, inverted=False)

    @property
    def deadline(self) -> float:
        """When `tick` has something to do."""
        radio = self.radio.deadline
        return self.gateway.deadline if radio is None else min(radio, self.gateway.deadline)

    def data_to_send(self) -> list[bytes]:
        """Datagrams for the server."""
        return self.gateway.data_to_send()

    def receive(self, datagram: bytes, now: float) -> None:
        """Take a datagram from the server."""
        for event in self.gateway.receive(datagram, now):
            if isinstance(event, TransmitRequested):
                self.gateway.acknowledge(event.token, self._transmit(event.packet, now))

    def tick(self, now: float) -> None:
        """Let time pass."""
        self.gateway.tick(now)
        self.radio.tick(now)

    def hear(self, packet: Packet, now: float) -> None:
        """A packet has arrived by air."""
        received = ReceivedPacket(
            clock_us=round(now * 1_000_000) % (1 << 32),
            frequency_hz=packet.frequency_hz,
            channel=0,
            radio=0,
            crc=1,
            modulation="LORA",
            data_rate=f"SF{packet.spreading_factor}BW125",
            coding_rate="4/5",
            rssi=packet.level,
            snr=packet.snr,
            payload=packet.payload,
        )
        self.gateway.push((received,), now)

    def _transmit(self, packet: TransmitPacket, now: float) -> TransmitResult:
        """Send at once, one packet at a time, within the band."""
        factor = SPREADING_FACTORS.get(str(packet.data_rate))
        if not packet.immediate or packet.payload is None or factor is None or packet.frequency_hz is None:
            return TransmitResult("TOO_EARLY")
        if not CN470.lowest_hz <= packet.frequency_hz <= CN470.highest_hz:
            return TransmitResult("TX_FREQ")
        if self.radio.busy:
            return TransmitResult("COLLISION_PACKET")
        sent = Packet(packet.frequency_hz, factor, bool(packet.inverted), packet.payload)
        self.radio.send(sent, now, quick=True)
        return TransmitResult()
