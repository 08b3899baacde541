"""Whatever the air loses: a session is settled, within its caps, and nothing is done twice."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.edge.sockets.test_site import QUICK, settlements
from tests.edge.sockets.yard import A, B, Yard, eui, small

from chargelink.edge.sockets.events import OrderAnswered, OrderExpired
from chargelink.edge.sockets.orders import Order, succeeded
from chargelink.link.messages import Caps
from chargelink.lora_socket.commands import Start

OUTAGES = st.lists(st.tuples(st.floats(0.0, 120.0), st.floats(0.5, 30.0)), max_size=4)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.floats(0.0, 0.4), st.integers(0, 1 << 30), OUTAGES)
def test_every_session_that_began_is_settled_once(
    count: int, loss: float, seed: int, outages: list[tuple[float, float]]
) -> None:
    yard = Yard(count, seed=seed)
    yard.run(lambda: yard.all_online, 400)
    began = yard.now
    sessions = {}
    for number in range(1, count + 1):
        for place, session in ((A, 2 * number), (B, 2 * number + 1)):
            yard.street.plug(number, place, small(3_000), yard.now)
            yard.site.order(eui(number), place, QUICK.start(session, Caps(energy=2_000)), yard.now)
            sessions[session] = number
    told = []
    while yard.now < began + 150.0:
        out = any(start <= yard.now - began < start + lasts for start, lasts in outages)
        yard.street.air.loss = 1.0 if out else loss
        told += yard.step()
    yard.street.air.loss = loss
    told += yard.run(lambda: not any(socket.flash.settlements for socket in yard.street.sockets.values()), 600)
    settled = set(settlements(told))
    assert len(settled) == len({settle.session for settle in settled})
    assert all(settle.energy <= 2_000 for settle in settled)
    yes = {one.answer.session for one in told if isinstance(one, OrderAnswered) and _yes(one)}
    unknown = {_session(one.order) for one in told if isinstance(one, OrderExpired)}
    assert yes <= {settle.session for settle in settled} <= yes | unknown
    assert yes | unknown == set(sessions)


def _session(order: Order) -> int:
    assert isinstance(order.operation, Start)
    return order.operation.session


def _yes(answered: OrderAnswered) -> bool:
    return succeeded(answered.order.operation, answered.answer.result)
