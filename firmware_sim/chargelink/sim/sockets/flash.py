"""What a simulated socket keeps through a loss of power, and what it was given in the factory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chargelink.lora_socket.commands import Command
from chargelink.lora_socket.keys import GroupKey, SessionKeys
from chargelink.lora_socket.messages import CommandResult, JoinAccept, Settle

if TYPE_CHECKING:
    from chargelink.sim.sockets.update import Download

MOST_SETTLEMENTS = 64
# The public key of RFC 8032, section 7.1, test 1. Its private key is printed there too: for simulated sockets only.
FIRMWARE_KEY = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")


@dataclass(frozen=True)
class Identity:
    """From the factory: EUI (8 bytes), device key (16 bytes, never shown), the site it is bound to (0: none)."""

    eui: bytes
    device_key: bytes = field(repr=False)
    net: int = 0
    model: int = 1
    firmware: int = 0x0100
    capabilities: int = 0x03  # outlets A and B
    firmware_key: bytes = FIRMWARE_KEY  # of the maker, public, 32 bytes


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
    firmware: int | None = None  # the version that runs, None for that of the factory
    update: Download | None = None
