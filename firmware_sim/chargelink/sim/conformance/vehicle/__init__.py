"""The 42 cases of the vehicle, by phase. The tester is the charger.

The ids are those of the standard; what they hold follows from the mirror cases of the charger and from the states of
GB/T 27930-2015 (10.1 to 10.5), for the standard's text was not at hand: every case says that it is inferred.
"""

from chargelink.sim.conformance.vehicle.charging import CHARGING
from chargelink.sim.conformance.vehicle.ending import ENDING
from chargelink.sim.conformance.vehicle.handshake import HANDSHAKE
from chargelink.sim.conformance.vehicle.parameters import PARAMETERS

VEHICLE_CASES = (*HANDSHAKE, *PARAMETERS, *CHARGING, *ENDING)
