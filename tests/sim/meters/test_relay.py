"""The relay of a simulated meter, and the security module that a grid meter has before it."""

from datetime import timedelta

import pytest
from tests.sim.meters.bench import ADDRESS, Bench
from tests.sim.meters.test_obedience import BY, FULL, LOW, WRONG, done, error

from chargelink.dlt645 import ErrorWord
from chargelink.dlt645.bodies import Credentials, Relay
from chargelink.dlt645.control import RelayError, SecurityError
from chargelink.dlt645.request import Request, relay, security
from chargelink.sim.meters.device import Built

LATER = "2099-12-31 23:59:59"


def order(command: int, wait: int = 0, until: str = LATER, by: Credentials = BY) -> Request:
    return relay(ADDRESS, Relay(by, command, until, wait))


def test_the_relay_trips_and_closes() -> None:
    bench = Bench()
    done(bench.ask(order(0x1A)))
    assert bench.value("04000503") == 1 << 4 | 1 << 6
    bench.wait(timedelta(seconds=10), FULL)
    assert bench.value("00010000") == 0  # no current through an open relay
    done(bench.ask(order(0x1B)))
    assert bench.value("04000503") == 1 << 4  # permitted, not yet done
    bench.order("key closing")
    assert bench.value("04000503") == 0
    assert (bench.value("1D000001"), bench.value("1E000001")) == (1, 1)
    assert bench.value("1D000101")[1] == "12345678"  # type: ignore[index]


def test_a_trip_with_return_and_power_that_is_kept() -> None:
    bench = Bench()
    assert error(bench.ask(order(0x1D))) == ErrorWord.NOT_AUTHORISED  # returns when?
    done(bench.ask(order(0x1D, wait=2)))
    assert error(bench.ask(order(0x1E, wait=2))) == ErrorWord.NOT_AUTHORISED  # tripped already
    bench.wait(timedelta(minutes=9))
    assert bench.meter.relay.open
    bench.wait(timedelta(minutes=1))
    assert not bench.meter.relay.open
    done(bench.ask(order(0x3A)))
    assert error(bench.ask(order(0x1A))) == ErrorWord.NOT_AUTHORISED
    done(bench.ask(order(0x3B)))
    done(bench.ask(order(0x1A)))
    done(bench.ask(order(0x1C)))
    done(bench.ask(order(0x2A)))
    assert bench.value("04000503") == 1 << 7
    done(bench.ask(order(0x2B)))


@pytest.mark.parametrize(
    "request_",
    [
        order(0x1A, until="2026-11-20 12:00:00"),  # past
        order(0x1A, until="2026-13-20 12:00:00"),
        order(0x1A, by=WRONG),
        order(0x1A, by=LOW),
        order(0x1A, by=Credentials("98")),
        order(0x4F),
    ],
)
def test_a_relay_that_refuses(request_: Request) -> None:
    bench = Bench()
    assert error(bench.ask(request_)) == ErrorWord.NOT_AUTHORISED
    assert not bench.meter.relay.told_to_trip


def test_a_relay_that_says_yes_and_does_not_move() -> None:
    bench = Bench()
    bench.order("fault relay-stuck")
    done(bench.ask(order(0x1A)))
    assert bench.value("04000503") == 1 << 6
    assert bench.value("1D000001") == 0


def test_a_grid_meter_trips_through_its_security_module_only() -> None:
    bench = Bench(Built(esam=True))
    identity = security(ADDRESS, "070000FF", bytes(24))
    enciphered = order(0x1A, by=Credentials("98"))
    assert error(bench.ask(order(0x1A))) == ErrorWord.NOT_AUTHORISED
    assert error(bench.ask(enciphered)) == RelayError.AUTHENTICATION_TIMED_OUT
    assert error(bench.ask(security(ADDRESS, "070301FF", b""))) == SecurityError.AUTHENTICATION_FAILED
    done(bench.ask(identity), bytes.fromhex("01020304 1122334455667788"))
    assert error(bench.ask(enciphered)) == RelayError.WRONG_MAC
    assert error(bench.ask(security(ADDRESS, "070301FF", b""))) == SecurityError.ESAM_CHECK_FAILED
    done(bench.ask(order(0x1C)))
    assert error(Bench().ask(identity)) == SecurityError.AUTHENTICATION_FAILED
