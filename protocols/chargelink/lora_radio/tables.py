"""The tables of `docs/protocols/lora_radio.md`, made from the declarations.

`TABLES` has them by the names of the page's markers, without the room; every value is a function that returns Markdown.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from chargelink.lora_radio.airtime import SPREADING_FACTORS, airtime_us, longest_payload, symbol_us
from chargelink.lora_radio.gwmp import FROM_GATEWAY, WITH_JSON, Kind
from chargelink.lora_radio.packets import RECEIVED, STATISTICS, TRANSMIT, Key

PAYLOADS = (12, 16, 20, 24, 32, 33, 40, 51, 111)  # bytes, sizes of frames that sockets use


def markdown(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def airtime() -> str:
    """Airtime in ms by spreading factor and payload at 125 kHz, and the longest packet the band allows."""
    head = ("SF", "symbol ms", *(f"{payload} B" for payload in PAYLOADS), "most bytes within 1 s")
    return markdown(
        head,
        [
            (
                factor,
                f"{symbol_us(factor) / 1000:.3f}",
                *(f"{airtime_us(payload, factor) / 1000:.1f}" for payload in PAYLOADS),
                longest_payload(factor),
            )
            for factor in SPREADING_FACTORS
        ],
    )


def datagrams() -> str:
    """The kinds of datagram."""
    rows = [
        (
            f"{kind:02X}",
            kind.name,
            "gateway" if kind in FROM_GATEWAY else "server",
            "yes" if kind in FROM_GATEWAY else "",
            "yes" if kind in WITH_JSON else "",
        )
        for kind in Kind
    ]
    return markdown(("kind", "name", "sent by", "gateway EUI", "JSON"), rows)


def keys(table: tuple[Key, ...]) -> str:
    """The keys of one JSON object, their fields here and their units."""
    return markdown(("key", "field", "unit", "meaning"), [(key.key, key.field, key.unit, key.meaning) for key in table])


TABLES: dict[str, Callable[[], str]] = {
    "airtime": airtime,
    "datagrams": datagrams,
    "rxpk": partial(keys, RECEIVED),
    "txpk": partial(keys, TRANSMIT),
    "stat": partial(keys, STATISTICS),
}
