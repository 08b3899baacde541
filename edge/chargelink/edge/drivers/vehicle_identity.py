"""What car it is, as it says itself (GB/T 27930 BRM): personal data, kept sealed with its session and nowhere else."""

import structlog

from chargelink.cli.masking import VIN
from chargelink.edge.drivers.surroundings import Surroundings
from chargelink.edge.ledger import PeopleError
from chargelink.model import VEHICLE

log = structlog.get_logger()


def vin_of(said: str | None) -> str | None:
    """The VIN, if what a vehicle said can be one: many say nothing, or zeros, and would all be one person."""
    text = (said or "").strip().upper()
    return text if VIN.fullmatch(text) and len(set(text)) > 2 else None


async def identify(around: Surroundings, session_id: str, vin: str) -> None:
    """Keep whose car a session charges. Raises LedgerError; without its key the session goes on unnamed."""
    if around.people is None:
        return
    try:
        sealed = await around.people.seal(vin, VEHICLE)
    except PeopleError as error:
        log.error("the vehicle's VIN is not kept", session=session_id, why=str(error))
        return
    await around.sessions.identify(session_id, sealed)
