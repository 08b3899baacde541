"""What changes a bill after its energy or use was priced: passes, discounts, minimum, caps (rules 2, chapter 4)."""

from chargelink.link.authorisation import Authorisation
from chargelink.model import Tariff
from chargelink.model.tariff import Discount
from chargelink.tariff import words
from chargelink.tariff.amounts import WHOLE, half_up
from chargelink.tariff.tally import Line, Tally

AGREED_WITH_NOBODY = Authorisation()


def change(tally: Tally, tariff: Tariff, authorisation: Authorisation | None, fault: bool) -> None:
    """Pass or discount, minimum, and the most that a session costs; not yet what was prepaid."""
    terms = authorisation or AGREED_WITH_NOBODY
    if terms.pass_id is not None:
        tally.take_off(tally.fee("energy"), tally.fee("service"), "pass", words.covered(terms.pass_id))
    elif discount := discount_for(tariff, terms.group):
        _discount(tally, discount, terms.group)
    if not fault and terms.pass_id is None:
        _raise_to(tally, shown_minimum(tariff, terms))
    if tariff.most is not None and tally.total > tariff.most:
        tally.take_off_service_first(tally.total - tariff.most, "most", words.most(tariff.most))


def limit(tally: Tally, most: int | None) -> int:
    """Take off what is above the prepaid amount or the customer's cap; returns it, fen."""
    if most is None or tally.total <= most:
        return 0
    given = tally.total - most
    tally.take_off_service_first(given, "prepaid", words.prepaid(most))
    return given


def discount_for(tariff: Tariff, group: str | None) -> Discount | None:
    """The first discount that a customer of this group has."""
    return next((one for one in tariff.discounts if not one.groups or group in one.groups), None)


def shown_minimum(tariff: Tariff, authorisation: Authorisation) -> int:
    """The least that is due: never more than was shown at the start, nor than the tariff says."""
    return min(tariff.minimum, authorisation.minimum)


def _discount(tally: Tally, discount: Discount, group: str | None) -> None:
    why = words.discounted(discount, group)
    service = tally.fee("service")
    if discount.portion is None:
        amount = discount.amount or 0
        most = service if discount.of == "service" else tally.total
        tally.take_off_service_first(min(amount, most), "discount", why)
        return
    off_service = half_up(service * discount.portion, WHOLE)
    off_energy = half_up(tally.fee("energy") * discount.portion, WHOLE) if discount.of == "total" else 0
    tally.take_off(off_energy, off_service, "discount", why)


def _raise_to(tally: Tally, minimum: int) -> None:
    if tally.total < minimum:
        tally.lines.append(Line("service", minimum - tally.total, "minimum", words.least(minimum)))
