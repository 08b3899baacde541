"""The vehicle's end of GB/T 27930 (10.1 to 10.5): its BMS, of 2015 or of 2011. No I/O, no clock.

    vehicle = Vehicle(now, identity, battery, insulation_limit)
    ChargerAnswered            the charger said what it can give: close the contactors, then vehicle.ready(now)
    ChargingBegan              the charger is ready: keep saying how it is with vehicle.measure(...)
    Output                     what the charger says it gives
    vehicle.stop(now, cause) or Stopped   -> open when the current is gone; vehicle.conclude(...) for the charger
    Failed                     -> open
    Reconnecting               -> as at the beginning
    Ended                      -> the plug can be pulled

`measure` and `conclude` take the messages themselves; their currents are negative while charging. The four verbs are
those of `chargelink.gbt27930.dialogue`, the table of states is `chargelink.gbt27930.vehicle_table`. Against a charger
that never sends CHM a vehicle speaks as in 2011 (no BHM, BRM of 41 bytes). A dialogue that failed says why (BEM) until
the charger begins anew with CRM(00), three times at most, or 30 s are over. `wants_contactors` says whether K5K6 may be
closed; for the charge after the end make a new `Vehicle`.
"""

from typing import Any, ClassVar

import msgspec

from chargelink.gbt27930.catalogue import Edition, Sender
from chargelink.gbt27930.causes import VehicleCause, VehicleTimeout, fields, flagged, raised
from chargelink.gbt27930.charging import BCL, BCS, BCS2011, BMT, BMV, BSM, CCS
from chargelink.gbt27930.codes import Ready, Recognition
from chargelink.gbt27930.dialogue import (
    Dialogue,
    Ended,
    Event,
    Failed,
    Reconnecting,
    Stopped,
    Unreadable,
)
from chargelink.gbt27930.ending import BEM, BSD, BST, BST2011, CEM, CSD, CSD2011, CST, CST2011
from chargelink.gbt27930.faults import MOST_RECONNECTIONS, FaultClass
from chargelink.gbt27930.handshake import BHM, BRM, CHM, CRM, CRM2011, VERSION_2011, VERSION_2015
from chargelink.gbt27930.identifier import BMS, CHARGER
from chargelink.gbt27930.parameters import BCP, BRO, CML, CRO
from chargelink.gbt27930.plausibility import Implausible, implausible
from chargelink.gbt27930.transport import Endpoint
from chargelink.gbt27930.vehicle_table import TABLE, State, Want
from chargelink.wire import Message

__all__ = [
    "ChargerAnswered",
    "ChargerStatistics",
    "ChargingBegan",
    "Ended",
    "Event",
    "Failed",
    "Output",
    "Reconnecting",
    "State",
    "Stopped",
    "Unreadable",
    "Vehicle",
]

CRM_TRIGGERS: dict[int, str] = {Recognition.NOT_RECOGNISED: "CRM(00)", Recognition.RECOGNISED: "CRM(AA)"}
CRO_TRIGGERS: dict[int, str] = {Ready.NOT_READY: "CRO(00)", Ready.READY: "CRO(AA)"}

HANDSHAKE_PAUSE = 1.0  # s: a CHM after that begins a handshake; one before it goes on with the handshake that failed

CROSSED = (Implausible.LIMITS_CROSSED, Implausible.VOLTAGES_CROSSED)  # all zero is what simple chargers say


class ChargerAnswered(Event, frozen=True):
    """What the charger can give."""

    message: CML


class ChargingBegan(Event, frozen=True):
    """The charger closed its contactors: demands are followed from now on."""


class Output(Event, frozen=True):
    """What the charger says it gives; not permitted means that it pauses."""

    message: CCS


class ChargerStatistics(Event, frozen=True):
    """The end as the charger saw it."""

    message: CSD | CSD2011


