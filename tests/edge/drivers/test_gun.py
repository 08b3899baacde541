"""The driver of a gun with a simulated charger and car, a real ledger, and a clock that jumps."""

import asyncio
from pathlib import Path
from typing import NoReturn

import pytest
from tests.edge.drivers.jumping import run
from tests.edge.drivers.stage import PRICES, report, stage
from tests.edge.ledger.opened import kinds_waiting

from chargelink.edge.charge.events import RefusedError
from chargelink.edge.charge.phases import Phase
from chargelink.edge.drivers.io_board import BoardLost
from chargelink.edge.drivers.reading import Quality
from chargelink.edge.ledger import LedgerError
from chargelink.model import AuthorisedBy, Caps, StopReason


def test_a_charge_is_stored_shown_and_billed(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path, target=640) as s:
            with s.board.watch(asyncio.Event()) as watch:
                started = await s.start()
                assert s.sessions.get(started.session_id) is not None  # before anything is energised
                await s.until(lambda: "lowestCell" in s.board.described[0].detail.get("battery", {}))
                (described,) = s.board.described
                await s.until(lambda: s.ended)
                samples, devices = watch.samples(1000), watch.devices()
            ended = s.ended
            assert ended is not None
            assert ended.session_id == started.session_id
            assert (ended.stop_reason, ended.stopped_by) == (StopReason.SOC_LIMIT_REACHED, "battery-full")
            assert (ended.soc_start, ended.soc_end) == (620, 640)
            assert ended.battery is not None
            assert ended.battery.cells == described.detail["battery"]["cells"] > 50
            assert "vin" not in described.detail["notTold"]
            assert "LSIMULATED0000001" not in str(described)
            assert "battery" not in devices[-1].detail  # it costs a SIM card too much
            used = ended.readings[-1].register - ended.readings[0].register
            assert used == ended.bill.energy == int(s.site._energy) > 5_000
            assert ended.bill.measured == "verified"
            assert not ended.bill.fault
            assert samples
            assert all(sample.session_id == started.session_id for sample in samples)
            assert samples[-1].energy > 0
            assert samples[-1].soc is not None
            assert devices[-1].id == "gun-1"
            assert True in s.site.told
            assert s.site.told[-1] is False

    run(story())


