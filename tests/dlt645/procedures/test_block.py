"""Reading blocks, of meters that have them and of those that only have their items."""

import pytest
from tests.dlt645.procedures.wire import ADDRESS, START, Device, a_master, played

from chargelink.dlt645 import ErrorWord
from chargelink.dlt645.control import AnyError
from chargelink.dlt645.meter import Meter
from chargelink.dlt645.procedures import BlockOutcome, BlockRead
from chargelink.wire import EncodeError

VOLTAGES = {"02010100": bytes.fromhex("0123"), "02010200": bytes.fromhex("0223"), "02010300": b"\xff\xff"}
ENERGIES = {f"0001{tariff:02X}00": bytes((tariff, 0, 0, 0)) for tariff in range(5)}


class OnlySingles(Device):
    """Refuses blocks by `error`; is silent once it was asked for `silent_at`."""

    def __init__(self, registers: dict[str, bytes], error: AnyError = ErrorWord.NO_REQUESTED_DATA) -> None:
        super().__init__(registers)
        self.error, self.asked, self.silent_at = error, list[str](), ""
        self.meter = Meter(ADDRESS, registers, device=self._read)

    def _read(self, identifier: str, _: bytes) -> bytes | AnyError | None:
        self.asked.append(identifier)
        return self.error if "FF" in identifier else None

    def hear(self, data: bytes, baud: int, now: float) -> None:
        self.mute = self.silent_at != "" and bytes.fromhex(self.silent_at)[::-1] in bytes(
            (b - 0x33) & 255 for b in data
        )
        super().hear(data, baud, now)


def outcome(device: Device, identifier: str) -> BlockOutcome:
    procedure = BlockRead(a_master(), ADDRESS, identifier, START)
    played(procedure, device)
    assert procedure.outcome is not None
    return procedure.outcome


def values(found: BlockOutcome) -> dict[str, object]:
    return {reading.item.name: reading.value for reading in found.readings.readings}


@pytest.mark.parametrize("kind", [Device, OnlySingles])
def test_both_kinds_of_meters_tell_the_same(kind: type[Device]) -> None:
    found = outcome(kind(VOLTAGES), "0201FF00")
    assert values(found) == {"voltage_a": 230_100, "voltage_b": 230_200, "voltage_c": None}
    assert (found.whole, found.singly, found.refused) == (True, kind is OnlySingles, None)


def test_tariffs_that_the_meter_lacks_are_not_all_asked_for() -> None:
    device = OnlySingles(ENERGIES)
    found = outcome(device, "0001FF00")
    assert len(values(found)) == 5
    assert device.asked == ["0001FF00", *(f"0001{tariff:02X}00" for tariff in range(7))]


def test_a_single_phase_meter() -> None:
    assert values(outcome(OnlySingles({"02010100": bytes.fromhex("0123")}), "0201FF00")) == {"voltage_a": 230_100}


def test_a_meter_that_has_neither() -> None:
    found = outcome(OnlySingles({}), "0201FF00")
    assert found.refused is not None
    assert (values(found), found.singly) == ({}, True)


def test_a_refusal_for_another_reason_is_the_last_word() -> None:
    device = OnlySingles(VOLTAGES, ErrorWord.NOT_AUTHORISED)
    found = outcome(device, "0201FF00")
    assert (found.refused is not None, found.singly, device.asked) == (True, False, ["0201FF00"])


def test_a_meter_that_falls_silent() -> None:
    device = OnlySingles(VOLTAGES)
    device.silent_at = "02010200"
    found = outcome(device, "0201FF00")
    assert (values(found), found.whole, found.singly) == ({"voltage_a": 230_100}, False, True)
    device.silent_at = "0201FF00"
    assert outcome(device, "0201FF00") == (found.readings._replace(readings=()), False, False, None)


def test_one_identifier_is_no_block() -> None:
    found = outcome(OnlySingles({}), "02010100")
    assert (found.refused is not None, found.singly) == (True, False)


def test_what_cannot_be_read() -> None:
    with pytest.raises(EncodeError):
        BlockRead(a_master(), "12", "0201FF00", START)
    with pytest.raises(ValueError, match="hexadecimal"):
        BlockRead(a_master(), ADDRESS, "0201FF", START)
