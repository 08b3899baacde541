"""The worked example of the protocol: one socket, one join, one site, and a message of every type."""

from typing import Any

from chargelink.lora_socket.codes import (
    Answer,
    EventCode,
    FirmwareState,
    OutletState,
    ParameterResult,
    Place,
    Result,
    Severity,
    StopReason,
)
from chargelink.lora_socket.commands import Command, Start
from chargelink.lora_socket.firmware import (
    FirmwareApply,
    FirmwareData,
    FirmwareSetup,
    FirmwareStatus,
    FirmwareStatusRequest,
)
from chargelink.lora_socket.keys import SessionKeys, device_key, session_keys
from chargelink.lora_socket.kinds import Kind
from chargelink.lora_socket.messages import (
    Acknowledgement,
    Beacon,
    ChannelChange,
    CommandResult,
    Event,
    Info,
    JoinAccept,
    JoinRequest,
    KeyUpdate,
    Meter,
    NetworkTime,
    OutletStatus,
    Poll,
    Settle,
    SettlementReceipt,
    Status,
    StatusShort,
)
from chargelink.lora_socket.parameters import ParameterGet, ParameterReport, ParameterSet, Setting
from chargelink.lora_socket.session import Role, Session

MASTER = bytes(range(16))
EUI = bytes.fromhex("a84041f4b1c2d3e4")
NET, ADDRESS = 0x2A51, 0x0011
DEV_NONCE, JOIN_NONCE = 7, 0xC35A
DEVICE_KEY = device_key(MASTER, EUI)
KEYS: SessionKeys = session_keys(DEVICE_KEY, EUI, NET, JOIN_NONCE, DEV_NONCE)

IDLE = OutletStatus(0, OutletState.IDLE, 0, 0, 0)
CHARGING = OutletStatus(0, OutletState.CHARGING, 187_400, 312_000, 5400)
STATUS = Status(0x0B, 221_400, 31, 500, 0x57, OutletStatus(0, 2, 187_400, 312_000, 5400), IDLE)
START = Start(0x00C0FFEE, 480, 1_500_000, 400_000, 1, 30_000, 10)
COMMAND = Command(0x0102, 0x5A10, Place.SOCKET, START, 1)
EVENT = Event(9, EventCode.BOARD_HOT, Place.SOCKET, Severity.TRIP, 2350, 1)
SETTLE = Settle(0x00C0FFEE, Place.A, StopReason.FULL, 1_795_000_000, 5400, 312_400, 187_400, 90, 0, 0, 0, 0, 0)

BODIES: dict[Kind, Any] = {
    Kind.STATUS: STATUS,
    Kind.STATUS_SHORT: StatusShort(3, OutletState.PLUGGED, OutletState.IDLE, 24),
    Kind.EVENT: EVENT,
    Kind.METER: Meter(Place.B, 229_900, 812, 186_700, 98, 41, 312_400),
    Kind.SETTLE: SETTLE,
    Kind.CMD_RES: CommandResult(0x0102, Result.OK, Place.A, OutletState.CHARGING, 0x00C0FFEE),
    Kind.PARAM_RPT: ParameterReport(ParameterResult.OUT_OF_RANGE, 0x0D, 3, (Setting(0x0D, (1600, 2650)),)),
    Kind.OTA_STAT: FirmwareStatus(1, FirmwareState.RECEIVING, 600, 83, 601, b"\xff\x07"),
    Kind.INFO: Info(1, 4, 0x0104, 0, 0x0F, 0, 1, 86_400, 2_200_000, 4_400_000, 3, 0, 2),
    Kind.POLL: Poll(Answer.STATUS),
    Kind.CMD: COMMAND,
    Kind.PARAM_SET: ParameterSet((Setting(0x01, 400), Setting(0x0C, (70, 85, 75, 90)), Setting(0x12, -3))),
    Kind.PARAM_GET: ParameterGet((0x01, 0x0C)),
    Kind.ACK: Acknowledgement((SettlementReceipt.of(SETTLE),)),
    Kind.OTA_SETUP: FirmwareSetup(1, 65_536, 0x0105, 96, 683, 137, bytes(8)),
    Kind.OTA_DATA: FirmwareData(683, 1, bytes(range(96))),
    Kind.OTA_STATUS_REQ: FirmwareStatusRequest(1, 601),
    Kind.OTA_APPLY: FirmwareApply(1, 0x0105, bytes(8)),
    Kind.BEACON: Beacon(1_795_000_000, 128, 0x08, 5, 4, 3),
    Kind.KEY_UPDATE: KeyUpdate(5, 0, bytes(range(16)), 32_768),
    Kind.CHAN: ChannelChange(470_300_000 // 100 * 100, 8, 17, 1, 10),
    Kind.NETWORK_TIME: NetworkTime(1_795_000_000, 128),
    Kind.JOIN_REQ: JoinRequest(EUI, DEV_NONCE, 1, 0x0104, 0x0F, 0),
    Kind.JOIN_ACC: JoinAccept(
        JOIN_NONCE, ADDRESS, 1_795_000_000, 470_300_000, 471_500_000, 472_700_000, 1, 8, 17, 5, 3, 4
    ),
}
SIZES = {  # bytes of a whole frame as the protocol's table gives them; 8-byte tags where they are mandatory now
    Kind.JOIN_REQ: 33,
    Kind.JOIN_ACC: 41,
    Kind.STATUS: 33,
    Kind.STATUS_SHORT: 16,
    Kind.EVENT: 24,  # 20 before
    Kind.METER: 25,
    Kind.SETTLE: 45,  # 41 before
    Kind.POLL: 14,
    Kind.CMD: 36,
    Kind.OTA_DATA: 111,
    Kind.BEACON: 23,
    Kind.KEY_UPDATE: 36,
    Kind.CHAN: 24,
    Kind.NETWORK_TIME: 22,
}


def session(role: Role, reserved: int = 0, heard: int = -1) -> Session:
    """One side of the worked session, with enough counters for a test."""
    made = Session(role, NET, ADDRESS, KEYS, reserved=reserved, heard=heard)
    made.counter.reserve(reserved + 100_000)
    return made
