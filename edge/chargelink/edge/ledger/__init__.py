"""What the edge must not forget: `ledger.db`, where acknowledged means durable.

writer    one thread that commits for all, many at a time
schema    the tables, and how an older file becomes a newer one
journal   the record lane: append, send from, acknowledge
sessions  from authorised to billed, across crashes
memory    small values of drivers, counters that never repeat
"""

from chargelink.edge.ledger.journal import Journal, LedgerFull, Position
from chargelink.edge.ledger.memory import Memory
from chargelink.edge.ledger.sessions import Begun, Ending, OpenSession, Sessions
from chargelink.edge.ledger.writer import LedgerError

__all__ = ["Begun", "Ending", "Journal", "LedgerError", "LedgerFull", "Memory", "OpenSession", "Position", "Sessions"]
