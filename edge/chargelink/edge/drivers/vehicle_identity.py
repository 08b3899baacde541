"""What car it is, as it says itself (GB/T 27930 BRM): personal data, kept sealed with its session and nowhere else."""

import asyncio

import structlog

from chargelink.cli.masking import VIN
from chargelink.edge.charge.causes import Cause
from chargelink.edge.charge.events import RefusedError
from chargelink.edge.drivers.surroundings import Surroundings
from chargelink.edge.ledger import PeopleError
from chargelink.model import VEHICLE

ANSWERED_WITHIN = 40.0  # s; every phase in which a vehicle is asked is bounded

log = structlog.get_logger()


class AskedVehicle:
    """The vehicle that is plugged in, asked who it is. `said` is what it said, as it said it."""

    def __init__(self) -> None:
        self.said: str | None = None
        self._answer: asyncio.Future[str | None] | None = None

    def ask(self) -> None:
        """It is asked now; what it said before is forgotten."""
        self.said, self._answer = None, asyncio.get_running_loop().create_future()

    async def answered(self) -> str | None:
        """Its VIN, None if what it says can be none. Raises RefusedError if it was let go before it said anything."""
        assert self._answer is not None, "it was not asked"
        try:
            async with asyncio.timeout(ANSWERED_WITHIN):
                return vin_of(await self._answer)
        except TimeoutError:
            raise RefusedError(Cause.NO_VIN.words) from None

    def say(self, vin: str | None) -> None:
        """It said this."""
        self.said = vin
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(vin)

    def leave(self, cause: Cause) -> None:
        """It was let go."""
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(RefusedError(cause.words))

    def forget(self) -> None:
        """It is not there any more."""
        self.said = None


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
