"""A procedure of DL/T 645 on a serial port of its own."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from chargelink.dlt645.procedures import Procedure, ProcedureEvent, SetRate
from chargelink.edge.ports.address import Address
from chargelink.edge.ports.serial import SerialPort

Outcome = TypeVar("Outcome")
Begin = Callable[[float], Procedure[Outcome]]
Tell = Callable[[ProcedureEvent], None]


def nobody(_: ProcedureEvent) -> None:
    """Nobody looks."""


async def played(begin: Begin[Outcome], address: Address, tell: Tell = nobody) -> Outcome:
    """What came of it. `begin` makes the procedure at a time of the loop's clock; `tell` hears every event.

    Raises AddressError, LinkError, EncodeError.
    """
    loop = asyncio.get_running_loop()
    port = SerialPort(address)
    try:
        procedure = begin(loop.time())
        events = procedure.tick(loop.time())
        while True:
            for event in events:
                if isinstance(event, SetRate):
                    port.close()
                    port = SerialPort(at_rate(address, event))
                tell(event)
            if procedure.outcome is not None:
                return procedure.outcome
            port.write(procedure.data_to_send())
            try:
                async with asyncio.timeout_at(procedure.deadline):
                    data = await port.read()
            except TimeoutError:
                events = procedure.tick(loop.time())
            else:
                events = procedure.receive(data, loop.time())
    finally:
        port.close()


def at_rate(address: Address, rate: SetRate) -> Address:
    """The same port, set otherwise."""
    return address._replace(options={**address.options, "baud": str(rate.baud), "parity": rate.parity})
