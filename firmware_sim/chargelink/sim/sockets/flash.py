"""What a simulated socket keeps through a loss of power, and what it was given in the factory."""

from dataclasses import dataclass, field

from chargelink.lora_socket.commands import Command
from chargelink.lora_socket.keys import GroupKey, SessionKeys
from chargelink.lora_socket.messages import CommandResult, JoinAccept, Settle

MOST_SETTLEMENTS = 64


@dataclass(frozen=True)
class Identity:
    """From the factory: EUI (8 bytes), device key (16 bytes, never shown), the site it is bound to (0: none)."""

    eui: bytes
    device_key: bytes = field(repr=False)
    net: int = 0
    model: int = 1
    firmware: int = 0x0100
    capabilities: int = 0x03  # outlets A and B


@dataclass
class Conversation:
    """A joined session: how frames are sealed, counters reserved and heard."""

    net: int
    keys: SessionKeys
    accept: JoinAccept
    reserved: int = 0
    heard: int = -1


@dataclass
class Flash:
    """Survives a reset. Settlements are deleted only when the edge has said that it has them."""

    dev_nonce: int = -1
    conversation: Conversation | None = None
    group: tuple[GroupKey, int] | None = None  # the key and where its counter begins
    settlements: list[Settle] = field(default_factory=list)
    answered: tuple[Command, CommandResult] | None = None
