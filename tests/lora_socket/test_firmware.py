"""The C header and its vectors: a compiler and a small firmware take them, and so do both LS1 of the tests."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from docs.ls1_vectors import GROUP_KEY
from tests.lora_socket import peer
from tests.lora_socket.worked import ADDRESS, DEV_NONCE, DEVICE_KEY, EUI, JOIN_NONCE, KEYS, NET

from chargelink.lora_socket.commands import OPERATIONS, operation_name
from chargelink.lora_socket.join import open_accept, open_request
from chargelink.lora_socket.keys import GroupKey
from chargelink.lora_socket.kinds import RULE, Kind
from chargelink.lora_socket.session import Received, Role, Session

HERE = Path(__file__).parent
HEADERS = HERE.parent.parent / "docs" / "ls1"
STRICT = ["-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"]
SITE = json.loads((HEADERS / "ls1_vectors.json").read_text("utf-8"))
VECTORS: list[dict[str, Any]] = SITE["vectors"]
each_vector = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small firmware. Needs the Debian packages gcc and libc6-dev, which `make` installs where it may."""
    if shutil.which("cc") is None and not os.environ.get("CI"):
        pytest.skip("no C compiler")
    program = tmp_path_factory.mktemp("firmware") / "firmware"
    subprocess.run(["cc", *STRICT, "-I", HEADERS, "-o", program, HERE / "firmware.c"], check=True)
    return program


def test_a_firmware_reads_and_writes_every_vector(compiled: Path) -> None:
    done = subprocess.run([compiled], capture_output=True, text=True)
    assert done.stdout == f"{len(VECTORS)} vectors, 0 failures\n"
    assert done.returncode == 0


def test_every_type_and_every_operation_has_a_vector() -> None:
    operations = {f"CMD {operation_name(kind)}" for kind in OPERATIONS.values()}
    assert [vector["name"] for vector in VECTORS if vector["name"].startswith("CMD ")] == list(
        dict.fromkeys(f"CMD {operation_name(kind)}" for kind in OPERATIONS.values())
    )
    assert {vector["name"] for vector in VECTORS} == {kind.name for kind in Kind if kind is not Kind.CMD} | operations


@each_vector
def test_the_firmware_knows_it(vector: dict[str, Any]) -> None:
    """Lest a type that is new goes untried: the compiler says nothing about a struct that nobody uses."""
    name = vector["name"].lower()
    uses = rf"\((?:{name.removeprefix('cmd ')}, |ls1_\w+, ls1_vector_{name}_)|ls1_vector_{name}_body"
    assert re.search(uses, (HERE / "firmware.c").read_text("utf-8"))


@each_vector
def test_the_peer_opens_it(vector: dict[str, Any]) -> None:
    """The peer knows nothing of chargelink: seal, counter, nonce and keys of a vector are what the page says."""
    join_nonce = 0 if vector["key"] == "group" or vector["name"] == "JOIN_REQ" else SITE["join_nonce"]
    key = bytes.fromhex(SITE["keys"][vector["key"]])
    frame = bytes.fromhex(vector["frame"])
    control, net, _, kind, body = peer.unseal(key, frame, vector["counter"], join_nonce, vector["clear"])
    if vector["acknowledges"] is not None:
        assert control & 0x08
        assert int.from_bytes(body[:2], "little") == vector["acknowledges"]
        body = body[2:]
    assert (net, kind, body.hex()) == (SITE["net"], vector["type"], vector["body"])


@each_vector
def test_we_open_it(vector: dict[str, Any]) -> None:
    frame, kind = bytes.fromhex(vector["frame"]), Kind(vector["type"])
    if kind is Kind.JOIN_REQ:
        assert open_request(DEVICE_KEY, frame).encode().hex() == vector["body"]
        return
    if kind is Kind.JOIN_ACC:
        assert open_accept(DEVICE_KEY, EUI, DEV_NONCE, frame).encode().hex() == vector["body"]
        return
    role = Role.SOCKET if RULE[kind].down else Role.EDGE
    receiver = Session(role, NET, ADDRESS, KEYS, heard=vector["counter"] - 1)
    if vector["key"] == "group":
        receiver.follow_group(GroupKey(GROUP_KEY, 5), vector["counter"])
    (received,) = receiver.receive(frame, now=0.0)
    assert isinstance(received, Received)
    assert received.sound
    assert received.body.encode().hex() == vector["body"]
    assert received.opened.acknowledges == vector["acknowledges"]


def test_the_keys_are_derived_as_the_page_says() -> None:
    dk = peer.device_key(bytes.fromhex(SITE["master"]), EUI)
    assert dk.hex() == SITE["device_key"]
    assert SITE["keys"] == {
        "join": peer.join_key(dk, EUI).hex(),
        "up": peer.session_key(dk, 1, NET, JOIN_NONCE, DEV_NONCE, EUI).hex(),
        "down": peer.session_key(dk, 2, NET, JOIN_NONCE, DEV_NONCE, EUI).hex(),
        "group": GROUP_KEY.hex(),
    }
