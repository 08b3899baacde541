"""`docs/ls1/ls1_vectors.json` and `.h`: every message of LS1 once in the clear and once sealed, to test firmware by."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from docs.ls1_header import snake
from tests.lora_socket.worked import (
    ADDRESS,
    BODIES,
    DEV_NONCE,
    DEVICE_KEY,
    EUI,
    JOIN_NONCE,
    KEYS,
    MASTER,
    NET,
)

from chargelink.lora_socket import commands
from chargelink.lora_socket.codes import Place
from chargelink.lora_socket.commands import Command, CommandHead, operation_name
from chargelink.lora_socket.frame import EVERYONE, JOINING, Control, Header, nonce, seal
from chargelink.lora_socket.keys import join_key
from chargelink.lora_socket.kinds import RULE, Kind, Rule, Seal
from chargelink.lora_socket.parameters import ParameterReport, ParameterSet, ReportHead
from chargelink.wire import Message
from chargelink.wire.items import Number
from chargelink.wire.layout import Field, layout

GROUP_KEY = bytes(range(16, 32))
JOIN_KEY = join_key(DEVICE_KEY, EUI)
FIRST_COUNTER = 70_001  # above 65535, so that its high half matters
SETTLED = 316  # counter of the SETTLE that the ACK acknowledges
OPERATIONS: tuple[Message, ...] = (
    BODIES[Kind.CMD].operation,
    commands.Stop(0x00C0FFEE),
    commands.Limit(0x00C0FFEE, 300_000, 120, 800_000),
    commands.Lock(),
    commands.Unlock(),
    commands.ClearFault(),
    commands.Locate(20),
    commands.Reboot(1),
    commands.SelfTest(),
    commands.SwitchUsb(1),
    commands.RelayTest(),
)


class Vector(NamedTuple):
    """One message. `acknowledges`: the counter whose low half is sealed before the body, None for none."""

    name: str
    rule: Rule
    body: Any
    counter: int
    acknowledges: int | None = None

    @property
    def key(self) -> str:
        """Which of the keys seals it."""
        if self.rule.seal in (Seal.JOIN, Seal.GROUP):
            return self.rule.seal.name.lower()
        return "down" if self.rule.down else "up"

    @property
    def join_nonce(self) -> int:
        """What its nonce ends with."""
        return 0 if self.rule.kind in (Kind.JOIN_REQ, Kind.BEACON) else JOIN_NONCE

    @property
    def header(self) -> Header:
        """The clear header."""
        control = Control.DOWN if self.rule.down else Control(0)
        control |= Control.ACK_WANTED if self.rule.answered else Control(0)
        control |= Control.GROUP if self.rule.seal is Seal.GROUP else Control(0)
        control |= Control(0) if self.acknowledges is None else Control.ACKNOWLEDGES
        control |= Control.LONG_TAG if self.rule.tag_length(self.acknowledges is not None) == 8 else Control(0)
        address = {Seal.JOIN: JOINING, Seal.GROUP: EVERYONE}.get(self.rule.seal, ADDRESS)
        return Header(control, NET, address, self.counter & 0xFFFF, self.rule.kind)

    @property
    def nonce(self) -> bytes:
        """The nonce of the seal."""
        return nonce(self.rule.down, NET, self.header.address, self.counter, self.join_nonce)

    @property
    def frame(self) -> bytes:
        """The sealed frame."""
        count = b"" if self.acknowledges is None else (self.acknowledges & 0xFFFF).to_bytes(2, "little")
        sealed = count + self.body.encode()
        return seal(KEY_BYTES[self.key], self.header, self.counter, self.join_nonce, sealed, self.rule.clear)


KEY_BYTES = {"join": JOIN_KEY, "up": KEYS.up, "down": KEYS.down, "group": GROUP_KEY}


def vectors() -> Iterator[Vector]:
    """Every type once, CMD once an operation; counters follow one another."""
    counter = FIRST_COUNTER
    for kind in sorted(BODIES):
        rule = RULE[kind]
        if rule.seal is Seal.JOIN:
            yield Vector(kind.name, rule, BODIES[kind], DEV_NONCE)
            continue
        for body in _commands() if kind is Kind.CMD else [BODIES[kind]]:
            name = f"CMD {operation_name(type(body.operation))}" if isinstance(body, Command) else kind.name
            yield Vector(name, rule, body, counter, SETTLED if kind is Kind.ACK else None)
            counter += 1


def _commands() -> Iterator[Command]:
    for number, operation in enumerate(OPERATIONS, 1):
        place = Place.SOCKET if number in (7, 8, 9) else Place.USB1 if number == 10 else Place.A
        yield Command(0x0101 + number, 0x5A10, place, operation, number)


def vectors_json() -> str:
    """The vectors for any language; `fields` are raw, as they travel."""
    site = {
        "master": MASTER.hex(),
        "eui": EUI.hex(),
        "net": NET,
        "address": ADDRESS,
        "dev_nonce": DEV_NONCE,
        "join_nonce": JOIN_NONCE,
        "device_key": DEVICE_KEY.hex(),
        "keys": {name: key.hex() for name, key in KEY_BYTES.items()},
    }
    rows = ",\n  ".join(json.dumps(_row(vector), ensure_ascii=False) for vector in vectors())
    return json.dumps(site, indent=1)[:-2] + f',\n "vectors": [\n  {rows}\n ]\n}}\n'


def _row(vector: Vector) -> dict[str, Any]:
    return {
        "name": vector.name,
        "type": vector.rule.kind.value,
        "key": vector.key,
        "counter": vector.counter,
        "acknowledges": vector.acknowledges,
        "nonce": vector.nonce.hex(),
        "clear": vector.rule.clear,
        "body": vector.body.encode().hex(),
        "fields": {snake(type(part).__name__): raw_fields(part) for part in parts(vector.body)},
        "frame": vector.frame.hex(),
    }


def parts(body: Any) -> list[Message]:
    """The declared layouts that a body is made of, lists of parameters left out."""
    if isinstance(body, Command):
        head = CommandHead(body.id, body.expiry, body.number, body.place)
        return [head, body.operation] if layout(type(body.operation)).fields else [head]
    if isinstance(body, ParameterReport):
        return [ReportHead(body.result, body.tag, body.version)]
    return [] if isinstance(body, ParameterSet) else [body]


def raw_fields(message: Message) -> dict[str, Any]:
    """What travels in each field: numbers as they travel, bytes in hexadecimal."""
    of = layout(type(message))
    return {
        field.name: _raw(field, getattr(message, field.name)) for field in [*of.fields, *([of.rest] if of.rest else [])]
    }


def _raw(field: Field, value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Message):
        return raw_fields(value)
    if isinstance(value, tuple):
        return [_raw(field, element) for element in value]
    return (value - field.item.offset) // field.item.step if isinstance(field.item, Number) else int(value)


TOP = """\
/* Every message of LS1 once in the clear and once sealed. Generated by `make docs`; do not edit.
 *
 * ls1_vectors[] has them all; ls1_vector_x is the struct of ls1.h that ls1_vector_x_body is the encoding of. Behind the
 * head of a CMD stands its operation, behind the head of a PARAM_RPT the list. The keys are an example: anybody knows
 * them.
 */
