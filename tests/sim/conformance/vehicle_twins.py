"""Vehicles with something broken, and the cases that have to catch each."""

from collections.abc import Mapping

from tests.sim.conformance.twin import (
    Broken,
    Filter,
    Twin,
    also,
    changed,
    cut,
    everywhere,
    is_,
    one_of,
    row,
    with_rows,
    without,
)

from chargelink.gbt27930.catalogue import Entry
from chargelink.gbt27930.causes import VehicleCause
from chargelink.gbt27930.charging import CCS as CCS_MESSAGE
from chargelink.gbt27930.codes import Permission
from chargelink.gbt27930.dialogue import Event, Row
from chargelink.gbt27930.transport import Frame
from chargelink.gbt27930.vehicle import Vehicle
from chargelink.sim.conformance.bench import Prompt
from chargelink.sim.conformance.rehearsal import Device, VehicleDevice, new_vehicle
from chargelink.wire import Message

BHM, BRO, BCL, BSM, BST, BSD, BEM = 0x27, 0x09, 0x10, 0x13, 0x19, 0x1C, 0x1E
CST, CSD, CRO = 0x1A, 0x1D, 0x0A
TRANSPORT = 0xEC
BRM_CODE, BCP_CODE = 0x02, 0x06


class ShortBrm(Vehicle):
    """BRM of 41 bytes, as in 2011."""

    def _say(self, entry: Entry, message: Message, now: float) -> None:
        if entry.name == "BRM":
            self._endpoint.send(entry.pgn, message.encode(49)[:41], now)
        else:
            super()._say(entry, message, now)


class OneFrame(Vehicle):
    """Says a long message as one frame."""

    said_wrongly = "BCP"

    def _say(self, entry: Entry, message: Message, now: float) -> None:
        if entry.name == self.said_wrongly:
            self._outgoing.append(Frame(entry.identifier, message.encode()[:8]))
        else:
            super()._say(entry, message, now)


class Slow(Vehicle):
    """Says long messages half as often."""

    def _say(self, entry: Entry, message: Message, now: float) -> None:
        self._turn = not getattr(self, "_turn", False)
        if entry.name not in ("BRM", "BCP", "BCS") or self._turn:
            super()._say(entry, message, now)


class Impatient(Vehicle):
    """Stops when the charger pauses."""

    def _heard(self, name: str, message: Message, now: float) -> list[Event]:
        events = super()._heard(name, message, now)
        if isinstance(message, CCS_MESSAGE) and message.charging_permitted == Permission.PAUSED:
            events += self.stop(now, VehicleCause.OTHER_FAULT)
        return events


def of(role: type[Vehicle]) -> Device:
    def made(now: float) -> Vehicle:
        plain = new_vehicle(now)
        vehicle = role(now, plain.identity, plain.battery, 400_000)
        vehicle._measured, vehicle._conclusion = plain._measured, plain._conclusion
        return vehicle

    return VehicleDevice(made)


def saying(says: Filter, caught_by: str) -> Broken:
    return Broken(lambda: Twin(VehicleDevice(), says=says), caught_by)


def hearing(hears: Filter, caught_by: str) -> Broken:
    return Broken(lambda: Twin(VehicleDevice(), hears=hears), caught_by)


def thinned(count: int, pdu_format: int, caught_by: str) -> Broken:
    return Broken(lambda: Twin(VehicleDevice(), says=one_of(count, pdu_format)()), caught_by)


def tabled(rows: Mapping[str, object], caught_by: str, role: type[Vehicle] = Vehicle) -> Broken:
    return Broken(lambda: of(type("Twin", (role,), dict(rows))), caught_by)


def role(role: type[Vehicle], caught_by: str) -> Broken:
    return Broken(lambda: of(role), caught_by)


def says_too(name: str, *others: str) -> Row:
    found = row(Vehicle, name)
    return found._replace(says=(*found.says, *others))


def ready_early(frame: Frame) -> list[Frame]:
    """BRO(AA) with each request to send BCP."""
    asks = is_(frame, TRANSPORT, 0x10) and frame.data[6] == BCP_CODE
    return [frame, Frame(0x100956F4, b"\xaa")] if asks else [frame]


