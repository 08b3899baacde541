"""The 43 cases of the charger, by phase. The tester is the vehicle."""

from chargelink.sim.conformance.charger.charging import CHARGING
from chargelink.sim.conformance.charger.ending import ENDING
from chargelink.sim.conformance.charger.handshake import HANDSHAKE
from chargelink.sim.conformance.charger.lost import LOST
from chargelink.sim.conformance.charger.parameters import PARAMETERS

CHARGER_CASES = (*HANDSHAKE, *PARAMETERS, *CHARGING, *LOST, *ENDING)
