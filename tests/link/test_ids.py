"""Session ids: RFC 9562's own example, order, and what is refused."""

from uuid import UUID

import pytest

from chargelink.ids import born_at, session_id

# RFC 9562 appendix A.6: unix_ts_ms 0x017F22E279B0, rand_a 0xCC3, rand_b 0x18C4DC0C0C07398F
RFC_TIME = 0x017F22E279B0
RFC_RANDOM = (0xCC3 << 64 | 0x18C4DC0C0C07398F).to_bytes(10, "big")
RFC_ID = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


def test_the_example_of_the_rfc() -> None:
    assert session_id(RFC_TIME, RFC_RANDOM) == RFC_ID
    assert born_at(RFC_ID) == RFC_TIME


@pytest.mark.parametrize("entropy", [bytes(10), b"\xff" * 10, b"\xff" * 16])
def test_every_id_is_a_version_7(entropy: bytes) -> None:
    uuid = UUID(session_id(1, entropy))
    assert (uuid.version, uuid.variant) == (7, "specified in RFC 4122")


def test_later_sorts_later() -> None:
    assert session_id(1, b"\xff" * 10) < session_id(2, bytes(10))


@pytest.mark.parametrize(("time", "entropy"), [(-1, bytes(10)), (1 << 48, bytes(10)), (0, bytes(9))])
def test_what_makes_no_id(time: int, entropy: bytes) -> None:
    with pytest.raises(ValueError, match=r"no time|are needed"):
        session_id(time, entropy)


def test_another_uuid_has_no_time_of_birth() -> None:
    with pytest.raises(ValueError, match="no UUIDv7"):
        born_at("f81d4fae-7dec-4d0a-a765-00a0c91e6bf6")
