"""What a socket judges before it runs an image."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chargelink.lora_socket.image import ImageFlaw, announce, judge_image, sign, signed_part
from chargelink.wire import EncodeError

# RFC 8032, section 7.1, tests 1 and 2
MAKER = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
)
STRANGER = Ed25519PrivateKey.from_private_bytes(
    bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
)
PUBLIC = MAKER.public_key().public_bytes_raw()
IMAGE = bytes(range(200))


def judged(**otherwise: Any) -> ImageFlaw | None:
    whole: dict[str, Any] = {
        "model": 1,
        "running": 0x0100,
        "setup": announce(1, 0x0105, IMAGE, 4),
        "image": IMAGE,
        "signature": sign(MAKER, 1, 0x0105, IMAGE),
    }
    return judge_image(PUBLIC, **{**whole, **otherwise})


def test_a_newer_signed_image_is_good() -> None:
    assert judged() is None
    assert judged(running=0x0104) is None


@pytest.mark.parametrize("running", [0x0105, 0x0106, 0xFFFF])
def test_nothing_goes_back_to_an_older_version(running: int) -> None:
    assert judged(running=running) is ImageFlaw.VERSION


@pytest.mark.parametrize(
    "signature",
    [
        sign(STRANGER, 1, 0x0105, IMAGE),
        sign(MAKER, 2, 0x0105, IMAGE),  # another model
        sign(MAKER, 1, 0x0104, IMAGE),  # an old image under a new version
        sign(MAKER, 1, 0x0105, IMAGE + b"\0"),
        bytes(64),
        b"",
    ],
)
def test_what_the_maker_did_not_sign(signature: bytes) -> None:
    assert judged(signature=signature) is ImageFlaw.SIGNATURE


def test_another_image_than_was_announced() -> None:
    assert judged(image=IMAGE[:-1] + b"\0") is ImageFlaw.DIGEST
    other = IMAGE[::-1]
    digest = announce(1, 0x0105, other, 4)  # the digest of another image, whose signature there is not
    assert judged(image=other, setup=digest) is ImageFlaw.SIGNATURE


def test_the_announcement() -> None:
    setup = announce(2, 0x0105, bytes(65_536), 137)
    assert (setup.id, setup.size, setup.fragment_size, setup.count, setup.redundancy) == (2, 65_536, 96, 683, 137)
    assert not setup.flaws
    with pytest.raises(EncodeError):
        announce(1, 2, b"", 0)


def test_what_is_signed() -> None:
    head = signed_part(1, 0x0105, IMAGE)[:15]
    assert head == b"LS1-FW\0\0" + bytes.fromhex("01 0501 c8000000")
    assert len(signed_part(1, 0x0105, IMAGE)) == 47