#ifndef LS1_VECTORS_H
#define LS1_VECTORS_H

#include "ls1.h"
"""
TABLE = """
struct ls1_vector {
    const char *name;
    uint8_t type;
    uint8_t clear; /* bytes of the body that stay readable */
    uint32_t counter;
    uint32_t join_nonce;
    bool acknowledges; /* 2 bytes of LS1_VECTOR_ACKNOWLEDGED stand before the body, sealed with it */
    const uint8_t *key;
    const uint8_t *nonce;
    const uint8_t *body;
    size_t body_length;
    const uint8_t *frame;
    size_t frame_length;
};

static const struct ls1_vector ls1_vectors[] = {"""


def vectors_header() -> str:
    """The vectors as a C header."""
    keys = {"master": MASTER, "eui": EUI, "device_key": DEVICE_KEY}
    keys |= {f"{name}_key": key for name, key in KEY_BYTES.items()}
    lines = [TOP, f"#define LS1_VECTOR_NET 0x{NET:04X}", f"#define LS1_VECTOR_ADDRESS 0x{ADDRESS:04X}"]
    lines += [f"#define LS1_VECTOR_ACKNOWLEDGED {SETTLED}", ""]
    lines += [_bytes(f"ls1_vector_{name}", key) for name, key in keys.items()]
    for vector in vectors():
        name = f"ls1_vector_{_identifier(vector)}"
        lines += ["", f"/* {vector.name} */"]
        lines += [
            f"static const struct ls1_{snake(type(part).__name__)} ls1_vector_{_part(vector, part)} = {_value(part)};"
            for part in parts(vector.body)
        ]
        lines += [_bytes(f"{name}_body", vector.body.encode()), _bytes(f"{name}_nonce", vector.nonce)]
        lines.append(_bytes(f"{name}_frame", vector.frame))
    return "\n".join([*lines, TABLE, *map(_entry, vectors()), "};", "", "#endif", ""])


def _identifier(vector: Vector) -> str:
    return vector.name.lower().replace(" ", "_")


def _part(vector: Vector, part: Message) -> str:
    return _identifier(vector) + ("_head" if isinstance(part, CommandHead | ReportHead) else "")


def _bytes(name: str, data: bytes) -> str:
    return f"static const uint8_t {name}[{len(data)}] = {{{_list(data)}}};"


def _list(data: bytes) -> str:
    return ", ".join(f"0x{byte:02X}" for byte in data)


def _value(message: Message) -> str:
    """A designated initializer."""
    raw = raw_fields(message)
    rest = layout(type(message)).rest
    cells = [f".{name} = {_cell(getattr(message, name), value)}" for name, value in raw.items()]
    if rest:
        cells.append(f".{rest.name}_length = {len(getattr(message, rest.name))}")
    return f"{{{', '.join(cells)}}}"


def _cell(value: Any, raw: Any) -> str:
    if isinstance(value, bytes):
        return f"{{{_list(value)}}}"
    if isinstance(value, Message):
        return _value(value)
    if isinstance(value, tuple):
        return f"{{{', '.join(_cell(*both) for both in zip(value, raw, strict=True))}}}"
    return str(raw)


def _entry(vector: Vector) -> str:
    name = f"ls1_vector_{_identifier(vector)}"
    acknowledges = "false" if vector.acknowledges is None else "true"
    numbers = f"LS1_KIND_{vector.rule.kind.name}, {vector.rule.clear}, {vector.counter}, {vector.join_nonce}"
    pieces = f"{name}_nonce, {name}_body, sizeof {name}_body, {name}_frame, sizeof {name}_frame"
    return f'    {{"{vector.name}", {numbers}, {acknowledges}, ls1_vector_{vector.key}_key,\n     {pieces}}},'
