"""Tariffs on their way to an edge, signed by whoever sets the price.

hub -> edge   TariffUpdate
"""

from typing import Annotated, Literal

import msgspec

from chargelink.link.quantities import HexDigest, Name, PublicKey, Sentence, Signature
from chargelink.link.shape import Shape

LARGEST_TARIFF = 65_536  # bytes
MOST_TARIFFS = 16
MOST_DEVICES = 256


class SignedTariff(Shape, frozen=True):
    """`document` are the bytes of a tariff (MessagePack, see records); its hash is their SHA-256.

    `signature` is Ed25519 by `signer` over the bytes that `trust.tariffs` names. `devices` are those of this edge at
    which it holds; none = all. Which version holds when stands in the document.
    """

    document: Annotated[bytes, msgspec.Meta(min_length=1, max_length=LARGEST_TARIFF)]
    signer: PublicKey
    signature: Signature
    devices: Annotated[tuple[Name, ...], msgspec.Meta(max_length=MOST_DEVICES)] = ()


class TariffUpdate(Shape, frozen=True):
    """Tariffs to hold from now on, beside those that the edge has. One that it has changes nothing."""

    tariffs: Annotated[tuple[SignedTariff, ...], msgspec.Meta(min_length=1, max_length=MOST_TARIFFS)]


class TariffUpdateResponse(Shape, frozen=True):
    """ "Accepted": all of them are durable, `held` are their hashes. "Rejected": none is, and `reason` says why."""

    status: Literal["Accepted", "Rejected"]
    held: tuple[HexDigest, ...] = ()
    reason: Sentence | None = None
