"""Edges that are enrolled already: `python -m bench.hub.identities DATA FOLDER COUNT` makes their certificates.

One key serves all of them, so that it does not take minutes; for the hub and for TLS they are as different as any.
"""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

from chargelink.hub.clock import now_ms
from chargelink.hub.identity import authority
from chargelink.hub.store.database import opened
from chargelink.hub.store.identities import Certificate, Identity
from chargelink.trust.certificates import key_pem, new_key


def issue(data: Path, folder: Path, count: int, now: int) -> Iterator[Certificate]:
    """The certificates of the hub's table, each written to its file too."""
    folder.mkdir(parents=True)
    ca, key = authority.opened(data, now), new_key()
    for number in range(1, count + 1):
        edge = f"sim{number:05}"
        issued = ca.edge_certificate(edge, key.public_key(), now)
        (folder / f"{edge}.pem").write_bytes(key_pem(key) + issued.pem.encode())
        yield Certificate(
            fingerprint=issued.fingerprint,
            edge=edge,
            key=issued.key,
            der=issued.der,
            issued=now,
            expires=issued.expires,
            used=now,
        )


async def main(data: Path, folder: Path, count: int) -> None:
    async with opened(data):
        certificates = [*issue(data, folder, count, now_ms())]
        await Identity.bulk_create([Identity(edge=one.edge, added=one.issued) for one in certificates])
        await Certificate.bulk_create(certificates)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])))
