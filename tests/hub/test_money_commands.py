"""`chargelink hub account`, as an operator types it: a day at the counter."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.hub.conftest import Place

from chargelink.cli.language import Language, speak
from chargelink.cli.main import main


class Counter:
    """Types commands and reads what comes."""

    def __init__(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.data = data
        self.capsys = capsys

    def type(self, line: str) -> tuple[int, str, str]:
        """Exit code, output, errors."""
        first, second, *rest = line.split()
        try:
            code = main(["hub", first, second, *rest, "--data", str(self.data)])
        except SystemExit as refusal:  # by argparse
            code = int(refusal.code or 0)
        said = self.capsys.readouterr()
        return code, said.out, said.err

    def json(self, line: str) -> Any:
        code, out, err = self.type(f"{line} --json")
        assert (code, err) == (0, "")
        return json.loads(out)

    def refused(self, line: str) -> str:
        code, out, err = self.type(line)
        assert (code, out) == (2, "")
        return err


@pytest.fixture
def counter(place: Place, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Counter:
    if place.url is not None:
        monkeypatch.setenv("CHARGELINK_DATABASE", place.url)
    return Counter(place.directory, capsys)


def test_a_customer_comes_pays_and_gets_back_what_is_unused(counter: Counter) -> None:
    account = counter.json("account create --group staff --reference HR-7")["account"]
    assert counter.json("account create --group staff --reference HR-7")["account"] == account
    for new in (True, False):
        told = counter.json(f"account top-up {account} --amount 50 --reference WX-1")
        assert told == {"account": account, "new": new, "wallet": 5_000, "held": 0, "owed": 0}
    counter.json(f"account top-up {account} --amount 12.34 --reference WX-2")
    refund = counter.json(f"account refund {account} --amount 55 --reference R-1")
    assert refund["parts"] == [{"origin": "WX-1", "fen": 5_000}, {"origin": "WX-2", "fen": 500}]
    (row,) = counter.json("account list")
    assert (row["account"], row["wallet"], row["group"]) == (account, 734, "staff")
    code, out, _ = counter.type(f"account show {account}")
    assert code == 0
    assert "unused 7.34, held 0.00, owed 0.00 yuan" in out
    assert "paid in by WX-2: 12.34 yuan, 5.00 of them went back" in out
    assert "7.34 yuan unused" in counter.refused(f"account close {account}")
    code, out, _ = counter.type(f"account refund {account} --all --reference R-2")
    assert (code, out) == (0, "pay back 7.34 yuan to payment WX-2 at your merchant number\n")
    assert counter.json(f"account close {account}") == {"account": account, "forgotten": 0}
    assert counter.json(f"account show {account}")["state"] == "closed"


REFUSED = [
    ("account show a1", "there is no account a1"),
    ("account top-up a1 --amount 1.234 --reference X", "'1.234' is no amount"),
    ("account top-up a1 --amount 0 --reference X", "the amount is above 0"),
    ("account refund a1 --reference X", "required"),
    ("account create --group 客户", "1 to 64 letters"),
]


@pytest.mark.parametrize(("line", "why"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_cannot_be_done_is_said_with_why(counter: Counter, line: str, why: str) -> None:
    assert why in counter.refused(line)


def test_a_refusal_in_chinese(counter: Counter) -> None:
    try:
        code = main(["hub", "account", "show", "a1", "--data", str(counter.data), "--lang", "zh"])
    finally:
        speak(Language.ENGLISH)
    assert code == 2
    assert "没有账户 a1" in counter.capsys.readouterr().err
