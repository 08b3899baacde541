"""What the edge must not forget: `ledger.db`, where acknowledged means durable.

writer        one thread that commits for all, many at a time
schema        the tables, and how an older file becomes a newer one
database      the file with the ends of its lanes in memory
journal       the lanes: append, send from, acknowledge
checkpoints   what the edge has signed of them
epochs        lives of the journal
key           the key that signs, in a file of its own
opening       from a file to a journal
sessions      from authorised to billed, across crashes
session_states from authorised to settled, as a table
session_store what of that is one transaction
open_session  one that has not ended
elapsed       durations, by a clock that nobody sets
people        the keys of persons, in a file of their own
erasures      who was erased
supervision   what only the supervisor of metering can read
held_tariffs  tariffs as they were published
allowances    money that may be spent without asking, leased
refusal       why somebody may not charge
memory        small values of drivers, counters that never repeat

and what it may forget, if it counts it: `telemetry.db`.

telemetry       samples gather in blocks, and are stored every 5 s
telemetry_file  the file as the loop sees it: asked in a thread, set aside when it is damaged
blocks          the file: blocks and gaps, numbered, and never too many
"""

from chargelink.edge.ledger.database import Database, Entry, Limits
from chargelink.edge.ledger.journal import Journal, LedgerFull, Pending, Position, Waiting
from chargelink.edge.ledger.key import load_key
from chargelink.edge.ledger.memory import Memory
from chargelink.edge.ledger.open_session import Ending, OpenSession
from chargelink.edge.ledger.people import People, PeopleError
from chargelink.edge.ledger.session_store import OrderRefused
from chargelink.edge.ledger.sessions import Begun, Sessions
from chargelink.edge.ledger.supervision import Supervision
from chargelink.edge.ledger.writer import LedgerError

__all__ = [
    "Begun",
    "Database",
    "Ending",
    "Entry",
    "Journal",
    "LedgerError",
    "LedgerFull",
    "Limits",
    "Memory",
    "OpenSession",
    "OrderRefused",
    "Pending",
    "People",
    "PeopleError",
    "Position",
    "Sessions",
    "Supervision",
    "Waiting",
    "load_key",
]
