"""What is passed into a log line by mistake does not come out of it: no VIN, no key."""

import json
from collections.abc import Iterator

import pytest
import structlog

from chargelink.cli.logs import configure
from chargelink.cli.masking import mask, masked

VIN = "LSVAA49J132047371"
SHOWN = "LSV**********7371"
KEY = bytes(range(32))


@pytest.fixture(autouse=True)
def unconfigured() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def failing() -> None:
    raise ValueError(f"no such car: {VIN}")


@pytest.mark.parametrize("as_json", [True, False])
def test_a_line_shows_no_vin_and_no_key(as_json: bool, capsys: pytest.CaptureFixture[str]) -> None:
    configure(as_json)
    log = structlog.get_logger("test")
    log.info(f"car {VIN} plugged", vin=VIN, car=VIN, cars=[VIN, {"first": VIN}], seal=KEY, private_key=KEY.hex())
    log.info("frame", text=f"vin={VIN},{VIN}", digest=KEY.hex(), error=ValueError(VIN))
    try:
        failing()
    except ValueError:
        log.exception("failed")
    said = capsys.readouterr().err
    assert VIN not in said
    assert KEY.hex() not in said
    assert str(KEY) not in said
    assert f"car {SHOWN} plugged" in said
    assert f"no such car: {SHOWN}" in said  # in the traceback


def test_what_says_nothing_of_anybody_stays(capsys: pytest.CaptureFixture[str]) -> None:
    configure(json=True)
    told = {
        "session": "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        "person": "00112233445566778899aabbccddeeff",
        "energy": 12_345_678_901_234_567,
        "online": True,
        "trouble": None,
        "remote_start_id": "1771689600123456",
    }
    structlog.get_logger("test").info("said", **told)
    assert told.items() <= json.loads(capsys.readouterr().err).items()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (VIN, SHOWN),
        (VIN.lower(), "lsv**********7371"),
        (f"a{VIN}", f"a{VIN}"),  # eighteen characters are no VIN
        ("1" * 17, "1" * 17),
        ("abcdefghijklmnopq", "abcdefghijklmnopq"),
        (KEY.hex(), "00010203..."),
    ],
)
def test_what_is_masked(text: str, shown: str) -> None:
    assert mask(text) == shown


@pytest.mark.parametrize(("vin", "shown"), [(VIN, SHOWN), ("", ""), ("1234567", "*******"), ("12345678", "123*5678")])
def test_a_masked_vin(vin: str, shown: str) -> None:
    assert masked(vin) == shown
