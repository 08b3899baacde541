"""The papers of an edge, `<data>/link/identity.pem`: who it is, to which hub, by which key.

One file, because key, certificate and CA must change together: lines for people and for us, then key and certificate
as TLS reads them, which skips the lines. `next.pem` beside it is a renewed one that was not used yet.
"""

import base64
import binascii
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from chargelink.cli.files import remove_durably, sync_folder, write_durably
from chargelink.edge.identity.error import IdentityError

HEAD = "# Who this edge is to its hub. Keep it secret: whoever has this file is this edge.\n"
BEGIN, END = "-----BEGIN ", "-----END CERTIFICATE-----\n"


class Papers(NamedTuple):
    """What the file says. Times are UTC ms; `ca` is DER, `pem` the private key and the certificate."""

    edge: str
    link: str
    enroll: str
    ca: bytes
    fingerprint: str
    renew_from: int
    expires: int
    pem: str

    def __repr__(self) -> str:
        return f"Papers(edge={self.edge!r}, fingerprint={self.fingerprint!r})"  # the key belongs in no log

    def encode(self) -> bytes:
        """The file."""
        lines = {
            "edge": self.edge,
            "link": self.link,
            "enroll": self.enroll,
            "fingerprint": self.fingerprint,
            "renew-from": shown(self.renew_from),
            "expires": shown(self.expires),
            "ca": base64.b64encode(self.ca).decode(),
        }
        return (HEAD + "".join(f"{name}: {value}\n" for name, value in lines.items()) + self.pem).encode()

    @classmethod
    def decode(cls, data: bytes) -> "Papers":
        """Raises ValueError for anything else."""
        head, begin, pem = data.decode("ascii").partition(BEGIN)
        if not pem.endswith(END):
            raise ValueError("it ends too soon")
        lines = dict(line.split(": ", 1) for line in head.splitlines() if not line.startswith("#"))
        try:
            return cls(
                edge=lines["edge"],
                link=lines["link"],
                enroll=lines["enroll"],
                ca=base64.b64decode(lines["ca"], validate=True),
                fingerprint=lines["fingerprint"],
                renew_from=_ms(lines["renew-from"]),
                expires=_ms(lines["expires"]),
                pem=begin + pem,
            )
        except (KeyError, binascii.Error) as error:
            raise ValueError(f"no {error}") from None


class Drawer:
    """The folder of the papers."""

    def __init__(self, data: Path) -> None:
        self.folder = data / "link"
        self.current = self.folder / "identity.pem"
        self.next = self.folder / "next.pem"

    def read(self) -> Papers | None:
        """Who we are; None before the first enrolment. Raises IdentityError for a file that is damaged."""
        return _read(self.current)

    def read_next(self) -> Papers | None:
        """What was renewed and not used yet; a damaged one is none."""
        try:
            return _read(self.next)
        except IdentityError:
            return None

    def write(self, papers: Papers) -> None:
        """This is who we are from now on. Raises OSError."""
        self._make()
        remove_durably(self.next)
        write_durably(self.current, papers.encode())

    def write_next(self, papers: Papers) -> None:
        """This is who we will be, if the hub agrees. Raises OSError."""
        self._make()
        write_durably(self.next, papers.encode())

    def promote(self) -> None:
        """The hub let us in with the next one. Raises OSError."""
        self.next.replace(self.current)
        sync_folder(self.folder)

    def forget_next(self) -> None:
        """The hub did not. Raises OSError."""
        remove_durably(self.next)

    def _make(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def shown(ms: int) -> str:
    """A time as it stands in the file."""
    return datetime.fromtimestamp(ms // 1000, UTC).isoformat().replace("+00:00", "Z")


def _ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1000


def _read(file: Path) -> Papers | None:
    try:
        return Papers.decode(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise IdentityError(f"{file}: {error.strerror}", f"{file}：{error.strerror}") from None
    except ValueError as error:
        raise IdentityError(
            f"{file} is damaged ({error}); enrol again: chargelink edge enroll TOKEN --force",
            f"{file} 已损坏（{error}）；请重新注册: chargelink edge enroll 令牌 --force",
        ) from None
