"""How a simulated socket carries out commands: each once, none after its expiry, the answer remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chargelink.lora_socket.codes import EventCode, Place, Result, Severity, StopReason
from chargelink.lora_socket.commands import (
    ClearFault,
    Command,
    Limit,
    Locate,
    Lock,
    SelfTest,
    Start,
    Stop,
    Unlock,
)
from chargelink.lora_socket.messages import CommandResult
from chargelink.sim.sockets.flash import MOST_SETTLEMENTS

if TYPE_CHECKING:
    from chargelink.sim.sockets.outlet import Outlet
    from chargelink.sim.sockets.socket import Socket

REMEMBERED = 8  # command ids whose answers are kept


class Obedience:
    """The last answers; the newest of them is in flash too."""

    def __init__(self, socket: Socket) -> None:
        self._socket = socket
        self._answers: dict[int, CommandResult] = {}
        if socket.flash.answered is not None:
            command, answer = socket.flash.answered
            self._answers[command.id] = answer

    def obey(self, command: Command, sound: bool, now: float) -> CommandResult:
        """Do it, unless it was done before; the answer."""
        known = self._answers.get(command.id)
        if known is not None:
            return known
        result = self._result(command, sound, now)
        answer = self._told(command, result)
        self._answers[command.id] = answer
        for oldest in [*self._answers][:-REMEMBERED]:
            del self._answers[oldest]
        self._socket.flash.answered = (command, answer)
        return answer

    def _told(self, command: Command, result: Result) -> CommandResult:
        outlet = self._outlet(command)
        session = outlet.charge.session if outlet is not None and outlet.charge is not None else 0
        return CommandResult(command.id, result, command.place, 0 if outlet is None else outlet.state, session)

    def _result(self, command: Command, sound: bool, now: float) -> Result:
        if not sound:
            return Result.BAD_PARAMETER
        network_time = self._socket.network_time(now)
        if network_time is None:
            return Result.NOT_SYNCED
        if command.remaining(network_time) is None:
            return Result.EXPIRED
        if isinstance(command.operation, Locate):
            return Result.OK
        if isinstance(command.operation, SelfTest):
            self._socket.tell(EventCode.SELF_TEST, Place.SOCKET, Severity.INFO, now)
            return Result.OK
        outlet = self._outlet(command)
        return Result.BAD_PARAMETER if outlet is None else self._at(outlet, command, now)

    def _outlet(self, command: Command) -> Outlet | None:
        return self._socket.outlets.get(command.place) if isinstance(command.place, Place) else None

    def _at(self, outlet: Outlet, command: Command, now: float) -> Result:
        """What concerns one outlet."""
        match command.operation:
            case Start() as start:
                return self._start(outlet, start)
            case Stop(session=session):
                return self._stop(outlet, session, now)
            case Limit() as limit:
                return outlet.limit(limit)
            case Lock() | Unlock() as operation:
                outlet.locked = isinstance(operation, Lock)
                return Result.OK
            case ClearFault():
                outlet.fault = False
                return Result.OK
            case _:
                return Result.BAD_PARAMETER

    def _start(self, outlet: Outlet, start: Start) -> Result:
        running = outlet.charge is not None and outlet.charge.session == start.session
        if self._socket.no_new_starts and not running:
            return Result.LOCKED
        if len(self._socket.flash.settlements) >= MOST_SETTLEMENTS:
            return Result.BUSY
        return outlet.start(start)

    def _stop(self, outlet: Outlet, session: int, now: float) -> Result:
        if outlet.charge is None or session not in (0, outlet.charge.session):
            return Result.NO_SESSION
        self._socket.finish(outlet.place, outlet.end(StopReason.COMMAND), now)
        return Result.OK
