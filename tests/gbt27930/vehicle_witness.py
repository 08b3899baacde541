"""What a vehicle promises: what it says, what it waits for, when its contactors may be closed."""

from collections.abc import Mapping
from typing import ClassVar

from tests.gbt27930.opposite import BATTERY, DEMAND, IDENTITY, MESSAGES, SOUND, STATUS
from tests.gbt27930.witness import SOON, Watched, Witness

from chargelink.gbt27930.catalogue import BY_NAME, Edition
from chargelink.gbt27930.causes import VehicleCause
from chargelink.gbt27930.ending import BSD
from chargelink.gbt27930.vehicle import (
    ChargerAnswered,
    ChargingBegan,
    Event,
    Failed,
    Output,
    Reconnecting,
    Stopped,
    Vehicle,
)

BEM: Mapping[str, str] = {
    "crm_00_timeout": "F1F0F0FC", "crm_aa_timeout": "F4F0F0FC", "cts_cml_timeout": "F0F1F0FC",
    "cro_timeout": "F0F4F0FC", "ccs_timeout": "F0F0F1FC", "cst_timeout": "F0F0F4FC", "csd_timeout": "F0F0F0FD",
}  # fmt: skip


class WatchedVehicle(Watched, Vehicle):
    """Notes its states."""


class VehicleWitness(Witness):
    """Of a vehicle."""

    resting = frozenset({"preparing", "ended"})
    mute = frozenset({"ended"})
    errors = BEM
    fails: ClassVar = {
        "waiting": frozenset({"crm_00_timeout"}),
        "handshake": frozenset({"crm_00_timeout"}),
        "recognition": frozenset({"crm_aa_timeout"}),
        "parameters": frozenset({"cts_cml_timeout"}),
        "ready": frozenset({"cro_timeout"}),
        "charging": frozenset({"ccs_timeout"}),
        "stopping": frozenset({"cst_timeout", "csd_timeout"}),
        "answering": frozenset({"csd_timeout"}),
        "statistics": frozenset({"csd_timeout"}),
    }
    steps: ClassVar = {
        "waiting": "CHM", "handshake": "CRM(00)", "recognition": "CRM(AA)", "parameters": "CML",
        "preparing": "ready", "ready": "CRO(00), CRO(AA)", "charging": "CCS, wait", "stopping": "CST",
        "answering": "wait", "statistics": "conclude, CSD", "error": "CRM(00)", "interrupted": "CRM(00)",
    }  # fmt: skip
    words = tuple(name for name in MESSAGES if name.startswith("C"))
    commands = "ready", "stop", "end", "conclude"

    def __init__(self, edition: Edition = Edition.OF_2015) -> None:
        self.vehicle = WatchedVehicle(0.0, IDENTITY, BATTERY, 420_000, edition)
        self.vehicle.measure(DEMAND, STATUS, SOUND)
        super().__init__(self.vehicle)
        self._heard: set[type[Event]] = set()
        self._fed = 0.0

    def command(self, name: str) -> None:
        vehicle = self.vehicle
        match name:
            case "ready":
                self.act(vehicle.ready)
            case "stop":
                self.act(lambda now: vehicle.stop(now, VehicleCause.SOC_REACHED))
            case "end":
                self.act(vehicle.end)
            case _:
                vehicle.conclude(BSD(800, 3_310, 3_420, 280, 310))

    def check(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Reconnecting):
                self._heard.clear()
            if isinstance(event, Failed) and event.missing == ("ccs_timeout",):
                assert self.now - self._fed >= 1.0 - SOON, "it failed early"
            if isinstance(event, Output | ChargingBegan):
                self._fed = self.now
            self._heard.add(type(event))
        assert ChargerAnswered in self._heard or not self.vehicle.wants_contactors
        if not {"BCL", "BSM", "BCS"}.isdisjoint(self.said):
            assert ChargingBegan in self._heard
        if "BST" in self.said:
            assert Stopped in self._heard
        assert self.vehicle.unread.keys() <= BY_NAME.keys()
