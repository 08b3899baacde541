"""Why nobody can charge at a gun now, whatever is plugged in. People are shown it before they try."""

from enum import Enum

from chargelink.edge.charge.situation import Situation


class Hindrance(Enum):
    """In the order in which they are told."""

    OUT_OF_SERVICE = "out of service", "暂停服务"
    BOARD_SILENT = "the charger's board does not answer", "控制板无应答"
    EMERGENCY_STOP = "the emergency stop is pressed", "急停按下"
    DOOR_OPEN = "the cabinet is open", "柜门打开"
    GUARD_TRIPPED = "the guard has tripped", "安全进程已跳闸"
    GUARD_SILENT = "the guard does not answer", "安全进程无应答"
    METER_SILENT = "the meter does not answer", "电能表无应答"

    @property
    def words(self) -> str:
        return self.value[0]

    @property
    def chinese(self) -> str:
        return self.value[1]


def hindrance(situation: Situation, out_of_service: bool, board_silent: bool, meter_silent: bool) -> Hindrance | None:
    """The first that holds."""
    board = situation.board
    hindrances = {
        Hindrance.OUT_OF_SERVICE: out_of_service,
        Hindrance.BOARD_SILENT: board_silent or not situation.heard,
        Hindrance.EMERGENCY_STOP: board.e_stop,
        Hindrance.DOOR_OPEN: board.door_open,
        Hindrance.GUARD_TRIPPED: situation.guard_state == "tripped",
        Hindrance.GUARD_SILENT: situation.guard_state == "silent",
        Hindrance.METER_SILENT: meter_silent,
    }
    return next((one for one, holds in hindrances.items() if holds), None)
