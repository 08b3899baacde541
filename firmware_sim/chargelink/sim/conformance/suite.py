"""All cases by id."""

from collections.abc import Mapping

from chargelink.sim.conformance.case import Case
from chargelink.sim.conformance.charger import CHARGER_CASES
from chargelink.sim.conformance.vehicle import VEHICLE_CASES

CASES: Mapping[str, Case] = {case.id: case for case in (*CHARGER_CASES, *VEHICLE_CASES)}
