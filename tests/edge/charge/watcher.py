"""Looks over the controller's shoulder: what must never be wanted, whatever happens.

The watcher knows nothing of the controller's conditions: it remembers what the board showed and judges by that.
"""

from collections import Counter

from tests.edge.charge.world import World

from chargelink.edge.charge.events import Wants
from chargelink.edge.charge.phases import ASKING, ENDING, RECONNECTION, STOPPING, Phase
from chargelink.edge.drivers.board_state import OFF, BoardFacts

visited: Counter[str] = Counter()


class Watcher:
    """Looks at every reading of the board and at what is wanted after it."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.watch = self.judge
        world.between = self.compare
        self.locked_at = 0.0
        self.battery_since: float | None = None
        self.precharged = False  # inside was within the window at the last look before closing
        self.closed = False
        self.charges = False  # closed on a battery, not for the insulation test

    def judge(self, facts: BoardFacts, wants: Wants) -> None:
        at, k1k2, lock, current = facts.at, wants.board.k1k2, wants.board.lock, wants.board.current_limit
        controller = self.world.controller
        battery = controller.situation.vehicle.battery
        matches = (
            battery is not None
            and abs(facts.outside_voltage - battery.battery_voltage) <= battery.battery_voltage * 0.05
        )
        self.battery_since = (self.battery_since or at) if matches else None
        if controller.charge is None and controller.phase not in ENDING:  # idle means dead
            dead = wants.board._replace(lock=False, k3k4=wants.board.k3k4 and controller.phase not in ASKING)
            assert dead == OFF
            assert not wants.permit
            visited["asked"] += wants.board.k3k4
        self.locked_at = at if facts.lock_feedback else self.locked_at
        difference = facts.inside_voltage - facts.outside_voltage
        if k1k2:
            visited["closed"] += 1
            assert 3_250 <= facts.cc1 <= 4_750 or (5_200 <= facts.cc1 <= 6_800 and current == 0)
            assert at - self.locked_at <= 0.25 or current == 0
            assert not facts.e_stop
            assert not facts.door_open
            assert controller.charge is not None
            if not self.closed:
                assert facts.lock_feedback
                assert facts.permit
                self.charges = battery is not None
                if self.charges:
                    assert -10_000 <= difference <= -1_000
                    assert self.battery_since is not None
                    assert at - self.battery_since >= 0.5
            if self.charges:
                visited["closed on a battery"] += 1
        if current and self.charges:
            visited["current"] += 1
        self.closed = k1k2
        if not lock and (abs(facts.outside_voltage) >= 60_000 or abs(facts.inside_voltage) >= 60_000):
            assert not facts.lock_feedback, "unlocked with voltage on the plug"

    def compare(self, wants: Wants) -> None:
        """At any moment: no more than GB/T 27930 lets the charger hold."""
        controller, board = self.world.controller, wants.board
        may = controller._dialogue.wants
        # What is closed under load opens when the current is down.
        opens = controller.phase in STOPPING | {Phase.BREAKING} or controller.situation.vehicle.broken_off is not None
        if board.k1k2 and not opens:
            assert may.contactors or may.precharge or may.insulation_test
        if board.modules and controller.phase is Phase.CHARGING:
            assert board.current_limit <= may.current
            assert opens or (may.voltage is not None and board.voltage_set <= may.voltage)
        if controller.phase is Phase.REWAKING:
            assert not board.k3k4
        visited["anew"] += controller.phase in RECONNECTION
