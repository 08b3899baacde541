"""Who may start what: remote starts that are told again, devices that are not there."""

import asyncio
import os
from pathlib import Path
from typing import cast

import pytest
from tests.edge.drivers.jumping import run
from tests.edge.drivers.stage import PRICES, Stage, stage
from tests.edge.ledger.opened import open_journal

from chargelink.edge.charge.phases import Phase
from chargelink.edge.drivers.socket_site import SocketSite
from chargelink.edge.ledger import Journal, Limits, Sessions
from chargelink.edge.ledger.tariffs import Priced
from chargelink.edge.places import CannotError, Places
from chargelink.link.messages import RECORD_LANE, Caps, RequestStartTransaction, RequestStartTransactionResponse
from chargelink.model import Alarm, Authorisation, AuthorisedBy, StartRefused, content_of
from chargelink.tariff import tariff_hash


async def fixed(device: str, group: str | None) -> Priced:
    return Priced(PRICES, tariff_hash(PRICES))


def places_of(s: Stage) -> Places:
    places = Places({"gun-1": s.gun}, {}, fixed, s.sessions)
    places.settled.set()
    return places


def remote(
    device: str = "gun-1", outlet: str | None = None, number: int = 7, order: str | None = None
) -> RequestStartTransaction:
    return RequestStartTransaction(
        device=device,
        outlet=outlet,
        remote_start_id=number,
        caps=Caps(),
        expiry=1,
        authorisation=None if order is None else Authorisation(account="a-1", order=order, prepaid=500),
    )


async def refusals(journal: Journal) -> list[StartRefused]:
    records = (await journal.pending(RECORD_LANE, 1000, 1 << 20)).records
    contents = [content_of(record.kind, record.body) for record in records]
    return [content for content in contents if isinstance(content, StartRefused)]


async def said(places: Places, request: RequestStartTransaction) -> RequestStartTransactionResponse:
    answer = await places.obey(request)
    assert isinstance(answer, RequestStartTransactionResponse)
    return answer


def test_a_remote_start_told_again_gets_its_session_whenever_it_comes(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path, target=640) as s:
            places = places_of(s)
            await s.phase(Phase.AVAILABLE)
            s.site.plug()
            await s.phase(Phase.LOCKED)
            first, at_once = await asyncio.gather(said(places, remote()), said(places, remote()))
            assert first.status == at_once.status == "Accepted"
            assert first.transaction_id == at_once.transaction_id
            await s.until(lambda: s.ended)
            s.site.unplug()
            await s.phase(Phase.AVAILABLE)
            assert await said(places, remote()) == first  # nothing is plugged in, and nothing begins
            assert s.sessions.open == ()
            assert (await said(places, remote(number=8))).reason == "nothing is plugged in"

    run(story())


