"""The prices of this edge: every document that the hub published to it, that was set on its screen or configured.

Of those that hold at a device and for a customer, one for the customer's group comes before one for everybody; then the
one with the latest `validFrom` that has begun is the price; of equals the one that was adopted later. What was sold by
stays for ever.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

import structlog

from chargelink.edge.ledger import held_tariffs, journal
from chargelink.edge.ledger.database import Database
from chargelink.edge.ledger.held_tariffs import FILE, HUB, SCREEN, Adoption, HeldTariff
from chargelink.edge.ledger.journal import Journal
from chargelink.link.chain import record_hash
from chargelink.link.pricing import SignedTariff, TariffUpdate, TariffUpdateResponse
from chargelink.link.quantities import EXACT
from chargelink.model import Alarm, AuthorisedBy, Reading, SessionKind, Tariff, Usage, body_of, content_of
from chargelink.tariff import Consumption, TariffError, choose, price, tariff_hash
from chargelink.trust import tariffs as signatures
from chargelink.wire import ChargelinkError, DecodeError

MOST_TOLD = 200  # hashes that the hub is told on connecting
MOST_SHOWN = 200
MOST_ALARMS = 16  # about keys that are not believed, between two starts of the edge
LONGEST_REASON = 512

log = structlog.get_logger("tariffs")


HeldAt = Callable[[Database, str, int], Iterator[HeldTariff]]


class NoTariffError(ChargelinkError):
    """Nothing has a price here now, for this customer."""


class TariffRefusedError(ChargelinkError):
    """A tariff is not adopted; the message says why."""


class Priced(NamedTuple):
    """What holds: the document, and its name."""

    tariff: Tariff
    hash: str


class Configured(NamedTuple):
    """A tariff of the configuration, and the devices that it is for; none = all."""

    tariff: Tariff
    devices: tuple[str, ...] = ()


class Tariffs:
    """The tariffs of one edge. Every method raises LedgerError if what it says cannot be read or stored.

    `devices` are those of this edge, `groups` those of its site, `clock` gives UTC ms. With `key` tariffs of the hub
    must be signed by it; else by the first that was seen on an authenticated link, until an operator trusts another.
    At `calculated` devices energy is no measure: what sells by it is passed over there while there is another.
    """

    def __init__(
        self,
        ledger: Journal,
        clock: Callable[[], int],
        devices: Collection[str],
        groups: Sequence[str] = (),
        key: bytes | None = None,
        calculated: Collection[str] = (),
    ) -> None:
        self._ledger = ledger
        self._calculated = frozenset(calculated)
        self._clock = clock
        self._devices = frozenset(devices)
        self._groups = tuple(groups)
        self._key = key
        self._refused: set[bytes] = set()
        self.on_change: list[Callable[[], None]] = []
        """Called in the loop when a tariff was adopted."""

    async def configure(self, configured: Iterable[Configured]) -> None:
        """Adopt what the configuration has, in place of what it had: to be called before anything is sold."""
        adoptions = [Adoption(one.tariff, FILE, one.devices) for one in configured]
        at, key = self._clock(), self._key

        def work(database: Database) -> None:
            if key is not None:
                held_tariffs.trust(database, key, at, "configuration")
            held_tariffs.drop_files(database, {tariff_hash(one.tariff) for one in adoptions}, at)
            for adoption in adoptions:
                held_tariffs.adopt(database, adoption, at)

        await self._ledger.writer.run(work)
        self._changed()

    async def at(self, device: str, now: int, group: str | None = None) -> Priced:
        """What holds at a device now or later (UTC ms) for customers of a group. Raises NoTariffError."""
        return await self._first(held_tariffs.in_force, device, now, group)

    async def was(self, device: str, then: int, group: str | None = None) -> Priced:
        """What held at a device at a time in the past, by what this edge had then. Raises NoTariffError."""
        return await self._first(held_tariffs.was_in_force, device, then, group)

    async def _first(self, held_at: HeldAt, device: str, time: int, group: str | None) -> Priced:
        def work(database: Database) -> Priced | None:
            for_all: Priced | None = None
            by_energy: Priced | None = None  # where it is calculated: a start says why it cannot be
            for held in held_at(database, device, time):
                if choose((held.tariff,), time, self._groups, group) is None:
                    continue
                if held.tariff.periods and device in self._calculated:
                    by_energy = by_energy or Priced(held.tariff, held.hash)
                    continue
                if held.tariff.customers:
                    return Priced(held.tariff, held.hash)
                for_all = for_all or Priced(held.tariff, held.hash)
                if group is None:
                    break
            return for_all or by_energy

        found = await self._ledger.writer.run(work)
        if found is None:
            raise NoTariffError(f"{device} has no price" + (f" for customers of {group}" if group else ""))
        return found

    async def held(self) -> list[HeldTariff]:
        """The newest adopted, newest first."""
        return await self._ledger.writer.run(lambda database: held_tariffs.all_held(database, MOST_SHOWN))

    async def sent(self) -> tuple[str, ...]:
        """The hashes of what the hub sent, oldest first; of more than it wants to hear, the newest."""
        return await self._ledger.writer.run(lambda database: held_tariffs.sent(database, MOST_TOLD))

    async def update(self, request: TariffUpdate) -> TariffUpdateResponse:
        """Adopt what the hub publishes, all or nothing; durable when this returns."""
        try:
            adoptions = [self._checked(signed) for signed in request.tariffs]
        except TariffRefusedError as error:
            log.warning("tariff refused", why=str(error))
            return TariffUpdateResponse(status="Rejected", reason=str(error)[:LONGEST_REASON])
        at = self._clock()
        stranger, hashes = await self._ledger.writer.run(lambda database: _take(database, adoptions, at))
        if stranger is not None:
            await self._distrust(stranger, at)
            reason = f"the signer {stranger.hex()} is not the one that this edge believes; nothing was adopted"
            return TariffUpdateResponse(status="Rejected", reason=reason)
        self._changed()
        return TariffUpdateResponse(status="Accepted", held=tuple(hashes))

    async def set_on_site(self, tariff: Tariff, devices: Sequence[str]) -> Priced:
        """A price set on the charger's screen, signed with the key of the journal. Raises TariffRefusedError."""
        self._require_ours(devices)
        _require_priceable(tariff)
        at = self._clock()

        def work(database: Database) -> str:
            signature = signatures.sign(database.key, record_hash(body_of(tariff)))
            own = database.key.public
            return held_tariffs.adopt(database, Adoption(tariff, SCREEN, tuple(devices), own, signature), at)

        digest = await self._ledger.writer.run(work)
        self._changed()
        return Priced(tariff, digest)

    async def trust(self, public: bytes, by: str) -> bool:
        """Believe another key of the hub from now on; False if it was believed already. Raises TariffRefusedError."""
        if self._key is not None and public != self._key:
            raise TariffRefusedError(
                "the configuration names the key of the hub's tariffs: hub.tariff_key; set it there"
            )
        at = self._clock()

        def work(database: Database) -> bool:
            new = held_tariffs.trust(database, public, at, by)
            if new:
                text = f"tariffs signed by {public.hex()} are believed from now on, and by no other key"
                journal.append(database, Alarm(code="tariff-key-trusted", text=text, at=at), at)
            return new

        self._refused.discard(public)
        return await self._ledger.writer.run(work)

    async def trusted(self) -> bytes | None:
        """The key by which tariffs of the hub must be signed; None before the first."""
        return await self._ledger.writer.run(held_tariffs.trusted)

    def _checked(self, signed: SignedTariff) -> Adoption:
        """A tariff of the hub, all of it checked but whose the key is. Raises TariffRefusedError."""
        tariff = read_document(signed.document)
        if not signatures.verify(signed.signer, record_hash(signed.document), signed.signature):
            raise TariffRefusedError(f"tariff {tariff.id} {tariff.version}: the signature is wrong")
        _require_priceable(tariff)
        self._require_ours(signed.devices)
        return Adoption(tariff, HUB, signed.devices, signed.signer, signed.signature)

    def _require_ours(self, devices: Iterable[str]) -> None:
        if strange := [device for device in devices if device not in self._devices]:
            ours = ", ".join(sorted(self._devices)) or "none"
            raise TariffRefusedError(f"{strange[0]} is no device of this edge; there are: {ours}")

    async def _distrust(self, stranger: bytes, at: int) -> None:
        """A person must look: once for each key, and not more often than anybody can bear."""
        log.error("tariff signed by a stranger", signer=stranger.hex())
        if stranger in self._refused or len(self._refused) >= MOST_ALARMS:
            return
        self._refused.add(stranger)
        text = (
            f"a tariff signed by {stranger.hex()} was refused: another key is believed. If the hub has a new one: "
            f"chargelink edge trust-tariff-key {stranger.hex()}"
        )
        await self._ledger.append(Alarm(code="tariff-key", text=text, at=at), at)

    def _changed(self) -> None:
        for tell in self.on_change:
            tell()


