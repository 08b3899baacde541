"""Keys of persons on their way to the hub, and what the hub asks about persons."""

import asyncio
from collections.abc import Callable, Mapping

import structlog

from chargelink.edge.ledger import Journal, People, PeopleError
from chargelink.edge.uplink.conversation import RECORD_LANES, Conversation, Held, KeysStored
from chargelink.link.messages import ErasePerson, ErasePersonResponse, PersonKeys

log = structlog.get_logger("uplink")


class Persons:
    """What one connection says of them; nothing without `people`."""

    def __init__(self, people: People | None, ledger: Journal, clock: Callable[[], int]) -> None:
        self._people = people
        self._ledger = ledger
        self._clock = clock

    async def booted(self, lanes: Mapping[str, Held]) -> None:
        """A hub that holds less than it had was restored: with its records it lost keys. Raises LedgerError."""
        if self._people is not None:
            for lane in RECORD_LANES:
                if lanes[lane].have < (await self._ledger.position(lane)).acknowledged:
                    self._people.tell_again()

    def tell_again(self) -> bool:
        """The hub asks for all keys; whether there can be any."""
        if self._people is not None:
            self._people.tell_again()
        return self._people is not None

    async def send(self, conversation: Conversation) -> None:
        """Send keys that the hub lacks, if they may be sent: before the records that they are for."""
        loop = asyncio.get_running_loop()
        if self._people is None or not self._people.waiting or not conversation.may_send(PersonKeys, loop.time()):
            return
        try:
            keys = await self._people.untold()
        except PeopleError as error:
            log.error("keys of persons are not sent", why=str(error))
            conversation.pause(PersonKeys, loop.time())
            return
        if keys:
            conversation.send_keys(keys, loop.time())

    async def stored(self, stored: KeysStored) -> None:
        """The hub has committed keys."""
        assert self._people is not None
        try:
            await self._people.told(stored.persons)
        except PeopleError as error:
            log.error("keys of persons will be sent again", why=str(error))

    async def erase(self, request: ErasePerson) -> ErasePersonResponse:
        """Do it durably, then say so. Raises LedgerError."""
        if self._people is not None:
            try:
                await self._people.erase(request.person, self._clock())
            except PeopleError as error:
                return ErasePersonResponse(status="Rejected", reason=str(error)[:200])
        return ErasePersonResponse(status="Accepted")
