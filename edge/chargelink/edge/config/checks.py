"""Values that are well formed and yet impossible: out of range, contradicting each other, naming what is not there."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from ipaddress import ip_address
from urllib.parse import urlsplit

from chargelink.cli.language import Text
from chargelink.cli.strict import Problem
from chargelink.dlt645.profiles import PROFILES
from chargelink.edge.config.sections import Document, Gun, Meter, Metering
from chargelink.edge.ports.address import Address, AddressError

# What each kind of port may be: the part of its address before the colon.
SCHEMES = {
    "can": ("socketcan", "socketcand"),
    "meter": ("serial",),
    "io": ("modbus-rtu", "modbus-tcp"),
    "radio": ("gwmp", "mqtt", "rak", "ebyte"),
    "guard": ("unix",),
}
SERIAL_SETTINGS = {"baud": "9600", "parity": "E", "stop": "1", "rs485": "0"}  # of a line that says nothing else
# Limits of a gun: the most that its board can be told (docs/protocols/io_board.md) and GB/T 27930-2015 can say.
LIMITS = {
    "max_voltage_V": ("max_voltage_volt", Decimal(1000)),
    "max_current_A": ("max_current_ampere", Decimal(400)),
    "max_power_kW": ("max_power_kilowatt", Decimal(400)),
}


def impossible(document: Document) -> Iterator[Problem]:
    """Everything that contradicts itself or what exists, the tariff's content apart."""
    yield from _ids(document)
    yield from _schemes(document)
    yield from _profiles(document)
    for index, gun in enumerate(document.guns):
        yield from _gun(document, gun, f"gun[{index}]")
    yield from _shared(document)
    if document.hub is not None and document.hub.url is not None:
        yield from _hub(document.hub.url)
    if document.metering is not None:
        yield from _metering(document.metering)
    charging = [gun for gun in document.guns if gun.mode == "charge"]
    if document.guard is not None and len(charging) > 1:
        yield Problem(
            "guard.lines",
            Text(f"one set of lines cannot guard {len(charging)} guns", f"一组信号线不能保护 {len(charging)} 把枪"),
            Text("run an edge for each gun that charges", "请为每把充电的枪各运行一个网关守护进程"),
        )
    if document.guard is None and charging:
        yield Problem(
            "guard",
            Text("a gun that charges has no guard", "充电枪没有安全进程"),
            Text('add [guard] with lines = "..."', '请添加 [guard]，写明 lines = "..."'),
        )


def _ids(document: Document) -> Iterator[Problem]:
    named = [(f"meter[{index}].id", meter.id) for index, meter in enumerate(document.meters)]
    named += [(f"io[{index}].id", board.id) for index, board in enumerate(document.io_boards)]
    named += [(f"gun[{index}].id", gun.id) for index, gun in enumerate(document.guns)]
    for index, site in enumerate(document.socket_sites):
        named.append((f"socket_site[{index}].id", site.id))
        named += [(f"socket_site[{index}].sockets[{number}].id", item.id) for number, item in enumerate(site.sockets)]
    yield from _twice(named)
    for index, site in enumerate(document.socket_sites):
        path = f"socket_site[{index}]"
        yield from _twice([(f"{path}.sockets[{number}].eui", item.eui) for number, item in enumerate(site.sockets)])
        if not site.gateways:
            problem = Text("no gateway may speak for this radio", "没有允许的网关")
            yield Problem(f"{path}.gateways", problem, Text("write the EUI of each gateway", "请写每个网关的 EUI"))


def _twice(named: list[tuple[str, str]]) -> Iterator[Problem]:
    times = Counter(name for _, name in named)
    for path, name in named:
        if times[name] > 1:
            problem = Text(f"{name!r} is used {times[name]} times", f"{name!r} 使用了 {times[name]} 次")
            yield Problem(path, problem, Text("give each its own", "每个必须唯一"))


