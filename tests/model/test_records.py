"""Bodies of records: both ways for each kind, read by a foreign decoder, and whatever bytes a journal may hold."""

import contextlib

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.model import (
    KINDS,
    VEHICLE,
    Alarm,
    Authorisation,
    AuthorisedBy,
    Battery,
    Content,
    JournalEpoch,
    LaneEnd,
    LeaseClosed,
    MeteringSealed,
    OccupancyEnded,
    Period,
    PersonErased,
    Reading,
    SessionEnded,
    SessionKind,
    SessionStarted,
    StartRefused,
    StopReason,
    Tariff,
    TariffAdopted,
    Trip,
    body_of,
    content_of,
    kind_of,
)
from chargelink.tariff import Consumption, price, reprice, tariff_hash
from chargelink.trust.personal import seal
from chargelink.wire import DecodeError

ID = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"
TARIFF = Tariff(id="t", version=1, periods=(Period(start="00:00", end="24:00", name="flat", energy_price=60_000),))
READINGS = (Reading(at=1_000, register=5), Reading(at=2_000, register=1_000_005))
STARTED = SessionStarted(
    session_id=ID,
    edge_id="e",
    device="gun-1",
    kind=SessionKind.DC,
    authorised_by=AuthorisedBy.LOCAL,
    tariff_id="t",
    tariff_hash=tariff_hash(TARIFF),
    at=1_000,
    start=READINGS[0],
)
SEALED = seal("LSIMULATED0000001", VEHICLE, "0f" * 16, bytes(32), bytes(12))
ENDED = SessionEnded(
    session_id=ID,
    edge_id="e",
    device="gun-1",
    kind=SessionKind.DC,
    authorised_by=AuthorisedBy.LOCAL,
    tariff_id="t",
    tariff_hash=tariff_hash(TARIFF),
    started_at=1_000,
    at=2_000,
    stop_reason=StopReason.EMERGENCY_STOP,
    stopped_by="guard",
    readings=READINGS,
    soc_start=200,
    soc_end=215,
    trip={"rule": "estop"},
    vehicle=SEALED,
    battery=Battery(chemistry="lifepo4", lowest_cell=3_310, lowest_cell_number=17, lowest_temperature=-210),
    bill=price(TARIFF, tariff_hash(TARIFF), Consumption(ID, SessionKind.DC, AuthorisedBy.LOCAL, READINGS, fault=True)),
)
CONTENTS: list[Content] = [
    STARTED,
    ENDED,
    StartRefused(
        edge_id="e", device="gun-1", remote_start_id=7, reason="expired", text="too late", at=7, order="order-1"
    ),
    OccupancyEnded(
        session_id=ID,
        edge_id="e",
        device="gun-1",
        tariff_id="t",
        tariff_hash=tariff_hash(TARIFF),
        started_at=2_000,
        at=9_000,
        duration=7_000,
        bill=ENDED.bill,
        authorisation=Authorisation(mode="card", account="a-1", prepaid=2_000),
    ),
    TARIFF,
    TariffAdopted(tariff_id="t", tariff_hash=tariff_hash(TARIFF), version=1, source="file", at=7),
    LeaseClosed(lease="l-1", edge_id="e", account="a-1", amount=5_000, spent=1_234, reason="expired", at=7),
    Trip(device="gun-1", rule="over-voltage", at=7, values={"outsideMv": 420_000}),
    Alarm(code="register-backwards", text="…", at=7),
    JournalEpoch(previous="e1", reason="hub-ahead", at=7, lanes={"record": LaneEnd(3, bytes(32))}),
    PersonErased(person=SEALED.person, at=7),
    MeteringSealed(recipient="0123456789abcdef", box=b"sealed"),
]


def test_every_kind_has_an_example() -> None:
    assert [kind_of(content) for content in CONTENTS] == list(KINDS)


@pytest.mark.parametrize("content", CONTENTS, ids=kind_of)
def test_both_ways(content: Content) -> None:
    assert content_of(kind_of(content), body_of(content)) == content


def test_a_foreign_decoder_reads_a_bill() -> None:
    ended = msgpack.unpackb(body_of(ENDED))
    assert (ended["sessionId"], ended["stopReason"], ended["bill"]["total"]) == (ID, "EmergencyStop", 60)
    assert ended["bill"]["lines"][0]["because"] == "1.000000 kWh x 0.60 yuan/kWh, flat, 01-01 08:00-08:00"


def test_the_hub_reckons_the_same_bill() -> None:
    assert reprice(ENDED, TARIFF) == ENDED.bill


@given(st.sampled_from([*KINDS, "unheard-of"]), st.binary(max_size=40))
def test_any_bytes_decode_or_raise(kind: str, body: bytes) -> None:
    with contextlib.suppress(DecodeError):
        content_of(kind, body)
