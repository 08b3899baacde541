"""Identity is made where the thing happens: the one function that makes a session id.

A session id is a UUID of version 7 (RFC 9562 §5.7): 48 bits of UTC milliseconds, then 74 random bits. Ids of one edge
sort by the time of their birth, and no two edges ever need to agree on one.
"""

from uuid import UUID

ENTROPY_BYTES = 10
_VERSION = 0x7 << 76
_VARIANT = 0b10 << 62
_LATEST_MS = (1 << 48) - 1
_RAND_A = ((1 << 12) - 1) << 64
_RAND_B = (1 << 62) - 1


def session_id(now_ms: int, entropy: bytes) -> str:
    """The id of a session that begins at `now_ms` (UTC milliseconds since 1970), from 10 bytes of randomness.

    Raises ValueError for a time outside 48 bits or too little entropy: a guessable id would be worse than none.
    """
    if not 0 <= now_ms <= _LATEST_MS:
        raise ValueError(f"{now_ms} ms is no time of a UUIDv7")
    if len(entropy) < ENTROPY_BYTES:
        raise ValueError(f"{len(entropy)} bytes of entropy, {ENTROPY_BYTES} are needed")
    random = int.from_bytes(entropy[:ENTROPY_BYTES], "big")
    return str(UUID(int=now_ms << 80 | _VERSION | random & _RAND_A | _VARIANT | random & _RAND_B))


def born_at(identifier: str) -> int:
    """The UTC milliseconds at which a session id was made.

    Raises ValueError for what is no UUIDv7.
    """
    uuid = UUID(identifier)
    if uuid.version != 7:
        raise ValueError(f"{identifier} is no UUIDv7")
    return uuid.int >> 80