def _schemes(document: Document) -> Iterator[Problem]:
    ports = [(f"meter[{index}].port", "meter", meter.port) for index, meter in enumerate(document.meters)]
    ports += [(f"io[{index}].port", "io", board.port) for index, board in enumerate(document.io_boards)]
    ports += [(f"gun[{index}].can", "can", gun.can) for index, gun in enumerate(document.guns)]
    ports += [(f"socket_site[{index}].radio", "radio", site.radio) for index, site in enumerate(document.socket_sites)]
    if document.guard is not None:
        ports.append(("guard.lines", "guard", document.guard.lines))
    for path, kind, address in ports:
        try:
            scheme = Address.parse(address).scheme
        except AddressError as error:
            remedy = Text("write it as KIND:WHERE?option=value", "请写成 类型:位置?选项=值")
            yield Problem(path, Text(str(error), f"地址不可用（{error}）"), remedy)
            continue
        if scheme not in SCHEMES[kind]:
            kinds = ", ".join(f"{known}:" for known in SCHEMES[kind])
            problem = Text(f"{scheme}: cannot be used here", f"此处不能使用 {scheme}:")
            yield Problem(path, problem, Text(f"write an address with {kinds}", f"请写以 {kinds} 开头的地址"))


def _profiles(document: Document) -> Iterator[Problem]:
    for index, meter in enumerate(document.meters):
        path = f"meter[{index}].profile"
        if meter.profile is not None and meter.profile not in PROFILES:
            known = ", ".join(PROFILES)
            remedy = Text(
                f"choose one of {known}, or write your own as profile_file",
                f"请选择 {known}，或用 profile_file 自行编写",
            )
            yield Problem(path, Text(f"no profile {meter.profile!r}", f"没有名为 {meter.profile!r} 的配置"), remedy)
        if meter.profile is not None and meter.profile_file is not None:
            problem = Text("there is a profile_file too", "同时写了 profile_file")
            yield Problem(path, problem, Text("keep one of them", "请只保留其一"))


def _gun(document: Document, gun: Gun, path: str) -> Iterator[Problem]:
    needed = {"meter": gun.meter, "io": gun.io} | {key: getattr(gun, name) for key, (name, _) in LIMITS.items()}
    for key, value in needed.items():
        if gun.mode == "charge" and value is None:
            problem = Text("missing for a gun that charges", "充电枪缺少此项")
            yield Problem(
                f"{path}.{key}", problem, Text('add it, or set mode = "monitor"', '请补上，或设 mode = "monitor"')
            )
        if gun.mode == "monitor" and value is not None:
            problem = Text("a gun that only listens has none", "监听模式不需要此项")
            yield Problem(
                f"{path}.{key}", problem, Text('remove it, or set mode = "charge"', '请删除，或设 mode = "charge"')
            )
    yield from _lowest_voltage(gun, path)
    if gun.mode == "monitor" and gun.vin_start != "now":
        problem = Text("a gun that only listens begins nothing", "监听模式不会启动充电")
        yield Problem(f"{path}.vin_start", problem, Text("remove it", "请删除"))
    for key, (name, highest) in LIMITS.items():
        value = getattr(gun, name)
        if value is not None and not (value.is_finite() and 0 < value <= highest):
            problem = Text(f"{value} is impossible", f"{value} 不可能")
            yield Problem(
                f"{path}.{key}",
                problem,
                Text(f"write more than 0 and at most {highest}", f"请写大于 0 且不超过 {highest} 的值"),
            )
    for key, wanted, known in (
        ("meter", gun.meter, [meter.id for meter in document.meters]),
        ("io", gun.io, [board.id for board in document.io_boards]),
    ):
        if wanted is not None and wanted not in known:
            problem = Text(f"there is no [[{key}]] {wanted!r}", f"没有名为 {wanted!r} 的 [[{key}]]")
            names = ", ".join(known)
            remedy = Text(f"use one of: {names}", f"可用：{names}") if known else Text("add it", "请添加")
            yield Problem(f"{path}.{key}", problem, remedy)


def _lowest_voltage(gun: Gun, path: str) -> Iterator[Problem]:
    lowest = gun.min_voltage_volt
    path = f"{path}.min_voltage_V"
    if gun.mode == "monitor":
        if lowest is not None:
            problem = Text("a gun that only listens has none", "监听模式不需要此项")
            yield Problem(path, problem, Text('remove it, or set mode = "charge"', '请删除，或设 mode = "charge"'))
    elif lowest is not None and not (lowest.is_finite() and lowest > 0):
        yield Problem(
            path, Text(f"{lowest} is impossible", f"{lowest} 不可能"), Text("write more than 0", "请写大于 0 的值")
        )
    elif (
        gun.max_voltage_volt is not None and gun.max_voltage_volt.is_finite() and gun.min_voltage >= gun.max_voltage > 0
    ):
        problem = Text(
            f"modules from {gun.min_voltage / 1000:g} V up reach nothing below max_voltage_V",
            f"模块最低电压 {gun.min_voltage / 1000:g} V 不低于 max_voltage_V",
        )
        yield Problem(path, problem, Text("write the modules' lowest voltage", "请写模块的最低输出电压"))


