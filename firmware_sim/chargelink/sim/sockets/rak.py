"""A simulated RUI3 modem: AT commands on its line, raw LoRa on its one channel.

It begins as from the factory, in LoRaWAN mode on another frequency, and starts anew when its mode is changed. Whether
AT+IQINVER inverts what is sent alone, as it does here, has to be seen on the bench.
"""

from chargelink.sim.sockets.air import Air, Packet, Radio

FACTORY = {"NWM": "1", "P2P": "868000000:7:0:0:8:14", "IQINVER": "0", "SYNCWORD": "3444", "CAD": "0", "PRECV": "0"}
HEARS = "65533"
CRLF = b"\r\n"
LONGEST_LINE = 640
LONGEST_PAYLOAD = 255


class RakModem:
    """The modem, by the name of `eui` in the air. `now` in seconds."""

    def __init__(self, eui: bytes, air: Air, now: float, **settings: str) -> None:
        """`settings` are those that it does not have from the factory, by the names of their commands."""
        self.eui = eui
        self.settings = FACTORY | settings
        self.radio = Radio(air, eui)
        self._air = air
        self._line = b""
        self._outbox: list[bytes] = []
        self._out_at: float | None = None  # when the packet that is sent is out
        air.listen(eui, inverted=False, frequencies=frozenset())

    @property
    def deadline(self) -> float:
        """When `tick` has something to do."""
        waits = [wait for wait in (self.radio.deadline, self._out_at) if wait is not None]
        return min(waits, default=float("inf"))

    def data_to_send(self) -> list[bytes]:
        """Bytes on the line."""
        outbox, self._outbox = self._outbox, []
        return outbox

    def receive(self, datagram: bytes, now: float) -> None:
        """Take bytes of the line."""
        *lines, self._line = (self._line + datagram).split(CRLF)
        self._line = self._line[-LONGEST_LINE:]
        for line in lines:
            if line:
                self._command(line.decode("ascii", "replace"), now)

    def tick(self, now: float) -> None:
        """Let time pass."""
        waiting = self.radio.busy
        self.radio.tick(now)
        if waiting and not self.radio.busy:
            self._out_at = self.radio.talking_until
        if self._out_at is not None and self._out_at <= now:
            self._out_at = None
            self._outbox.append(b"+EVT:TXP2P DONE" + CRLF)

    def hear(self, packet: Packet, now: float) -> None:
        """A packet has arrived by air."""
        digits = packet.payload.hex().upper()
        self._outbox.append(f"+EVT:RXP2P:{packet.level // 100}:{packet.snr // 100}:{digits}".encode() + CRLF)

    def _command(self, line: str, now: float) -> None:
        name, _, value = line.removeprefix("AT+").partition("=")
        if not line.startswith("AT+") or name not in (*self.settings, "PSEND"):
            return self._say("AT_ERROR")
        if value == "?":
            self._outbox.append(f"AT+{name}={self.settings.get(name, '')}".encode() + CRLF)
            return self._say("OK")
        if name == "PSEND":
            return self._send(value, now)
        if name != "PRECV" and self.settings["PRECV"] != "0":
            return self._say("AT_BUSY_ERROR")
        if name == "P2P" and len(value.split(":")) != 6:
            return self._say("AT_PARAM_ERROR")
        self.settings[name] = value
        hears = self.settings["PRECV"] == HEARS and self.settings["NWM"] == "0"
        frequencies = frozenset({self._frequency} if hears else ())
        self._air.listen(self.eui, inverted=False, frequencies=frequencies)
        if name == "NWM":
            self.settings["PRECV"] = "0"
            self._outbox.append(b"RAKwireless RAK3172 Example" + CRLF + b"Current Work Mode: LoRa P2P." + CRLF)
            return None
        return self._say("OK")

    def _send(self, digits: str, now: float) -> None:
        if self.radio.busy or self._out_at is not None or self.settings["PRECV"] not in ("0", HEARS):
            return self._say("AT_BUSY_ERROR")
        try:
            payload = bytes.fromhex(digits)
        except ValueError:
            return self._say("AT_PARAM_ERROR")
        if not 0 < len(payload) <= LONGEST_PAYLOAD or self.settings["NWM"] != "0":
            return self._say("AT_PARAM_ERROR")
        factor = int(self.settings["P2P"].split(":")[1])
        inverted = self.settings["IQINVER"] == "1"
        self.radio.send(Packet(self._frequency, factor, inverted, payload), now, quick=True)
        return self._say("OK")

    @property
    def _frequency(self) -> int:
        return int(self.settings["P2P"].split(":")[0])

    def _say(self, status: str) -> None:
        self._outbox.append(CRLF + status.encode() + CRLF)
