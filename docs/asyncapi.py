"""The link as an AsyncAPI 3.0 document, for machines that generate clients: made from the message classes.

It is written as the edge sees it: `send` is what the edge calls, `receive` what it is called. A frame is an array, so
the payload of a message is the whole frame, with the shape of the action as its last part.
"""

import json
from importlib.metadata import version
from typing import Any

import msgspec

from chargelink.link.closing import WORDS
from chargelink.link.frames import SUBPROTOCOLS, Code
from chargelink.link.meanings import MEANINGS
from chargelink.link.messages import ACTIONS, Action
from chargelink.link.shape import Shape
from chargelink.link.tables import summary

Json = dict[str, Any]

SCHEMAS = "#/components/schemas/{name}"
CHANNEL = "#/channels/link"
DESCRIPTION = """Remote calls both ways over one websocket, in the frames of OCPP-J 2.0.1 §4. With the subprotocol
chargelink.1.json a frame is a text message, and bytes are base64; with chargelink.1.msgpack it is a binary message of
MessagePack with the same names, and bytes are bytes. Compression, order, acknowledgement and enrolment stand in the
page beside this document, docs/protocols/link.md."""


def document() -> str:
    """The document as the text of a JSON file."""
    return json.dumps(content(), indent=1, ensure_ascii=False) + "\n"


def content() -> Json:
    """The document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "chargelink link",
            "version": version("chargelink"),
            "description": " ".join(DESCRIPTION.split()),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": _servers(),
        "channels": {"link": _channel()},
        "operations": {name: _operation(action) for name, action in ACTIONS.items()},
        "components": {
            "schemas": _schemas(),
            "messages": {name: message for action in ACTIONS.values() for name, message in _messages(action).items()}
            | {"CallError": _call_error()},
            "securitySchemes": {
                "certificate": {
                    "type": "X509",
                    "description": "Mutual TLS 1.3: the certificate that the edge enrolled for.",
                }
            },
        },
    }


def _servers() -> Json:
    ports = {"host": {"default": "hub.example", "description": "HOST:PORT, as it stands in the token"}}
    return {
        "hub": {
            "host": "{host}",
            "protocol": "wss",
            "description": "TLS 1.3 on both sides; other certificates than the hub's own are refused.",
            "variables": ports,
            "security": [{"$ref": "#/components/securitySchemes/certificate"}],
        },
        "plain": {
            "host": "127.0.0.1:8600",
            "protocol": "ws",
            "description": "A hub that was started with --plain, on its own machine only.",
        },
    }


def _channel() -> Json:
    names = [name for action in ACTIONS.values() for name in _messages(action)]
    closes = "; ".join(f"{code.value} {words.english}" for code, words in WORDS.items())
    return {
        "address": "/link/{edgeId}",
        "title": "The link of one edge",
        "description": f"The hub may close it with these codes: {closes}.",
        "parameters": {"edgeId": {"description": "The name of the edge, which its certificate has too."}},
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in [*names, "CallError"]},
        "bindings": {
            "ws": {
                "method": "GET",
                "headers": {
                    "type": "object",
                    "required": ["Sec-WebSocket-Protocol"],
                    "properties": {"Sec-WebSocket-Protocol": {"type": "string", "enum": [*SUBPROTOCOLS]}},
                },
                "bindingVersion": "0.1.0",
            }
        },
    }


def _operation(action: Action) -> Json:
    return {
        "action": "send" if action.caller == "edge" else "receive",
        "channel": {"$ref": CHANNEL},
        "summary": summary(action.request),
        "messages": [{"$ref": f"{CHANNEL}/messages/{action.name}"}],
        "reply": {
            "channel": {"$ref": CHANNEL},
            "messages": [{"$ref": f"{CHANNEL}/messages/{name}"} for name in (_answer(action), "CallError")],
        },
    }


def _answer(action: Action) -> str:
    return f"{action.name}Response"


def _messages(action: Action) -> Json:
    """A call and its answer."""
    call = [{"const": 2}, _ref("CallId"), {"const": action.name}, _ref(action.request.__name__)]
    result = [{"const": 3}, _ref("CallId"), _ref(action.response.__name__)]
    return {
        action.name: _message(action.name, summary(action.request), call),
        _answer(action): _message(_answer(action), summary(action.response), result),
    }


def _call_error() -> Json:
    code = {"type": "string", "description": f"One of {', '.join(Code)}; or another, which is newer"}
    parts = [{"const": 4}, _ref("CallId"), code, {"type": "string", "description": "for people"}, {}]
    text = "The refusal of a call; with the id -1 of something that could not be read."
    return _message("CallError", text, parts, least=3)


def _message(name: str, text: str, parts: list[Json], least: int = 0) -> Json:
    frame = {"type": "array", "items": parts, "minItems": least or len(parts)}
    return {
        "name": name,
        "summary": text,
        "correlationId": {"location": "$message.payload#/1", "description": "Id of the call, also in its answer"},
        "payload": frame,
    }


def _ref(name: str) -> Json:
    return {"$ref": SCHEMAS.format(name=name)}


def _schemas() -> Json:
    """The shapes of all actions as JSON schema, with the meaning of each field."""
    tops = [shape for action in ACTIONS.values() for shape in (action.request, action.response)]
    _, schemas = msgspec.json.schema_components(dict.fromkeys(tops), ref_template=SCHEMAS)
    classes = {shape.__name__: shape for shape in MEANINGS}
    for name, schema in schemas.items():
        schema["description"] = summary(classes[name])
        schema.pop("title", None)
        for field, content in schema["properties"].items():
            _explain(content, classes[name], field)
    identifier = {
        "type": "string",
        "minLength": 1,
        "maxLength": 36,
        "description": "Not used before on this connection",
    }
    return {"CallId": identifier, **schemas}


def _explain(content: Json, shape: type[Shape], field: str) -> None:
    """Put the meaning of a field beside its unit; a reference may have no words of its own."""
    if "$ref" in content:
        content["allOf"] = [{"$ref": content.pop("$ref")}]
    unit = content.get("description")
    meaning = MEANINGS[shape][field]
    content["description"] = f"{meaning} ({unit})" if unit else meaning
