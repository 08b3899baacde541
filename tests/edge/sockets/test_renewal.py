"""New session keys when the old ones are old or worn, in the middle of a charge."""

import msgspec
import pytest
from tests.edge.sockets.test_site import charging, online, settlements
from tests.edge.sockets.yard import A, Yard, eui

from chargelink.lora_socket.codes import StopReason
from chargelink.lora_socket.commands import Stop
from chargelink.lora_socket.counters import KEYS_LAST, RENEW_AT, SendCounter


def joined_with(yard: Yard) -> tuple[int, int]:
    """JoinNonces of both sides."""
    conversation, talk = yard.street.sockets[1].flash.conversation, yard.site.sockets[eui(1)].current
    assert conversation is not None
    assert talk is not None
    return conversation.accept.join_nonce, talk.memory.join_nonce


def far(counter: SendCounter, at: int) -> None:
    counter.next = counter.reserved = at
    counter.reserve(at + 64)


def grow_old(yard: Yard) -> None:
    conversation = yard.street.sockets[1].flash.conversation
    assert conversation is not None
    joined = conversation.accept.network_time - KEYS_LAST
    conversation.accept = msgspec.structs.replace(conversation.accept, network_time=joined)


def wear_up(yard: Yard) -> None:
    session, talk = yard.street.sockets[1]._session, yard.site.sockets[eui(1)].current
    assert session is not None
    assert talk is not None
    far(session.counter, RENEW_AT - 3)
    talk.session._receiver.last = RENEW_AT - 4


def wear_down(yard: Yard) -> None:
    session, talk = yard.street.sockets[1]._session, yard.site.sockets[eui(1)].current
    assert session is not None
    assert talk is not None
    far(talk.session.counter, RENEW_AT - 3)
    session._receiver.last = RENEW_AT - 4


@pytest.mark.parametrize("wear", [grow_old, wear_up, wear_down])
def test_keys_are_renewed_while_a_charge_goes_on(wear: object) -> None:
    yard = online()
    charging(yard)
    before = joined_with(yard)
    assert before[0] == before[1]
    wear(yard)  # type: ignore[operator]
    told = yard.run(lambda: min(joined_with(yard)) > before[0], 120)
    charge = yard.street.sockets[1].outlets[A].charge
    assert charge is not None
    assert charge.session == 77
    after = joined_with(yard)
    yard.site.order(eui(1), A, Stop(77), yard.now)
    told += yard.after(60.0)
    assert {(settle.session, settle.reason) for settle in settlements(told)} == {(77, StopReason.COMMAND)}
    assert joined_with(yard) == after  # and not again and again


def test_young_keys_are_kept() -> None:
    yard = online()
    before = joined_with(yard)
    yard.after(3_600.0)
    assert joined_with(yard) == before
