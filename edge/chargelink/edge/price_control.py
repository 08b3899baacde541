"""What can be asked and told of prices on the control socket: by staff on site, and by the charger's screen."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from chargelink.cli.language import Text
from chargelink.edge.config.sold import BY_ENERGY
from chargelink.edge.control import Answer, Request
from chargelink.edge.hours import NAMES
from chargelink.edge.ledger.held_tariffs import HeldTariff
from chargelink.edge.ledger.tariffs import Priced, TariffRefusedError, read_document
from chargelink.edge.places import CannotError
from chargelink.edge.prices import Prices
from chargelink.link.quantities import Name, Time
from chargelink.model import Tariff, body_of

KEY_DIGITS = 64


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """`at` in UTC ms; None: now."""

    device: Name | None = None
    group: Name | None = None
    at: Time | None = None


class PriceControl:
    """The actions about prices, by name. `clock` gives UTC ms."""

    def __init__(self, prices: Prices, clock: Callable[[], int]) -> None:
        self._prices = prices
        self._clock = clock
        self.actions: Mapping[str, Callable[[Request], Awaitable[Answer]]] = {
            "quote": self._quote,
            "prices": self._list,
            "set-price": self._set,
            "hours": self._hours,
            "trust-tariff-key": self._trust,
        }

    async def _quote(self, request: Request) -> Answer:
        """The tariff of a device at a time, or of each; a time in the past by what this edge had then."""
        asked = _converted(request)
        now = self._clock()
        at = now if asked.at is None else asked.at
        look = self._prices.tariffs.at if at >= now else self._prices.tariffs.was
        devices = self._prices.devices if asked.device is None else [self._known(asked.device)]
        found = {device: await look(device, at, asked.group) for device in devices}
        return {"at": at, "prices": [self._shown(device, priced) for device, priced in found.items()]}

    async def _list(self, _: Request) -> Answer:
        trusted = await self._prices.tariffs.trusted()
        held = [_row(one) for one in await self._prices.tariffs.held()]
        return {"tariffs": held, "trusted": None if trusted is None else trusted.hex()}

    async def _set(self, request: Request) -> Answer:
        """A tariff set on the screen: `document` in Base64, as it is recorded; `devices`, none = all."""
        tariff = read_document(_bytes(request.get("document")))
        try:
            devices = msgspec.convert(request.get("devices") or (), tuple[Name, ...])
        except msgspec.ValidationError as error:
            raise CannotError(f"devices: {error}") from None
        sockets = [name for name in devices or self._prices.devices if name in self._prices.sockets]
        if tariff.periods and sockets:
            raise _by_energy(", ".join(sockets))
        priced = await self._prices.tariffs.set_on_site(tariff, devices)
        return {"hash": priced.hash}

    async def _hours(self, request: Request) -> Answer:
        """In which periods a device may charge; with `periods` that is set, none of them: always."""
        device = self._known(str(request.get("device")))
        periods = request.get("periods")
        if periods is not None:
            if not isinstance(periods, list) or not all(name in NAMES for name in periods):
                raise CannotError(f"periods are among {', '.join(NAMES)}")
            await self._prices.hours.set(device, periods)
        return {"device": device, "periods": self._prices.hours.of(device)}

    async def _trust(self, request: Request) -> Answer:
        digits = str(request.get("key"))
        try:
            key = bytes.fromhex(digits)
        except ValueError:
            key = b""
        if len(digits) != KEY_DIGITS or len(key) * 2 != KEY_DIGITS:
            raise CannotError(f"a key is named by {KEY_DIGITS} hexadecimal digits")
        return {"trusted": key.hex(), "new": await self._prices.tariffs.trust(key, "operator")}

    def _known(self, device: str) -> str:
        if device not in self._prices.devices:
            known = ", ".join(self._prices.devices) or "nothing"
            raise CannotError(f"nothing to charge at is called {device}; there is {known}")
        return device

    def _shown(self, device: str, priced: Priced) -> dict[str, Any]:
        return {
            "device": device,
            "hash": priced.hash,
            "document": base64.b64encode(body_of(priced.tariff)).decode(),
            "periods": self._prices.hours.of(device),
        }


def document_of(told: Mapping[str, Any]) -> Tariff:
    """The tariff in an answer to `quote`. Raises TariffRefusedError for what is none."""
    return read_document(_bytes(told.get("document")))


def _by_energy(sockets: str) -> CannotError:
    words = Text(
        f"{sockets}: {BY_ENERGY.english}; name the guns that this price is for",
        f"{sockets}：{BY_ENERGY.chinese}；请指明适用的充电枪",
    )
    return CannotError(words.english, words=words)


def _row(held: HeldTariff) -> dict[str, Any]:
    tariff = held.tariff
    return {
        "hash": held.hash,
        "id": tariff.id,
        "version": tariff.version,
        "name": tariff.name,
        "source": held.source,
        "validFrom": tariff.valid_from,
        "adoptedAt": held.at,
        "until": held.until,
        "devices": held.devices,
        "signer": None if held.signer is None else held.signer.hex(),
        "used": held.used,
    }


def _converted(request: Request) -> _Asked:
    try:
        return msgspec.convert({key: value for key, value in request.items() if key != "action"}, _Asked)
    except msgspec.ValidationError as error:
        raise CannotError(str(error)) from None


def _bytes(text: Any) -> bytes:
    try:
        return base64.b64decode(str(text), validate=True)
    except (binascii.Error, ValueError):
        raise TariffRefusedError("a document is told in Base64") from None
