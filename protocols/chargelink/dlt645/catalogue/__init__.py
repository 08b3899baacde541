"""The data identifiers, one file a page of the standard's appendix A, as data.

`STANDARD` has both editions: identifiers of eight digits are those of 2007, of four digits those of 1997.
"""

from chargelink.dlt645.catalogue.catalogue import Catalogue
from chargelink.dlt645.catalogue.edition1997 import EDITION_1997, modern_identifier
from chargelink.dlt645.catalogue.energy import DEMAND, ENERGY, PRECISE, PREPAID
from chargelink.dlt645.catalogue.events import EVENTS, SWITCHING
from chargelink.dlt645.catalogue.freeze import FREEZE
from chargelink.dlt645.catalogue.instantaneous import INSTANTANEOUS
from chargelink.dlt645.catalogue.load_profile import LOAD_PROFILE
from chargelink.dlt645.catalogue.parameters import PARAMETERS
from chargelink.dlt645.catalogue.row import Access, Item, Row

__all__ = [
    "PAGES",
    "STANDARD",
    "Access",
    "Catalogue",
    "Item",
    "Row",
    "modern_identifier",
]

PAGES = {
    "Energy": ENERGY,
    "Precise energy": PRECISE,
    "Prepaid": PREPAID,
    "Maximum demand": DEMAND,
    "Instantaneous": INSTANTANEOUS,
    "Events": EVENTS,
    "Trip and close": SWITCHING,
    "Parameters": PARAMETERS,
    "Freezes": FREEZE,
    "Load profile": LOAD_PROFILE,
    "1997 edition": EDITION_1997,
}

STANDARD = Catalogue(row for page in PAGES.values() for row in page)
