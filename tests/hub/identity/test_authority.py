"""The hub's own files: made once, renewed when due, refused when damaged."""

from pathlib import Path

import pytest

from chargelink.hub.identity import authority
from chargelink.trust.certificates import DAY, SERVER_DAYS, CertificateError, der_of_pem, expiry

NOW = 1_763_571_600_000


def server(data: Path, at: int, *names: str) -> str:
    return authority.server_file(data, authority.opened(data, at), names, at).read_text()


def test_the_ca_stays(tmp_path: Path) -> None:
    first = authority.opened(tmp_path, NOW)
    assert authority.opened(tmp_path, NOW + 100 * DAY).hash == first.hash


def test_the_listeners_certificate_is_renewed_from_half_of_its_life(tmp_path: Path) -> None:
    first = server(tmp_path, NOW, "hub.example.org")
    assert server(tmp_path, NOW + 199 * DAY, "hub.example.org") == first
    second = server(tmp_path, NOW + 201 * DAY, "hub.example.org")
    assert expiry(der_of_pem(second)) == NOW + (201 + SERVER_DAYS) * DAY


def test_another_name_or_another_ca_makes_it_anew(tmp_path: Path) -> None:
    first = server(tmp_path, NOW)
    second = server(tmp_path, NOW, "hub.example.org")
    assert second != first
    (tmp_path / "identity" / "ca.pem").unlink()
    assert server(tmp_path, NOW, "hub.example.org") != second


def test_a_torn_file_of_ours(tmp_path: Path) -> None:
    server(tmp_path, NOW)
    (tmp_path / "identity" / "server.pem").write_text("torn")
    assert "CERTIFICATE" in server(tmp_path, NOW)
    (tmp_path / "identity" / "ca.pem").write_text("torn")
    with pytest.raises(CertificateError, match="restore it from a backup"):
        authority.opened(tmp_path, NOW)


def test_where_it_listens_is_kept(tmp_path: Path) -> None:
    assert authority.told(tmp_path) is None
    listening = authority.Listening("https://a:1", "wss://a:2")
    authority.tell(tmp_path, listening)
    assert authority.told(tmp_path) == listening
    (tmp_path / "identity" / "listening.json").write_bytes(b"\xff")
    assert authority.told(tmp_path) is None