def test_a_start_whose_turn_comes_too_late_does_not_begin(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as s:
            places = places_of(s)
            await s.phase(Phase.AVAILABLE)
            s.site.plug()
            await s.phase(Phase.LOCKED)
            now = asyncio.get_running_loop().time()
            answer = await places.obey(remote(), now)
            assert answer == RequestStartTransactionResponse(status="Rejected", reason="expired")
            assert s.sessions.open == ()
            begun = await said(places, remote())
            assert await places.obey(remote(), now) == begun  # it is told, late, what it did in time

    run(story())


def test_an_order_that_is_refused_leaves_one_record_and_begins_nothing_any_more(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as s:
            places = places_of(s)
            await s.phase(Phase.AVAILABLE)
            answer = await said(places, remote(order="o-1"))
            assert (answer.status, answer.reason) == ("Rejected", "nothing is plugged in")
            s.site.plug()
            await s.phase(Phase.LOCKED)
            assert await said(places, remote(order="o-1")) == answer  # now it could begin, and must not
            assert not s.sessions.open
            (refused,) = await refusals(s.journal)
            assert (refused.order, refused.remote_start_id, refused.device) == ("o-1", 7, "gun-1")
            assert (refused.reason, refused.text) == ("refused", "nothing is plugged in")
            assert (await said(places, remote(number=8, order="o-2"))).status == "Accepted"
            begun = [one.started for one in s.sessions.open]
            assert begun[0].authorisation == Authorisation(account="a-1", order="o-2", prepaid=500)

    run(story())


def test_an_order_that_came_too_late_leaves_a_record_unless_it_began_in_time(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as s:
            places = places_of(s)
            await s.phase(Phase.AVAILABLE)
            s.site.plug()
            await s.phase(Phase.LOCKED)
            now = asyncio.get_running_loop().time()
            late = RequestStartTransactionResponse(status="Rejected", reason="expired")
            assert await places.obey(remote(order="o-1"), now) == late
            assert await said(places, remote(order="o-1")) == late
            begun = await said(places, remote(number=8, order="o-2"))
            assert await places.obey(remote(number=8, order="o-2"), now) == begun
            elsewhere = await said(places, remote("socket-1", "A", number=8, order="o-2"))
            assert (elsewhere.status, "was for gun-1" in (elsewhere.reason or "")) == ("Rejected", True)
            assert [(one.order, one.reason) for one in await refusals(s.journal)] == [("o-1", "expired")]

    run(story())


def test_an_order_waits_for_what_a_restart_left_to_be_closed(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as s:
            places = places_of(s)
            places.settled.clear()
            await s.phase(Phase.AVAILABLE)
            s.site.plug()
            await s.phase(Phase.LOCKED)
            now = asyncio.get_running_loop().time()
            late, in_time = (
                asyncio.create_task(places.obey(remote(number=number, order=f"o-{number}"), end))
                for number, end in ((7, now + 5), (8, now + 500))  # time jumps while a busy machine writes
            )
            answer = await late
            assert answer == RequestStartTransactionResponse(status="Rejected", reason="expired")
            assert not in_time.done()
            places.settled.set()
            begun = await in_time
            assert isinstance(begun, RequestStartTransactionResponse)
            assert begun.status == "Accepted"

    run(story())


def test_the_number_of_a_remote_start_belongs_to_one_place(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as s:
            places = places_of(s)
            await s.phase(Phase.AVAILABLE)
            s.site.plug()
            await s.phase(Phase.LOCKED)
            await said(places, remote())
            answer = await said(places, remote("socket-1", "A"))
            assert (answer.status, answer.transaction_id) == ("Rejected", None)
            assert answer.reason
            assert "was for gun-1" in answer.reason

    run(story())


def test_only_the_session_of_a_socket_can_be_given_up(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as s:
            places = places_of(s)
            await s.phase(Phase.AVAILABLE)
            s.site.plug()
            await s.phase(Phase.LOCKED)
            begun = await said(places, remote())
            for session in (begun.transaction_id or "", "never"):
                with pytest.raises(CannotError, match="only such a one can be given up"):
                    await places.give_up(session, "operator")
            assert len(s.sessions.open) == 1

    run(story())


async def test_what_cannot_be_started(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "ledger.db")
    try:
        places = Places({}, {}, fixed, Sessions(journal, "edge-1", os.urandom))
        with pytest.raises(CannotError, match="being closed"):
            await places.start("gun-1", None, Caps())
        places.settled.set()
        with pytest.raises(CannotError, match="there is nothing"):
            await places.start("gun-1", None, Caps(), AuthorisedBy.LOCAL)
    finally:
        await journal.close()


def test_nothing_starts_while_the_journal_is_full(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path, target=640, limits=Limits(records=3)) as s:
            places = places_of(s)
            await s.phase(Phase.AVAILABLE)
            s.site.plug()
            await s.phase(Phase.LOCKED)
            for number in range(3):
                await s.journal.append(Alarm(code="n", text="", at=number), number)
            with pytest.raises(CannotError, match=r"the journal is full: 3 records .* wait for the hub"):
                await places.start("gun-1", None, Caps())
            answer = await said(places, remote())
            assert (answer.status, "until it has taken some" in (answer.reason or "")) == ("Rejected", True)
            epoch = (await s.journal.position()).epoch
            await s.journal.acknowledge(epoch, RECORD_LANE, 1)
            assert (await said(places, remote())).status == "Accepted"

    run(story())


def test_a_socket_cannot_stop_at_a_state_of_charge(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as s:
            site = cast("SocketSite", object())  # it is not asked
            places = Places({"gun-1": s.gun}, {"socket-1": site}, fixed, s.sessions)
            places.settled.set()
            with pytest.raises(CannotError, match="state of charge"):
                await places.start("socket-1", "A", Caps(soc=800))

    run(story())
