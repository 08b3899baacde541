"""Charger and vehicle on a bus that loses, repeats, delays and falls silent: nobody hangs, nobody delivers alone."""

from bisect import insort
from operator import itemgetter

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.gbt27930.test_charge import LATENCY, Charge

from chargelink.gbt27930.catalogue import Edition, Sender
from chargelink.gbt27930.causes import ChargerCause, VehicleCause
from chargelink.gbt27930.charger_table import State as ChargerState
from chargelink.gbt27930.dialogue import Dialogue, Ended, Reconnecting, Stopped
from chargelink.gbt27930.transport import Frame
from chargelink.gbt27930.vehicle_table import State as VehicleState

ALONE = 1.0  # s: BCL and CCS are missed after that
ROUGH = 30.0  # s of the bad bus; then it is a good one
LONGEST_END = 120.0  # s: three reconnections and what each side waits for then


class RoughCharge(Charge):
    """Counts how long one side holds its contactors closed, or delivers, while the other has let go."""

    def __init__(
        self, edition: Edition, seed: int, loss: float, repeated: float, delay: float, gaps: list[tuple[float, float]]
    ) -> None:
        self.repeated = repeated
        self.delay = delay
        self.gaps = gaps
        self.alone: dict[str, float] = {}  # since when
        self.longest: dict[str, float] = {}  # s
        super().__init__(edition, loss, seed)

    def transmit(self, frame: Frame, receiver: Dialogue) -> None:
        if any(start <= self.now < start + length for start, length in self.gaps):
            return
        if self.dice.random() < self.loss:
            return
        arrival = self.now + LATENCY + self.dice.random() * self.delay
        arrival = max([arrival, *(time for time, _, to in self.under_way if to is receiver)])  # CAN keeps the order
        for _ in range(1 + (self.dice.random() < self.repeated)):
            insort(self.under_way, (arrival, frame, receiver), key=itemgetter(0))

    def look(self) -> None:
        wanted, closed = self.charger.wants, self.vehicle.wants_contactors
        charging = self.vehicle.state is VehicleState.CHARGING
        self._count("the charger's contactors", wanted.contactors and not closed)
        self._count("current", wanted.current > 0 and not charging)
        self._count("the vehicle's contactors", charging and not wanted.contactors)

    def _count(self, what: str, alone: bool) -> None:
        if not alone:
            self.alone.pop(what, None)
            return
        since = self.alone.setdefault(what, self.now)
        self.longest[what] = max(self.longest.get(what, 0.0), self.now - since)

    @property
    def states(self) -> tuple[str, str]:
        return self.charger.state.value, self.vehicle.state.value

    def calm(self) -> None:
        self.loss = self.repeated = self.delay = 0.0


SETTLED = {("charging", "charging"), ("ended", "ended")}


def test_a_stop_right_after_a_readiness_that_is_lost_is_orderly() -> None:
    """One CRO(AA) was said, nobody heard it: the vehicle must not miss it for 5 s of CST and make a fault of a stop."""
    charge = Charge()
    for step in range(1000):
        charge.run(step / 2000)
        if charge.charger.state is ChargerState.READY:
            break
    assert {identifier for identifier, _ in charge.charger.data_to_send()} == {0x100AF456}
    assert charge.vehicle.state is VehicleState.READY
    charge.happened(charge.charger, charge.charger.stop(charge.now, ChargerCause.MANUAL))
    charge.run(60.0)
    stop = [Stopped(Sender.CHARGER, ("manual_stop",))]
    assert charge.told(Stopped) == {Sender.CHARGER: stop, Sender.BMS: stop}
    assert charge.told(Ended) == {Sender.CHARGER: [Ended()], Sender.BMS: [Ended()]}


gaps = st.lists(st.tuples(st.floats(0.0, ROUGH), st.floats(0.1, 12.0)), max_size=3)


@settings(max_examples=25, deadline=None)
@given(
    edition=st.sampled_from(Edition),
    seed=st.integers(0, 1 << 32),
    loss=st.sampled_from([0.0, 0.01, 0.1, 0.3]),
    repeated=st.sampled_from([0.0, 0.05, 0.5]),
    delay=st.sampled_from([0.0, 0.01, 0.1]),
    gaps=gaps,
    stopped=st.sampled_from(Sender),
)
def test_both_charge_or_both_end_and_nobody_delivers_alone(
    edition: Edition,
    seed: int,
    loss: float,
    repeated: float,
    delay: float,
    gaps: list[tuple[float, float]],
    stopped: Sender,
) -> None:
    charge = RoughCharge(edition, seed, loss, repeated, delay, gaps)
    charge.run(ROUGH)
    charge.calm()
    while charge.states not in SETTLED:
        assert charge.now < ROUGH + LONGEST_END, charge.states
        charge.run(charge.now + 1.0)
    if stopped is Sender.CHARGER:
        charge.happened(charge.charger, charge.charger.stop(charge.now, ChargerCause.MANUAL))
    else:
        charge.happened(charge.vehicle, charge.vehicle.stop(charge.now, VehicleCause.SOC_REACHED))
    charge.run(charge.now + LONGEST_END)
    assert charge.states == ("ended", "ended")
    for side in Sender:
        assert len(charge.told(Ended)[side]) == 1
        assert len(charge.told(Reconnecting)[side]) <= 3
    tolerance = LATENCY + delay + 0.05
    assert all(longest <= ALONE + tolerance for longest in charge.longest.values()), charge.longest
