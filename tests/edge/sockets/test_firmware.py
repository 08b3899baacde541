"""Simulated sockets take firmware updates over the air: hostile images, old ones, losses, power cuts."""

from random import Random

import pytest
from tests.edge.sockets.test_site import charging, online
from tests.edge.sockets.yard import A, Yard, eui
from tests.lora_socket.test_image import MAKER, STRANGER

from chargelink.edge.sockets.events import Told
from chargelink.lora_socket.codes import FirmwareState, ParameterResult, StopReason
from chargelink.lora_socket.firmware import FirmwareApply, FirmwareSetup, FirmwareStatus, FirmwareStatusRequest
from chargelink.lora_socket.fragments import Fragments
from chargelink.lora_socket.image import announce, sign
from chargelink.lora_socket.kinds import Body
from chargelink.lora_socket.parameters import SIGNATURE, ParameterReport, ParameterSet, Setting
from chargelink.sim.sockets.update import FALL_BACK_AFTER

IMAGE = Random(7).randbytes(1_000)
SIZE = 25  # bytes a fragment: 40 of them
NEW = 0x0101


def say(yard: Yard, body: Body) -> list[object]:
    """Tell socket 1 something; what it says to that."""
    talk = yard.site.sockets[eui(1)].current
    assert talk is not None
    talk.session.send(body, yard.now)
    return [one.received.body for one in yard.after(3.0) if isinstance(one, Told)]


def status(said: list[object]) -> FirmwareStatus:
    return next(body for body in said if isinstance(body, FirmwareStatus))


def begun(yard: Yard, *, key: object = MAKER, version: int = NEW, image: bytes = IMAGE) -> FirmwareSetup:
    setup = announce(1, version, image, 20, SIZE)
    assert status(say(yard, setup)).state is FirmwareState.RECEIVING
    signature = sign(key, 1, version, image)  # type: ignore[arg-type]
    said = say(yard, ParameterSet((Setting(SIGNATURE, signature),)))
    assert ParameterReport(ParameterResult.OK, 0, 0) in said
    return setup


def spread(yard: Yard, indices: range, image: bytes = IMAGE, loss: float = 0.0) -> None:
    """Fragments to everyone under the group key."""
    fragments, random = Fragments(image, SIZE), Random(3)
    for index in indices:
        frame = yard.site._beacons._sender.seal(fragments.data(1, index))
        for socket in yard.street.sockets.values():
            if random.random() >= loss:
                socket.receive(frame, yard.now)


def apply(yard: Yard, setup: FirmwareSetup) -> FirmwareStatus:
    return status(say(yard, FirmwareApply(1, setup.version, setup.digest)))


def state(yard: Yard) -> FirmwareStatus:
    return status(say(yard, FirmwareStatusRequest(1, 1)))


def test_an_update_over_a_lossy_air_is_applied_once_nothing_charges() -> None:
    yard = online()
    charging(yard)
    setup = begun(yard)
    spread(yard, range(1, 61), loss=0.2)
    assert state(yard).state is FirmwareState.COMPLETE
    assert apply(yard, setup).state is FirmwareState.APPLYING
    socket = yard.street.sockets[1]
    assert socket.firmware == 0x0100
    socket.finish(A, socket.outlets[A].end(StopReason.BUTTON), yard.now)
    yard.after(10.0)
    assert socket.firmware == NEW
    assert state(yard).state is FirmwareState.NONE
    assert yard.street.sockets[2].flash.update is None  # it was not told of any
    charging(yard, session=78)


def test_what_is_missing_is_said_and_sent_again() -> None:
    yard = online()
    begun(yard)
    spread(yard, range(1, 6))
    spread(yard, range(9, 41))
    said = state(yard)
    assert (said.state, said.received, said.missing, said.first) == (FirmwareState.RECEIVING, 37, 3, 1)
    assert int.from_bytes(said.missing_map, "little") == 0b111 << 5
    for index in (6, 7, 8):
        say(yard, Fragments(IMAGE, SIZE).data(1, index))
    assert state(yard).state is FirmwareState.COMPLETE


def test_a_power_cut_in_the_middle_loses_nothing() -> None:
    yard = online()
    setup = begun(yard)
    spread(yard, range(1, 21))
    yard.street.power_cut(1, yard.now)
    yard.after(5.0)
    said = status(say(yard, setup))
    assert (said.state, said.received) == (FirmwareState.RECEIVING, 20)
    spread(yard, range(21, 41))
    yard.street.power_cut(1, yard.now)
    yard.after(5.0)
    assert apply(yard, setup).state is FirmwareState.APPLYING
    assert yard.street.sockets[1].firmware == NEW


def test_an_image_that_somebody_else_signed_is_refused() -> None:
    """OTA with hostile image."""
    yard = online()
    setup = begun(yard, key=STRANGER)
    spread(yard, range(1, 41))
    assert state(yard).state is FirmwareState.REFUSED
    assert apply(yard, setup).state is FirmwareState.REFUSED
    assert yard.street.sockets[1].firmware == 0x0100


def test_an_image_that_a_thief_of_the_group_key_spoiled_is_refused_and_sent_anew() -> None:
    """OTA with hostile image: fragments of another one under the group key."""
    yard = online()
    setup = begun(yard)
    spread(yard, range(1, 3), image=bytes(1_000))
    spread(yard, range(3, 41))
    assert state(yard).state is FirmwareState.REFUSED
    assert begun(yard) == setup
    spread(yard, range(1, 41))
    assert apply(yard, setup).state is FirmwareState.APPLYING


@pytest.mark.parametrize("version", [0x0100, 0x00FF, NEW])
def test_an_old_version_is_refused_at_once_however_well_signed(version: int) -> None:
    """Rollback."""
    yard = online()
    setup = begun(yard)
    spread(yard, range(1, 41))
    apply(yard, setup)
    assert yard.street.sockets[1].firmware == NEW
    assert status(say(yard, announce(2, version, IMAGE, 0, SIZE))).state is FirmwareState.REFUSED
    (report,) = [
        body for body in say(yard, ParameterSet((Setting(SIGNATURE, bytes(64)),))) if isinstance(body, ParameterReport)
    ]
    assert report.result is ParameterResult.OUT_OF_RANGE


def test_another_digest_or_version_applies_nothing() -> None:
    yard = online()
    setup = begun(yard)
    spread(yard, range(1, 41))
    for order in (FirmwareApply(1, NEW + 1, setup.digest), FirmwareApply(1, NEW, bytes(8))):
        assert status(say(yard, order)).state is FirmwareState.COMPLETE
    assert yard.street.sockets[1].firmware == 0x0100


def test_a_version_under_which_the_edge_is_not_heard_gives_way_to_the_old_one() -> None:
    yard = online()
    setup = begun(yard)
    spread(yard, range(1, 41))
    socket = yard.street.sockets[1]
    charging(yard)
    apply(yard, setup)
    yard.street.air.loss = 1.0
    socket.finish(A, socket.outlets[A].end(StopReason.BUTTON), yard.now)
    yard.after(5.0)
    assert socket.firmware == NEW
    yard.after(FALL_BACK_AFTER + 5.0)
    assert socket.firmware == 0x0100
    yard.street.air.loss = 0.0
    yard.run(lambda: yard.all_online, 120)
    assert state(yard).state is FirmwareState.FELL_BACK
