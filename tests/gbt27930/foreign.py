"""A vehicle and a charger of somebody else: packed by hand from the tables of GB/T 27930 and SAE J1939-21, 5.10.

They import nothing of ours, so that a misreading of ours does not answer itself.
"""

import struct
from collections.abc import Callable, Collection
from typing import NamedTuple

TO_CHARGER, TO_VEHICLE = 0x56F4, 0xF456
SHORT = {
    "CHM": 0x26, "BHM": 0x27, "CRM": 0x01, "CTS": 0x07, "CML": 0x08, "BRO": 0x09, "CRO": 0x0A, "BCL": 0x10,
    "CCS": 0x12, "BSM": 0x13, "BST": 0x19, "CST": 0x1A, "BSD": 0x1C, "CSD": 0x1D, "BEM": 0x1E, "CEM": 0x1F,
}  # fmt: skip
LONG = {"BRM": 0x02, "BCP": 0x06, "BCS": 0x11, "BMV": 0x15}
NAMES = {number: name for name, number in (SHORT | LONG).items()}
PRIORITIES = {"BEM": 0x08, "CEM": 0x08, "BRO": 0x10, "CRO": 0x10, "BST": 0x10, "CST": 0x10}
CONTROL, DATA = 0xEC, 0xEB
RTS, CTS, DONE, ABORT = 0x10, 0x11, 0x13, 0xFF
T3 = 1.25  # s

VIN = b"LTEST0000FOREIGN1"
BRM_2011 = (
    b"\x00\x01\x00\x03" + struct.pack("<HH", 1520, 3648) + b"ACME" + bytes(4) + b"\x26\x05\x11" + bytes(3) + b"\x01\xff"
)
BRM_2015 = b"\x01\x01\x00" + BRM_2011[3:]
SOFTWARE = b"\x01\x19\x0c\xe7\x07\xff\xff\xff"
BCP = struct.pack("<HHHHBHH", 365, 4000 - 2500, 554, 4200, 50 + 55, 413, 3785)
BCL = struct.pack("<HHB", 4100, 4000 - 1000, 2)
BCS = struct.pack("<HHHBH", 3800, 4000 - 990, 345 | 1 << 12, 42, 38)
BSM = bytes((52, 81, 6, 78, 15, 0x00, 0xD0))
BSD = struct.pack("<BHHBB", 42, 331, 345, 78, 81)
CML = struct.pack("<HHHH", 9500, 380, 4000 - 2500, 4000)
CCS = struct.pack("<HHHB", 3785, 4000 - 1000, 0, 0xFD)


class Sent(NamedTuple):
    """What was on the bus: `name` of a message as it began (RTS for the long ones)."""

    at: float
    identifier: int
    data: bytes

    @property
    def name(self) -> str:
        kind = self.identifier >> 16 & 0xFF
        if kind == CONTROL and self.data[0] == RTS:
            return NAMES[self.data[6]]
        return NAMES.get(kind, "")


class Foreign:
    """What says things at their periods; `silent` are messages that it never says."""

    peer = 0  # low half of the identifiers that it sends
    own = 0

    def __init__(self, silent: Collection[str] = ()) -> None:
        self.silent = {*silent}
        self.outgoing: list[tuple[int, bytes]] = []
        self.beats: dict[str, tuple[float, float, Callable[[], bytes]]] = {}
        self.later: list[tuple[float, Callable[[float], None]]] = []
        self.heard: list[str] = []
        self.over = False

    @property
    def deadline(self) -> float | None:
        return min([due for due, _, _ in self.beats.values()] + [due for due, _ in self.later], default=None)

    def tick(self, now: float) -> None:
        for due, what in [one for one in self.later if one[0] <= now]:
            self.later.remove((due, what))
            what(now)
        for name, (due, period, payload) in [*self.beats.items()]:
            if due <= now and name in self.beats:
                self.beats[name] = (due + period, period, payload)
                self.say(name, payload(), now)

    def receive(self, identifier: int, data: bytes, now: float) -> None:
        raise NotImplementedError

    def repeat(self, name: str, period: float, payload: bytes | Callable[[], bytes], now: float) -> None:
        self.beats[name] = (now, period, payload if callable(payload) else lambda: payload)

    def hush(self, *names: str) -> None:
        for name in names or [*self.beats]:
            self.beats.pop(name, None)

    def say(self, name: str, payload: bytes, now: float) -> None:
        if name not in self.silent:
            self.frame(PRIORITIES.get(name, 0x18) << 24 | SHORT[name] << 16 | self.peer, payload)

    def frame(self, identifier: int, data: bytes) -> None:
        self.outgoing.append((identifier, data))