class Vehicle(Dialogue):
    """One charge. A command outside its states does nothing: the charger may have ended it a moment before."""

    table = TABLE
    side = Sender.BMS
    over = State.ENDED
    obeyed: ClassVar = {"CML": frozenset({"min_output_current_A"})}

    def __init__(
        self, now: float, identity: BRM, battery: BCP, insulation_limit: int, edition: Edition = Edition.OF_2015
    ) -> None:
        """`insulation_limit` mV goes into BHM. A vehicle of 2011 answers no CHM.

        Raises EncodeError when one of them cannot be said.
        """
        self.identity = identity
        self.battery = battery
        self._handshake = BHM(insulation_limit)
        self._own_edition = edition
        self._measured: dict[str, Message] = {}  # by name
        self._conclusion: BSD | None = None
        self._wanted: tuple[VehicleCause, ...] = ()  # causes of a stop that is tried
        self._causes: frozenset[str] = frozenset()  # raised in BST
        self._missing: tuple[str, ...] = ()  # raised in BEM
        self._reasons: tuple[str, ...] = ()  # raised in the last CST or CEM
        self._answer: CML | None = None
        self._greeted = False  # a CHM came, so the charger speaks 2015
        self._last_handshake = float("-inf")  # when it came
        for message in (identity, battery, self._handshake):
            message.encode()
        super().__init__(now, State.WAITING, Endpoint(BMS, CHARGER))
        self.edition = edition

    @property
    def wants_contactors(self) -> bool:
        """Whether K5K6 may be closed."""
        return Want.CONTACTORS in self._row.wants

    def ready(self, now: float) -> list[Event]:
        """The contactors are closed: say BRO(AA)."""
        return self._trigger("ready", now)

    def measure(self, *messages: BCL | BCS | BCS2011 | BSM | BMV | BMT) -> None:
        """What is demanded and measured; each message is said at its period while charging, from the first one on.

        Raises EncodeError when one of them cannot be said.
        """
        for message in messages:
            message.encode()
        self._measured |= {type(message).__name__.removesuffix("2011"): message for message in messages}

    def stop(self, now: float, *causes: VehicleCause) -> list[Event]:
        """Stop because of `causes`. Before CRO(AA) there is nothing to say to the charger: the dialogue just ends."""
        self._wanted = causes
        return self._trigger("stop", now)

    def conclude(self, statistics: BSD) -> None:
        """How it ended; said after BST. Raises EncodeError when that cannot be said."""
        statistics.encode()
        self._conclusion = statistics

    def _objection(self, name: str, message: Message) -> str:
        crossed = [odd.text for odd in implausible(message) if odd in CROSSED] if name == "CML" else []
        return super()._objection(name, message) or ", ".join(crossed)

    def _heard(self, name: str, message: Message, now: float) -> list[Event]:
        match message:
            case CHM():
                goes_on, self._last_handshake = now - self._last_handshake < HANDSHAKE_PAUSE, now
                if self._own_edition is Edition.OF_2011 or (goes_on and self.state is State.ERROR):
                    return []
            case CRM() | CRM2011():
                return self._recognised(CRM_TRIGGERS.get(message.recognition_result, "CRM"), now)
            case CML():
                self._answer = message
            case CRO():
                name = CRO_TRIGGERS.get(message.ready, "CRO")
            case CCS():
                events: list[Event] = [Output(message)] if self.state is State.CHARGING else []
                return events + self._trigger(name, now)
            case CST() | CST2011():
                self._reasons = raised(message)
            case CEM():
                self._reasons = raised(message)
                return self._trigger(name, now) if self._reasons else []
            case CSD() | CSD2011() if self.state is State.STATISTICS:
                return [ChargerStatistics(message), *self._trigger(name, now)]
        return self._trigger(name, now)

    def _recognised(self, name: str, now: float) -> list[Event]:
        if name == "CRM(00)" and self.state in (State.ERROR, State.INTERRUPTED):
            name = "exhausted" if self.attempts >= MOST_RECONNECTIONS else "reconnect"
        return self._trigger(name, now)

    def _triggered(self, trigger: str, now: float) -> list[Event]:
        match trigger:
            case "CHM":
                self._greeted = True
                self._endpoint.abort()
            case "CRM(00)" if self.state is State.WAITING:
                self.edition = Edition.OF_2011
            case "reconnect":
                self._endpoint.abort()
                self._answer = None
                self.edition = self.edition if self._greeted else Edition.OF_2011
                return self._reconnected()
            case "exhausted":
                self.fault = FaultClass.B
            case "CML" if self._answer:
                return [ChargerAnswered(self._answer)]
            case "CRO(AA)":
                return [ChargingBegan()]
            case "stop":
                self._causes = frozenset(self._wanted)
                return [Stopped(Sender.BMS, tuple(cause for cause in VehicleCause if cause in self._causes))]
            case "CST" if self.state in (State.READY, State.CHARGING):
                self._causes = frozenset({VehicleCause.CHARGER_STOPPED})
                return [Stopped(Sender.CHARGER, self._reasons)]
            case "CEM":
                return [Failed(Sender.CHARGER, self._reasons)]
            case VehicleTimeout():
                self._missing = (trigger,)
                return [Failed(Sender.BMS, self._missing)]
        return []

    def _words(self, name: str, now: float) -> Message | None:
        match name:
            case "BHM":
                return self._handshake
            case "BRM":
                return self._identity()
            case "BCP":
                return self.battery
            case "BRO":
                return BRO(Ready.READY if self.state is State.READY else Ready.NOT_READY)
            case "BST":
                return flagged(BST2011 if self._old else BST, self._causes)
            case "BSD":
                return self._conclusion
            case "BEM":
                return flagged(BEM, self._missing)
        measured = self._measured.get(name)
        return _of_2011(measured) if self._old and isinstance(measured, BCS) else measured

    @property
    def _old(self) -> bool:
        return self.edition is Edition.OF_2011

    def _identity(self) -> BRM:
        old: dict[str, Any] = {"protocol_version": VERSION_2011, "bms_software_version": None}
        new: dict[str, Any] = {"protocol_version": VERSION_2015}
        return msgspec.structs.replace(self.identity, **(old if self._old else new))


def _of_2011(status: BCS) -> BCS2011:
    """The same battery status with groups counted from 1."""
    values = [getattr(status, field) for field in fields(BCS2011)]
    return msgspec.structs.replace(BCS2011(*values), max_cell_group=status.max_cell_group + 1)
