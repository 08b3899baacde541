"""How a simulated socket takes a firmware update: it stores while it charges, and runs nothing that is not signed.

What arrived is in flash: after a power cut it goes on. The image itself is not run, only its version shows. Until the
edge has been heard under the new version the old one stands by, and comes back after ten minutes without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chargelink.lora_socket.codes import EventCode, FirmwareState, ParameterResult, Place, Severity
from chargelink.lora_socket.firmware import (
    FirmwareApply,
    FirmwareData,
    FirmwareSetup,
    FirmwareStatus,
    FirmwareStatusRequest,
)
from chargelink.lora_socket.fragments import Assembly
from chargelink.lora_socket.image import judge_image
from chargelink.lora_socket.parameters import SIGNATURE, ParameterReport, ParameterSet
from chargelink.wire import DecodeError

if TYPE_CHECKING:
    from chargelink.sim.sockets.socket import Socket

FALL_BACK_AFTER = 600.0  # s without a frame of the edge under a new version
FIRMWARE_RESET = 2  # reset reason
MAP = 128  # fragments in the bit map of OTA_STAT


@dataclass
class Download:
    """An update in flash. `before` is the version that stands by while a new one is on trial."""

    setup: FirmwareSetup
    assembly: Assembly | None  # None: refused, or done with
    state: FirmwareState
    signature: bytes | None = None
    before: int | None = None


class Update:
    """The updates of one socket."""

    def __init__(self, socket: Socket, now: float) -> None:
        self._socket = socket
        self._trial_since = now

    def take(self, body: Any, now: float) -> FirmwareStatus | ParameterReport | None:
        """An order of the edge, or a fragment; the answer, None for none."""
        match body:
            case FirmwareSetup():
                return self._begin(body)
            case FirmwareData():
                self._store(body)
            case FirmwareStatusRequest(first=first):
                return self._status(body.id, first)
            case FirmwareApply():
                self._apply(body, now)
                return self._status(body.id)
            case ParameterSet(settings=((tag, bytes() as signature),)) if tag == SIGNATURE:
                return self._signed(signature)
        return None

    def tick(self, now: float) -> None:
        """Use a new version once nothing charges; fall back from one under which nothing was heard."""
        download = self._socket.flash.update
        if download is None or download.state is not FirmwareState.APPLYING:
            return
        idle = all(outlet.charge is None for outlet in self._socket.outlets.values())
        if download.before is None and idle:
            download.before = self._socket.firmware
            self._socket.flash.firmware = download.setup.version
            self._restarted(now)
        elif download.before is not None and now - self._trial_since >= FALL_BACK_AFTER:
            self._socket.flash.firmware, download.before = download.before, None
            download.state, download.assembly = FirmwareState.FELL_BACK, None
            self._restarted(now)

    def heard(self) -> None:
        """The edge was heard: a version on trial is good."""
        download = self._socket.flash.update
        if download is not None and download.before is not None:
            self._socket.flash.update = None

    def _restarted(self, now: float) -> None:
        self._trial_since = now
        self._socket.tell(EventCode.BOOT, Place.SOCKET, Severity.INFO, now, FIRMWARE_RESET)

    def _begin(self, setup: FirmwareSetup) -> FirmwareStatus:
        """Begin, or go on with what is known already."""
        known = self._socket.flash.update
        if known is not None and known.state is FirmwareState.APPLYING:
            return self._status(known.setup.id)
        if known is None or known.setup != setup or known.assembly is None:
            self._socket.flash.update = self._new(setup)
        return self._status(setup.id)

    def _new(self, setup: FirmwareSetup) -> Download:
        if setup.version <= self._socket.firmware:
            return Download(setup, None, FirmwareState.REFUSED)
        try:
            return Download(setup, Assembly(setup), FirmwareState.RECEIVING)
        except DecodeError:
            return Download(setup, None, FirmwareState.REFUSED)

    def _store(self, data: FirmwareData) -> None:
        download = self._socket.flash.update
        receiving = download is not None and download.state is FirmwareState.RECEIVING
        if download is None or not receiving or download.assembly is None or data.id != download.setup.id:
            return
        try:
            download.assembly.add(data.index, data.content)
        except DecodeError:
            return
        self._judge(download)

    def _signed(self, signature: bytes) -> ParameterReport:
        download = self._socket.flash.update
        if download is None or download.assembly is None:
            return ParameterReport(ParameterResult.OUT_OF_RANGE, SIGNATURE, 0)
        download.signature = signature
        self._judge(download)
        return ParameterReport(ParameterResult.OK, 0, 0)

    def _judge(self, download: Download) -> None:
        """Once all is there: may it run?"""
        assembly, signature, identity = download.assembly, download.signature, self._socket.identity
        if assembly is None or signature is None or not assembly.complete:
            return
        flaw = judge_image(
            identity.firmware_key, identity.model, self._socket.firmware, download.setup, assembly.image(), signature
        )
        download.state = FirmwareState.COMPLETE if flaw is None else FirmwareState.REFUSED
        if flaw is not None:
            download.assembly = None

    def _apply(self, order: FirmwareApply, now: float) -> None:
        download = self._socket.flash.update
        if download is None or download.state is not FirmwareState.COMPLETE:
            return
        setup = download.setup
        if (order.id, order.version, order.digest) == (setup.id, setup.version, setup.digest):
            download.state = FirmwareState.APPLYING
            self.tick(now)

    def _status(self, session: int, first: int = 1) -> FirmwareStatus:
        """How far it has come, and what is missing from `first` on."""
        download = self._socket.flash.update
        if download is None or download.setup.id != session:
            return FirmwareStatus(session, FirmwareState.NONE, 0, 0, first)
        count = download.setup.count
        missing = [] if download.assembly is None else download.assembly.missing
        bits = sum(1 << index - first for index in missing if first <= index < first + MAP)
        shown = bits.to_bytes(-(-bits.bit_length() // 8), "little")
        return FirmwareStatus(session, download.state, count - len(missing), len(missing), first, shown)
