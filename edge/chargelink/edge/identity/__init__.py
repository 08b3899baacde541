"""Who this edge is to its hub: enrolled once, renewed in time, shown at every link.

papers      the file that says it: key, certificate, the hub's CA and addresses
reception   what is said to the hub's enrolment listener
enrol       a token becomes papers
door        how a link is opened, and whom to believe at its other end
renewal     a new certificate while the old one is good
late        a new certificate after the old one has ended
"""

from chargelink.edge.identity.door import Door, Enrolled, Plain, door_to
from chargelink.edge.identity.error import IdentityError
from chargelink.edge.identity.papers import Drawer, Papers

__all__ = ["Door", "Drawer", "Enrolled", "IdentityError", "Papers", "Plain", "door_to"]
