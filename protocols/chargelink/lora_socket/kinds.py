"""Which messages LS1 has and how each must be protected: one row a type, obeyed when sealing and when opening.

A long tag is mandatory on whatever costs money or switches something: EVENT, SETTLE and their acknowledgements,
commands, parameters, keys, joining. A short one is enough for telemetry; a long one in its place is accepted.
"""

from enum import IntEnum
from typing import Any, NamedTuple, Protocol, Self

from chargelink.lora_socket import commands, firmware, messages, parameters
from chargelink.lora_socket.frame import LONG_TAG, SHORT_TAG
from chargelink.wire import Flaw


class Kind(IntEnum):
    """The TYPE byte."""

    JOIN_REQ = 0x01
    JOIN_ACC = 0x02
    STATUS = 0x10
    EVENT = 0x11
    METER = 0x12
    SETTLE = 0x13
    CMD_RES = 0x14
    PARAM_RPT = 0x15
    OTA_STAT = 0x16
    INFO = 0x17
    STATUS_SHORT = 0x1A
    POLL = 0x40
    CMD = 0x41
    PARAM_SET = 0x42
    PARAM_GET = 0x43
    ACK = 0x44
    OTA_SETUP = 0x45
    OTA_DATA = 0x46
    OTA_STATUS_REQ = 0x47
    OTA_APPLY = 0x48
    BEACON = 0x49
    KEY_UPDATE = 0x4A
    CHAN = 0x4B
    NETWORK_TIME = 0x4C


class Body(Protocol):
    """What a frame carries: a declared message or one of the nested layouts."""

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read it. Raises DecodeError."""
        ...

    def encode(self, length: None = None, checked: bool = True) -> bytes:
        """Write it. Raises EncodeError."""
        ...

    @property
    def flaws(self) -> tuple[Flaw, ...]:
        """What makes no sense in it."""
        ...


class Seal(IntEnum):
    """Under which key a message may travel."""

    JOIN = 0
    SESSION = 1
    GROUP = 2
    EITHER = 3  # session or group


class Rule(NamedTuple):
    """One type of message."""

    kind: Kind
    body: type[Any]
    down: bool
    long_tag: bool
    seal: Seal = Seal.SESSION
    answered: bool = False  # repeated until the other side has answered or acknowledged it
    clear: int = 0  # bytes of the body that stay readable

    def tag_length(self, acknowledges: bool) -> int:
        """Bytes of the tag: a downlink that acknowledges an EVENT or SETTLE needs the long one, whatever it is."""
        return LONG_TAG if self.long_tag or (self.down and acknowledges) else SHORT_TAG


_UP, _DOWN, _SHORT, _LONG = False, True, False, True

RULES = (
    Rule(Kind.JOIN_REQ, messages.JoinRequest, _UP, _LONG, Seal.JOIN, clear=11),
    Rule(Kind.JOIN_ACC, messages.JoinAccept, _DOWN, _LONG, Seal.JOIN, clear=3),
    Rule(Kind.STATUS, messages.Status, _UP, _SHORT),
    Rule(Kind.EVENT, messages.Event, _UP, _LONG, answered=True),
    Rule(Kind.METER, messages.Meter, _UP, _SHORT),
    Rule(Kind.SETTLE, messages.Settle, _UP, _LONG, answered=True),
    Rule(Kind.CMD_RES, messages.CommandResult, _UP, _SHORT),
    Rule(Kind.PARAM_RPT, parameters.ParameterReport, _UP, _LONG),
    Rule(Kind.OTA_STAT, firmware.FirmwareStatus, _UP, _SHORT),
    Rule(Kind.INFO, messages.Info, _UP, _SHORT),
    Rule(Kind.STATUS_SHORT, messages.StatusShort, _UP, _SHORT),
    Rule(Kind.POLL, messages.Poll, _DOWN, _SHORT),
    Rule(Kind.CMD, commands.Command, _DOWN, _LONG, answered=True),
    Rule(Kind.PARAM_SET, parameters.ParameterSet, _DOWN, _LONG, answered=True),
    Rule(Kind.PARAM_GET, parameters.ParameterGet, _DOWN, _LONG, answered=True),
    Rule(Kind.ACK, messages.Acknowledgement, _DOWN, _LONG),
    Rule(Kind.OTA_SETUP, firmware.FirmwareSetup, _DOWN, _LONG, answered=True),
    Rule(Kind.OTA_DATA, firmware.FirmwareData, _DOWN, _SHORT, Seal.EITHER),
    Rule(Kind.OTA_STATUS_REQ, firmware.FirmwareStatusRequest, _DOWN, _SHORT),
    Rule(Kind.OTA_APPLY, firmware.FirmwareApply, _DOWN, _LONG, answered=True),
    Rule(Kind.BEACON, messages.Beacon, _DOWN, _SHORT, Seal.GROUP),
    Rule(Kind.KEY_UPDATE, messages.KeyUpdate, _DOWN, _LONG, answered=True),
    Rule(Kind.CHAN, messages.ChannelChange, _DOWN, _LONG, answered=True),
    Rule(Kind.NETWORK_TIME, messages.NetworkTime, _DOWN, _LONG),
)
RULE: dict[int, Rule] = {rule.kind: rule for rule in RULES}
RULE_OF_BODY: dict[type[Any], Rule] = {rule.body: rule for rule in RULES}