def _shared(document: Document) -> Iterator[Problem]:
    """A CAN bus, a meter and an io board serve one gun each, for GB/T 27930 has no address for a second one; and a line
    has one at its other end, unless meters share it."""
    for key in ("can", "meter", "io"):
        used = [(f"gun[{index}].{key}", getattr(gun, key)) for index, gun in enumerate(document.guns)]
        yield from _twice([(path, value) for path, value in used if value is not None])
    # One port stands for each line of meters: that of the first.
    first = {_line(meter.port): f"meter[{index}].port" for index, meter in reversed([*enumerate(document.meters)])}
    ports = [(path, line) for line, path in first.items()]
    ports += [(f"io[{index}].port", _line(board.port)) for index, board in enumerate(document.io_boards)]
    ports += [(f"socket_site[{index}].radio", _line(site.radio)) for index, site in enumerate(document.socket_sites)]
    yield from _twice(ports)
    yield from _meter_lines(document)


def _meter_lines(document: Document) -> Iterator[Problem]:
    """Meters on one line: told apart by their addresses, the line set the same for all, one gun's among them."""
    lines: dict[str, list[tuple[int, Meter]]] = {}
    for index, meter in enumerate(document.meters):
        lines.setdefault(_line(meter.port), []).append((index, meter))
    billing = {gun.meter for gun in document.guns}
    for meters in lines.values():
        yield from _twice([(f"meter[{index}].address", meter.address) for index, meter in meters])
        first = meters[0][1]
        for index, meter in meters[1:]:
            if _settings(meter.port) != _settings(first.port):
                problem = Text(
                    f"{meter.port!r} and {first.port!r} of {first.id!r} are one line, set differently",
                    f"{meter.port!r} 与 {first.id!r} 的 {first.port!r} 是同一线路，但参数不同",
                )
                remedy = Text(
                    "write the same baud, parity and stop for every meter on it",
                    "同一线路上的电能表须使用相同的波特率、校验位和停止位",
                )
                yield Problem(f"meter[{index}].port", problem, remedy)
        guns = [(index, meter) for index, meter in meters if meter.id in billing]
        for index, _ in guns[1:]:
            problem = Text(
                f"{guns[0][1].id!r} on this line bills already, and two guns do not wait for each other",
                f"该线路上已有计费电能表 {guns[0][1].id!r}，两把枪不能互相等待",
            )
            yield Problem(
                f"meter[{index}].port", problem, Text("give each gun's meter a line", "请为每把枪的电能表单独布线")
            )


def _settings(port: str) -> dict[str, str]:
    """How a line is set, with what is left out filled in. What is no address is told elsewhere."""
    try:
        options = Address.parse(port).options
    except AddressError:
        return {}
    return {**SERIAL_SETTINGS, **options}


def _line(text: str) -> str:
    """What only one can open: a serial device whatever its settings, the address of packet forwarders, a unit. A broker
    serves many."""
    try:
        address = Address.parse(text)
    except AddressError:
        return text  # told elsewhere
    return text if address.scheme in ("modbus-tcp", "mqtt") else address.path or f"{address.host}:{address.port}"


def _hub(url: str) -> Iterator[Problem]:
    try:
        parts = urlsplit(url)
        host, right = parts.hostname or "", bool(parts.hostname) and parts.scheme in ("ws", "wss") and parts.port != 0
    except ValueError:
        host, right = "", False
    if not right or parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        problem = Text(f"{url!r} is no address of a hub", f"{url!r} 不是平台地址")
        yield Problem("hub.url", problem, Text("write it as ws://127.0.0.1:8600", "请写成 ws://127.0.0.1:8600"))
    elif parts.scheme == "ws" and not _is_local(host):
        problem = Text(
            "ws:// to another machine can be read and forged by anybody on the way", "到其他机器的 ws:// 可被窃听和伪造"
        )
        yield Problem("hub.url", problem, Text("use wss://", "请使用 wss://"))


def _metering(metering: Metering) -> Iterator[Problem]:
    from chargelink.trust.metering import require_public  # most edges have none

    try:
        require_public(metering.public)
    except ValueError:
        yield Problem(
            "metering.supervisor_key",
            Text("nothing can be sealed to this key", "无法用该公钥加密"),
            Text("ask the supervisor for the public key again", "请向监督部门重新索取公钥"),
        )


def _is_local(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
