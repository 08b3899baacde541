"""What lies where in the data folder of an edge."""

from pathlib import Path


def control_socket(data: Path) -> Path:
    """Where commands are taken."""
    return data / "control.sock"


def ledger(data: Path) -> Path:
    """What must not be forgotten."""
    return data / "ledger.db"


def people(data: Path) -> Path:
    """The keys of persons."""
    return data / "people.db"


def journal_key(data: Path) -> Path:
    """The key that signs the journal."""
    return data / "journal.key"


def telemetry(data: Path) -> Path:
    """What may be forgotten, if it is counted."""
    return data / "telemetry.db"


def guard_folder(data: Path, gun: str) -> Path:
    """The sockets between daemon and guard."""
    return data / f"guard-{gun}"


def guard_mark(data: Path, gun: str) -> Path:
    """Where the guard notes durably whether it is armed."""
    return guard_folder(data, gun) / "mark"
