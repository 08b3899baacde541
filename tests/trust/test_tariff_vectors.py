"""The signature of a tariff against an Ed25519 of its own, reckoned from RFC 8032 alone."""

import hashlib

import pytest

from chargelink.trust import tariffs
from chargelink.trust.checkpoints import JournalKey

# RFC 8032, 5.1: the field, the curve and its base point.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
BASE_Y = 4 * pow(5, -1, P) % P

Point = tuple[int, int]


def x_of(y: int, sign: int) -> int:
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    assert (x * x - square) % P == 0
    return P - x if x & 1 != sign else x


BASE = (x_of(BASE_Y, 0), BASE_Y)


def add(one: Point, other: Point) -> Point:
    (x1, y1), (x2, y2) = one, other
    k = D * x1 * x2 * y1 * y2
    return (
        (x1 * y2 + x2 * y1) * pow(1 + k, -1, P) % P,
        (y1 * y2 + x1 * x2) * pow(1 - k, -1, P) % P,
    )


def times(factor: int, point: Point) -> Point:
    result = (0, 1)
    for bit in bin(factor)[2:]:
        result = add(result, result)
        if bit == "1":
            result = add(result, point)
    return result


def written(point: Point) -> bytes:
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def number(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def signature(seed: bytes, message: bytes) -> tuple[bytes, bytes]:
    """The public key and the signature, as RFC 8032, 5.1.5 and 5.1.6 have them."""
    hashed = hashlib.sha512(seed).digest()
    secret = int.from_bytes(hashed[:32], "little") & (2**254 - 8) | 2**254
    public = written(times(secret, BASE))
    once = number(hashed[32:], message) % L
    point = written(times(once, BASE))
    answer = (once + number(point, public, message) * secret) % L
    return public, point + answer.to_bytes(32, "little")


def test_the_judge_knows_the_first_vector_of_the_standard() -> None:
    """RFC 8032, 7.1, TEST 1."""
    seed = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    public, signed = signature(seed, b"")
    assert public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert signed.hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974")


@pytest.mark.parametrize("seed", [bytes(32), bytes(range(32)), b"\xff" * 32], ids=["zeroes", "rising", "ones"])
def test_a_tariff_is_signed_as_its_page_says(seed: bytes) -> None:
    digest = hashlib.sha256(b"a tariff").digest()
    public, signed = signature(seed, b"chargelink tariff 1" + b"\x00" + digest)
    key = JournalKey(seed)
    assert (key.public, tariffs.sign(key, digest)) == (public, signed)
    assert tariffs.verify(public, digest, signed)
