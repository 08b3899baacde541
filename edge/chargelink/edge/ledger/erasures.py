"""Who was erased: the ledger's own list, apart from the keys, so that a copy of `people.db` brings nobody back."""

from chargelink.edge.ledger import journal
from chargelink.edge.ledger.database import Database
from chargelink.model import PersonErased


def erased(database: Database) -> list[str]:
    """Everybody who ever was."""
    return [person for (person,) in database.execute("SELECT person FROM erased")]


def erase(database: Database, erased: PersonErased) -> bool:
    """Put somebody on the list and record it, within a transaction; False, and nothing is done, if they are on it."""
    row = (erased.person, erased.at)
    if not database.execute("INSERT OR IGNORE INTO erased VALUES (?, ?)", row).rowcount:
        return False
    journal.append(database, erased, erased.at)
    return True
