"""Who was wrong too often waits; what was said once is not said again; and nobody can fill our memory."""

import pytest

from chargelink.hub.identity.limits import Limiter, Nonces, network


def test_a_few_wrong_tries_and_then_a_wait() -> None:
    limiter = Limiter(tries=3, within=60, most=10)
    for second in range(3):
        assert limiter.wait("a", second) == 0
        limiter.wrong("a", second)
    assert limiter.wait("a", 10) == 50
    assert limiter.wait("b", 10) == 0
    assert limiter.wait("a", 60) == 0
    limiter.wrong("a", 60)
    assert limiter.wait("a", 61) == 0


def test_names_without_end_take_no_memory() -> None:
    limiter = Limiter(tries=1, within=60, most=10)
    for number in range(1000):
        limiter.wrong(str(number), 0)
    assert len(limiter) == 10
    assert limiter.wait("999", 1) == 59
    assert limiter.wait("0", 1) == 0


def test_a_nonce_is_good_once_and_not_long() -> None:
    nonces = Nonces(within=60, most=2)
    nonce = nonces.give(0)
    assert nonces.is_fresh(nonce, 59)
    assert not nonces.is_fresh(nonce, 60)
    nonces.take(nonce)
    assert not nonces.is_fresh(nonce, 1)
    assert not Nonces(within=60, most=2).is_fresh(nonces.give(0), 1)


@pytest.mark.parametrize("nonce", [b"", bytes(24), bytes(56), bytes(1000)])
def test_what_nobody_gave_is_no_nonce(nonce: bytes) -> None:
    assert not Nonces(within=60, most=2).is_fresh(nonce, 0)


@pytest.mark.parametrize(
    ("address", "who"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_who_is_at_an_address(address: str, who: str) -> None:
    assert network(address) == who
