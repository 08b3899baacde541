"""The words of the page in both languages, and which of the two a browser wants."""

from starlette.requests import Request

from chargelink.cli.language import Language, Text

WORDS = {
    "title": Text("Charging site, live", "充电场站实时状态"),
    "language": Text("中文", "English"),
    "live": Text("live", "实时"),
    "connecting": Text("connecting…", "连接中…"),
    "edges": Text("edges online", "在线网关"),
    "charging": Text("charging now", "正在充电"),
    "power": Text("total power", "总功率"),
    "sessions": Text("Charging now", "正在充电"),
    "sessions-none": Text(
        "Nobody is charging. Press Start at a device below.",
        "当前无人充电。可在下方设备处点击“启动”。",
    ),
    "devices": Text("Devices", "设备"),
    "devices-none": Text(
        "No edge has connected yet. Make it known with “chargelink hub edge add NAME”, and on the gateway “chargelink "
        "edge enroll TOKEN”; then “chargelink edge run CONFIG.toml”. Links are taken at:",
        "尚无边缘网关接入。请在平台执行 “chargelink hub edge add 名称”，在网关上执行 “chargelink edge enroll 令牌”，"
        "然后 “chargelink edge run CONFIG.toml”。接入地址:",
    ),
    "edge-without-devices": Text("This edge has told of no devices.", "该网关尚未上报设备。"),
    "bills": Text("Last bills", "最近账单"),
    "bills-none": Text(
        "The first bill appears here when a session ends.",
        "充电结束后，账单将显示在此处。",
    ),
    "alarms": Text("Alarms", "告警"),
    "alarms-none": Text("Nothing needs you.", "一切正常，无需处理。"),
    "more": Text("show {} more", "再显示 {} 条"),
    "start": Text("Start", "启动"),
    "stop": Text("Stop", "停止"),
    "price-unknown": Text("The price is on its way; then one can start.", "价格加载中，显示后即可启动。"),
    "busy": Text("asking…", "请求中…"),
    "online": Text("online", "在线"),
    "offline": Text("away since {}", "离线 {}"),
    "ago": Text("{} ago", "{}前"),
    "outlet": Text("outlet {}", "插座口 {}"),
    "elapsed": Text("elapsed", "已充时长"),
    "voltage": Text("voltage", "电压"),
    "current": Text("current", "电流"),
    "kilowatts": Text("power", "功率"),
    "energy": Text("energy", "电量"),
    "soc": Text("state of charge", "荷电状态"),
    "no-samples": Text("no samples yet", "尚无采样数据"),
    "accepted": Text("The edge accepted.", "网关已接受。"),
    "rejected": Text("The edge refused: {}", "网关拒绝: {}"),
    "away": Text("The edge was away; nothing was done.", "网关离线，未执行任何操作。"),
    "unknown": Text(
        "No answer: it may have been done. The edge's records will tell.",
        "未收到应答: 可能已执行，以网关上报的记录为准。",
    ),
    "failed": Text("The hub did not answer: {}", "平台未应答: {}"),
    "agreed": Text("edge and hub agree", "两端计价一致"),
    "lower": Text(
        "prices differ, the lower settles: edge {}, hub {}", "两端计价不一致，按较低者结算: 网关 {}，平台 {}"
    ),
    "decided": Text("decided by a person: edge {}, hub {}", "人工裁定: 网关 {}，平台 {}"),
    "unpriced": Text("not settled: the hub cannot price it yet", "未结算: 平台暂无法计价"),
    "bill-empty": Text("No lines: nothing is charged for this session.", "无收费项目: 本次充电不收费。"),
    "col-what": Text("item", "项目"),
    "col-energy": Text("energy", "电量"),
    "col-price": Text("price", "单价"),
    "col-amount": Text("amount", "金额"),
    "total": Text("total", "合计"),
    "stopped": Text("ended: {}", "结束原因: {}"),
    "tariff": Text("tariff {}", "资费 {}"),
    "vehicle-erased": Text("vehicle erased", "车辆信息已删除"),
    "vehicle-no-key": Text("vehicle sealed", "车辆信息已加密"),
    "vehicle-damaged": Text("vehicle cannot be read", "车辆信息无法读取"),
    "per-kwh": Text("{} yuan/kWh", "{} 元/kWh"),
    "per-hour": Text("{} yuan/h", "{} 元/小时"),
    "noscript": Text("This page needs JavaScript.", "本页面需要启用 JavaScript。"),
}

