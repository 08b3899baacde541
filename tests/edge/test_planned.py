"""Starts that are planned: kept across restarts, begun once and in time, refused in words where they cannot begin."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.edge.drivers.jumping import run
from tests.edge.drivers.stage import stage
from tests.edge.ledger.opened import kinds_waiting
from tests.edge.planning import DEARER, HOUR, MINUTE, NOW, TARIFF, Site, answer, order, told, wish

from chargelink.edge.charge.phases import Phase
from chargelink.edge.ledger import LedgerError
from chargelink.edge.ledger.tariffs import Priced
from chargelink.edge.places import CannotError, Places
from chargelink.edge.planned import AHEAD, LATE, Planned, Wish
from chargelink.link.messages import (
    Caps,
    RequestStartTransactionResponse,
)
from chargelink.model import (
    Authorisation,
    AuthorisedBy,
)
from chargelink.tariff import tariff_hash


def test_it_begins_at_its_time_and_once(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        plan = await site.planned.plan(wish())
        await site.passes(HOUR - 1)
        assert site.gun.begun == []
        await site.passes(1)
        await site.passes(MINUTE)
        (started,) = site.gun.begun
        assert started.authorised_by is AuthorisedBy.LOCAL
        assert started.authorisation == Authorisation(mode="timed", planned=plan.due)
        assert (site.planned.plans, [*site.planned.missed]) == ([], [])

    told(tmp_path, story)


def test_an_order_keeps_who_pays_and_says_how_it_was_begun(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        assert await answer(site, order()) == RequestStartTransactionResponse(status="Accepted")
        assert await answer(site, order()) == RequestStartTransactionResponse(status="Accepted")  # told again
        assert len(site.planned.plans) == 1
        await site.passes(HOUR)
        (started,) = site.gun.begun
        agreed = started.authorisation
        assert agreed is not None
        assert (agreed.mode, agreed.planned, agreed.order, agreed.prepaid) == ("timed", NOW + HOUR, "o-1", 500)
        assert (started.remote_start_id, started.authorised_by) == (7, AuthorisedBy.REMOTE)
        again = await answer(site, order())
        assert (again.status, again.transaction_id) == ("Accepted", started.session_id)
        assert await site.refused() == []

    told(tmp_path, story)


def test_the_cheapest_hours_before_a_time(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        caps = Caps(minutes=180)
        plan = await site.planned.plan(wish(at=None, cheap_until=NOW + 8 * HOUR, caps=caps))
        assert plan.due == NOW + HOUR  # midnight, when the valley begins
        await site.passes(HOUR)
        (started,) = site.gun.begun
        assert started.authorisation == Authorisation(mode="cheap-hours", planned=plan.due)

    told(tmp_path, story)


REFUSED: dict[str, tuple[Wish, str]] = {
    "both": (wish(cheap_until=NOW + HOUR), "either at a time or"),
    "in the past": (wish(at=NOW - LATE), "2026-09-21 22:50 has passed"),
    "far ahead": (wish(at=NOW + AHEAD + 1), "no more than 7 days"),
    "cheap for nobody knows how long": (wish(at=None, cheap_until=NOW + HOUR), "for how many minutes"),
    "not enough time": (
        wish(at=None, cheap_until=NOW + HOUR, caps=Caps(minutes=61)),
        "until 2026-09-22 00:00 there are less than 61 minutes",
    ),
    "nothing there": (wish(device="gun-9"), "nothing to charge at is called gun-9"),
    "no such outlet": (wish(device="socket-1", outlet="C"), "nothing to charge at is called socket-1 C"),
    "nothing plugged in": (wish(device="socket-1", outlet="B"), "nothing is plugged in"),
    "another price": (wish(tariff_hash="0" * 64), "another price will hold"),
}


@pytest.mark.parametrize(("wanted", "why"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_planned(tmp_path: Path, wanted: Wish, why: str) -> None:
    async def story(site: Site) -> None:
        with pytest.raises(CannotError, match=why):
            await site.planned.plan(wanted)
        assert site.planned.plans == []
        await site.restart()
        assert site.planned.plans == []

    told(tmp_path, story)


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("available", "nothing is plugged in"),
        ("charging", "a charge is under way"),
        ("unavailable", "cannot be used now: unavailable"),
    ],
)
def test_a_place_must_wait_with_something_plugged_in(tmp_path: Path, state: str, why: str) -> None:
    async def story(site: Site) -> None:
        site.show(state)
        with pytest.raises(CannotError, match=why):
            await site.planned.plan(wish())
        refusal = await answer(site, order())
        assert (refusal.status, why in (refusal.reason or "")) == ("Rejected", True)
        assert [one.order for one in await site.refused()] == ["o-1"]  # what was frozen for it is free

    told(tmp_path, story)


def test_one_plan_for_one_place(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        first = await site.planned.plan(wish())
        with pytest.raises(CannotError, match=f"planned there already, for 2026-09-22 00:00: plan-{first.number};"):
            await site.planned.plan(wish(at=NOW + 2 * HOUR))
        await site.planned.plan(wish(device="socket-1", outlet="A"))
        elsewhere = await answer(site, order(device="socket-1", outlet="A", remote_start_id=8))
        assert elsewhere.status == "Rejected"

    told(tmp_path, story)


def test_an_order_belongs_to_one_place(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        await answer(site, order())
        other = await answer(site, order(device="socket-1", outlet="A"))
        assert (other.status, other.reason) == ("Rejected", "remote start 7 is planned for gun-1")
        assert await site.refused() == []  # it waits, and may begin

    told(tmp_path, story)


def test_an_order_that_came_too_late_is_not_planned(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        late = await answer(site, order(), until=asyncio.get_running_loop().time())
        assert (late.status, late.reason) == ("Rejected", "expired")
        assert site.planned.plans == []

    told(tmp_path, story)


def test_pulling_the_plug_cancels_it(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        await answer(site, order())
        await site.planned.plan(wish(device="socket-1", outlet="A"))
        site.show("offline")  # a radio that is not heard says nothing of the plug
        await site.look()
        assert len(site.planned.plans) == 2
        site.show("idle")
        await site.look()
        assert site.planned.plans == []
        (refused,) = await site.refused()
        assert (refused.remote_start_id, refused.order, refused.reason) == (7, "o-1", "unplugged")
        assert "the plug was pulled before its time" in refused.text
        told_again = await answer(site, order())
        assert (told_again.status, told_again.reason) == ("Rejected", refused.text)
        await site.passes(HOUR)
        assert site.gun.begun == []

    told(tmp_path, story)


def test_it_can_be_cancelled_on_site(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        await answer(site, order(authorisation=None))
        (plan,) = site.planned.plans
        await site.planned.cancel(plan.number)
        with pytest.raises(CannotError, match="no plan 1 waits"):
            await site.planned.cancel(plan.number)
        (refused,) = await site.refused()  # also without an order: the hub was told that it would begin
        assert (refused.reason, refused.order) == ("cancelled", None)
        await site.restart()
        assert site.planned.plans == []

    told(tmp_path, story)


def test_it_survives_a_restart_and_begins_after_it(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        await answer(site, order())
        await site.restart()
        await site.passes(HOUR + LATE - 1)
        assert [one.remote_start_id for one in site.gun.begun] == [7]

    told(tmp_path, story)


def test_one_that_was_missed_never_begins_late(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        await answer(site, order())
        await site.restart()
        await site.passes(HOUR + LATE)
        assert site.gun.begun == []
        (refused,) = await site.refused()
        assert refused.reason == "missed"
        assert "has passed while this edge was off" in refused.text
        (missed,) = site.planned.shown()["missedPlans"]
        assert (missed["device"], missed["due"]) == ("gun-1", NOW + HOUR)

    told(tmp_path, story)


@pytest.mark.parametrize("remote", [True, False], ids=["an order", "on site"])
def test_an_edge_that_dies_while_it_begins_begins_nothing_twice(tmp_path: Path, remote: bool) -> None:
    async def story(site: Site) -> None:
        if remote:
            await answer(site, order())
        else:
            await site.planned.plan(wish())
        site.gun.dies = True
        await site.passes(HOUR)
        assert (await kinds_waiting(site.journal)).count("session.started") == 1
        await site.restart()
        await site.look()
        assert site.gun.begun == []
        assert site.planned.plans == []
        assert (await kinds_waiting(site.journal)).count("session.started") == 1
        assert await site.refused() == []

    told(tmp_path, story)


def test_an_edge_that_dies_just_before_it_begins_refuses_it(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        await answer(site, order())

        async def dies(*_: object, **__: object) -> str:
            raise asyncio.CancelledError

        site.places.start = dies  # type: ignore[method-assign]
        await site.passes(HOUR)
        await site.restart()
        await site.look()
        assert [one.reason for one in await site.refused()] == ["missed"]
        assert site.gun.begun == []

    told(tmp_path, story)


def test_what_cannot_begin_when_it_is_due_is_refused_in_words(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        await answer(site, order())
        site.gun.refusal = "the emergency stop is pressed"
        await site.passes(HOUR)
        (refused,) = await site.refused()
        assert refused.text.endswith("was not begun: the emergency stop is pressed")

    told(tmp_path, story)


def test_a_price_that_changed_meanwhile_is_not_charged(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        shown = tariff_hash(TARIFF)
        await answer(site, order(tariff_hash=shown))
        site.tariff = DEARER
        await site.passes(HOUR)
        assert site.gun.begun == []
        (refused,) = await site.refused()
        assert "the price changed" in refused.text

    told(tmp_path, story)


def test_nothing_is_planned_for_a_time_at_which_nothing_is_sold(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        site.refuses_from = NOW + HOUR
        with pytest.raises(CannotError, match="nothing is sold then"):
            await site.planned.plan(wish())
        await site.planned.plan(wish(at=NOW + HOUR - 1))

    told(tmp_path, story)


def test_a_ledger_that_cannot_store_is_asked_again_until_it_is_too_late(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        await answer(site, order())
        begin, fails = site.places.start, True

        async def unstored(*arguments: Any, **more: Any) -> str:
            if fails:
                raise LedgerError("disk full")
            return await begin(*arguments, **more)

        site.places.start = unstored  # type: ignore[method-assign]
        await site.passes(HOUR)
        assert await site.refused() == []
        fails = False
        await site.passes(MINUTE)
        assert len(site.gun.begun) == 1

    told(tmp_path, story)


def test_a_start_without_a_time_is_for_the_places(tmp_path: Path) -> None:
    async def story(site: Site) -> None:
        begun = await answer(site, order(at=None))
        assert begun.transaction_id == site.gun.begun[0].session_id

    told(tmp_path, story)


def test_a_gun_that_gave_its_plug_back_still_charges_when_it_is_time(tmp_path: Path) -> None:
    """Nobody authorised for ten minutes, so it unlocked: for a planned start it locks again."""

    async def story() -> None:
        async with stage(tmp_path, target=640) as s:

            def clock() -> int:
                return NOW + int(asyncio.get_running_loop().time() * 1000)

            async def price_at(device: str, at: int, group: str | None) -> Priced:
                return Priced(TARIFF, tariff_hash(TARIFF))

            async def price_now(device: str, group: str | None) -> Priced:
                return await price_at(device, clock(), group)

            places = Places({"gun-1": s.gun}, {}, price_now, s.sessions, clock)
            places.settled.set()
            planned = Planned(s.journal, places, s.board, price_at, clock)
            await s.phase(Phase.AVAILABLE)
            s.site.plug()
            await s.phase(Phase.LOCKED)
            s.gun.controller._entered -= 590.0  # as if it had waited
            await planned.plan(wish(at=clock() + 20_000))
            task = asyncio.create_task(planned.run())
            await s.phase(Phase.RELEASED)
            await s.phase(Phase.CHARGING)
            assert planned.plans == []
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    run(story())