class ForeignVehicle(Foreign):
    """A BMS. `packets` is what it takes in one go, `pad` fills its frames to 8 bytes as of 2011."""

    peer, own = TO_CHARGER, TO_VEHICLE

    def __init__(
        self, edition: int = 2015, packets: int = 0xFF, pad: int | None = None, silent: Collection[str] = ()
    ) -> None:
        super().__init__(silent)
        self.edition, self.packets, self.pad = edition, packets, pad
        self.ready = b"\x00"
        self.sending: tuple[str, bytes] | None = None
        self.waiting: list[tuple[str, bytes]] = []

    def say(self, name: str, payload: bytes, now: float) -> None:
        if name in LONG:
            if name not in self.silent and all(name != one for one, _ in self.waiting):
                self.waiting.append((name, payload))
                self._next(now)
            return
        super().say(name, payload if self.pad is None else payload.ljust(8, bytes((self.pad,))), now)

    def _next(self, now: float, tries: int = 3) -> None:
        if self.sending is not None or not self.waiting:
            return
        name, payload = self.sending = self.waiting.pop(0)
        head = struct.pack("<BHBB", RTS, len(payload), -(-len(payload) // 7), self.packets)
        self._control(name, head)
        self.later.append((now + T3, lambda at: self._again((name, payload), at, tries)))

    def _again(self, asked: tuple[str, bytes], now: float, tries: int) -> None:
        if self.sending is asked or self.sending == asked:
            self.sending = None
            if tries > 1 and asked[0] in self.beats:
                self.waiting.insert(0, asked)
            self._next(now, tries - 1)

    def _control(self, name: str, head: bytes) -> None:
        self.frame(0x1C << 24 | CONTROL << 16 | self.peer, head + bytes((0, LONG[name], 0)))

    def receive(self, identifier: int, data: bytes, now: float) -> None:
        if identifier & 0xFFFF != self.own or self.over:
            return
        kind = identifier >> 16 & 0xFF
        if kind == CONTROL and self.sending and data[6] == LONG[self.sending[0]]:
            self._answered(data, now)
        elif name := NAMES.get(kind):
            self.heard.append(name)
            getattr(self, f"on_{name.lower()}", lambda data, now: None)(data, now)

    def _answered(self, data: bytes, now: float) -> None:
        assert self.sending is not None
        _, payload = self.sending
        if data[0] == CTS:
            allowed, first = data[1], data[2]
            assert allowed <= self.packets, "more packets at once than the vehicle takes"
            for number in range(first, first + allowed):
                part = payload[(number - 1) * 7 : number * 7].ljust(7, b"\x00")
                self.frame(0x1C << 24 | DATA << 16 | self.peer, bytes((number,)) + part)
        elif data[0] in (DONE, ABORT):
            assert data[0] == ABORT or data[1:4] == struct.pack("<HB", len(payload), -(-len(payload) // 7))
            self.sending = None
            self._next(now)

    def on_chm(self, data: bytes, now: float) -> None:
        if self.edition == 2015 and "BHM" not in self.beats:
            self.repeat("BHM", 0.25, struct.pack("<H", 4200), now)

    def on_crm(self, data: bytes, now: float) -> None:
        brm = BRM_2015 + VIN + SOFTWARE if self.edition == 2015 else BRM_2011 + VIN
        if data[0] == 0 and "BRM" not in self.beats:
            self.hush()
            self.ready = b"\x00"
            self.repeat("BRM", 0.25, brm, now)
        elif data[0] == 0xAA and "BRM" in self.beats:
            self.hush()
            self.repeat("BCP", 0.5, BCP, now)

    def on_cml(self, data: bytes, now: float) -> None:
        if "BCP" in self.beats:
            self.hush()
            self.repeat("BRO", 0.25, lambda: self.ready, now)
            self.later.append((now + 0.6, self._closed))

    def _closed(self, now: float) -> None:
        if "ready" not in self.silent:
            self.ready = b"\xaa"

    def on_cro(self, data: bytes, now: float) -> None:
        if data[0] == 0xAA and "BRO" in self.beats:
            self.hush()
            self.repeat("BCL", 0.05, BCL, now)
            self.repeat("BSM", 0.25, BSM, now)
            self.repeat("BCS", 0.25, BCS, now)

    def stop(self, now: float, reason: bytes = b"\x01\x00\x00\xf0") -> None:
        self.hush()
        self.repeat("BST", 0.01, reason, now)

    def on_cst(self, data: bytes, now: float) -> None:
        if "BST" in self.beats:
            self.hush()
            self.repeat("BSD", 0.25, BSD, now)
        elif "BCL" in self.beats:
            self.stop(now, b"\x40\x00\x00\xf0")
            self.later.append((now + 0.1, lambda at: self.on_cst(b"", at)))

    def on_csd(self, data: bytes, now: float) -> None:
        self.hush()
        self.over = True


class ForeignCharger(Foreign):
    """A charger. It allows `packets` in one go and holds the sender (CTS of 0 packets) `holds` times first."""

    peer, own = TO_VEHICLE, TO_CHARGER

    def __init__(
        self, edition: int = 2015, packets: int = 0xFF, holds: int = 0, silent: Collection[str] = (), test: float = 1.0
    ) -> None:
        super().__init__(silent)
        self.edition, self.packets, self.holds, self.test = edition, packets, holds, test
        self.message = ("", 0, bytearray())  # name, length, what came
        self.came: dict[str, bytes] = {}

    def start(self, now: float) -> None:
        if self.edition == 2015:
            self.repeat("CHM", 0.25, b"\x01\x01\x00", now)
        else:
            self.recognise(now)

    def recognise(self, now: float) -> None:
        self.hush()
        number = b"\x01\x00\x00\x00\xff\xff\xff" if self.edition == 2015 else b"\x01110000"
        self.crm = b"\x00"
        self.repeat("CRM", 0.25, lambda: self.crm + number, now)

    def receive(self, identifier: int, data: bytes, now: float) -> None:
        if identifier & 0xFFFF != self.own or self.over:
            return
        kind = identifier >> 16 & 0xFF
        if kind == CONTROL:
            self._control(data, now)
        elif kind == DATA:
            self._packet(data, now)
        elif name := NAMES.get(kind):
            self._came(name, data, now)

    def _control(self, data: bytes, now: float) -> None:
        if data[0] == RTS and data[6] in NAMES:
            self.message = (NAMES[data[6]], data[1] | data[2] << 8, bytearray())
            self._allow(min(self.packets, data[4]), self.holds, now)

    def _allow(self, most: int, holds: int, now: float) -> None:
        name, length, came = self.message
        if "transport" in self.silent:
            return
        if holds:
            self._say_control(name, bytes((CTS, 0, 0xFF, 0xFF, 0xFF)))
            self.later.append((now + 0.4, lambda at: self._allow(most, holds - 1, at)))
            return
        self.most = min(most, -(-length // 7) - len(came) // 7)
        self._say_control(name, bytes((CTS, self.most, len(came) // 7 + 1, 0xFF, 0xFF)))

    def _say_control(self, name: str, head: bytes) -> None:
        self.frame(0x1C << 24 | CONTROL << 16 | self.peer, head + bytes((0, LONG[name], 0)))

    def _packet(self, data: bytes, now: float) -> None:
        name, length, came = self.message
        assert data[0] == len(came) // 7 + 1, "packets out of order"
        came += data[1:]
        self.most -= 1
        if len(came) >= length:
            assert not came[length:].strip(b"\xff"), "the last packet is filled with ones"
            self._say_control(name, struct.pack("<BHBB", DONE, length, -(-length // 7), 0xFF))
            self._came(name, bytes(came[:length]), now)
        elif not self.most:
            self._allow(min(self.packets, 0xFF), 0, now)

    def _came(self, name: str, data: bytes, now: float) -> None:
        self.came[name] = data
        self.heard.append(name)
        match name:
            case "BHM" if "CHM" in self.beats and not self.later:
                self.later.append((now + self.test, self.recognise))
            case "BRM" if "CRM" in self.beats and "recognition" not in self.silent:
                self.crm = b"\xaa"
            case "BCP" if "CRM" in self.beats:
                self.hush()
                self.repeat("CML", 0.25, CML if self.edition == 2015 else CML[:6], now)
                self.repeat("CTS", 0.5, b"\xff" * 7, now)
            case "BRO" if data[0] == 0xAA and "CML" in self.beats:
                self.hush()
                self.repeat("CRO", 0.25, b"\x00", now)
                if "ready" not in self.silent:
                    self.later.append((now + 0.3, lambda at: self.repeat("CRO", 0.25, b"\xaa", at)))
            case "BCL" | "BCS" if "CRO" in self.beats and {"BCL", "BCS"} <= self.came.keys():
                self.hush()
                self.repeat("CCS", 0.05, CCS if self.edition == 2015 else CCS[:6], now)
            case "BST" if "CCS" in self.beats:
                self.stop(now, b"\x40\x00\xf0\xf0")
            case "BSD" if "CST" in self.beats:
                self.hush()
                self.repeat("CSD", 0.25, struct.pack("<HHI", 1, 4, 1)[: 8 if self.edition == 2015 else 5], now)
                self.later.append((now + 1.1, self._end))

    def stop(self, now: float, reason: bytes = b"\x04\x00\xf0\xf0") -> None:
        self.hush()
        self.repeat("CST", 0.01, reason, now)

    def _end(self, now: float) -> None:
        self.hush()
        self.over = True
