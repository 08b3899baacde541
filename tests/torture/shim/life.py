"""A process under the shim: `python -m tests.torture.shim.life edge LEDGER LINK SEED`, or `... hub DATA PORT WEB-PORT`.

TORTURE_SYNCHRONOUS=NORMAL has SQLite promise less than the product asks for.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

from tests.torture.weaker import weaken

PR_SET_PDEATHSIG = 1  # prctl(2)


def main() -> int:
    """The process. It ends with the one that started it, however that ends."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    weaken(os.environ.get("TORTURE_SYNCHRONOUS", "FULL"))
    match sys.argv[1:]:
        case ["edge", ledger, link, seed]:
            from tests.torture import driver

            driver.main(Path(ledger), link, int(seed))
            return 0
        case ["hub", data, port, web_port]:
            from chargelink.cli.main import main

            return main(["hub", "serve", "--data", data, "--port", port, "--web-port", web_port, "--plain"])
    return 2


if __name__ == "__main__":
    sys.exit(main())