BHM_FRAME, BCL_FRAME = Frame(0x182756F4, bytes.fromhex("6810")), Frame(0x181056F4, bytes.fromhex("0410B80B02"))
TWINS = {
    "no BHM": saying(without(BHM), "BP.1001"),
    "BHM of 3 bytes": saying(changed(BHM, lambda data: data + b"\xff"), "BP.1001"),
    "BHM every 750 ms": thinned(3, BHM, "BP.1001"),
    "BHM goes on": saying(also(TRANSPORT, BHM_FRAME, 0x10), "BP.1002"),
    "BRM of 41 bytes": role(ShortBrm, "BP.1002"),
    "long messages half as often": role(Slow, "BP.1002 BP.1003 BP.3001"),
    "BCP as one frame": role(OneFrame, "BP.1003"),
    "BCS as one frame": tabled({"said_wrongly": "BCS"}, "BP.2003 BP.3001", OneFrame),
    "BRM goes on": tabled(with_rows(Vehicle, parameters=says_too("parameters", "BRM")), "BP.1003"),
    "CRM awaited for 100 s": tabled(everywhere(Vehicle, "CRM", 100.0), "BN.1001 BN.1002"),
    "CRM awaited for 40 s after CHM": tabled(everywhere(Vehicle, "recognition", 40.0), "BN.1003 BN.1004 BN.1005"),
    "CRM(AA) awaited for 6 s": tabled(
        everywhere(Vehicle, "CRM(AA)", 6.0), "BN.1006 BN.1007 BN.1008 BN.1009 BN.1010"
    ),
    "no BEM": saying(without(BEM), "BN.1001 BN.1003 BN.1006 BN.2001 BN.3001 BN.4001"),
    "BEM in the wrong bits": saying(changed(BEM, lambda data: data[1:3] + data[:1] + data[3:]), "BN.2004 BN.3004"),
    "BEM of 8 bytes": saying(changed(BEM, lambda data: data.ljust(8, b"\xff")), "BN.1001"),
    "CML awaited for 10 s": tabled(everywhere(Vehicle, "CML", 10.0), "BN.2001 BN.2002 BN.2003"),
    "BRO(AA) before CML": saying(ready_early, "BP.1003 BN.2001 BN.2002"),
    "silent until it is ready": tabled(
        with_rows(Vehicle, preparing=row(Vehicle, "preparing")._replace(says=())), "BP.2001"
    ),
    "BRO of 8 bytes": saying(changed(BRO, lambda data: data.ljust(8, b"\xff")), "BP.2001 BP.2002"),
    "CRO(00) is taken for CRO(AA)": hearing(changed(CRO, lambda data: b"\xaa"), "BP.2002 BN.2007"),
    "CRO awaited for 10 s": tabled(everywhere(Vehicle, "CRO", 10.0), "BN.2004 BN.2005 BN.2006"),
    "readiness awaited for ever": tabled(everywhere(Vehicle, "readiness", None), "BN.2007"),
    "BCL every 100 ms": thinned(2, BCL, "BP.2003 BP.3001"),
    "BSM missing": saying(without(BSM), "BP.2003 BP.3002"),
    "BSM of 8 bytes": saying(changed(BSM, lambda data: data + b"\xff"), "BP.3002"),
    "stops when the charger pauses": role(Impatient, "BP.3003"),
    "CCS awaited for 3 s": tabled(
        everywhere(Vehicle, "CCS", 3.0), "BN.3001 BN.3002 BN.3003 BN.3004 BN.3005"
    ),
    "BST every 50 ms": thinned(5, BST, "BP.3004 BP.3005"),
    "BCL goes on": saying(also(BST, BCL_FRAME), "BP.3004 BP.3005"),
    "cannot be stopped": Broken(lambda: Twin(VehicleDevice(), refuses=(Prompt.STOP,)), "BP.3004"),
    "CST is ignored": hearing(without(CST), "BP.3005"),
    "CST awaited for 2 s": tabled(everywhere(Vehicle, "CST", 2.0), "BN.3006 BN.3007 BN.3008"),
    "BSD of 6 bytes": saying(changed(BSD, cut(6)), "BP.4001"),
    "BSD every 500 ms": thinned(2, BSD, "BP.4001"),
    "BSD goes on": hearing(without(CSD), "BP.4002"),
    "CSD awaited for 5 s": tabled(everywhere(Vehicle, "CSD", 5.0), "BN.4001 BN.4002 BN.4003"),
    "speaks without auxiliary supply": Broken(
        lambda: Twin(VehicleDevice(), refuses=(Prompt.AUXILIARY_OFF,)), "BP.4003"
    ),
}  # fmt: skip
