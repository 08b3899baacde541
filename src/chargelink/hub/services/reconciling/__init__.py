"""Does it add up: bills, the ledger and the meters' registers, for a day or a month, to the fen and the mWh.

figures    what is added up, and what a difference is
bills      each settled bill against the ledger
registers  each meter's register over the sessions of its device
held       what is held for orders and allowances, and for how long
report     all of it together
shares     a statement of how the service fee is shared
"""

from chargelink.hub.services.reconciling.figures import Difference, Figures, Place
from chargelink.hub.services.reconciling.report import Report, reconcile
from chargelink.hub.services.reconciling.shares import Statement, statement

__all__ = ["Difference", "Figures", "Place", "Report", "Statement", "reconcile", "statement"]
