"""The same fleet, speaking OCPP-J 2.0.1: `python -m bench.hub.ocpp_fleet`, with the options of `sim fleet`."""

import argparse
import json
import sys
from typing import Any

from chargelink.sim.edges import speech
from chargelink.sim.edges.edge import Edge, Load
from chargelink.sim.edges.fleet import Fleet
from chargelink.sim.fleet import Work, configure, simulate

TIME = "2026-02-21T16:00:00Z"
SAMPLED = (("Voltage", 380.0), ("Current.Import", 98.0), ("Power.Active.Import", 37240.0), ("SoC", 62.1))
REQUESTS: dict[str, dict[str, Any]] = {
    "BootNotification": {
        "reason": "PowerUp",
        "chargingStation": {"model": "simulated", "vendorName": "chargelink"},
    },
    "Heartbeat": {},
    "MeterValues": {
        "evseId": 1,
        "meterValue": [
            {"timestamp": TIME, "sampledValue": [{"measurand": name, "value": value} for name, value in SAMPLED]}
        ],
    },
}


class Station(Edge):
    """An edge that speaks OCPP."""

    __slots__ = ()

    def ask(self, load: Load, job: Any, action: str, payload: dict[str, Any]) -> None:
        assert self.line is not None
        frame = [2, self.expect(load, job), action, REQUESTS[action]]
        self.line.send(json.dumps(frame, separators=(",", ":")).encode(), text=True)

    def heard(self, data: bytes) -> None:
        kind, call_id, *rest = json.loads(data)
        self.settle(call_id, kind == speech.RESULT, rest)


class Stations(Fleet):
    subprotocol = "ocpp2.0.1"
    edge = Station


class OcppWork(Work):
    fleet_type = Stations


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    configure(parser)
    sys.exit(simulate(parser.parse_args(), OcppWork))
