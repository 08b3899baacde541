"""What `chargelink edge status` shows of a running edge, from the answer of its control socket."""

from collections.abc import Iterator, Mapping
from typing import Any

from chargelink.cli.language import Text
from chargelink.cli.layout import padded
from chargelink.edge.arguments import local
from chargelink.edge.battery_view import battery_lines

STATES = {
    "available": "空闲",
    "charging": "充电中",
    "fault": "故障",
    "finished": "请拔枪",
    "finishing": "结束中",
    "full": "已充满",
    "idle": "空闲",
    "offline": "离线",
    "online": "在线",
    "plugged": "已插入",
    "preparing": "准备中",
    "topping up": "浮充",
    "unavailable": "暂停服务",
}
KINDS = {"gun": "充电枪", "socket": "智能插座", "meter": "电能表"}
# What a gun or a meter tells in numbers: its name, the integers in a unit, that unit, digits behind the point.
NUMBERS = {
    "voltage": (Text("", ""), 1_000, "V", 1),
    "current": (Text("", ""), 1_000, "A", 1),
    "power": (Text("", ""), 1_000_000, "kW", 3),
    "soc": (Text("SOC ", "SOC "), 10, "%", 1),
    "energy": (Text("", ""), 1_000_000, "kWh", 3),
}
SOURCES = {"ntp": "NTP/GPS", "hub": "平台", "person": "现场人员"}
OFF = 5_000  # ms between our clock and a source: worth a line
NEARLY = 0.5  # full: worth a line
GUARD = {"armed": "已就绪", "fault-hold": "故障保持", "permit": "许可", "tripped": "已跳闸"}


