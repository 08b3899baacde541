"""What is sold at which price: the tariffs of an edge as its configuration has them."""

from collections.abc import Callable

from chargelink.edge.config import Config
from chargelink.edge.ledger import Journal
from chargelink.edge.ledger.tariffs import Configured, Tariffs


def tariffs_of(config: Config, journal: Journal, clock: Callable[[], int]) -> Tariffs:
    """The tariffs of an edge; `configured` is to be adopted before anything is sold. `clock` gives UTC ms."""
    key = None if config.hub is None else config.hub.tariff_public
    return Tariffs(journal, clock, devices_of(config), config.site.groups, key)


def devices_of(config: Config) -> list[str]:
    """Where people charge: guns that are sold by, and sockets."""
    guns = [gun.id for gun in config.guns]
    return guns + [socket.id for site in config.socket_sites for socket in site.sockets]


def configured(config: Config) -> list[Configured]:
    """The tariffs of the configuration: that of the edge, for every device that has none of its own."""
    of_device = dict.fromkeys(devices_of(config), config.prices)
    for site in config.socket_sites:
        if own := config.socket_prices.get(site.id):
            of_device |= {socket.id: own for socket in site.sockets}
    different = dict.fromkeys(of_device.values())
    if len(different) < 2:
        return [Configured(tariff) for tariff in different]
    return [
        Configured(tariff, tuple(device for device, prices in of_device.items() if prices == tariff))
        for tariff in different
    ]
