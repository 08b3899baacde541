"""The engine against the oracle: the same bill to the fen and the mWh, whatever tariff and session."""

import uuid
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.money import documents, oracle
from tests.money.oracle import CannotBePriced, Due, Line
from tests.money.test_oracle import BY_HAND

from chargelink.model import Bill, SessionEnded, Tariff
from chargelink.tariff import TariffError, price_occupancy, reprice, tariff_hash

Map = dict[str, Any]

SESSION = str(uuid.UUID(int=0x019C7F4A1C007CC398C4DC0C0C07398F))


def ended(tariff: Tariff, session: Map) -> SessionEnded:
    """The record that an edge would have written; of its bill only what the hub does not reckon again counts."""
    fault = session.get("fault", False)
    digest = tariff_hash(tariff)
    bill = Bill(
        session_id=SESSION,
        tariff_id=tariff.id,
        tariff_hash=digest,
        rules_version=2,
        lines=(),
        total=0,
        energy=0,
        verified_meter=False,
        fault=fault,
    )
    document = {name: value for name, value in session.items() if name != "fault"}
    rest = {
        "sessionId": SESSION,
        "edgeId": "edge-1",
        "device": "gun-1",
        "tariffId": tariff.id,
        "tariffHash": digest,
        "startedAt": 0,
        "at": 0,
        "stopReason": "Local",
        "stoppedBy": "test",
        "bill": msgspec.to_builtins(bill),
    }
    return msgspec.convert({**rest, **document}, SessionEnded)


def judged(tariff: Map, session: Map) -> Due | None:
    try:
        return oracle.bill(tariff, session)
    except CannotBePriced:
        return None


def compare(tariff: Map, session: Map) -> None:
    """Both reckon the same bill, or both none."""
    document = msgspec.convert(tariff, Tariff)
    due = judged(tariff, session)
    try:
        bill = reprice(ended(document, session), document)
    except TariffError:
        assert due is None
        return
    assert due is not None
    lines = [Line(line.what, str(line.rule), line.amount, line.energy, line.period) for line in bill.lines]
    assert lines == due.lines
    assert (bill.total, bill.energy_fee, bill.service_fee) == (due.total, due.energy_fee, due.service_fee)
    assert (bill.energy, bill.given_away, bill.given_away_amount) == (due.energy, due.given_away, due.given_away_amount)
    assert bill.times == due.times
    changes = [(one.at, one.before.register, one.after.register, one.cheapest) for one in bill.boundaries]
    assert not due.lines or changes == due.boundaries
    assert bill.occupancy_fee in (None, 0)


@pytest.mark.parametrize("name", BY_HAND)
def test_engine_by_hand(name: str) -> None:
    compare(*BY_HAND[name][:2])


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.randoms(use_true_random=False))
def test_engine_and_oracle(random: Random) -> None:
    tariff = documents.tariff(random)
    compare(tariff, documents.session(random, tariff))


def test_engine_and_oracle_by_seed() -> None:
    for seed in range(1_500):
        random = Random(seed)
        tariff = documents.tariff(random)
        try:
            compare(tariff, documents.session(random, tariff))
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error


def test_engine_and_oracle_of_staying() -> None:
    for seed in range(300):
        random = Random(seed)
        tariff, fault = documents.tariff(random), random.randrange(5) == 0
        duration = random.randrange(40) * 60_000 + random.choice((0, 1, -1, 7))
        document = msgspec.convert(tariff, Tariff)
        bill = price_occupancy(document, tariff_hash(document), SESSION, max(0, duration), fault)
        lines = [Line(line.what, str(line.rule), line.amount, line.energy, line.period) for line in bill.lines]
        assert lines == oracle.occupancy(tariff, max(0, duration), owes=not fault), seed