def test_a_remote_start_told_again_is_the_same_session(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as s:
            started = await s.charging()
            again = await s.gun.start(PRICES, authorised_by=AuthorisedBy.REMOTE, remote_start_id=41)
            assert again.session_id == started.session_id
            with pytest.raises(RefusedError, match="under way"):
                await s.gun.start(PRICES, remote_start_id=42)

    run(story())


def test_nothing_begins_before_the_meter_was_read(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as s:
            await asyncio.sleep(0.5)
            assert s.gun.books.refusal(PRICES) == "the meter has not been read yet"  # from what would the energy count?
            await asyncio.sleep(1.0)
            assert s.gun.books.refusal(PRICES) == ""

    run(story())


def test_a_remote_stop(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as s:
            started = await s.charging()
            with pytest.raises(KeyError):
                await s.gun.stop("another")
            await s.gun.stop(started.session_id, StopReason.REMOTE, "hub")
            await s.until(lambda: s.ended)
            assert s.ended
            assert (s.ended.stop_reason, s.ended.stopped_by) == (StopReason.REMOTE, "hub")

    run(story())


def test_a_trip_of_the_guard_is_told_with_its_values_and_reset_by_the_next_plug(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as s:
            await s.charging()
            s.site.trip("over-voltage")
            await s.until(lambda: s.ended)
            assert s.ended
            assert s.ended.trip == {
                "rule": "over-voltage",
                "id": "DC-V01",
                "action": "S1",
                "values": {"over_limit": 3000},
            }
            assert s.ended.bill.fault
            assert {"trip", "alarm"} <= set(await kinds_waiting(s.journal))
            assert s.site.resets == 0
            s.site.unplug()
            await s.until(lambda: s.site.resets)

    run(story())


def test_an_emergency_stop_waits_for_a_person(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as s:
            await s.charging()
            s.site.circuit.surroundings.e_stop = True
            s.site.trip("estop")
            await s.until(lambda: s.ended)
            assert s.ended
            assert s.ended.stop_reason == StopReason.EMERGENCY_STOP
            s.site.unplug()
            await s.phase(Phase.OUT_OF_SERVICE)
            assert s.site.resets == 0
            assert await s.gun.reset() == ("estop",)
            assert s.gun.controller.phase is Phase.OUT_OF_SERVICE
            s.site.circuit.surroundings.e_stop = False
            assert await s.gun.reset() == ()
            assert s.site.resets == 2
            await s.phase(Phase.AVAILABLE)

    run(story())


def test_a_lost_board_ends_the_charge_and_nothing_is_energised_when_it_comes_back(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as s:
            await s.charging()
            s.site.lost = True
            s.site.circuit.commands.k1k2 = s.site.circuit.commands.modules = 0  # its watchdog
            s.gun.hear_board(BoardLost("io", s.site.now, "no answer"))
            assert s.gun.controller.phase is Phase.OPENING
            await asyncio.sleep(2.0)
            s.site.lost = False
            await s.until(lambda: s.ended)
            assert not s.site.circuit.facts.k1k2_feedback

    run(story())


def test_a_dialogue_that_begins_anew_is_shown_and_stays_one_session(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path, target=900) as s:
            started = await s.charging()
            s.site.bus_works = False
            await s.phase(Phase.CONFIGURATION)
            shown = s.board.devices[0]
            assert (shown.state, shown.detail["notice"]) == (
                "preparing",
                "the vehicle did not answer; connecting again",
            )
            s.site.bus_works = True
            await s.phase(Phase.CHARGING)
            await asyncio.sleep(3.0)
            detail = s.board.devices[0].detail
            assert (detail["session"], detail["reconnections"]) == (started.session_id, 1)
            assert "notice" not in detail
            await s.gun.stop(started.session_id)
            await s.until(lambda: s.ended)
            assert s.ended
            assert s.ended.session_id == started.session_id
            assert not s.ended.bill.fault
            assert s.ended.bill.energy == int(s.site._energy)
            assert "alarm" not in await kinds_waiting(s.journal)

    run(story())


def test_a_gun_that_could_serve_nobody_is_shown_as_unavailable(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as s:
            await s.phase(Phase.AVAILABLE)
            await s.until(lambda: s.board.devices[0].state == "available")
            s.site.lost = True
            await s.until(lambda: s.board.devices[0].state == "unavailable")
            assert s.board.devices[0].detail["hindrance"] == "the charger's board does not answer"
            s.site.lost = False
            await s.until(lambda: s.board.devices[0].state == "available")
            s.site.trip("estop")
            await s.until(lambda: s.board.devices[0].state == "unavailable")
            assert s.board.devices[0].detail["hindranceChinese"] == "安全进程已跳闸"

    run(story())


def test_the_last_register_is_of_after_the_current(tmp_path: Path) -> None:
    """An edge that was killed finds the current still on: its guard takes it off, and the car has had that too."""

    async def story() -> None:
        async with stage(tmp_path) as s:
            started = await s.charging()
            asked = asyncio.ensure_future(s.gun.last_register())
            await asyncio.sleep(5.0)
            assert not asked.done()
            await s.gun.stop(started.session_id)
            await asked
            assert s.gun.books.register == s.site.register + int(s.site._energy)

    run(story())


def test_the_daemon_ends_in_the_middle_of_a_charge(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as s:
            await s.charging()
            asked = s.site.now
        assert s.site.now - asked < 4.5
        assert not s.site.circuit.facts.k1k2_feedback
        assert s.ended
        assert (s.ended.stop_reason, s.ended.stopped_by) == (StopReason.IMMEDIATE_RESET, "edge")

    run(story())


def test_a_ledger_that_stores_nothing_stops_the_charge_and_the_gun_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard's facts never stop; the bill comes when it can be stored, and the next charge after it."""

    async def story() -> None:
        async with stage(tmp_path) as s:
            started = await s.charging()

            async def full(*_: object) -> NoReturn:
                raise LedgerError("not stored: database or disk is full")

            with monkeypatch.context() as disk:
                for name in ("read", "begin", "end"):
                    disk.setattr(s.sessions, name, full)
                disk.setattr(s.journal, "append", full)
                await s.until(lambda: s.gun.controller.phase is Phase.RELEASED)
                assert not s.site.circuit.facts.k1k2_feedback
                s.site.trip("estop")  # to be recorded, sooner or later
                s.gun.hear_guard(report("armed"))
                await asyncio.sleep(5.0)
                assert s.ended is None
                with pytest.raises(RefusedError, match="disk is full"):
                    await s.gun.start(PRICES)
            await s.until(lambda: s.ended)
            assert s.ended
            assert (s.ended.session_id, s.ended.stopped_by) == (started.session_id, "edge")
            assert s.ended.bill.energy == s.site.register + int(s.site._energy) - started.start.register
            assert (await kinds_waiting(s.journal)).count("trip") == 1

    run(story())


def test_caps_go_to_the_controller(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as s:
            await s.phase(Phase.AVAILABLE)
            s.site.plug()
            await s.phase(Phase.LOCKED)
            await s.gun.start(PRICES, caps=Caps(energy=20_000))
            await s.until(lambda: s.ended)
            assert s.ended
            assert s.ended.stop_reason == StopReason.ENERGY_LIMIT_REACHED

    run(story())


def test_a_meter_that_is_doubted_twice_ends_the_charge_from_its_last_good_register(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as s:
            await s.charging()
            s.site.quality = Quality.DOUBTFUL
            await asyncio.sleep(1.0)
            s.site.quality = Quality.GOOD
            await asyncio.sleep(3.0)
            assert s.gun.controller.phase is Phase.CHARGING  # once is a disturbance
            believed = s.gun.books.register
            s.site.quality = Quality.DOUBTFUL
            await s.until(lambda: s.ended, within=20.0)
            assert s.ended
            assert s.ended.stopped_by == "meter-doubtful"
            assert s.ended.bill.fault
            assert believed is not None
            assert believed <= s.ended.readings[-1].register <= believed + 20_000
            assert "alarm" in await kinds_waiting(s.journal)

    run(story())


def test_a_meter_that_stands_still_is_alarmed_and_the_driver_told_what_now(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path, capacity=60_000_000) as s:
            await s.charging()
            s.site.meter_counts = False
            await s.until(lambda: s.ended, within=90.0)
            assert s.ended
            assert s.ended.stopped_by == "meter-stalled"
            assert "alarm" in await kinds_waiting(s.journal)
            detail = s.board.devices[0].detail
            assert (detail["whoseChinese"], detail["adviceChinese"]) == ("充电桩侧", "请使用其他充电枪；本枪需要检查")

    run(story())


def test_nothing_is_due_where_nothing_flowed_in_two_minutes(tmp_path: Path) -> None:
    async def story() -> None:
        async with stage(tmp_path) as s:
            await s.phase(Phase.AVAILABLE)
            s.site.plug()
            await s.phase(Phase.LOCKED)
            started = await s.gun.start(PRICES, caps=Caps(power=0))
            await s.phase(Phase.CHARGING)
            await s.until(lambda: s.gun.controller.phase is Phase.RAMPING, within=130.0)
            s.site.register += 10_000  # a coarse register takes its step late
            await s.until(lambda: s.ended)
            assert s.ended
            assert (s.ended.stop_reason, s.ended.stopped_by) == (StopReason.TIMEOUT, "no-energy")
            assert (s.ended.bill.total, s.ended.bill.energy) == (0, 0)
            assert started.start
            assert s.ended.readings[-1].register == started.start.register

    run(story())
