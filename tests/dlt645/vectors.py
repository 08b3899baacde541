"""The published frames: each row with its hexadecimal bytes, what they say, and where they were published."""

import json
from pathlib import Path
from typing import Any

ROWS: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parent.parent / "vectors" / "dlt645.jsonl").read_text("utf-8").splitlines()
]
VALID = [row for row in ROWS if row["valid"] and row["direction"] != "stream"]
MALFORMED = [row for row in ROWS if not row["valid"]]
STREAMS = [row for row in ROWS if row["direction"] == "stream"]


def named(row: dict[str, Any]) -> str:
    """The row's number and source, as a test's name."""
    return f"{row['id']}-{row['source'][:40]}"


def raw(row: dict[str, Any]) -> bytes:
    """The row's bytes."""
    return bytes.fromhex(row["hex"])


def frame_bytes(row: dict[str, Any]) -> bytes:
    """The row's frame without the noise, preamble and stray bytes around it."""
    return raw(row)[row.get("noise_bytes", 0) :][: -row.get("trailing_bytes", 0) or None].lstrip(b"\xfe")
