"""What cannot be meant is refused in words, before anything is opened."""

import pytest

from chargelink.cli.main import main


@pytest.mark.parametrize(
    ("line", "argument"),
    [
        (("can-bus", "--port", "99999"), "--port"),
        (("can-bus", "--port", "-1"), "--port"),
        (("charger-io", "--lines", ".", "--modbus-port", "65536"), "--modbus-port"),
        (("charger-io", "--lines", ".", "--cable-port", "x"), "--cable-port"),
        (("meter", "--probe-port", "65536"), "--probe-port"),
        (("meter", "--address", "x"), "--address"),
    ],
)
def test_a_wrong_argument_is_named(line: tuple[str, ...], argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["sim", *line])
    assert stopped.value.code == 2
    assert f"argument {argument}: invalid" in capsys.readouterr().err
