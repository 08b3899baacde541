"""What was agreed with whoever pays, made to hold: reserved when a session begins, settled when it ends, in the very
transactions that store them.
"""

from sqlite3 import Connection

from chargelink.cli.language import Text
from chargelink.edge.ledger import allowances, asking, local_list, uses
from chargelink.edge.ledger.database import Database
from chargelink.edge.ledger.refusal import NotAuthorisedError
from chargelink.link.authorisation import Authorisation
from chargelink.model import SessionEnded, SessionStarted


def begin(database: Connection, started: SessionStarted, clock_trusted: bool) -> None:
    """Reserve what a session is to be paid from: all that was agreed, or it does not begin.

    Raises NotAuthorisedError if any of it is not there any more.
    """
    agreed = started.authorisation
    if agreed is None:
        return
    if agreed.order is None and agreed.pass_id is not None:  # what the hub authorised, it has counted
        terms = local_list.honoured(database, agreed.pass_id)
        if terms is None:
            raise NotAuthorisedError("Invalid", NOT_HONOURED)
        if not clock_trusted:
            raise NotAuthorisedError("Invalid", allowances.CLOCK)
        uses.use_pass(database, terms, started.session_id, started.at)
    if agreed.voucher is not None:  # whoever authorised it: it is used here once
        uses.use_voucher(database, agreed.voucher, started.session_id, started.at)
    if agreed.lease is not None:
        _reserve(database, agreed, agreed.lease, started, clock_trusted)
    if agreed.order is not None:
        asking.begin(database, agreed.order)


def end(database: Database, ended: SessionEnded) -> None:
    """Settle what was reserved; what was not delivered was not used."""
    allowances.settle(database, ended.session_id, ended.bill.total, ended.at)
    if ended.bill.energy == 0:
        uses.give_back(database, ended.session_id)


def _reserve(
    database: Connection, agreed: Authorisation, lease: str, started: SessionStarted, clock_trusted: bool
) -> None:
    """The whole prepaid amount, for whoever charges has been told how much it is."""
    if agreed.prepaid is None:
        raise NotAuthorisedError("Invalid", NO_AMOUNT)
    place = (lease, started.session_id)
    if allowances.reserve(database, *place, agreed.prepaid, started.at, clock_trusted) < agreed.prepaid:
        raise NotAuthorisedError("NoCredit", TAKEN)


NOT_HONOURED = Text("this monthly pass is not honoured here without the hub", "平台未连接时，本站不能使用该包月")
NO_AMOUNT = Text("what is paid from an allowance needs an amount", "使用额度须指明金额")
TAKEN = Text("another charge has just taken of this allowance; try again", "额度刚被另一次充电占用，请重试")