def read_document(document: bytes) -> Tariff:
    """A tariff from bytes that anybody may have written. Raises TariffRefusedError.

    They must be just those that we would write: then nothing stands in it that this edge does not understand, and hub
    and edge mean the same by its hash.
    """
    try:
        tariff = content_of("tariff", document)
    except DecodeError as error:
        raise TariffRefusedError(str(error)) from None
    assert isinstance(tariff, Tariff)
    if body_of(tariff) != document:
        raise TariffRefusedError(
            f"tariff {tariff.id} {tariff.version} holds what this edge does not know, or is not written as it should be"
        )
    return tariff


def _require_priceable(tariff: Tariff) -> None:
    """Price a session of one kWh and an hour. Raises TariffRefusedError."""
    hour = 3_600_000
    begin = min(tariff.valid_from, EXACT - hour)
    trial = Consumption(
        session_id="trial",
        kind=SessionKind.SOCKET,
        authorised_by=AuthorisedBy.LOCAL,
        readings=(Reading(at=begin, register=0), Reading(at=begin + hour, register=1_000_000)),
        usage=Usage(duration=hour, tier_minutes=(60,)),
    )
    try:
        price(tariff, tariff_hash(tariff), trial)
    except TariffError as error:
        raise TariffRefusedError(f"tariff {tariff.id} {tariff.version} cannot be priced: {error}") from None


def _take(database: Database, adoptions: Sequence[Adoption], at: int) -> tuple[bytes | None, list[str]]:
    """Adopt all, or name a signer who is not believed; the first ever seen is."""
    believed = held_tariffs.trusted(database)
    for adoption in adoptions:
        assert adoption.signer is not None
        if believed is None:
            believed = adoption.signer
        if adoption.signer != believed:
            return adoption.signer, []
    assert believed is not None
    held_tariffs.trust(database, believed, at, "first use")
    return None, [held_tariffs.adopt(database, adoption, at) for adoption in adoptions]
