"""Records of which the edge remembers that they were written: record and memory are one transaction."""

from chargelink.edge.ledger import journal
from chargelink.edge.ledger.database import Database
from chargelink.edge.ledger.journal import Journal
from chargelink.edge.ledger.memory import keep, value_of
from chargelink.model import Alarm


async def told_once(ledger: Journal, alarm: Alarm, name: str, said: bytes) -> bool:
    """Record an alarm unless the memory of that name says so already; whether it was. Raises LedgerError."""

    def record(database: Database) -> bool:
        if value_of(database, name) == said:
            return False
        journal.append(database, alarm, alarm.at)
        keep(database, name, said)
        return True

    return await ledger.writer.run(record)
