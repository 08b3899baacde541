"""What a charger promises: what it says, what it waits for, and what it wants of its device."""

from collections.abc import Mapping
from typing import ClassVar

from tests.gbt27930.charger_states import LIMITS
from tests.gbt27930.opposite import MESSAGES
from tests.gbt27930.witness import SOON, Watched, Witness

from chargelink.gbt27930.catalogue import BY_NAME
from chargelink.gbt27930.causes import ChargerCause
from chargelink.gbt27930.charger import (
    Asleep,
    Charger,
    ChargerLimits,
    Demand,
    Event,
    Failed,
    Parameters,
    Reconnecting,
    Status,
    VehicleIdentified,
    VehicleReady,
    Wanted,
)
from chargelink.gbt27930.charging import BCS, BCS2011, BSM
from chargelink.gbt27930.codes import ChargePermission

CEM: Mapping[str, str] = {
    "brm_timeout": "FDF0C0FC", "bcp_timeout": "FCF1C0FC", "bro_timeout": "FCF4C0FC", "bcs_timeout": "FCF0C1FC",
    "bcl_timeout": "FCF0C4FC", "bst_timeout": "FCF0D0FC", "bsd_timeout": "FCF0C0FD",
}  # fmt: skip
CAUSES = (ChargerCause.MANUAL, ChargerCause.EMERGENCY_STOP, ChargerCause.CONDITION_REACHED, ChargerCause.CONNECTOR)


class WatchedCharger(Watched, Charger):
    """Notes its states."""


class ChargerWitness(Witness):
    """Of a charger: what it wants of its device, too."""

    resting = frozenset({"idle", "insulation", "ended"})
    mute = frozenset({"idle", "ended"})
    errors = CEM
    fails: ClassVar = {
        "recognition": frozenset({"brm_timeout"}),
        "recognised": frozenset({"bcp_timeout"}),
        "parameters": frozenset({"bro_timeout"}),
        "preparing": frozenset({"bro_timeout"}),
        **dict.fromkeys(("ready", "charging", "paused"), frozenset({"bcl_timeout", "bcs_timeout"})),
        "stopping": frozenset({"bst_timeout", "bsd_timeout"}),
        "stopped": frozenset({"bsd_timeout"}),
    }
    steps: ClassVar = {
        "idle": "start", "handshake": "BHM", "insulation": "insulation done", "recognition": "BRM",
        "recognised": "BCP", "parameters": "BRO(AA)", "preparing": "ready", "ready": "BCL, BCS",
        "charging": "BCL, BCS, wait", "paused": "BSM, wait", "stopping": "BST", "stopped": "BSD",
        "statistics": "wait", "error": "wait", "failed": "safe", "interrupted": "safe", "waking": "wait",
        "unanswered": "wait", "ended": "replugged",
    }  # fmt: skip
    words = tuple(name for name in MESSAGES if name.startswith("B"))
    commands = (
        "start", "insulation done", "ready", "stop", "safe", "replugged", "end", "pause", "resume", "statistics"
    )  # fmt: skip

    def __init__(self, limits: ChargerLimits = LIMITS) -> None:
        self.charger = WatchedCharger(0.0, limits)
        super().__init__(self.charger)
        self._heard: set[type[Event]] = set()  # in this attempt
        self._since_ready: set[str] = set()
        self._closed = self._forbidden = self._paused = False
        self._fed = {"bcl_timeout": 0.0, "bcs_timeout": 0.0}
        self._stops = 0

    def command(self, name: str) -> None:
        charger = self.charger
        if name in ("start", "replugged") and charger.state.value in self.mute:
            self._attempts = 0
        match name:
            case "start":
                self.act(charger.start)
                self._begin()
            case "insulation done":
                self.act(charger.insulation_done)
            case "ready":
                closed = charger.state.value == "preparing"
                self._closed |= closed
                if closed:
                    self._since_ready.clear()
                    self._fed = dict.fromkeys(self._fed, self.now)
                self.act(charger.ready)
            case "stop":
                self._stops += 1
                self.act(lambda now: charger.stop(now, CAUSES[self._stops % len(CAUSES)]))
            case "safe":
                self.act(charger.safe)
            case "replugged":
                self.act(charger.replugged)
            case "end":
                self.act(charger.end)
            case "statistics":
                charger.statistics(-1 if self._stops % 2 else 700, self._stops * 123_456 - 1)
            case _:
                self._paused = name == "pause"
                charger.report(400_000, -50_000 if self._paused else 90_000, 3, not self._paused)

    def _begin(self) -> None:
        if self.charger.state.value == "handshake":
            self._forget()

    def _forget(self) -> None:
        self._heard.clear()
        self._since_ready.clear()
        self._closed = self._forbidden = False
        self._paused = False

    def check(self, events: list[Event]) -> None:
        for event in events:
            self._hear(event)
        wanted, state = self.charger.wants, self.charger.state.value
        if state in self.mute:
            assert wanted == Wanted()
        if wanted.precharge or wanted.contactors:
            assert {VehicleIdentified, Parameters, VehicleReady} <= self._heard
            assert wanted.lock
            assert wanted.auxiliary
        assert self._closed or not wanted.contactors
        assert not (wanted.precharge and wanted.contactors)
        if "CCS" in self.said:
            assert {"BCL", "BCS"} <= self._since_ready
        self._check_output(wanted)
        assert self.charger.unread.keys() <= BY_NAME.keys()

    def _hear(self, event: Event) -> None:
        self._heard.add(type(event))
        match event:
            case Demand():
                self._since_ready.add("BCL")
                self._fed["bcl_timeout"] = self.now
            case Status(message=BCS() | BCS2011()):
                self._since_ready.add("BCS")
                self._fed["bcs_timeout"] = self.now
            case Status(message=BSM() as state) if state.charge_permission in (0, 1):
                self._forbidden = state.charge_permission == ChargePermission.FORBIDDEN
            case Reconnecting() | Asleep():
                self._forget()
            case Failed(missing=(missing, *_)) if missing in self._fed:
                wait = 1.0 if missing == "bcl_timeout" else 5.0
                assert self.now - self._fed[missing] >= wait - SOON, "it failed early"

    def _check_output(self, wanted: Wanted) -> None:
        """Never above what the charger has, the battery may take, the vehicle asks for."""
        charger = self.charger
        if wanted.voltage is None:
            assert wanted.insulation_test
            assert not wanted.current
            return
        assert 0 <= wanted.voltage <= charger.limits.max_voltage
        assert 0 <= wanted.current <= charger.limits.max_current
        if wanted.precharge or wanted.contactors:
            assert charger.battery is not None
            assert wanted.voltage <= charger.battery.max_total_voltage
        if wanted.current:
            assert wanted.contactors
            assert {"BCL", "BCS"} <= self._since_ready
            assert charger.battery is not None
            assert charger.demand is not None
            assert wanted.current <= min(-charger.battery.max_charge_current, charger.demand.current)
            assert wanted.voltage <= charger.demand.voltage
            assert not self._forbidden, "the vehicle forbids it"
            assert not self._paused, "the charger itself pauses"
