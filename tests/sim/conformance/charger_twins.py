"""Chargers with something broken, and the cases that have to catch each."""

from collections.abc import Mapping

from tests.sim.conformance.twin import (
    Broken,
    Filter,
    Restarting,
    Twin,
    also,
    changed,
    cut,
    everywhere,
    is_,
    one_of,
    row,
    waiting,
    with_rows,
    without,
)

from chargelink.gbt27930.catalogue import BY_PGN
from chargelink.gbt27930.charger import Charger
from chargelink.gbt27930.dialogue import Event, Row
from chargelink.gbt27930.identifier import Identifier
from chargelink.gbt27930.transport import Frame
from chargelink.sim.conformance.bench import Prompt
from chargelink.sim.conformance.rehearsal import LIMITS, ChargerDevice, Device
from chargelink.sim.conformance.words import vehicle_words

CHM, CRM, CML, CTS, CRO, CCS, CST, CSD, CEM = 0x26, 0x01, 0x08, 0x07, 0x0A, 0x12, 0x1A, 0x1D, 0x1F
BSM, BST, BSD = 0x13, 0x19, 0x1C
WHOLE = {speech.pgn: speech.payload for speech in vehicle_words().values() if speech.long}
TRANSPORT = 0xEC


class Gullible(Charger):
    """Takes a long message that came as one frame for the whole."""

    def receive(self, identifier: int, data: bytes, now: float) -> list[Event]:
        pgn = Identifier.decode(identifier).pgn
        events = self._read(BY_PGN[pgn], WHOLE[pgn], now) if pgn in WHOLE else []
        return events + super().receive(identifier, data, now)


def of(role: type[Charger]) -> Device:
    return ChargerDevice(lambda now: role(now, LIMITS))


def saying(says: Filter, caught_by: str) -> Broken:
    return Broken(lambda: Twin(ChargerDevice(), says=says), caught_by)


def hearing(hears: Filter, caught_by: str) -> Broken:
    return Broken(lambda: Twin(ChargerDevice(), hears=hears), caught_by)


def thinned(count: int, pdu_format: int, caught_by: str) -> Broken:
    return Broken(lambda: Twin(ChargerDevice(), says=one_of(count, pdu_format)()), caught_by)


def tabled(rows: Mapping[str, object], caught_by: str) -> Broken:
    return Broken(lambda: of(type("Twin", (Charger,), dict(rows))), caught_by)


def removed(name: str, trigger: str) -> Row:
    """A row that a trigger does not move."""
    found = row(Charger, name)
    assert trigger in found.moves
    return found._replace(moves={move: to for move, to in found.moves.items() if move != trigger})


def fed(name: str) -> Row:
    """A row in which any BHM feeds the wait for BRO."""
    return waiting(row(Charger, name), "BRO", 5.0, ("BRO", "BRO(00)", "BRO(AA)", "BHM"))


def normal(data: bytes) -> bytes:
    """BSM as if all were normal, whatever it says."""
    return data[:5] + bytes((0, data[6] & 0x30))


def permitting(data: bytes) -> bytes:
    return data[:6] + bytes((data[6] | 0x10,))


def believing(data: bytes) -> bytes:
    """BSM with every "untrusted" taken for "abnormal"."""
    high = (data[5] & 0xA0) >> 1 | data[5] & 0x0F, (data[6] & 0x0A) >> 1 | data[6] & 0xF0
    return data[:5] + bytes(high)


def hesitating(data: bytes) -> bytes:
    """BSM with every "untrusted" taken for "not permitted"."""
    untrusted = data[5] & 0xA0 or data[6] & 0x0A
    return data[:5] + bytes((data[5] & 0x0F, data[6] & (0xC0 if untrusted else 0xF0)))


def answers_once() -> Filter:
    """Each long message is answered the first time only."""
    answered: set[bytes] = set()

    def through(frame: Frame) -> list[Frame]:
        if not is_(frame, TRANSPORT, 0x10):
            return [frame]
        known = frame.data[5:8] in answered
        answered.add(frame.data[5:8])
        return [] if known else [frame]

    return through


def deaf_to_optional(frame: Frame) -> list[Frame]:
    """BMV, BMT and BSP are not answered at all."""
    return [] if is_(frame, TRANSPORT) and frame.data[6] in (0x15, 0x16, 0x17) else [frame]


