"""The key that signs the journal, in a file of its own: 32 random bytes as 64 hexadecimal digits, mode 0600.

Who has it can sign for this edge. A key that is lost is made anew, and the journal says so.
"""

import os
import re
import stat
from collections.abc import Callable
from pathlib import Path

from chargelink.cli.files import write_durably
from chargelink.edge.ledger.writer import LedgerError
from chargelink.trust.checkpoints import SEED_BYTES, JournalKey

OTHERS = stat.S_IRWXG | stat.S_IRWXO


def load_key(path: Path, entropy: Callable[[int], bytes] = os.urandom) -> JournalKey:
    """The key in the file; made, and on the disk when this returns, if there is none.

    Raises LedgerError for a file that cannot be used, and for one that others may read.
    """
    try:
        if not path.exists():
            write_durably(path, f"{entropy(SEED_BYTES).hex()}\n".encode())
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
