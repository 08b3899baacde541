"""The board: the newest state for whoever looks, and no memory without end for who does not."""

import asyncio

import msgspec

from chargelink.edge.board import MOST_SAMPLES, Board
from chargelink.link.messages import Device, Sample


def gun(state: str, at: int) -> Device:
    return Device(id="gun-1", kind="gun", state=state, at=at)


def sample(at: int) -> Sample:
    return Sample(
        device="gun-1",
        session_id="017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        at=at,
        voltage=1,
        current=1,
        power=1,
        energy=1,
    )


def test_who_watches_is_told_the_newest_once() -> None:
    board = Board()
    changed = asyncio.Event()
    board.show(gun("idle", 1))
    with board.watch(changed) as watch:
        assert (watch.devices(), changed.is_set()) == ((), False)
        board.show(gun("idle", 2))  # only its time is new
        assert not changed.is_set()
        board.show(gun("plugged", 3))
        board.show(gun("charging", 4))
        assert (watch.devices(), watch.devices(), changed.is_set()) == ((gun("charging", 4),), (), True)
    board.show(gun("idle", 5))
    assert watch.devices() == ()
    assert board.devices == (gun("idle", 5),)


def test_what_is_described_stays_on_the_spot() -> None:
    board = Board()
    changed = asyncio.Event()
    with board.watch(changed) as watch:
        board.show(gun("charging", 1))
        assert watch.devices() == (gun("charging", 1),)
        changed.clear()
        board.describe("gun-1", {"battery": {"cells": 96}})
        board.describe("gun-2", {"battery": {}})  # not shown yet
        assert not changed.is_set()
        assert watch.devices() == ()
    assert board.devices == (gun("charging", 1),)
    assert [device.detail for device in board.described] == [{"battery": {"cells": 96}}]
    board.describe("gun-1", {})
    assert board.described == board.devices


def test_another_detail_can_wait() -> None:
    board = Board()
    changed = asyncio.Event()
    board.show(gun("idle", 1))
    with board.watch(changed) as watch:
        board.show(msgspec.structs.replace(gun("idle", 2), detail={"soc": 5}))
        assert (watch.devices(details=False), watch.waits) == ((), True)
        changed.clear()
        board.show(msgspec.structs.replace(gun("idle", 3), detail={"soc": 6}))
        assert not changed.is_set()  # who watches knows that something waits
        board.show(gun("charging", 4))
        assert changed.is_set()
        assert watch.devices(details=False) == (gun("charging", 4),)
        assert not watch.waits


def test_of_each_session_the_newest_sample() -> None:
    board = Board()
    with board.watch(asyncio.Event()) as watch:
        for at in range(3):
            board.sample(sample(at))
        assert watch.samples() == (sample(2),)
        assert not watch.waits


def test_the_oldest_samples_make_room() -> None:
    board = Board()
    with board.watch(asyncio.Event()) as watch:
        for at in range(MOST_SAMPLES + 3):
            board.sample(msgspec.structs.replace(sample(at), session_id=str(at)))
        assert [taken.at for taken in watch.samples(2)] == [3, 4]
        assert len(watch.samples()) == MOST_SAMPLES - 2


def test_a_listener_hears_every_sample() -> None:
    board = Board()
    heard: list[Sample] = []
    board.listen(heard.append)
    for at in range(MOST_SAMPLES + 3):
        board.sample(sample(at))
    assert [one.at for one in heard] == [*range(MOST_SAMPLES + 3)]
