"""The two ends that `make test-socketcan` runs in a virtual machine, here on a pair of sockets."""

import asyncio
import socket

import pytest
from tests.socketcan import guest
from tests.socketcan.ends import be_charged, charge_at
from tests.socketcan.interface import attribute

from chargelink.edge.ports import socketcan
from chargelink.gbt27930.catalogue import Sender
from chargelink.gbt27930.dialogue import Ended, Failed, Stopped
from chargelink.sim.can_interface import InterfaceClient

PATIENCE = 60.0  # s


async def test_a_whole_charge_between_the_port_and_the_simulators_client(monkeypatch: pytest.MonkeyPatch) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        for end in (ours, theirs):
            end.setblocking(False)
        monkeypatch.setattr(socketcan, "open_interface", lambda name: socketcan.SocketCan(ours, name))
        async with asyncio.timeout(PATIENCE), asyncio.TaskGroup() as both:
            charger = both.create_task(charge_at("socketcan:vcan0"))
            vehicle = both.create_task(be_charged(InterfaceClient(theirs, "vcan0")))
    assert [event for event in charger.result() if isinstance(event, Stopped | Failed)] == [
        Stopped(Sender.BMS, ("soc_target_reached",))
    ]
    assert charger.result()[-1] == vehicle.result()[-1] == Ended()


def test_every_check_has_a_name_of_its_own_and_says_what_it_is_about() -> None:
    assert len({check.__name__ for check in guest.CHECKS}) == len(guest.CHECKS)
    assert all(check.__doc__ for check in guest.CHECKS)


def test_what_is_asked_of_the_kernel_is_padded_to_words() -> None:
    assert attribute(3, b"vcan0\0") == bytes.fromhex("0a00 0300 7663616e3000 0000")
