"""What a gun is made of, as its driver needs it: each part runs as long as the gun."""

from dataclasses import dataclass
from typing import NoReturn, Protocol

from chargelink.edge.drivers.board_state import Wanted
from chargelink.edge.guarded import Report
from chargelink.edge.ports.can import CanFrame


class Outputs(Protocol):
    """The charger's board."""

    def want(self, wanted: Wanted) -> None:
        """Raises LinkError while it is lost."""

    async def run(self) -> NoReturn: ...


class Bus(Protocol):
    """The CAN bus to the vehicle."""

    def send(self, frames: list[CanFrame]) -> None: ...

    async def run(self) -> NoReturn: ...


class GuardEnd(Protocol):
    """This end of the guard."""

    @property
    def report(self) -> Report | None: ...

    def tell(self, *, wanted: bool, limit_mv: int | None = None, limit_ma: int = 0, session: int = 0) -> None: ...

    def reset(self) -> None: ...

    async def run(self) -> None: ...


class Runs(Protocol):
    async def run(self) -> NoReturn: ...


@dataclass(frozen=True)
class Hardware:
    """What a gun is made of; each runs as long as the gun."""

    board: Outputs
    bus: Bus
    guard: GuardEnd
    meter: Runs
