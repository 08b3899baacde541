"""A virtual machine whose power can be cut: an ext4 disk, and a second one with what it said before earlier cuts."""

from pathlib import Path
from typing import NamedTuple

from tests.guest import machine
from tests.guest.image import CannotError, output

DISK = 1 << 29  # bytes
SECTOR = 512


class Verdict(NamedTuple):
    """What a machine found when it looked at its ledger."""

    lost: int
    records: int
    findings: list[str]


class Machine(machine.Machine):
    """One machine after the other, with the same disk. `kernel` and `initial` are files."""

    def __init__(self, place: Path, kernel: Path, initial: Path, synchronous: str) -> None:
        super().__init__(place, kernel, initial)
        self._synchronous = synchronous
        self._disk, self._said = place / "disk", place / "said"
        self._said.write_bytes(b"")
        with self._disk.open("wb") as disk:
            disk.truncate(DISK)
        output("mkfs.ext4", "-q", "-F", str(self._disk))

    def begin(self, *, seed: int = 0, work: bool) -> None:
        """Switch it on, with all that was said so far on its second disk."""
        said = self._said.read_bytes()
        told = self._place / "told"
        told.write_bytes(said + bytes(SECTOR - len(said) % SECTOR))
        # cache=writeback: the guest sees a disk with a cache of its own and has to flush it, and QEMU passes each flush
        # on to the host. What the guest had not yet written to its disk is gone with its memory.
        self.start(
            f"torture.synchronous={self._synchronous} torture.work={'yes' if work else 'no'} torture.seed={seed}",
            drives=(f"file={self._disk},cache=writeback", f"file={told},readonly=on"),
        )

    def verdict(self) -> Verdict:
        """Wait for what it finds. Raises CannotError when it does not begin."""
        lines = self.until("verdict ")
        _, lost, rest = next(line for line in lines if line.startswith("verdict ")).split(" ", 2)
        if lost == "failed":
            raise CannotError(f"the guest: {rest}")
        return Verdict(int(lost), int(rest), [line for line in lines if line.startswith("found ")])

    def wait_until_it_works(self) -> None:
        """It records from now on. Raises CannotError."""
        self.until("epoch ")

    def cut(self) -> int:
        """Cut the power; how many things it had said to be durable."""
        self.kill()
        kept = [line for line in self.lines() if line.startswith(("record ", "begun ", "ended "))]
        with self._said.open("ab") as said:
            said.write("".join(f"{line}\n" for line in kept).encode())
        return len(kept)