CML_FRAME = Frame(0x1808F456, bytes.fromhex("4C1DD007DC05A00F"))
STATISTICS = row(Charger, "statistics")
TWINS = {
    "CHM every 500 ms": thinned(2, CHM, "DP.1001"),
    "no CHM": saying(without(CHM), "DP.1001"),
    "CHM of 8 bytes": saying(changed(CHM, lambda data: data.ljust(8, b"\xff")), "DP.1001"),
    "CHM goes on": saying(also(CRM, Frame(0x1826F456, bytes.fromhex("010100"))), "DP.1002"),
    "CRM every 500 ms": thinned(2, CRM, "DP.1002 DP.1003"),
    "CRM(00) goes on": saying(also(CRM, Frame(0x1801F456, bytes(8)), 0xAA), "DP.1003"),
    "BRM awaited for 8 s": tabled(everywhere(Charger, "BRM", 8.0), "DN.1001 DN.1002 DN.1003"),
    "BRM awaited for 3 s": tabled(everywhere(Charger, "BRM", 3.0), "DN.1001 DN.1002 DN.1003"),
    "no CEM": saying(without(CEM), "DN.1001 DN.1004 DN.2003 DN.3005 DN.4001"),
    "CEM in the wrong bits": saying(changed(CEM, lambda data: data[:2] + data[1:2] + data[3:]), "DN.3001 DN.3002"),
    "CEM says what was right as well": saying(changed(CEM, lambda data: b"\xfd" + data[1:]), "DN.2001 DN.3009"),
    "CEM of 8 bytes": saying(changed(CEM, lambda data: data.ljust(8, b"\xff")), "DN.1001"),
    "CEM every 1000 ms": thinned(4, CEM, "DN.1001"),
    "long messages as one frame": Broken(lambda: of(Gullible), "DN.1002 DN.2002 DN.3003 DN.3007"),
    "a long message is answered once": Broken(lambda: Twin(ChargerDevice(), hears=answers_once()), "DN.1004 DN.2006"),
    "CML of 6 bytes": saying(changed(CML, cut(6)), "DP.2001 DP.2002"),
    "CTS of 8 bytes": saying(changed(CTS, lambda data: data + b"\xff"), "DP.2001"),
    "ready at once, no CRO(00)": saying(without(CRO, 0x00), "DP.2003"),
    "BHM feeds the wait for BRO": tabled(
        with_rows(Charger, parameters=fed("parameters"), preparing=fed("preparing")), "DN.2004 DN.2008"
    ),
    "readiness awaited for ever": tabled(everywhere(Charger, "readiness", None), "DN.2005"),
    "BRO(00) is overheard": tabled(with_rows(Charger, preparing=removed("preparing", "BRO(00)")), "DN.2009"),
    "silence during CRO(00) is overheard": tabled(
        with_rows(Charger, preparing=row(Charger, "preparing")._replace(waits=())), "DN.2007 DN.2008"
    ),
    "CML goes on after CEM": saying(also(CEM, CML_FRAME), "DN.2006"),
    "BCL awaited for 5 s": tabled(
        everywhere(Charger, "BCL", 5.0), "DN.2010 DN.3002 DN.3004 DN.3006 DN.3008"
    ),
    "BCS awaited for 10 s": tabled(everywhere(Charger, "BCS", 10.0), "DN.3001 DN.3003 DN.3005 DN.3007"),
    "CCS of 6 bytes": saying(changed(CCS, cut(6)), "DP.3001"),
    "CCS every 100 ms": thinned(2, CCS, "DP.3001 DP.3004"),
    "BMV is not answered": hearing(deaf_to_optional, "DP.3002"),
    "faults of BSM are ignored": hearing(changed(BSM, normal), "DP.3003"),
    "untrusted is believed": hearing(changed(BSM, believing), "DP.3004"),
    "untrusted pauses": hearing(changed(BSM, hesitating), "DP.3004"),
    "no pause": hearing(changed(BSM, permitting), "DP.3005"),
    "no output after a pause": tabled(with_rows(Charger, paused=removed("paused", "BSM permits")), "DP.3005"),
    "the pause never ends": tabled(everywhere(Charger, "pause", None), "DP.3005"),
    "CCS goes on": saying(also(CST, Frame(0x1812F456, bytes.fromhex("000000000000FD"))), "DP.3003 DP.3006 DP.3007"),
    "one reason of BST is unknown": hearing(
        lambda frame: [] if is_(frame, BST) and frame.data[2] & 0x04 else [frame], "DP.3006"
    ),
    "CST every 50 ms": thinned(5, CST, "DP.3006 DP.3007"),
    "no CST": saying(without(CST), "DP.3006 DP.3007"),
    "cannot be stopped": Broken(lambda: Twin(ChargerDevice(), refuses=(Prompt.STOP,)), "DP.3007"),
    "BST awaited for 9 s": tabled(everywhere(Charger, "BST", 9.0), "DN.3009 DN.3010"),
    "BSD awaited for 5 s": tabled(everywhere(Charger, "BSD", 5.0), "DN.4001 DN.4002 DN.4003 DN.4004"),
    "CSD of 5 bytes": saying(changed(CSD, cut(5)), "DP.4001"),
    "CSD goes on": tabled(with_rows(Charger, statistics=STATISTICS._replace(waits=())), "DP.4001"),
    "starts again without a plug": Broken(Restarting, "DP.4002"),
}  # fmt: skip
