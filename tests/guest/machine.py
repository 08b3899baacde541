"""A virtual machine: QEMU without KVM, a serial console that goes to a file, no network."""

import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from tests.guest.image import CannotError

PATIENCE = 180.0  # s until a machine has begun, or ended


class Machine:
    """A machine that can be started again and again. `kernel` and `initial` are files."""

    def __init__(self, place: Path, kernel: Path, initial: Path) -> None:
        self._place = place
        self._files = kernel, initial
        self._number = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def _console(self) -> Path:
        return self._place / f"console-{self._number}"

    def start(self, words: str = "", drives: Iterable[str] = ()) -> None:
        """Switch it on, with words for its kernel and drives as QEMU has them."""
        self._number += 1
        kernel, initial = self._files
        words = (
            "console=ttyS0 quiet loglevel=0 panic=-1 tsc=reliable mitigations=off random.trust_cpu=on rdinit=/init "
            + words
        )
        line = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "512", "-smp", "2"]
        line += ["-nic", "none", "-vga", "none", "-display", "none", "-monitor", "none", "-no-reboot"]
        line += [part for drive in drives for part in ("-drive", f"if=virtio,format=raw,{drive}")]
        line += ["-serial", f"file:{self._console}", "-kernel", str(kernel), "-initrd", str(initial), "-append", words]
        self._process = subprocess.Popen(line, stdin=subprocess.DEVNULL)

    def kill(self) -> None:
        """Cut its power."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def wait(self) -> None:
        """Until it has switched itself off."""
        assert self._process is not None
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()

    def close(self) -> None:
        """Leave no process behind."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def lines(self) -> list[str]:
        """The whole lines of the present console."""
        try:
            text = self._console.read_bytes().decode(errors="replace")
        except FileNotFoundError:
            return []
        return text[: text.rfind("\n") + 1].replace("\r", "").splitlines()

    def until(self, beginning: str | tuple[str, ...], count: int = 1, patience: float = PATIENCE) -> list[str]:
        """The lines, as soon as so many of them begin like this. Raises CannotError when they do not."""
        assert self._process is not None
        until = time.monotonic() + patience
        while True:
            gone = self._process.poll() is not None
            lines = self.lines()
            if sum(line.startswith(beginning) for line in lines) >= count:
                return lines
            if gone or time.monotonic() > until:
                raise CannotError("the machine does not come so far: " + " | ".join(lines[-20:]))
            time.sleep(0.02)
