"""Which port an address of the configuration means."""

from collections.abc import Callable, Sequence

from chargelink.edge.ports.address import Address, AddressError
from chargelink.edge.ports.gwmp import GwmpPort
from chargelink.edge.ports.modem import ModemRadio
from chargelink.edge.ports.mqtt import MqttRadio
from chargelink.edge.ports.radio import RadioPort

PORTS: dict[str, Callable[[Address, Sequence[bytes]], RadioPort]] = {
    "gwmp": GwmpPort,
    "mqtt": MqttRadio,
    "rak": ModemRadio,
    "ebyte": ModemRadio,
}


def radio_port(address: Address, gateways: Sequence[bytes]) -> RadioPort:
    """The port of an address for these gateways (EUIs, 8 bytes). Raises AddressError for one that cannot be meant."""
    port = PORTS.get(address.scheme)
    if port is None:
        raise AddressError(f"{address.text!r}: a radio begins with {', '.join(PORTS)}")
    return port(address, gateways)
