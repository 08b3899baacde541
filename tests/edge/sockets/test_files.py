"""The key file, the memory on disk, the radio plan, and who hears a socket best."""

from pathlib import Path

import msgspec
import pytest
from tests.edge.sockets.yard import MASTER, eui, keys, write_keys

from chargelink.edge.sockets.diversity import SAME_WITHIN, Diversity
from chargelink.edge.sockets.keys import KeyFileError, load
from chargelink.edge.sockets.memory import Conversation, ForgottenError, Memory, MemoryFile, SocketMemory
from chargelink.edge.sockets.plan import RadioPlan
from chargelink.edge.sockets.reasons import REASONS, UNKNOWN, why, word
from chargelink.lora_radio.packets import ReceivedPacket
from chargelink.lora_socket.codes import StopReason
from chargelink.lora_socket.listener import Listener
from chargelink.sim.sockets import keys as sim_keys
from chargelink.trace.ls1 import key_file
from chargelink.wire import EncodeError

SITE = f'[[site]]\nnet = 1\ngroup_key = "{bytes(16).hex()}"\n'
SOCKET = f'[[socket]]\neui = "{eui(1).hex()}"\naddress = '
MADE = f'master = "{MASTER.hex()}"\n'
WRONG = {
    "not TOML": "x = ",
    "a key that is not known": 'mastr = "00"\n[[site]]\nnet = 1\ngroup_key = ""\n[[socket]]\neui = ""\naddress = 1',
    "no site": MADE + "site = []\n" + SOCKET + "1",
    "short group key": 'socket = []\n[[site]]\nnet = 1\ngroup_key = "00"',
    "no key for a socket": SITE + SOCKET + "1",
    "address out of range": MADE + SITE + SOCKET + "0",
    "two sockets at one address": MADE + SITE + SOCKET + "1\n" + SOCKET.replace(eui(1).hex(), eui(2).hex()) + "1",
}


def test_the_key_file_is_read(tmp_path: Path) -> None:
    write_keys(tmp_path / "keys.toml", 3)
    assert load(tmp_path / "keys.toml") == keys(3)
    assert MASTER.hex() not in repr(keys(3))
    assert repr(keys(3).sockets[0].device_key) not in repr(keys(3))


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    write_keys(tmp_path / "keys.toml", 1)
    (tmp_path / "keys.toml").chmod(0o640)
    with pytest.raises(KeyFileError, match="chmod 600"):
        load(tmp_path / "keys.toml")


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_a_wrong_key_file_is_told_without_its_keys(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(KeyFileError) as raised:
        load(path)
    assert MASTER.hex() not in str(raised.value)


def test_no_key_file(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="No such file"):
        load(tmp_path / "keys.toml")


def test_simulator_edge_and_decoder_read_one_file(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    sim_keys.make(path, 2)
    edge, sockets = load(path), sim_keys.load(path, 2)
    assert [(key.eui, key.device_key) for key in edge.sockets] == [(one.eui, one.device_key) for one in sockets]
    key_file.load(str(path), Listener())
    with pytest.raises(sim_keys.KeyFileError, match="3 are wanted"):
        sim_keys.load(path, 3)
    with pytest.raises(sim_keys.KeyFileError):
        sim_keys.make(path, 2)  # never over keys that are there


def test_the_memory_comes_back_as_it_was(tmp_path: Path) -> None:
    file = MemoryFile(tmp_path / "sockets.json")
    assert file.load() == Memory()
    talk = Conversation(7, 9, reserved=512, heard=70_000)
    memory = Memory("life", 9, 256, 512, {eui(1).hex(): SocketMemory(7, talk)})
    file.write(msgspec.json.encode(memory))
    assert file.load() == memory
    assert (tmp_path / "sockets.json").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["sockets.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"join_nonce": "x"}', b"\xff"])
def test_a_damaged_memory_is_not_guessed(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "sockets.json").write_bytes(content)
    with pytest.raises(ForgottenError, match="restore"):
        MemoryFile(tmp_path / "sockets.json").load()


def test_a_memory_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(ForgottenError):
        MemoryFile(tmp_path / "nowhere" / "sockets.json").write(b"{}")


@pytest.mark.parametrize(
    "plan",
    [
        {"frequencies": (470_300_000, 470_500_000, 471_900_000)},
        {"frequencies": (469_300_000, 471_100_000, 471_900_000)},
        {"spreading_factor": 11},
        {"power_dbm": 20},
        {"cycle": 0},
    ],
)
def test_what_the_band_does_not_allow(plan: dict[str, object]) -> None:
    with pytest.raises(EncodeError):
        RadioPlan(**plan)  # type: ignore[arg-type]


def test_every_reason_of_a_socket_has_a_word_of_ocpp() -> None:
    assert set(REASONS) == set(StopReason)
    assert why(StopReason.LEAKAGE).fault
    assert not why(StopReason.FULL).fault
    assert why(0x77) is UNKNOWN
    assert word(0x77) == "reason 77"


def test_a_packet_counts_once_and_the_best_gateway_answers() -> None:
    frame = bytes.fromhex("e060512a1100711140c04f33879a")
    near, far = b"nearnear", b"far away"
    diversity = Diversity()
    assert diversity.is_new(far, ReceivedPacket(payload=frame, snr=-500), 1.0)
    assert diversity.best(0x11, frozenset({near, far})) == far
    assert not diversity.is_new(near, ReceivedPacket(payload=frame, snr=900), 1.1)
    assert diversity.best(0x11, frozenset({near, far})) == near
    assert diversity.best(0x11, frozenset({far})) == far
    assert diversity.best(0x12, frozenset()) is None
    assert diversity.is_new(far, ReceivedPacket(payload=frame), 1.0 + SAME_WITHIN)
    assert diversity.is_new(far, ReceivedPacket(payload=b"\xe0"), 5.0)
