"""The chain of a lane: each record's value covers all before it, so that nothing can be changed, moved or left out.

    chain 0 = SHA-256("chargelink.chain.1" | n edge | n epoch | n lane)          n: one byte, the length of what follows
    chain k = SHA-256(chain k-1 | seq | at | n kind | hash)                      seq, at: 8 bytes, big-endian

The hash of a record is that of its stored bytes (FIPS 180-4), which hold personal fields as ciphertext only: a key that
is erased leaves the chain whole. A checkpoint is an Ed25519 signature (RFC 8032) of the edge under one value, and with
it under every record up to there.
"""

import hashlib
import struct

DIGEST_BYTES = 32

_CHAIN = b"chargelink.chain.1"
_CHECKPOINT = b"chargelink.checkpoint.1"
_NUMBERS = struct.Struct(">QQ")


def record_hash(body: bytes) -> bytes:
    """The hash of a record: SHA-256 of the bytes of its body."""
    return hashlib.sha256(body).digest()


def chain_start(edge: str, epoch: str, lane: str) -> bytes:
    """The value before the first record of a lane: 32 bytes. Names have 1 to 64 ASCII characters."""
    return hashlib.sha256(_CHAIN + b"".join(_counted(name) for name in (edge, epoch, lane))).digest()


def chain_next(previous: bytes, seq: int, at: int, kind: str, digest: bytes) -> bytes:
    """The value at a record, from the one before it: 32 bytes. `at` in UTC milliseconds, `digest` is its hash."""
    return hashlib.sha256(previous + _NUMBERS.pack(seq, at) + _counted(kind) + digest).digest()


def checkpoint_bytes(seq: int, chain: bytes, at: int) -> bytes:
    """What an edge signs at `at` (UTC milliseconds) to stand by all records up to `seq`."""
    return _CHECKPOINT + _NUMBERS.pack(seq, at) + chain


def _counted(name: str) -> bytes:
    data = name.encode()
    return bytes([len(data)]) + data
