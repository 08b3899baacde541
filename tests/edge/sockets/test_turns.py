"""What holds whatever the air does: one packet at a time, commands before polls, and nobody is forgotten."""

from collections.abc import Iterator
from itertools import pairwise
from random import Random

import pytest
from tests.edge.sockets.yard import A, B, Yard, eui, small

from chargelink.edge.sockets.events import Told
from chargelink.edge.sockets.terms import Terms
from chargelink.link.messages import Caps
from chargelink.lora_radio.airtime import airtime_us
from chargelink.lora_socket.commands import Start
from chargelink.lora_socket.frame import Header
from chargelink.lora_socket.kinds import Kind
from chargelink.lora_socket.messages import Meter, Status, StatusShort

SOCKETS = 8
NOTHING = Start(0, 1, 1_000, 1_000, 0, 0, 0)  # refused: session 0 is none
LONGEST_SILENCE = 60.0  # s of a socket that only chance keeps from us; at no loss 10
WATCHED = 120.0  # s
AIRS = [(0.0, 0, 1), (0.05, 0, 2), (0.2, 40, 3)]  # loss, dB between links, seed


class Watched(Yard):
    """Notes when the edge let each packet go."""

    def __init__(self, loss: float, spread: int, seed: int) -> None:
        self.sent: list[tuple[float, bytes]] = []
        super().__init__(SOCKETS, seed=seed, spread=spread, delay=0.009)
        self.run(lambda: self.all_online, 900)
        for number in (1, 2, 3):
            self.street.plug(number, A, small(500_000), self.now)
            self.site.order(eui(number), A, Terms(full_minutes=0).start(number, Caps()), self.now)
        self.after(10.0)
        self.street.air.loss = loss
        self.random = Random(seed)

    def _send(self) -> None:
        before = len(self.down)
        super()._send()
        self.sent += [(self.now, frame) for frame in self.down[before:]]

    def kinds_since(self, index: int) -> Iterator[tuple[int, int]]:
        """Type and address of packets from the index on."""
        for _, frame in self.sent[index:]:
            header = Header.decode(frame)
            yield header.kind, header.address


@pytest.mark.parametrize(("loss", "spread", "seed"), AIRS)
def test_one_packet_at_a_time_and_nobody_starves_for_commands(loss: float, spread: int, seed: int) -> None:
    yard = Watched(loss, spread, seed)
    heard = {eui(number + 1): yard.now for number in range(SOCKETS)}
    gaps = dict.fromkeys(heard, 0.0)
    end = yard.now + WATCHED
    order_at = yard.now
    while yard.now < end:
        if yard.now >= order_at:  # somebody is impatient
            yard.site.order(eui(yard.random.randrange(SOCKETS) + 1), B, NOTHING, yard.now)
            order_at = yard.now + yard.random.uniform(0.4, 2.0)
        for told in yard.step():
            if isinstance(told, Told) and isinstance(told.received.body, Status | StatusShort | Meter):
                gaps[told.eui] = max(gaps[told.eui], yard.now - heard[told.eui])
                heard[told.eui] = yard.now
    longest = {who: max(gap, end - heard[who]) for who, gap in gaps.items()}
    assert max(longest.values()) < (LONGEST_SILENCE if loss else 10.0), longest
    assert len(yard.sent) > WATCHED
    for (first, frame), (second, _) in pairwise(yard.sent):
        assert second >= first + airtime_us(len(frame), yard.plan.spreading_factor) / 1_000_000


@pytest.mark.parametrize(("loss", "spread", "seed"), AIRS)
def test_a_command_is_out_before_the_next_poll(loss: float, spread: int, seed: int) -> None:
    yard = Watched(loss, spread, seed)
    for _ in range(25):
        yard.after(yard.random.uniform(1.0, 3.0))
        number = yard.random.randrange(SOCKETS) + 1
        socket = yard.site.sockets[eui(number)]
        if socket.held:  # it missed its last packet: a poll finds out whether it is there
            continue
        index = len(yard.sent)
        order = yard.site.order(eui(number), B, NOTHING, yard.now)
        yard.run(lambda order=order: order.sent, 2)  # type: ignore[misc]
        before = list(yard.kinds_since(index))
        assert (Kind.CMD, number) in before
        assert Kind.POLL not in [kind for kind, _ in before]
        yard.run(lambda order=order, socket=socket: order not in socket.orders, 90)  # type: ignore[misc]
