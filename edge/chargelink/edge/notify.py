"""Tell systemd that we are ready and alive (sd_notify(3), sd_watchdog_enabled(3)). Without systemd nothing happens."""

import socket
from collections.abc import Mapping

MICROSECONDS = 1_000_000


class Notify:
    """The supervisor's socket, if there is one."""

    def __init__(self, environment: Mapping[str, str], process: int) -> None:
        """`environment` as systemd made it, `process` our own id: a watchdog meant for another process is not ours."""
        address = environment.get("NOTIFY_SOCKET", "")
        # An @ stands for the zero byte of an abstract socket; anything but a path or an @ is none of ours.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address if address.startswith("/") else None
        limit = environment.get("WATCHDOG_USEC", "")
        ours = environment.get("WATCHDOG_PID") in (None, str(process))
        usable = self._address is not None and ours and limit.isascii() and limit.isdecimal() and int(limit) > 0
        self.watchdog_interval = int(limit) / MICROSECONDS / 2 if usable else None
        """Seconds between signs of life, half of what systemd waits for; None if it does not watch."""

    def ready(self) -> None:
        """Start-up is complete."""
        self._send("READY=1")

    def alive(self) -> None:
        """A sign of life for the watchdog; due every `watchdog_interval`."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={text.splitlines()[0] if text else ''}")

    def stopping(self) -> None:
        """We are on our way out."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if self._address is None:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.setblocking(False)
            try:
                sender.sendto(message.encode(), self._address)
            except OSError:
                return  # a supervisor that does not listen must never stop a charger
