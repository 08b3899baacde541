"""What edges say, written from docs/protocols/link.md and nothing of ours: `msgpack`, SHA-256 and struct."""

import hashlib
import os
import struct
import time
from typing import Any, NamedTuple

import msgpack

SUBPROTOCOL = "chargelink.1.msgpack"
LARGEST_MESSAGE = 1 << 20
CALL, RESULT, ERROR = 2, 3, 4
RECORD_LANE = "record"
TELEMETRY_LANE = "telemetry"
HOUR = 3_600_000  # ms
DEVICE = "gun-1"

_pack = msgpack.Packer(autoreset=True).pack
_unpack = msgpack.unpackb


class SpeechError(Exception):
    """The hub said what no hub may say."""


def call(call_id: str, action: str, payload: dict[str, Any]) -> bytes:
    data: bytes = _pack([CALL, call_id, action, payload])
    return data


def refusal(call_id: str, code: str) -> bytes:
    data: bytes = _pack([ERROR, call_id, code, "a simulated edge does nothing", {}])
    return data


def frame(data: bytes) -> list[Any]:
    """Raises SpeechError."""
    try:
        parts = _unpack(data)
    except (ValueError, msgpack.UnpackException) as error:
        raise SpeechError(f"no MessagePack: {error}") from error
    sizes = {CALL: 4, RESULT: 3, ERROR: 5}
    if not isinstance(parts, list) or not parts or sizes.get(parts[0]) != len(parts) or not isinstance(parts[1], str):
        raise SpeechError(f"no frame: {data[:64].hex()}")
    return parts


def now_ms() -> int:
    return time.time_ns() // 1_000_000


# --- the chain of a lane ---


def _counted(name: str) -> bytes:
    return bytes([len(name)]) + name.encode()


def chain_start(edge: str, epoch: str, lane: str) -> bytes:
    return hashlib.sha256(b"chargelink.chain.1" + b"".join(map(_counted, (edge, epoch, lane)))).digest()


def chain_next(before: bytes, seq: int, at: int, kind: str, digest: bytes) -> bytes:
    return hashlib.sha256(before + struct.pack(">QQ", seq, at) + _counted(kind) + digest).digest()


# --- bodies: packed once with a session and times that are recognised, then cut to each session ---

_SESSION = "00000000-0000-7000-8000-000000000000"
_BEGAN, _ENDED = 0xB1B1B1B1B1B1, 0xE2E2E2E2E2E2
_FIRST, _LAST = 0xB3B3B3B3B3B3, 0xE4E4E4E4E4E4
_PERIOD = {"start": "00:00", "end": "24:00", "name": "flat", "energyPrice": 60_000, "servicePrice": 40_000}
TARIFF: bytes = _pack({"id": "simulated", "version": 1, "name": "simulated", "periods": [_PERIOD], "perUse": None})
_TARIFF_HASH = hashlib.sha256(TARIFF).hexdigest()
_REGISTER = 10_000_000_000  # mWh, of a new meter; it has the width of the marks
_ENERGY = 10_000_000  # mWh of each session


def _common(edge: str) -> dict[str, Any]:
    tariff = {"tariffId": "simulated", "tariffHash": _TARIFF_HASH}
    return {"sessionId": _SESSION, "edgeId": edge, "device": DEVICE, "kind": "dc", "authorisedBy": "local", **tariff}


def _started(edge: str) -> bytes:
    body = {**_common(edge), "at": _BEGAN, "start": {"at": _BEGAN, "register": _FIRST}}
    data: bytes = _pack(body)
    return data


def _ended(edge: str) -> bytes:
    line = {"period": "flat", "energy": _ENERGY, "because": "10.000000 kWh"}
    body = {
        **_common(edge),
        "startedAt": _BEGAN,
        "at": _ENDED,
        "stopReason": "SOCLimitReached",
        "stoppedBy": "vehicle",
        "readings": [{"at": _BEGAN, "register": _FIRST}, {"at": _ENDED, "register": _LAST}],
        "socStart": 200,
        "socEnd": 800,
        "bill": {
            "sessionId": _SESSION,
            "tariffId": "simulated",
            "tariffHash": _TARIFF_HASH,
            "rulesVersion": 1,
            "lines": [
                {"what": "energy", "price": 60_000, "amount": 600, **line},
                {"what": "service", "price": 40_000, "amount": 400, **line},
            ],
            "total": 1000,
            "energy": _ENERGY,
            "verifiedMeter": True,
            "fault": False,
        },
    }
    data: bytes = _pack(body)
    return data


def session_id(at: int) -> str:
    """A UUID of version 7 (RFC 9562 §5.7)."""
    digits = os.urandom(10).hex()
    return f"{at >> 16:08x}-{at & 0xFFFF:04x}-7{digits[:3]}-8{digits[3:6]}-{digits[6:18]}"


class Record(NamedTuple):
    """An entry of a journal. `before` is the value of the chain in front of it, `after` with it."""

    seq: int
    kind: str
    at: int
    body: bytes
    digest: bytes
    before: bytes
    after: bytes

    def shape(self) -> dict[str, Any]:
        return {"seq": self.seq, "kind": self.kind, "at": self.at, "body": self.body, "hash": self.digest}


class Session(NamedTuple):
    """One that has begun: when, in UTC ms, and at which register of the meter, in mWh."""

    id: str
    began: int
    register: int

    def cut(self, template: bytes, ended: int) -> bytes:
        """The body for this session."""
        values = {_BEGAN: self.began, _ENDED: ended, _FIRST: self.register, _LAST: self.register + _ENERGY}
        for mark, value in values.items():
            template = template.replace(mark.to_bytes(8, "big"), value.to_bytes(8, "big"))
        return template.replace(_SESSION.encode(), self.id.encode())


class Journal:
    """The record lane of an edge: a tariff, then sessions of 10 kWh that begin and end. What is sent is forgotten."""

    __slots__ = ("_edge", "_ended", "_register", "_session", "_started", "chain", "epoch", "seq")

    def __init__(self, edge: str) -> None:
        self._edge = edge
        self._started, self._ended = _started(edge), _ended(edge)
        self._register = _REGISTER
        self.epoch = os.urandom(8).hex()
        self.seq = 0
        self.chain = chain_start(self._edge, self.epoch, RECORD_LANE)
        self._session: Session | None = None

    def write(self) -> Record:
        """The next record."""
        now = now_ms()
        kind, body = self._content(now)
        self.seq += 1
        digest, before = hashlib.sha256(body).digest(), self.chain
        self.chain = chain_next(before, self.seq, now, kind, digest)
        return Record(self.seq, kind, now, body, digest, before, self.chain)

    def _content(self, now: int) -> tuple[str, bytes]:
        if self.seq == 0:
            return "tariff", TARIFF
        if self._session is None:
            self._session = Session(session_id(now), now - HOUR, self._register)
            return "session.started", self._session.cut(self._started, now)
        body = self._session.cut(self._ended, now)
        self._register += _ENERGY
        self._session = None
        return "session.ended", body
