"""A start by VIN at a gun with a simulated car, a real ledger, and somebody who decides."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NoReturn, cast

import pytest
from tests.edge.drivers.jumping import run
from tests.edge.drivers.stage import PRICES, Stage, stage
from tests.edge.ledger.opened import kinds_waiting

from chargelink.cli.language import Text
from chargelink.edge.charge.causes import Cause
from chargelink.edge.charge.events import RefusedError
from chargelink.edge.charge.phases import ASKING, Phase
from chargelink.edge.clock import Clock
from chargelink.edge.entrance import Entrance
from chargelink.edge.ledger.authoriser import Authorised, Authoriser, Claim
from chargelink.edge.ledger.refusal import NotAuthorisedError
from chargelink.edge.places import CannotError, Places
from chargelink.edge.vin_start import VinStarts
from chargelink.link.authorisation import Authorisation, StartMode, TokenKind
from chargelink.model import Caps, StopReason
from chargelink.sim.bms import NOBODY
from chargelink.sim.vehicle_faults import Declared

KNOWN = Authorisation(mode=StartMode.VIN, account="a-1", order="o-1", prepaid=500)
CONSENTS = Authorisation(mode=StartMode.VIN, account="a-1", order="o-1", prepaid=500, confirmed="consent")
BLOCKED = NotAuthorisedError("Blocked", Text("this card, account, vehicle or code is blocked", "已停用"))


class Desk:
    """Decides and begins, as the authoriser and the places of an edge do."""

    def __init__(self, on: Stage, says: Authorisation | NotAuthorisedError) -> None:
        self.stage, self.says = on, says
        self.claims: list[Claim] = []
        self.released: list[str] = []
        self.begins = True
        self.meanwhile: Callable[[], Awaitable[object]] = lambda: asyncio.sleep(0.5)
        self.guns = {"gun-1": on.gun}

    def require(self, device: str) -> None:
        assert device in self.guns

    async def authorise(self, claim: Claim) -> Authorised:
        self.claims.append(claim)
        await self.meanwhile()  # the hub is asked
        if isinstance(self.says, NotAuthorisedError):
            raise self.says
        return Authorised(self.says, Caps(energy=100_000), request="r-1")

    async def release(self, authorised: Authorised, reason: str, text: str) -> None:
        self.released.append(reason)

    async def start(
        self,
        device: str,
        outlet: str | None,
        caps: Caps,
        *,
        tariff_hash: str | None = None,
        authorisation: Authorisation | None = None,
    ) -> str:
        if not self.begins:
            raise CannotError("the journal is full", "full")
        try:
            return (await self.stage.gun.start(PRICES, caps=caps, authorisation=authorisation)).session_id
        except RefusedError as error:
            raise CannotError(str(error)) from error


async def no_price(device: str, group: str | None) -> NoReturn:
    raise AssertionError("nobody asks")


@asynccontextmanager
async def desk(
    folder: Path, says: Authorisation | NotAuthorisedError, consent: bool = False
) -> AsyncIterator[tuple[Stage, Desk, VinStarts]]:
    async with stage(folder) as on:
        behind = Desk(on, says)
        entrance = Entrance(on.journal, cast("Places", behind), no_price, Clock(0))
        entrance.authoriser = cast("Authoriser", behind)
        ready = asyncio.Event()
        starts = VinStarts({"gun-1": on.gun}, ["gun-1"] if consent else [], entrance, ready)
        task = asyncio.create_task(starts.run())
        ready.set()
        try:
            yield on, behind, starts
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def plugged(on: Stage, *faults: str) -> None:
    await on.phase(Phase.AVAILABLE)
    on.site.plug(tuple(map(Declared.parse, faults)))


@pytest.mark.parametrize("bound", [KNOWN, CONSENTS])
def test_a_person_confirms_it_and_the_record_says_so(
    tmp_path: Path, bound: Authorisation, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story() -> None:
        async with desk(tmp_path, bound) as (on, behind, starts):
            await plugged(on)
            await on.phase(Phase.LOCKED)
            await asyncio.sleep(30.0)
            assert on.gun.controller.phase is Phase.LOCKED  # idle means dead
            session, agreed = await starts.start("gun-1", Caps(energy=200_000))
            (claim,) = behind.claims
            assert (claim.kind, claim.token, claim.device) == (TokenKind.VIN, NOBODY, "gun-1")
            kept = on.sessions.get(session)
            assert kept is not None
            assert kept.started.authorisation == agreed
            assert (agreed.mode, agreed.account, agreed.prepaid, agreed.confirmed) == ("vin", "a-1", 500, "now")
            assert kept.started.caps == Caps(energy=100_000)
            await on.phase(Phase.CHARGING)
            await on.gun.stop(session)
            await on.until(lambda: on.ended)
            assert on.ended
            assert on.ended.authorisation == agreed
            assert on.ended.vehicle is not None  # sealed, as ever
            assert NOBODY not in str([*on.board.devices])

    run(story())
    said = capsys.readouterr()
    assert NOBODY not in said.out + said.err
    assert not any(NOBODY.encode() in file.read_bytes() for file in tmp_path.iterdir() if file.is_file())


def test_plugging_in_is_the_start_where_the_owner_agreed(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path, CONSENTS, consent=True) as (on, behind, _):
            await plugged(on)
            await on.phase(Phase.CHARGING)
            (session,) = on.sessions.open
            assert session.started.authorisation == CONSENTS
            await on.gun.stop(session.id)
            await on.phase(Phase.RELEASED)
            await asyncio.sleep(60.0)
            assert len(behind.claims) == 1  # once for each time that it is plugged in
            on.site.unplug()
            await on.phase(Phase.AVAILABLE)
            await asyncio.sleep(10.0)
            assert len(behind.claims) == 1

    run(story())


REFUSED = [(KNOWN, "即插即充"), (BLOCKED, "停用")]


@pytest.mark.parametrize(("says", "words"), REFUSED)
def test_nothing_begins_by_plugging_in_without_consent_and_a_card_still_does(
    tmp_path: Path, says: Authorisation | NotAuthorisedError, words: str
) -> None:
    async def story() -> None:
        async with desk(tmp_path, says, consent=True) as (on, behind, _):
            await plugged(on)
            await on.phase(Phase.RELEASED)
            await on.until(lambda: behind.claims)
            await asyncio.sleep(1.5)  # it is shown
            detail = on.board.devices[0].detail
            assert (detail["cause"], detail["causeChinese"]) == ("vin-refused", "该车辆未获授权")
            assert detail["adviceChinese"].startswith("请刷卡")
            assert on.gun.controller.stopped
            assert on.gun.controller.stopped.cause.value.reason is StopReason.DE_AUTHORIZED
            assert "session.started" not in await kinds_waiting(on.journal)
            assert behind.released == ([] if isinstance(says, NotAuthorisedError) else ["refused"])
            await on.gun.start(PRICES)
            await on.phase(Phase.CHARGING)

    run(story())


@pytest.mark.parametrize(("says", "words"), REFUSED[1:])
def test_a_refusal_is_told_to_whoever_asked(
    tmp_path: Path, says: Authorisation | NotAuthorisedError, words: str
) -> None:
    async def story() -> None:
        async with desk(tmp_path, says) as (on, _, starts):
            await plugged(on)
            await on.phase(Phase.LOCKED)
            with pytest.raises(NotAuthorisedError) as refused:
                await starts.start("gun-1")
            assert words in refused.value.text.chinese
            await on.phase(Phase.RELEASED)
            assert on.sessions.open == ()

    run(story())


def test_a_vehicle_without_a_vin_is_let_go(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path, KNOWN) as (on, behind, starts):
            await plugged(on, "silent-brm")
            await on.phase(Phase.LOCKED)
            with pytest.raises(RefusedError, match="did not say its VIN"):
                await starts.start("gun-1")
            await on.phase(Phase.RELEASED)
            on.site.car.bms.vin = "0" * 17  # type: ignore[union-attr]
            on.site.unplug()
            await on.phase(Phase.AVAILABLE)
            on.site.plug()
            on.site.car.bms.vin = "0" * 17  # type: ignore[union-attr]
            await on.phase(Phase.LOCKED)
            with pytest.raises(NotAuthorisedError, match="VIN that can be one"):
                await starts.start("gun-1")
            await on.phase(Phase.RELEASED)
            assert on.gun.controller.stopped
            assert on.gun.controller.stopped.cause is Cause.NO_VIN
            assert behind.claims == []

    run(story())


def test_a_start_that_fails_after_all_gives_back_what_was_frozen(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path, KNOWN) as (on, behind, starts):
            await plugged(on)
            await on.phase(Phase.LOCKED)
            behind.begins = False
            with pytest.raises(CannotError):
                await starts.start("gun-1")
            assert behind.released == ["full"]
            await on.phase(Phase.RELEASED)

    run(story())


def test_whoever_pulls_the_plug_or_presses_stop_meanwhile_is_asked_no_more(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path, KNOWN) as (on, behind, starts):
            await plugged(on)
            await on.phase(Phase.LOCKED)
            asked = asyncio.ensure_future(starts.start("gun-1"))
            await on.until(lambda: on.gun.controller.phase in ASKING)
            on.site.circuit.surroundings.e_stop = True
            with pytest.raises(RefusedError, match="emergency stop"):
                await asked
            assert behind.claims == []

    run(story())


def test_a_card_that_is_faster_keeps_the_gun(tmp_path: Path) -> None:
    """While the hub is asked for the VIN somebody else begins: that charge goes on, and the money is free again."""

    async def story() -> None:
        async with desk(tmp_path, KNOWN) as (on, behind, starts):
            await plugged(on)
            await on.phase(Phase.LOCKED)
            behind.meanwhile = lambda: on.gun.start(PRICES)
            with pytest.raises(CannotError, match="under way"):
                await starts.start("gun-1")
            assert behind.released == ["refused"]
            await on.phase(Phase.CHARGING)
            assert on.gun.controller.stopped is None

    run(story())


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({"device": "gun-1", "at": 1_800_000_000_000}, "at a gun, and now"),
        ({"device": "gun-1", "cheapUntil": 1_800_000_000_000}, "at a gun, and now"),
        ({"device": "gun-1", "outlet": "A"}, "at a gun, and now"),
        ({"device": "gun-7"}, "at a gun, and now"),
        ({"device": 7}, "Expected `str`"),
        ({}, "missing required field"),
        ({"device": "gun-1", "caps": {"soc": 2000}}, "soc"),
    ],
)
def test_what_cannot_be_asked(tmp_path: Path, request_: dict[str, object], words: str) -> None:
    async def story() -> None:
        async with desk(tmp_path, KNOWN) as (_, behind, starts):
            with pytest.raises(CannotError, match=words):
                await starts.asked({"vin": True, **request_})
            assert behind.claims == []

    run(story())


def test_the_control_socket_asks(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path, KNOWN) as (on, _, starts):
            await plugged(on)
            await on.phase(Phase.LOCKED)
            answer = await starts.asked({"action": "start", "vin": True, "device": "gun-1", "caps": {"energy": 5_000}})
            (session,) = on.sessions.open
            assert answer == {"session": session.id, "mode": "vin", "prepaid": 500, "offline": False}
            assert session.caps == Caps(energy=5_000)

    run(story())
