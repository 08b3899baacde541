"""What a vehicle tells of its battery: from which message each part comes, and what is not believed."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.edge.charge.world import World
from tests.gbt27930.bus import VECTORS
from tests.gbt27930.opposite import BATTERY, IDENTITY, SOUND, STATUS

from chargelink.edge.charge.battery import MESSAGES, NOT_OFFERED, Told
from chargelink.gbt27930.catalogue import BY_NAME, Edition
from chargelink.gbt27930.charging import BCS2011, BMT, BMV, CCS, Cell
from chargelink.gbt27930.codes import BatteryType
from chargelink.gbt27930.ending import BSD
from chargelink.gbt27930.handshake import BRM, VERSION_2011
from chargelink.gbt27930.parameters import BCP
from chargelink.model import Battery
from chargelink.sim.bms import Bms
from chargelink.wire import Message
from chargelink.wire.layout import layout

CELLS = BMV((Cell(3_420, 0), Cell(3_310, 0), Cell(None, 15), Cell(0, 0), Cell(3_450, 2)))
SENSORS = BMT((310, None, -410, 280, 300))
END = BSD(800, 3_300, 3_500, 270, 320)


def told(*messages: Message) -> Told:
    said = Told()
    for message in messages:
        said.take(message)
    return said


def test_everything_that_a_vehicle_can_tell() -> None:
    assert told(IDENTITY, BATTERY, STATUS, SOUND, CELLS, SENSORS, END).battery == Battery(
        chemistry="lifepo4",
        manufacturer="DEMO",
        capacity=152_000,
        rated_voltage=364_800,
        nominal_energy=55_400_000,
        cells=3,
        highest_cell=3_450,
        highest_cell_number=5,
        highest_cell_group=2,
        lowest_cell=3_310,
        lowest_cell_number=2,
        sensors=3,
        highest_temperature=310,
        highest_sensor=7,
        lowest_temperature=280,
        lowest_sensor=16,
    )


# What was said, and the parts that follow from it; the others are not known.
CASES: list[tuple[tuple[Message, ...], dict[str, Any]]] = [
    ((CCS(380_000, -99_000, 1),), {}),
    ((replace(IDENTITY, rated_capacity=6_553_500, rated_voltage=0, vendor="\xff\xff\xff\xff", battery_type=0x40),), {}),
    ((replace(IDENTITY, rated_capacity=0, rated_voltage=6_553_500, vendor="\0\0\0\0", battery_type=BatteryType.OTHER),),
     {"chemistry": "other"}),
    ((replace(IDENTITY, rated_capacity=0, rated_voltage=0, vendor="AB\xe4C", battery_type=0),), {}),
    ((BRM(VERSION_2011, BatteryType.TERNARY, 100, 100),),
     {"chemistry": "ternary", "capacity": 100, "rated_voltage": 100}),
    ((replace(BATTERY, nominal_energy=0),), {}),
    ((replace(BATTERY, nominal_energy=6_553_500_000),), {}),
    ((replace(STATUS, max_cell_voltage=0),), {}),
    ((replace(STATUS, max_cell_voltage=40_950),), {}),
    ((STATUS,), {"highest_cell": 3_450, "highest_cell_group": 1}),
    ((STATUS, SOUND), {"highest_cell": 3_450, "highest_cell_group": 1, "highest_cell_number": 53,
     "highest_temperature": 310, "highest_sensor": 7, "lowest_temperature": 280, "lowest_sensor": 16}),
    ((BCS2011.decode(bytes.fromhex("000000005911540000")),), {"highest_cell": 3_450, "highest_cell_group": 2}),
    ((CELLS,), {"cells": 3, "lowest_cell": 3_310, "lowest_cell_number": 2, "highest_cell": 3_450,
                "highest_cell_number": 5, "highest_cell_group": 2}),
    ((BMV((Cell(None, 0), Cell(0, 0))),), {}),
    ((BMV((Cell(24_010, 0),)), END), {"lowest_cell": 3_300}),
    ((CELLS, END), {"cells": 3, "lowest_cell": 3_310, "lowest_cell_number": 2, "highest_cell": 3_450,
                    "highest_cell_number": 5, "highest_cell_group": 2}),
    ((STATUS, END), {"highest_cell": 3_450, "highest_cell_group": 1, "lowest_cell": 3_300}),
    ((STATUS, replace(END, min_cell_voltage=3_460)), {"highest_cell": 3_450, "highest_cell_group": 1}),
    ((replace(END, min_cell_voltage=0),), {}),
    ((SOUND,), {"highest_temperature": 310, "highest_sensor": 7, "lowest_temperature": 280, "lowest_sensor": 16}),
    ((replace(SOUND, min_temperature=-400),), {}),
    ((replace(SOUND, max_temperature=2_050),), {}),
    ((replace(SOUND, max_temperature=270),), {}),
    ((replace(SOUND, max_temperature_point=256),),
     {"highest_temperature": 310, "highest_sensor": None, "lowest_temperature": 280, "lowest_sensor": 16}),
    ((replace(SOUND, min_temperature=-500), SENSORS),
     {"sensors": 3, "highest_temperature": 310, "highest_sensor": 1, "lowest_temperature": 280, "lowest_sensor": 4}),
    ((BMT((-500, None)),), {}),
]  # fmt: skip


@pytest.mark.parametrize(("messages", "parts"), CASES)
def test_what_is_believed(messages: tuple[Message, ...], parts: dict[str, Any]) -> None:
    battery = told(*messages).battery
    assert battery == (Battery(**parts) if parts else None)


def test_another_vehicle_forgets_what_the_one_before_told() -> None:
    said = told(IDENTITY, CELLS, IDENTITY)
    assert said.battery is not None
    assert said.battery.cells == 3
    said.take(replace(IDENTITY, vendor="ELSE"))
    assert said.battery == Battery(chemistry="lifepo4", manufacturer="ELSE", capacity=152_000, rated_voltage=364_800)


def test_what_is_not_available_is_said() -> None:
    assert told().shown() == {}
    shown = told(IDENTITY, STATUS).shown()
    assert shown["battery"]["highestCell"] == 3_450
    assert shown["notTold"] == [
        "nominalEnergy",
        "cells",
        "highestCellNumber",
        "lowestCell",
        "lowestCellNumber",
        "sensors",
        "highestTemperature",
        "highestSensor",
        "lowestTemperature",
        "lowestSensor",
    ]
    assert shown["notOffered"] == [*NOT_OFFERED]


@pytest.mark.parametrize("vin", [None, "\0" * 17, "0" * 17, "\xff" * 17])
def test_a_vehicle_without_a_vin_is_said_to_have_told_none(vin: str | None) -> None:
    assert "vin" in told(replace(IDENTITY, vin=vin)).shown()["notTold"]


def test_no_vin_and_no_mark_of_a_single_vehicle_is_shown() -> None:
    said = told(*(message for message in (IDENTITY, BATTERY, STATUS, SOUND, CELLS, SENSORS, END)))
    assert IDENTITY.vin is not None
    assert IDENTITY.vin not in f"{said.shown()}{said.battery}{said}"
    assert not {"149", "2024"} & {str(value) for value in said.shown()["battery"].values()}


def test_of_every_recorded_message_something_sensible_is_kept() -> None:
    for row in VECTORS:
        if row["message"] in {*MESSAGES.values()}:
            cls = BY_NAME[row["message"]].layout(Edition(row["edition"]))
            battery = told(cls.decode(bytes.fromhex(row["payload"]))).battery or Battery()
            for cell in (battery.highest_cell, battery.lowest_cell):
                assert cell is None or 1_000 <= cell <= 5_000


@given(
    st.lists(
        st.sampled_from(sorted(MESSAGES, key=str)).flatmap(
            lambda cls: st.binary(min_size=layout(cls).shortest, max_size=60).map(lambda data: cls.decode(data))
        ),
        max_size=8,
    )
)
def test_whatever_comes_it_can_be_recorded(messages: list[Message]) -> None:
    said = told(*messages)
    battery = said.battery or Battery()
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(battery), type=Battery) == battery
    msgspec.json.encode(said.shown())


def test_a_soc_that_began_in_whole_percents_is_set_right_by_bcs(monkeypatch: pytest.MonkeyPatch) -> None:
    """BCP says 6.2 % where BCS says 62 %: on record from 2011."""
    right: Callable[[Bms], BCP] = Bms.__dict__["parameters"].fget
    wrong = property(lambda bms: replace(right(bms), soc=right(bms).soc // 10))
    monkeypatch.setattr(Bms, "parameters", wrong)
    world = World().charging()
    assert world.controller.situation.vehicle.soc_start == 620
