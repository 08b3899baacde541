"""What both ends of a charge have in common: when they are silent, what they give up, how their periods go on."""

from itertools import pairwise

import pytest
from tests.gbt27930.bus import BCP, BCS, BRM, abort, acknowledgement, packet, rts, shown
from tests.gbt27930.charger_states import charger_in, charger_of
from tests.gbt27930.opposite import BATTERY, IDENTITY, MESSAGES
from tests.gbt27930.test_vehicle import vehicle_in

from chargelink.gbt27930.catalogue import BY_NAME
from chargelink.gbt27930.vehicle import Vehicle


@pytest.mark.parametrize("state", ["idle", "ended"])
def test_before_the_beginning_and_after_the_end_nobody_is_answered(state: str) -> None:
    """Not even by the transport: CTS would tell that somebody is there."""
    charger = charger_of(charger_in(state))
    assert charger.receive(*rts(BCP, 13), 0.0) == []
    assert charger.data_to_send() == []
    assert charger.deadline is None


def test_what_a_state_no_longer_says_is_given_up_for_what_it_says() -> None:
    """A charger without transport that goes on by itself: BRM that nobody clears must not hold up BCP."""
    vehicle = Vehicle(0.0, IDENTITY, BATTERY, 420_000)
    for name in ("CHM", "CRM(00)"):
        vehicle.receive(BY_NAME[name[:3]].identifier, MESSAGES[name].encode(), 0.0)
    vehicle.tick(0.25)
    assert shown(vehicle.data_to_send())[:-1] == shown([rts(BRM, 49)])
    vehicle.receive(BY_NAME["CRM"].identifier, MESSAGES["CRM(AA)"].encode(), 0.5)
    assert shown(vehicle.data_to_send()) == shown([abort(BRM, 2), rts(BCP, 13)])


def test_no_status_follows_a_stop() -> None:
    vehicle = vehicle_in("charging").device
    vehicle.tick(0.25)
    assert shown(vehicle.data_to_send())[0].startswith("1CEB56F4#02")  # a BCS that is not acknowledged yet
    vehicle.receive(BY_NAME["CST"].identifier, MESSAGES["CST"].encode(), 0.26)
    said = []
    while vehicle.state.value != "unanswered":
        assert vehicle.deadline is not None
        vehicle.tick(vehicle.deadline)
        said += shown(vehicle.data_to_send())
    assert {frame[:8] for frame in said} == {"101956F4", "1CEC56F4", "081E56F4"}
    assert [frame for frame in said if frame.startswith("1C")] == shown([abort(BCS, 3)])


def test_a_message_that_goes_on_in_the_next_state_keeps_its_period() -> None:
    """CHM through the test of the insulation, CST after BST."""
    charger = charger_in("handshake")
    charger.run(0.6)
    charger.say("BHM")
    charger.run(0.6)
    assert charger.state == "insulation"
    assert {round(later - earlier, 6) for earlier, later in pairwise(charger.times("CHM"))} == {0.25}


def test_an_acknowledgement_comes_before_what_follows_from_the_message() -> None:
    """CRM(AA) before the end of BRM would tell of a BRM that is not through."""
    charger = charger_of(charger_in("recognition"))
    for frame in (rts(BRM, 49), *(packet(IDENTITY.encode(), sequence) for sequence in range(1, 8))):
        charger.receive(*frame, 0.0)
    told = [frame for frame in shown(charger.data_to_send()) if not frame.startswith("1CECF456#11")]
    assert told == [*shown([acknowledgement(BRM, 49)]), "1801F456#AA07000000434E31"]
