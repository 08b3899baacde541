"""`chargelink hub account`, `order` and `bill`, as an operator types them: a day at the counter."""

import asyncio
import json
import shlex
from collections.abc import Coroutine
from typing import Any

import pytest
from tests.hub.conftest import Place
from tests.hub.paying import PRICES, SESSION, came, order, take

from chargelink.cli.language import Language, speak
from chargelink.cli.main import main
from chargelink.hub.store.database import beside


class Counter:
    """Types commands and reads what comes."""

    def __init__(self, place: Place, capsys: pytest.CaptureFixture[str]) -> None:
        self.data, self.url = place.directory, place.url
        self.capsys = capsys

    def meanwhile(self, story: Coroutine[Any, Any, Any]) -> Any:
        """Something that happens in the hub between two commands."""

        async def happen() -> Any:
            async with beside(self.data, self.url):
                return await story

        return asyncio.run(happen())

    def type(self, line: str) -> tuple[int, str, str]:
        """Exit code, output, errors."""
        first, second, *rest = shlex.split(line)
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
    return Counter(place, capsys)


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


def test_an_order_is_looked_at_and_its_bill_decided(counter: Counter) -> None:
    account = counter.json("account create")["account"]
    counter.json(f"account top-up {account} --amount 100 --reference WX-1")
    row = counter.meanwhile(order(account, 3_000))
    (listed,) = counter.json("order list --state asked")
    assert (listed["id"], listed["prepaid"], listed["account"]) == (row.id, 3_000, account)
    assert counter.json("order list --state settled") == []
    assert counter.json(f"account show {account}")["held"] == 3_000
    counter.meanwhile(take(PRICES, came(row, total=900)))
    shown = counter.json(f"order show {row.id}")
    assert (shown["state"], shown["session"], shown["bill"]["charge"]["edgeTotal"]) == ("settled", SESSION, 900)
    assert [line["fen"] for line in shown["ledger"]] == [3_000, -3_000, -3_000, 300, 400, 2_300]
    code, out, _ = counter.type(f"bill show {SESSION}")
    assert code == 0
    assert [line.split()[:3] for line in out.splitlines()[:6:3]] == [["the", "edge:", "9.00"], ["the", "hub:", "7.00"]]
    assert f"due: 7.00 yuan (the lower of two), account {account}" in out
    assert "at most 9.00 yuan" in counter.refused(f'bill decide {SESSION} --amount 9.01 --reason "?"')
    decided = counter.json(f'bill decide {SESSION} --edge --reason "the customer agrees" --by wang')
    assert decided == {"session": SESSION, "before": 700, "total": 900}
    code, out, _ = counter.type(f"bill show {SESSION}")
    assert "decided by wang: 9.00 yuan instead of 7.00; the customer agrees" in out
    (bill,) = counter.json("bill list --settlement decided")
    assert (bill["total"], bill["edgeTotal"], bill["hubTotal"]) == (900, 900, 700)
    assert counter.json(f"account show {account}")["wallet"] == 9_100


def test_an_order_that_never_ends_is_released(counter: Counter) -> None:
    account = counter.json("account create")["account"]
    counter.json(f"account top-up {account} --amount 100 --reference WX-1")
    row = counter.meanwhile(order(account, 3_000))
    assert "required" in counter.refused(f"order release {row.id}")
    released = counter.json(f'order release {row.id} --reason "the edge was scrapped" --by wang')
    assert released == {"order": row.id, "released": 3_000}
    code, out, _ = counter.type(f"order show {row.id}")
    assert code == 0
    assert "wang: the edge was scrapped" in out
    assert "is released already" in counter.refused(f'order release {row.id} --reason "again"')
    assert counter.json(f"account show {account}")["wallet"] == 10_000


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("order show o1", "there is no order o1"),
        (f"bill show {SESSION}", "no such bill"),
        (f"bill decide {SESSION} --edge --hub --reason x", "not allowed with"),
        (f"bill decide {SESSION} --amount -1 --reason x", "is no amount"),
        (f"bill decide {SESSION} --edge --reason ' '", "printable"),
    ],
)
def test_what_is_not_there_or_no_decision(counter: Counter, line: str, why: str) -> None:
    assert why in counter.refused(line)
