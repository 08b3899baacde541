"""A journal for the tests that chains and signs by hashlib and cryptography alone, and shares nothing with the hub."""

import hashlib
import struct
from dataclasses import dataclass, field
from typing import Any

import msgpack
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

AT = 1_763_571_600_000


def counted(name: str) -> bytes:
    return bytes([len(name.encode())]) + name.encode()


@dataclass
class ChainedJournal:
    """Records of one lane, each with the value of the chain at it; `records[n]` has the number n + 1."""

    edge: str = "edge-1"
    epoch: str = "epoch-1"
    lane: str = "record"
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    records: list[dict[str, Any]] = field(default_factory=list)
    chains: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        start = b"chargelink.chain.1" + counted(self.edge) + counted(self.epoch) + counted(self.lane)
        self.chains.append(hashlib.sha256(start).digest())

    @property
    def public(self) -> bytes:
        return self.key.public_key().public_bytes_raw()

    def write(self, *bodies: Any, kind: str = "other") -> None:
        """Write records; a body of bytes is taken as it is."""
        for body in bodies:
            raw = body if isinstance(body, bytes) else msgpack.packb(body)
            seq, at, digest = len(self.records) + 1, AT + len(self.records), hashlib.sha256(raw).digest()
            self.records.append({"seq": seq, "kind": kind, "at": at, "body": raw, "hash": digest})
            head = struct.pack(">QQ", seq, at) + counted(kind)
            self.chains.append(hashlib.sha256(self.chains[-1] + head + digest).digest())

    def forked(self, after: int) -> "ChainedJournal":
        """Another history with the same name and key, the same up to a record."""
        other = ChainedJournal(self.edge, self.epoch, self.lane, self.key)
        for record in self.records[:after]:
            other.write(record["body"], kind=record["kind"])
        return other

    def checkpoint(self, seq: int, key: Ed25519PrivateKey | None = None) -> dict[str, Any]:
        """A signature under the records up to `seq`."""
        at = AT + 1_000_000 + seq
        signed = b"chargelink.checkpoint.1" + struct.pack(">QQ", seq, at) + self.chains[seq]
        return {"seq": seq, "at": at, "signature": (key or self.key).sign(signed)}

    def batch(self, first: int, last: int, *, previous: bool = True, checkpoint: Any = None) -> dict[str, Any]:
        """What is sent for records `first` to `last`."""
        sent: dict[str, Any] = {"epoch": self.epoch, "lane": self.lane, "first": first}
        sent["records"] = self.records[first - 1 : last]
        if previous:
            sent["previous"] = self.chains[first - 1]
        if checkpoint is not None:
            sent["checkpoint"] = checkpoint
        return sent
