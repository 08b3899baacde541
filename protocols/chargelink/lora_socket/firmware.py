"""Firmware updates over the air after LoRa Alliance TS004: fragments to all, parity fragments, missing ones asked for.
asked for.

A socket stores while it charges. It applies only when both outlets are idle, the SHA-256 fits, the Ed25519 signature
(parameter 20) fits and the version is newer.
"""

from typing import Annotated

from chargelink.lora_socket.codes import FirmwareState
from chargelink.wire import Message, Raw, Rest, bits, u8, u16, u32

FRAGMENT = 96  # bytes at most


class FirmwareSetup(Message, frozen=True):
    """OTA_SETUP, 20 bytes: what is about to come."""

    id: Annotated[int, u8(high=3, note="session of the fragments")]
    size: Annotated[int, u32(note="bytes")]
    version: Annotated[int, u16(note="major in the high byte, minor in the low")]
    fragment_size: Annotated[int, u8(low=1, high=FRAGMENT, note="bytes")]
    count: Annotated[int, u16(low=1, high=0x3FFF, note="fragments without parity")]
    redundancy: Annotated[int, u16(high=0x3FFF, note="parity fragments")]
    digest: Annotated[bytes, Raw(8, note="first bytes of the SHA-256 of the image")]


class FirmwareData(Message, frozen=True):
    """OTA_DATA: one fragment. Indices run from 1; above `count` they are parity (TS004, chapter 5)."""

    index: Annotated[int, bits(14, "1.1", low=1)]
    id: Annotated[int, bits(2, "2.7", note="session")]
    content: Annotated[bytes, Rest(most=FRAGMENT)]


class FirmwareStatusRequest(Message, frozen=True):
    """OTA_STATUS_REQ, 3 bytes: what is missing?"""

    id: Annotated[int, u8(high=3)]
    first: Annotated[int, u16(low=1, note="fragment at which the answer's bit map begins")]


class FirmwareStatus(Message, frozen=True):
    """OTA_STAT: how far it has come, and a bit map of what is missing from `first` on, lowest bit first."""

    id: Annotated[int, u8(high=3)]
    state: Annotated[FirmwareState | int, u8()]
    received: Annotated[int, u16()]
    missing: Annotated[int, u16()]
    first: Annotated[int, u16(low=1)]
    missing_map: Annotated[bytes, Rest(most=16)] = b""


class FirmwareApply(Message, frozen=True):
    """OTA_APPLY, 11 bytes: use it once both outlets are idle."""

    id: Annotated[int, u8(high=3)]
    version: Annotated[int, u16()]
    digest: Annotated[bytes, Raw(8)]
