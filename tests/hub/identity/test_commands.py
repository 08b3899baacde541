"""`chargelink hub edge`: what operators type, on the database of a hub that runs and of one that does not."""

import asyncio
import shutil
import sys
from pathlib import Path

import pytest
from tests.hub.hub_process import PATIENCE, running
from tests.hub.identity.applicant import Applicant, unpacked
from tests.hub.identity.conftest import SecureHub

from chargelink.cli.main import main
from chargelink.hub.clock import now_ms
from chargelink.hub.identity import authority


def told(capsys: pytest.CaptureFixture[str], *line: str) -> tuple[int, str, str]:
    """Exit code and what was printed."""
    code = main(line)
    printed = capsys.readouterr()
    return code, printed.out, printed.err


async def command(*line: str) -> tuple[int, str, str]:
    """The same as a process of its own, beside whatever runs here."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chargelink.cli", "--lang", "en", *line),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


@pytest.fixture
def ran(tmp_path: Path, migrated: Path) -> Path:
    """The folder of a hub that has run and does not now."""
    shutil.copy(migrated, tmp_path)
    authority.opened(tmp_path, now_ms())
    authority.tell(tmp_path, authority.Listening("https://hub.example.org:8703", "wss://hub.example.org:8701"))
    return tmp_path


def test_a_new_edge_gets_a_token(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = told(capsys, "hub", "edge", "add", "garage-1", "--data", str(ran))
    assert code == 0
    edge, secret, ca, enroll, link = unpacked(out.strip())
    assert (edge, enroll, link) == ("garage-1", "https://hub.example.org:8703", "wss://hub.example.org:8701")
    assert ca == authority.opened(ran, now_ms()).hash
    assert len(secret) == 16
    assert "30 minutes" in err
    assert "chargelink edge enroll" in err
    assert (ran / "identity" / "ca.pem").stat().st_mode & 0o777 == 0o600
    assert (ran / "identity").stat().st_mode & 0o777 == 0o700


def test_the_list_says_who_may_connect(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("garage-2", "garage-1"):
        told(capsys, "hub", "edge", "add", name, "--data", str(ran))
    told(capsys, "hub", "edge", "revoke", "garage-2", "--data", str(ran))
    code, out, _ = told(capsys, "hub", "edge", "list", "--data", str(ran))
    assert code == 0
    heads, *rows = [line.split(maxsplit=3) for line in out.splitlines()]
    assert heads == ["EDGE", "CERTIFICATE", "UNTIL", "STATE"]
    assert rows == [["garage-1", "-", "-", "token given, not enrolled yet"], ["garage-2", "-", "-", "revoked"]]


REFUSED = [
    (("add", "a b"), "is no id of an edge"),
    (("add", "../x"), "is no id of an edge"),
    (("revoke", "nobody"), "no edge nobody was added; see `chargelink hub edge list`"),
    (("replace", "nobody"), "no edge nobody was added"),
    (("allow", "nobody"), "no edge nobody was added"),
    (("allow", "garage-1"), "nothing of garage-1 waits for you"),
]


@pytest.mark.parametrize(("line", "words"), REFUSED)
def test_refused_in_a_line(ran: Path, capsys: pytest.CaptureFixture[str], line: tuple[str, ...], words: str) -> None:
    told(capsys, "hub", "edge", "add", "garage-1", "--data", str(ran))
    code, out, err = told(capsys, "hub", "edge", *line, "--data", str(ran))
    assert (code, out) == (2, "")
    assert words in err


def test_a_folder_where_no_hub_has_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for line in (("add", "garage-1"), ("list",), ("revoke", "garage-1")):
        code, _, err = told(capsys, "hub", "edge", *line, "--data", str(tmp_path))
        assert code == 2
        assert "chargelink hub serve --data" in err
    assert not (tmp_path / "hub.db").exists()


def test_a_plain_hub_has_nothing_to_put_in_a_token(ran: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (ran / "identity" / "listening.json").unlink()
    code, _, err = told(capsys, "hub", "edge", "add", "garage-1", "--data", str(ran))
    assert code == 2
    assert "has to say where the hub is" in err


async def test_beside_a_running_hub(secure: SecureHub) -> None:
    data = ("--data", str(secure.data))
    code, out, _ = await command("hub", "edge", "add", "edge-1", *data)
    assert code == 0
    gateway = Applicant(secure.data / "gateway", out.strip())
    assert (await gateway.enrol()).status == 200
    edge = await secure.link(gateway)
    await edge.boot()
    code, _, err = await command("hub", "edge", "add", "edge-1", *data)
    assert code == 2
    assert "chargelink hub edge replace edge-1" in err
    code, out, _ = await command("hub", "edge", "revoke", "edge-1", *data)
    assert (code, out[:38]) == (0, "edge-1 is let in no more (1 certificat")
    await asyncio.wait_for(edge.websocket.wait_closed(), PATIENCE)
    assert edge.websocket.close_code == 4403
    code, out, _ = await command("hub", "edge", "list", *data)
    assert "revoked" in out


@pytest.mark.parametrize(
    ("arguments", "link", "names"),
    [
        ((), "wss://127.0.0.1", set()),
        (("--host", "0.0.0.0", "--name", "hub.example.org"), "wss://hub.example.org", {"hub.example.org"}),
    ],
)
async def test_a_hub_with_certificates_says_where_it_is(
    tmp_path: Path, arguments: tuple[str, ...], link: str, names: set[str]
) -> None:
    from chargelink.trust.certificates import der_of_pem, names_of

    async with running(tmp_path, *arguments, plain=False) as hub:
        assert hub.link.rpartition(":")[0] == link
        listening = authority.told(tmp_path)
        assert listening is not None
        assert listening.link == hub.link
        assert hub.web.startswith("http://127.0.0.1:")
    file = tmp_path / "identity" / "server.pem"
    first = file.read_text()
    assert names_of(der_of_pem(first)) == names | {"127.0.0.1", "localhost"}
    async with running(tmp_path, *arguments, plain=False):
        assert file.read_text() == first  # it is new enough


async def test_everywhere_needs_a_name(tmp_path: Path) -> None:
    for arguments, words in ((("--host", "0.0.0.0"), "--name"), (("--host", "hub.example.org"), "no IP address")):
        code, out, err = await command("hub", "serve", "--data", str(tmp_path / "hub"), *arguments)
        assert (code, out) == (2, "")
        assert words in err
        assert not (tmp_path / "hub").exists()
