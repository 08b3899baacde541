"""A virtual machine whose power can be cut: QEMU without KVM, an ext4 disk, a serial console that goes to a file."""

import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from tests.torture.power.image import CannotError, output

DISK = 1 << 29  # bytes
SECTOR = 512
PATIENCE = 180  # s until a machine has begun, or ended


class Verdict(NamedTuple):
    """What a machine found when it looked at its ledger."""

    lost: int
    records: int
    findings: list[str]


class Machine:
    """One machine after the other, with the same disk. `kernel` and `initial` are files."""

    def __init__(self, place: Path, kernel: Path, initial: Path, synchronous: str) -> None:
        self._place = place
        self._files = kernel, initial
        self._synchronous = synchronous
        self._disk, self._said = place / "disk", place / "said"
        self._said.write_bytes(b"")
        with self._disk.open("wb") as disk:
            disk.truncate(DISK)
        output("mkfs.ext4", "-q", "-F", str(self._disk))
        self._number = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._read = 0

    @property
    def _console(self) -> Path:
        return self._place / f"console-{self._number}"

    def start(self, *, seed: int = 0, work: bool) -> None:
        """Switch it on, with all that was said so far on its second disk."""
        said = self._said.read_bytes()
        told = self._place / "told"
        told.write_bytes(said + bytes(SECTOR - len(said) % SECTOR))
        self._number += 1
        self._read = 0
        kernel, initial = self._files
        words = (
            f"console=ttyS0 quiet loglevel=0 panic=-1 tsc=reliable mitigations=off random.trust_cpu=on rdinit=/init"
            f" torture.synchronous={self._synchronous} torture.work={'yes' if work else 'no'} torture.seed={seed}"
        )
        # cache=writeback: the guest sees a disk with a cache of its own and has to flush it, and QEMU passes each flush
        # on to the host. What the guest had not yet written to its disk is gone with its memory.
        drives = [f"file={self._disk},cache=writeback", f"file={told},readonly=on"]
        line = ["qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "512", "-smp", "2"]
        line += ["-nic", "none", "-vga", "none", "-display", "none", "-monitor", "none", "-no-reboot"]
        line += [part for drive in drives for part in ("-drive", f"if=virtio,format=raw,{drive}")]
        line += ["-serial", f"file:{self._console}", "-kernel", str(kernel), "-initrd", str(initial), "-append", words]
        self._process = subprocess.Popen(line, stdin=subprocess.DEVNULL)

    def verdict(self) -> Verdict:
        """Wait for what it finds. Raises CannotError when it does not begin."""
        lines = self._until("verdict ")
        _, lost, rest = next(line for line in lines if line.startswith("verdict ")).split(" ", 2)
        if lost == "failed":
            raise CannotError(f"the guest: {rest}")
        return Verdict(int(lost), int(rest), [line for line in lines if line.startswith("found ")])

    def wait_until_it_works(self) -> None:
        """It records from now on. Raises CannotError."""
        self._until("epoch ")

    def cut(self) -> int:
        """Cut the power; how many things it had said to be durable."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        kept = [line for line in self._lines() if line.startswith(("record ", "begun ", "ended "))]
        with self._said.open("ab") as said:
            said.write("".join(f"{line}\n" for line in kept).encode())
        return len(kept)

    def wait(self) -> None:
        """Until it has switched itself off."""
        assert self._process is not None
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.cut()

    def close(self) -> None:
        """Leave no process behind."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _lines(self) -> list[str]:
        """The whole lines of the present console."""
        try:
            text = self._console.read_bytes().decode(errors="replace")
        except FileNotFoundError:
            return []
        return text[: text.rfind("\n") + 1].replace("\r", "").splitlines()

    def _until(self, beginning: str) -> list[str]:
        assert self._process is not None
        until = time.monotonic() + PATIENCE
        while True:
            gone = self._process.poll() is not None
            lines = self._lines()
            if any(line.startswith(beginning) for line in lines):
                return lines
            if gone or time.monotonic() > until:
                raise CannotError("the machine does not begin: " + " | ".join(lines[-20:]))
            time.sleep(0.02)
