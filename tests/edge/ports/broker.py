"""An MQTT broker of our own: Debian's mosquitto on a free port of this machine."""

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest

PATIENCE = 30.0  # s
CONFIGURATION = "listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nlog_type error\n"


def program() -> str:
    """Where mosquitto is. Skips the test without it; with CI=true it fails."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if found is None and os.environ.get("CI") == "true":
        pytest.fail("no mosquitto; tools/prepare installs it")
    if found is None:
        pytest.skip("no mosquitto")
    return found


class Broker:
    """`start` and `stop`, more than once on the same port if need be."""

    def __init__(self) -> None:
        self._program = program()
        self._folder = tempfile.TemporaryDirectory(prefix="chargelink-mosquitto-")
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Returns when it listens."""
        file = Path(self._folder.name) / "mosquitto.conf"
        file.write_text(CONFIGURATION.format(port=self.port))
        process = self._begin(file)
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    assert process.poll() is None, "mosquitto ended"
                    await asyncio.sleep(0.01)  # nothing tells when a port begins to listen
                else:
                    writer.close()
                    await writer.wait_closed()
                    return

    def _begin(self, file: Path) -> "subprocess.Popen[bytes]":
        self._process = subprocess.Popen([self._program, "-c", file], stdout=subprocess.DEVNULL)
        return self._process

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(PATIENCE)
            self._process = None

    def remove(self) -> None:
        self.stop()
        self._folder.cleanup()
