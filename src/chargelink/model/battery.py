"""What a vehicle told of its battery beyond what charging it needs."""

from typing import Annotated

from msgspec import Meta

from chargelink.link.quantities import Energy, Word
from chargelink.link.shape import Document

Capacity = Annotated[int, Meta(ge=1, le=1_000_000, description="mAh")]
RatedVoltage = Annotated[int, Meta(ge=1, le=1_500_000, description="mV")]
CellVoltage = Annotated[int, Meta(ge=1, le=24_000, description="mV")]
Temperature = Annotated[int, Meta(ge=-500, le=2000, description="0.1 °C")]
Number = Annotated[int, Meta(ge=0, le=256)]


class Battery(Document, frozen=True):
    """A battery, as its vehicle told it last. Null: not told, or nothing that can be true.

    GB/T 27930-2015 has no field for heating and cooling, internal resistance and the vehicle's model.
    """

    chemistry: Word | None = None
    manufacturer: Word | None = None
    capacity: Capacity | None = None
    rated_voltage: RatedVoltage | None = None
    nominal_energy: Energy | None = None
    cells: Number | None = None
    highest_cell: CellVoltage | None = None
    highest_cell_number: Number | None = None
    highest_cell_group: Number | None = None
    lowest_cell: CellVoltage | None = None
    lowest_cell_number: Number | None = None
    sensors: Number | None = None
    highest_temperature: Temperature | None = None
    highest_sensor: Number | None = None
    lowest_temperature: Temperature | None = None
    lowest_sensor: Number | None = None
