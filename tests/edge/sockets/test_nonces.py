"""No nonce seals two things under one key, wherever edge or socket die: every frame that anybody seals is watched."""

from typing import Any

import msgspec
import pytest
from tests.edge.sockets.test_site import charging
from tests.edge.sockets.yard import Yard

from chargelink.edge.sockets import site
from chargelink.edge.sockets.memory import Memory
from chargelink.lora_socket import channel, join, session
from chargelink.lora_socket.frame import Control, Header, seal

BLOCK = 6  # counters: small, so that much is stored
POINTS = 12


@pytest.fixture
def sealed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Key and nonce of every frame."""
    seen: list[tuple[Any, ...]] = []

    def watched(key: bytes, header: Header, counter: int, join_nonce: int, *rest: Any) -> bytes:
        down = Control.DOWN in header.control
        seen.append((key, down, header.net, header.address, counter, join_nonce))
        return seal(key, header, counter, join_nonce, *rest)

    monkeypatch.setattr(channel, "seal", watched)
    monkeypatch.setattr(join, "seal", watched)
    for module, name in ((session, "EDGE_BLOCK"), (session, "SOCKET_BLOCK"), (site, "EDGE_BLOCK")):
        monkeypatch.setattr(module, name, BLOCK)
    return seen


class Mortal(Yard):
    """Its edge dies once, at the point `dies_at` where it stores: before the write, or after it."""

    dies_at = 0
    written = False
    points = 0

    def _store(self) -> None:
        document = self.site.to_store()
        if document is None:
            return
        self.points += 1
        if self.points != self.dies_at:
            self.saved = document
            self.site.stored()
            return
        self.saved = document if self.written else self.saved
        self.awake(msgspec.json.decode(self.saved, type=Memory) if self.saved else Memory())


@pytest.mark.parametrize("written", [False, True], ids=["before the write", "after the write"])
@pytest.mark.parametrize("point", range(1, POINTS + 1))
def test_an_edge_that_dies_where_it_stores(point: int, written: bool, sealed: list[tuple[Any, ...]]) -> None:
    yard = Mortal(1)
    yard.dies_at, yard.written = point, written
    yard.run(lambda: yard.points > point and yard.all_online, 900)
    charging(yard)
    yard.after(20.0)
    assert len(set(sealed)) == len(sealed)
    assert len(sealed) > 20


def test_a_socket_that_dies_again_and_again(sealed: list[tuple[Any, ...]]) -> None:
    yard = Yard(1)
    for seconds in range(1, 40):
        yard.after(seconds / 4)
        yard.street.power_cut(1, yard.now)
    yard.run(lambda: yard.all_online)
    assert len(set(sealed)) == len(sealed)
    assert len(sealed) > 100
