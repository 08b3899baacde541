"""Somebody who wants to be an edge: speaks by `httpx` and `cryptography`, and nothing of ours."""

import base64
import copy
import hashlib
import json
import ssl
import struct
from pathlib import Path
from typing import Any

import httpx
import msgpack
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

NO_CHECK_TIME = 0x200000


def unpacked(token: str) -> tuple[str, bytes, bytes, str, str]:
    """Edge, secret, hash of the CA, where to enrol, where the link is: read from the page's words alone."""
    data = base64.urlsafe_b64decode(token.removeprefix("clk1.") + "==")
    edge, secret, ca, enroll, link = msgpack.unpackb(data[:-4])
    return edge, secret, ca, enroll, link


class Answer:
    """Status and JSON of an answer."""

    def __init__(self, response: httpx.Response) -> None:
        self.status = response.status_code
        self.json: dict[str, Any] = response.json()

    @property
    def reason(self) -> str:
        return str(self.json.get("reason", ""))


class Applicant:
    """One gateway: has a key, gets a certificate. Its files are in `folder`."""

    def __init__(self, folder: Path, token: str) -> None:
        self.folder = folder
        self.edge, self.secret, self.ca_hash, self.enroll_at, self.link = unpacked(token)
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.chain = ""
        self.ca = ""
        folder.mkdir(exist_ok=True)

    def with_new_key(self, name: str) -> "Applicant":
        """The same gateway, about to renew; its files are beside the old ones."""
        new = copy.copy(self)
        new.folder = self.folder.with_name(name)
        new.folder.mkdir()
        new.key = ec.generate_private_key(ec.SECP256R1())
        return new

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_pem_x509_certificate(self.chain.encode())

    @property
    def fingerprint(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def request(self, name: str = "") -> bytes:
        """A certificate request, which may ask for a name."""
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        if name:
            wanted = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(name)])
            builder = builder.add_extension(wanted, critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)

    async def meet(self) -> None:
        """Get the CA and see that it is the one of the token."""
        async with httpx.AsyncClient(verify=False) as stranger:
            self.ca = (await stranger.get(f"{self.enroll_at}/ca")).text
        assert hashlib.sha256(ssl.PEM_cert_to_DER_cert(self.ca)).digest() == self.ca_hash

    async def ask(self, path: str, body: Any = None, source: str | None = None, **how: Any) -> Answer:
        """POST what is given, or GET, from an address. Raw bytes go as they are."""
        way = httpx.AsyncHTTPTransport(verify=self.context(), local_address=source)
        async with httpx.AsyncClient(transport=way, base_url=self.enroll_at, timeout=30, **how) as http:
            if body is None:
                return Answer(await http.get(path))
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            return Answer(await http.post(path, content=content))

    async def enrol(
        self, name: str = "", source: str | None = None, headers: dict[str, str] | None = None, **other: Any
    ) -> Answer:
        """Ask to be the edge of the token."""
        if not self.ca:
            await self.meet()
        body = {"edge": self.edge, "secret": text(self.secret), "csr": text(self.request(name))}
        answer = await self.ask("/enroll", body | other, source, headers=headers)
        self.chain = answer.json.get("certificateChain", self.chain)
        return answer

    async def nonce(self) -> bytes:
        return base64.b64decode((await self.ask("/nonce")).json["nonce"])

    async def renew(self, new: "Applicant", nonce: bytes | None = None, **other: Any) -> Answer:
        """Ask for a certificate for the key of `new`, by the proof of this one's."""
        nonce = nonce or await self.nonce()
        csr = new.request()
        parts = b"".join(struct.pack(">H", len(part)) + part for part in (self.edge.encode(), nonce))
        proof = self.key.sign(b"chargelink.renewal.1" + parts + csr, ec.ECDSA(hashes.SHA256()))
        body = {
            "edge": self.edge,
            "fingerprint": self.fingerprint,
            "csr": text(csr),
            "nonce": text(nonce),
            "signature": text(proof),
        }
        answer = await self.ask("/renew", body | other)
        new.chain = answer.json.get("certificateChain") or new.chain
        return answer

    def context(self, chain: str = "") -> ssl.SSLContext:
        """TLS that believes this hub, and shows a certificate if one is given. Its time is not looked at."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_verify_locations(cadata=self.ca)
        context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VerifyFlags(NO_CHECK_TIME)
        if chain:
            file = self.folder / "papers.pem"
            key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            file.write_bytes(key + chain.encode())
            context.load_cert_chain(file)
        return context

    def papers(self) -> ssl.SSLContext:
        """TLS with our certificate."""
        return self.context(self.chain)


def text(data: bytes) -> str:
    """Bytes in JSON."""
    return base64.b64encode(data).decode()
