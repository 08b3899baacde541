"""The tables of `docs/protocols/ls1.md`, made from the declarations.

`TABLES` has them by the names of the page's markers, without the room; every value is a function that returns Markdown.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from chargelink.lora_socket import codes, commands, firmware, messages
from chargelink.lora_socket.commands import OPERATIONS, operation_name
from chargelink.lora_socket.kinds import RULES
from chargelink.lora_socket.parameters import PARAMETERS
from chargelink.wire import Coded, Message
from chargelink.wire.table import table

FORMATS = {"B": "u8", "b": "i8", "H": "u16"}


def markdown(head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def kinds() -> str:
    """The types of message, their direction and protection."""
    head = ("type", "name", "direction", "tag", "key", "repeated until answered")
    return markdown(
        head,
        [
            (
                f"{rule.kind:02X}",
                rule.kind.name,
                "down" if rule.down else "up",
                rule.tag_length(acknowledges=False),
                "session or group" if rule.seal.name == "EITHER" else rule.seal.name.lower(),
                "yes" if rule.answered else "",
            )
            for rule in RULES
        ],
    )


def enumeration(kind: type[Coded]) -> str:
    """The codes of an enumeration, in both languages."""
    return markdown(("code", "meaning", "含义"), [(f"{code:02X}", code.text, code.chinese) for code in kind])


def operations() -> str:
    """The operations of CMD."""
    rows = [(f"{number:02X}", operation_name(kind), _first_line(kind)) for number, kind in OPERATIONS.items()]
    return markdown(("operation", "name", "what it does"), rows)


def parameters() -> str:
    """Every parameter with its range and default."""
    head = ("tag", "parameter", "参数", "coded as", "range", "default")
    return markdown(
        head,
        [
            (
                f"{parameter.tag:02X}",
                parameter.name,
                parameter.chinese,
                f"{parameter.fields} x {FORMATS[parameter.format]}",
                f"{parameter.low}..{parameter.high} {parameter.unit}",
                parameter.default,
            )
            for parameter in PARAMETERS
        ],
    )


def _first_line(kind: type[Any]) -> str:
    return (kind.__doc__ or "").partition("\n")[0]


_BODIES: tuple[type[Message], ...] = (
    messages.Status,
    messages.OutletStatus,
    messages.StatusShort,
    messages.Event,
    messages.Meter,
    messages.Settle,
    messages.CommandResult,
    messages.Info,
    messages.Poll,
    messages.Acknowledgement,
    messages.SettlementReceipt,
    messages.Beacon,
    messages.NetworkTime,
    messages.KeyUpdate,
    messages.ChannelChange,
    messages.JoinRequest,
    messages.JoinAccept,
    commands.Start,
    commands.Stop,
    commands.Limit,
    commands.Locate,
    commands.Reboot,
    commands.SwitchUsb,
    firmware.FirmwareSetup,
    firmware.FirmwareData,
    firmware.FirmwareStatusRequest,
    firmware.FirmwareStatus,
    firmware.FirmwareApply,
)
_CODES = (
    codes.Place,
    codes.OutletState,
    codes.Severity,
    codes.EventCode,
    codes.StopReason,
    codes.Result,
    codes.Answer,
    codes.ParameterResult,
    codes.FirmwareState,
)

TABLES: dict[str, Callable[[], str]] = {
    "kinds": kinds,
    "operations": operations,
    "parameters": parameters,
    **{body.__name__: partial(table, body) for body in _BODIES},
    **{code.__name__: partial(enumeration, code) for code in _CODES},
}