def lines(status: Mapping[str, Any]) -> Iterator[str]:
    """The lines for people, in the language chosen."""
    hub = status["hub"]
    if hub is None:
        said = Text("works without a hub", "未配置平台，独立运行")
    elif hub["online"]:
        said = Text("connected", "已连接")
    else:
        trouble = hub["trouble"] or "connecting"
        said = Text(f"away: {trouble}", f"未连接：{hub.get('troubleChinese') or hub['trouble'] or '连接中'}")
    yield f"{Text('edge', '网关')} {status['edge']}   {Text('hub', '平台')} {said}"
    if "signingKey" in status:
        yield f"{Text('signs with', '签名公钥')} {status['signingKey']}"
    waiting = Text("{} records wait for the hub", "{} 条记录待上传").format(status["pending"])
    yield waiting if status["pending"] else str(Text("no record waits", "无待上传记录"))
    yield from _journal(status["journal"])
    yield from _telemetry(status.get("telemetry", {}))
    if "list" in status and (status["list"]["entries"] or status["leases"]["open"]):
        yield _known(status["list"], status["leases"])
    for month in status.get("usage", ()):
        yield _usage(month)
    yield from _clock(status.get("clock"))
    if (ahead := status.get("clockAhead", 0) // 1000) > 1:
        clock = Text(
            "our clock is {} s ahead of the system's; if that is right: chargelink edge clock --follow",
            "本机时钟比系统时钟快 {} 秒；若系统时钟正确请执行 chargelink edge clock --follow",
        )
        yield clock.format(ahead)
    yield from _given_away(status.get("givenAway", {}))
    for radio in status.get("radios", ()):
        yield _radio(radio)
    yield ""
    for device in status["devices"]:
        yield _device(device)
        yield from (f"{'':14}{line}" for line in battery_lines(device["detail"]))
    for session in status["sessions"]:
        yield _session(session)
    for plan in status.get("plans", ()):
        yield _plan(plan)
    for plan in status.get("missedPlans", ()):
        words = Text("{} planned for {} was not begun: {}", "{} 预约 {} 未启动：{}")
        yield words.format(_place(plan), local(plan["due"]), plan["why"])


def _clock(clock: Mapping[str, Any] | None) -> Iterator[str]:
    """Whether the clock is to be relied on, by whose word, and who differs."""
    if clock is None:
        return
    if clock["trusted"]:
        yield Text("the clock is trusted: {} agrees", "时钟可信：与{}一致").format(_word(clock["source"], SOURCES))
    else:
        yield str(
            Text(
                "THE CLOCK IS NOT TRUSTED: nobody is given credit on an allowance; see to NTP, GPS or the hub",
                "时钟不可信：离线额度暂停使用；请检查 NTP、GPS 或平台连接",
            )
        )
    for source, off in clock["off"].items():
        if abs(off) > OFF:
            words = Text("the clock is {:+.0f} s off from {}", "时钟与{1}相差 {0:+.0f} 秒")
            yield words.format(off / 1000, _word(source, SOURCES))


def _given_away(given: Mapping[str, Any]) -> Iterator[str]:
    if given.get("sessions"):
        yield Text(
            "given away beyond what was prepaid: {:.3f} kWh worth {:.2f} yuan in {} sessions",
            "超出预付金额、免费送出的电量：{:.3f} kWh，价值 {:.2f} 元，共 {} 次充电",
        ).format(given["energy"] / 1_000_000, given["amount"] / 100, given["sessions"])


def _radio(radio: Mapping[str, Any]) -> str:
    """How much of the last hour a site's transmitter was on the air, and what it was not allowed to send."""
    words = Text(
        "radio {}: {} packets, on the air {:.1%} of the last {} min; gateways reached: {}",
        "射频 {0}：最近 {3} 分钟发送 {1} 包，占用空口 {2:.1%}；可达网关 {4} 个",
    )
    share = radio["airtime"] / max(radio["within"], 1)
    said = words.format(radio["id"], radio["packets"], share, -(-radio["within"] // 60_000), radio["gateways"])
    if radio["forbidden"]:
        said += Text("; {} PACKETS NOT SENT: THE BAND FORBIDS THEM", "；{} 包超出频段限值，未发送").format(
            radio["forbidden"]
        )
    return said


def _known(local: Mapping[str, Any], leases: Mapping[str, Any]) -> str:
    """Who may charge without the hub, in brief: `chargelink edge lists` says more."""
    words = Text(
        "without the hub: {} cards and the like in list {}, {} allowances with {:.2f} yuan left",
        "离线可用：名单 {1} 共 {0} 条，额度 {2} 笔、剩余 {3:.2f} 元",
    )
    return words.format(local["entries"], local["version"], leases["open"], leases["left"] / 100)


def _telemetry(telemetry: Mapping[str, Any]) -> Iterator[str]:
    if trouble := telemetry.get("trouble"):
        words = Text("curves cannot be stored: {}; charging goes on", "曲线数据无法保存：{}；不影响充电")
        yield words.format(trouble)
    if missing := telemetry.get("missing"):
        yield Text("{} samples of curves were lost before the hub had them", "{} 个曲线采样点未上传即丢失").format(
            missing
        )


def _usage(month: Mapping[str, Any]) -> str:
    """What a SIM card was used for, in MB as operators of networks count it."""
    messages, around = month["sent"] + month["received"], month["around"]
    words = Text(
        "link in {}: about {:.1f} MB ({:.1f} MB sent and {:.1f} MB received in messages, the rest estimated)",
        "{} 流量：约 {:.1f} MB（报文上行 {:.1f} MB、下行 {:.1f} MB；其余开销为估算）",
    )
    sizes = (messages + around, month["sent"], month["received"])
    return words.format(month["month"], *(size / 1_000_000 for size in sizes))


def _journal(journal: Mapping[str, Any]) -> Iterator[str]:
    for old in journal["aside"]:
        yield Text(
            "a ledger was set aside: {}; move it away when it has been looked at",
            "有一份旧账本被搁置：{}；查看后请移走",
        ).format(old)
    share = max(journal["records"] / journal["maxRecords"], journal["bytes"] / journal["maxBytes"])
    if journal["full"]:
        yield str(
            Text(
                "THE JOURNAL IS FULL: nothing starts until the hub has taken records; see to the connection",
                "日志已满：平台取走记录之前无法开始充电；请检查网络连接",
            )
        )
    elif share >= NEARLY:
        yield Text("the journal is {:.0%} full; at 100% nothing starts", "日志已用 {:.0%}；满后无法开始充电").format(
            share
        )


def _device(device: Mapping[str, Any]) -> str:
    kind, state = _word(device["kind"], KINDS), _word(device["state"], STATES)
    detail: Mapping[str, Any] = device["detail"]
    parts = _outlets(detail["outlets"]) if "outlets" in detail else _gun(detail)
    return f"{padded(device['id'], 14)}{padded(kind, 10)}{padded(state, 13)}{', '.join(parts)}".rstrip()


def _gun(detail: Mapping[str, Any]) -> Iterator[str]:
    for key, (name, divisor, unit, digits) in NUMBERS.items():
        if isinstance(detail.get(key), int):
            yield f"{name}{detail[key] / divisor:.{digits}f} {unit}"
    if guard := detail.get("guard"):
        yield f"{Text('guard', '安全进程')} {_word(guard, GUARD)}"
    if "hindrance" in detail:
        yield str(Text(detail["hindrance"], detail.get("hindranceChinese", detail["hindrance"])))
    elif "notice" in detail:
        yield _said(detail, "notice", "noticeChinese")
    elif "causeText" in detail:
        yield _said(detail, "causeText", "causeChinese")
        if "advice" in detail:
            yield f"{_said(detail, 'whose', 'whoseChinese')}; {_said(detail, 'advice', 'adviceChinese')}"
    if "stayText" in detail:
        yield _said(detail, "stayText", "stayChinese")
    if detail.get("mode") == "monitor":
        yield str(Text("only listens", "仅监听"))


def _said(detail: Mapping[str, Any], english: str, chinese: str) -> str:
    """What a device says in two languages."""
    return str(Text(detail[english], detail.get(chinese, detail[english])))


def _outlets(outlets: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, outlet in outlets.items():
        power = f" {outlet['power'] / 1_000:.1f} W" if outlet.get("power") else ""
        stay = f" {_said(outlet, 'stayText', 'stayChinese')}" if "stayText" in outlet else ""
        yield f"{name} {_word(outlet.get('state', ''), STATES)}{power}{stay}"


def _plan(plan: Mapping[str, Any]) -> str:
    words = Text("planned {}  {}  begins at {}", "预约 {}  {}  {} 开始")
    return words.format(plan["id"], _place(plan), local(plan["due"]))


def _place(thing: Mapping[str, Any]) -> str:
    return f"{thing['device']} {thing['outlet'] or ''}".rstrip()


def _session(session: Mapping[str, Any]) -> str:
    place = _place(session)
    energy = f"{session['energy'] / 1_000_000:.3f} kWh"
    return f"{Text('session', '充电过程')} {session['id']}  {place}  {energy}"


def _word(word: str, chinese: Mapping[str, str]) -> str:
    return str(Text(word, chinese.get(word, word)))
