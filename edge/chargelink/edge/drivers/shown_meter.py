"""A meter that is no gun's, as the AC meter of a site: read and shown, here and at the hub; nothing is billed by it."""

from collections.abc import Callable

from chargelink.edge.board import Board
from chargelink.edge.drivers.meter_poll import MeterBack, MeterLost, PollEvent, Quantity
from chargelink.edge.drivers.reading import Quality, Reading
from chargelink.model import Device, DeviceKind

PERIOD = 10.0  # s: to look at


class ShownMeter:
    """A device of kind meter; `clock` gives UTC milliseconds. Only what is good is shown."""

    def __init__(self, device: str, board: Board, clock: Callable[[], int]) -> None:
        self._device = device
        self._board = board
        self._clock = clock
        self._online = False
        self._values: dict[Quantity, int] = {}
        self._show()

    def hear(self, event: PollEvent) -> None:
        """From the line."""
        match event:
            case Reading(quantity=name, value=value, quality=quality):
                quantity = Quantity(name)
                self._online = self._online or quantity is Quantity.ENERGY
                self._values.pop(quantity, None)
                if value is not None and quality is Quality.GOOD:
                    self._values[quantity] = value
            case MeterLost():
                self._online = False
                self._values.clear()
            case MeterBack():
                self._online = True
        self._show()

    def _show(self) -> None:
        state = "online" if self._online else "offline"
        detail = {quantity.value: self._values[quantity] for quantity in Quantity if quantity in self._values}
        self._board.show(Device(id=self._device, kind=DeviceKind.METER, state=state, at=self._clock(), detail=detail))
