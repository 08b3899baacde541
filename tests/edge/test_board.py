"""The board: the newest state for whoever looks, and no memory without end for who does not."""

import asyncio

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


def test_the_oldest_samples_make_room() -> None:
    board = Board()
    with board.watch(asyncio.Event()) as watch:
        for at in range(MOST_SAMPLES + 3):
            board.sample(sample(at))
        assert (watch.has_samples, watch.dropped) == (True, 3)
        assert [taken.at for taken in watch.samples(2)] == [3, 4]
        assert len(watch.samples(MOST_SAMPLES)) == MOST_SAMPLES - 2
        assert not watch.has_samples
