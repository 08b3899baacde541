"""What `chargelink edge status` shows of a running edge, from the answer of its control socket."""

from collections.abc import Iterator, Mapping
from typing import Any

from chargelink.cli.language import Text
from chargelink.cli.layout import padded

STATES = {
    "alarm": "报警",
    "available": "空闲",
    "charging": "充电中",
    "fault": "故障",
    "idle": "空闲",
    "lost": "失联",
    "offline": "离线",
    "plugged": "已插枪",
    "ready": "就绪",
    "starting": "启动中",
    "stopping": "停止中",
    "tripped": "已跳闸",
}


def lines(status: Mapping[str, Any]) -> Iterator[str]:
    """The lines for people, in the language chosen."""
    hub = status["hub"]
    if hub is None:
        said = Text("works without a hub", "未配置平台，独立运行")
    elif hub["online"]:
        said = Text("connected", "已连接")
    else:
        said = Text(f"away: {hub['trouble'] or 'connecting'}", f"未连接：{hub['trouble'] or '连接中'}")
    yield f"{Text('edge', '网关')} {status['edge']}   {Text('hub', '平台')} {said}"
    waiting = Text("{} records wait for the hub", "{} 条记录待上传").format(status["pending"])
    yield waiting if status["pending"] else str(Text("no record waits", "无待上传记录"))
    yield ""
    for device in status["devices"]:
        yield _device(device)
    for session in status["sessions"]:
        yield _session(session)


def _device(device: Mapping[str, Any]) -> str:
    state = Text(device["state"], STATES.get(device["state"], device["state"]))
    detail = ", ".join(f"{name} {value}" for name, value in device["detail"].items() if value not in (None, {}, []))
    return f"{padded(device['id'], 14)}{padded(device['kind'], 9)}{padded(str(state), 12)}{detail}".rstrip()


def _session(session: Mapping[str, Any]) -> str:
    place = session["device"] + (f" {session['outlet']}" if session["outlet"] else "")
    energy = f"{session['energy'] / 1_000_000:.3f} kWh"
    return f"{Text('session', '充电过程')} {session['id']}  {place}  {energy}"
