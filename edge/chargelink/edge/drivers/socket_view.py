"""A socket as people see it: one state, and what each outlet does."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from chargelink.edge.sockets.charges import NAMES
from chargelink.edge.sockets.remote import ENERGISED, Outlook, RemoteSocket
from chargelink.link.messages import Device, DeviceKind
from chargelink.lora_socket.codes import OutletState, Place


def view(
    name: str,
    socket: RemoteSocket,
    sessions: Mapping[Place, str],
    now: int,
    stays: Mapping[str, Mapping[str, Any]] = MappingProxyType({}),
) -> Device:
    """The device to be shown; `sessions` are those of its outlets, `now` UTC milliseconds.

    `stays` says by outlet what staying plugged in costs.
    """
    outlets = {NAMES[place]: _outlet(outlook) for place, outlook in socket.outlets.items()}
    for place, session in sessions.items():
        outlets.setdefault(NAMES[place], {})["session"] = session
    for outlet, stay in stays.items():
        outlets.setdefault(outlet, {}).update(stay)
    return Device(
        id=name,
        kind=DeviceKind.SOCKET,
        state=_state(socket),
        at=now,
        detail={"address": f"{socket.address:04X}", "outlets": outlets},
    )


def _state(socket: RemoteSocket) -> str:
    if not socket.online:
        return "offline"
    states = [outlook.state for outlook in socket.outlets.values()]
    if any(state in ENERGISED for state in states):
        return "charging"
    if OutletState.FAULT in states:
        return "fault"
    return "plugged" if OutletState.PLUGGED in states or OutletState.FULL in states else "idle"


def _outlet(outlook: Outlook) -> dict[str, Any]:
    state = outlook.state
    word = state.text if isinstance(state, OutletState) else f"state {state}"
    return {"state": word, "power": outlook.power, "energy": outlook.energy, "elapsed": outlook.elapsed}
