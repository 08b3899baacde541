"""What the tester asks of whoever stands at the device, and what only instruments there can see."""

from enum import Enum

from chargelink.cli.language import Text


class Prompt(Enum):
    """Something that has to be done at the device, by a person or by its adapter."""

    CONNECT = "connect"
    STOP = "stop"
    RESTART = "restart"
    HOLD_BATTERY = "hold_battery"
    AUXILIARY_OFF = "auxiliary_off"

    def text(self, vehicle: bool) -> Text:
        """What to do; a vehicle is started in another way than a charger."""
        return _VEHICLE_PROMPTS.get(self, _PROMPTS[self]) if vehicle else _PROMPTS[self]


_PROMPTS = {
    Prompt.CONNECT: Text(
        "Unplug, plug in again and start the charge; the battery voltage is there when it is asked for.",
        "请拔枪后重新插枪并启动充电；需要时应提供电池电压。",
    ),
    Prompt.STOP: Text("Stop the charge at the device.", "请在设备上停止充电。"),
    Prompt.RESTART: Text(
        "Without unplugging, start the charge again by card or app.", "不拔枪，请刷卡或用 App 再次启动充电。"
    ),
    Prompt.HOLD_BATTERY: Text(
        "Keep the battery voltage away from the connector, so that the pre-charge cannot end.",
        "请使车辆接口处无电池电压，使预充电不能完成。",
    ),
    Prompt.AUXILIARY_OFF: Text("Switch the auxiliary supply off.", "请断开低压辅助电源。"),
}
_VEHICLE_PROMPTS = {
    Prompt.CONNECT: Text(
        "Unplug, plug in again and switch the auxiliary supply on; the vehicle must not be full.",
        "请拔枪后重新插枪并接通低压辅助电源；车辆不应为满电。",
    ),
    Prompt.STOP: Text("Make the vehicle stop the charge.", "请使车辆主动停止充电。"),
}


class Fact(Enum):
    """What is not said on CAN. The value is its name for adapters."""

    LOCKED = "locked"
    UNLOCKED = "unlocked"
    AUXILIARY_ON = "auxiliary_on"
    AUXILIARY_OFF = "auxiliary_off"
    OUTPUT_ON = "output_on"
    OUTPUT_OFF = "output_off"
    CONTACTORS_OPEN = "contactors_open"

    @property
    def text(self) -> Text:
        return _FACTS[self]


_FACTS = {
    Fact.LOCKED: Text("the connector is locked", "电子锁锁止"),
    Fact.UNLOCKED: Text("the connector is unlocked", "电子锁解锁"),
    Fact.AUXILIARY_ON: Text("the auxiliary supply is on (K3K4 closed)", "低压辅助电源接通 (K3K4 闭合)"),
    Fact.AUXILIARY_OFF: Text("the auxiliary supply is off (K3K4 open)", "低压辅助电源断开 (K3K4 断开)"),
    Fact.OUTPUT_ON: Text("the output is on", "有输出"),
    Fact.OUTPUT_OFF: Text("the output is off", "停止输出"),
    Fact.CONTACTORS_OPEN: Text("the vehicle's contactors are open (K5K6)", "车辆接触器断开 (K5K6)"),
}
