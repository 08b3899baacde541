"""Which key an edge may sign its journal with: the first that it told, until a person allows another.

An enrolled edge's key is pinned with its identity and a link with another one is refused there. Here the keys that were
ever accepted are kept, for old checkpoints, and edges without an identity are held to their first.
"""

from chargelink.hub.store.alarms import write_alarm
from chargelink.hub.store.chains import JournalKey
from chargelink.hub.store.models import Alarm


async def pin(edge: str, key: bytes | None, at: int, *, trusted: bool) -> Alarm | None:
    """An edge told its key; `trusted` says that its identity was checked and allows it. An alarm if it is another."""
    if key is None:
        return None
    known = await accepted(edge)
    if key in known:
        return None
    if known and not trusted:
        detail: dict[str, object] = {"edge": edge, "old": known[-1].hex(), "new": key.hex()}
        return await write_alarm(edge, "signing-key-changed", f"{known[-1].hex()} {key.hex()}", at, detail)
    await JournalKey.create(edge=edge, key=key.hex(), since=at)
    return None


async def accepted(edge: str) -> list[bytes]:
    """The keys of an edge, oldest first."""
    return [bytes.fromhex(row.key) for row in await JournalKey.filter(edge=edge).order_by("id")]
