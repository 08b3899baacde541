"""What the fuzzer begins with: the published vectors of the tests."""

import json
from functools import cache
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parent.parent / "vectors"


@cache
def rows(protocol: str) -> tuple[dict[str, Any], ...]:
    """The vectors of a protocol."""
    return tuple(json.loads(line) for line in (VECTORS / f"{protocol}.jsonl").read_text("utf-8").splitlines())


def can_frames(row: dict[str, Any]) -> list[tuple[int, bytes]]:
    """Identifier and data of each frame of a vector of GB/T 27930."""
    return [
        (int(identifier, 16), bytes.fromhex(data))
        for identifier, _, data in (frame.partition("#") for frame in row["raw"])
    ]


def meter_bytes() -> list[bytes]:
    """The bytes of every vector of DL/T 645."""
    return [bytes.fromhex(row["hex"]) for row in rows("dlt645")]


def gateway_documents() -> list[bytes]:
    """The JSON of packet forwarders."""
    return [row["raw"].encode() for row in rows("lora_radio") if row["kind"] == "gwmp"]


def gateway_datagrams() -> list[bytes]:
    """The datagrams of packet forwarders."""
    return [bytes.fromhex(row["raw"]) for row in rows("lora_radio") if row["kind"] == "gwmp_udp"]
