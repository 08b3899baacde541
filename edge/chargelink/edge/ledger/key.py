"""The key that signs the journal, in a file of its own: 32 random bytes as 64 hexadecimal digits, mode 0600.

Who has it can sign for this edge. A key that is lost is made anew, and the journal says so.
"""

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from chargelink.edge.ledger.writer import LedgerError
from chargelink.trust.checkpoints import SEED_BYTES, JournalKey

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def load_key(path: Path, entropy: Callable[[int], bytes] = os.urandom) -> JournalKey:
    """The key in the file; made, and on the disk when this returns, if there is none.

    Raises LedgerError for a file that cannot be used, and for one that others may read.
    """
    try:
        if not path.exists():
            _write(path, entropy(SEED_BYTES).hex())
        if stat.S_IMODE(path.stat().st_mode) & OTHERS:
            raise LedgerError(f"{path}: others than its owner may read it; chmod 600 {path}")
        digits = path.read_text("ascii").strip()
    except OSError as error:
        raise LedgerError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError:
        digits = ""
    if not re.fullmatch(rf"[0-9a-f]{{{2 * SEED_BYTES}}}", digits):
        raise LedgerError(f"{path}: no key; restore it from a backup, or move it away and a new one is made")
    return JournalKey(bytes.fromhex(digits))


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    beside = path.with_name(f"{path.name}.new")
    with open(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(f"{text}\n")
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