# What devices, bills and sessions say in one word; a word that is not here is shown as it came.
TERMS = {
    "gun": Text("gun", "充电枪"),
    "socket": Text("socket", "智能插座"),
    "meter": Text("meter", "电能表"),
    "io": Text("io board", "IO 板"),
    "dc": Text("car", "汽车"),
    "idle": Text("idle", "空闲"),
    "available": Text("available", "空闲"),
    "plugged": Text("plugged", "已插入"),
    "preparing": Text("preparing", "准备中"),
    "charging": Text("charging", "充电中"),
    "finishing": Text("finishing", "结束中"),
    "finished": Text("finished", "请拔枪"),
    "topping up": Text("topping up", "浮充"),
    "full": Text("full", "已充满"),
    "paused": Text("paused", "暂停"),
    "locked": Text("locked", "已锁定"),
    "occupied": Text("occupied", "占用"),
    "fault": Text("fault", "故障"),
    "faulted": Text("fault", "故障"),
    "unavailable": Text("unavailable", "暂停服务"),
    "offline": Text("offline", "离线"),
    "lost": Text("lost", "失联"),
    "online": Text("online", "在线"),
    "ok": Text("ok", "正常"),
    "monitoring": Text("monitoring", "监听中"),
    "tripped": Text("tripped", "已跳闸"),
    "energy": Text("electricity fee", "电费"),
    "service": Text("service fee", "服务费"),
    "use": Text("price per use", "按次计费"),
    "sharp": Text("sharp", "尖"),
    "peak": Text("peak", "峰"),
    "flat": Text("flat", "平"),
    "valley": Text("valley", "谷"),
    "deep-valley": Text("deep valley", "深谷"),
    "local": Text("started here", "本地启动"),
    "remote": Text("started remotely", "远程启动"),
    "monitor": Text("only watched", "仅监听"),
    "DeAuthorized": Text("authorisation withdrawn", "授权撤销"),
    "EmergencyStop": Text("emergency stop", "急停"),
    "EnergyLimitReached": Text("energy limit reached", "达到电量上限"),
    "EVDisconnected": Text("unplugged", "已拔枪"),
    "GroundFault": Text("ground fault", "接地故障"),
    "ImmediateReset": Text("reset", "复位"),
    "Local": Text("stopped here", "本地停止"),
    "LocalOutOfCredit": Text("out of credit", "余额不足"),
    "Other": Text("other", "其他"),
    "OvercurrentFault": Text("overcurrent", "过流"),
    "PowerLoss": Text("power loss", "停电"),
    "PowerQuality": Text("power quality", "电能质量异常"),
    "Reboot": Text("restart", "重启"),
    "Remote": Text("stopped remotely", "远程停止"),
    "SOCLimitReached": Text("charged as far as wanted", "达到目标荷电状态"),
    "StoppedByEV": Text("stopped by the vehicle", "车辆停止"),
    "TimeLimitReached": Text("time limit reached", "达到时长上限"),
    "Timeout": Text("timeout", "超时"),
}


def spoken(table: dict[str, Text], language: Language) -> dict[str, str]:
    """A table in one language."""
    chinese = language is Language.CHINESE
    return {key: text.chinese if chinese else text.english for key, text in table.items()}


def language_of(request: Request) -> Language:
    """?lang=, else the first of Accept-Language that we speak, in the browser's order of preference; else English."""
    asked = request.query_params.get("lang", "")
    if asked in [*Language]:
        return Language(asked)
    for part in sorted(request.headers.get("accept-language", "").split(","), key=weight, reverse=True):
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if tag in [*Language]:
            return Language(tag)
    return Language.ENGLISH


def weight(part: str) -> float:
    """The q of a language range (RFC 9110 §12.4.2); 0 for one that cannot be read."""
    quality = part.partition(";")[2].strip().removeprefix("q=")
    try:
        return float(quality) if quality else 1.0
    except ValueError:
        return 0.0
