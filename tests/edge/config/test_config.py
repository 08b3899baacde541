"""The configuration: samples load, and whatever is wrong is named with its path and remedy, in both languages."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chargelink.cli.language import Language, speak
from chargelink.edge.config import ConfigError, load
from chargelink.model import Tariff

SAMPLES = Path(__file__).parents[3] / "edge" / "config"
SIMULATED = (SAMPLES / "simulated.toml").read_text()
GATEWAY = (SAMPLES / "gateway.toml").read_text()
WHOLE_DAY = '[[period]]\nstart = "00:00"\nend = "24:00"\nname = "flat"\nenergy_yuan_per_kWh = 0.65\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("tariff.toml", "tariff-sockets.toml"):
        shutil.copy(SAMPLES / name, tmp_path)
    keys = tmp_path / "socket-keys.toml"
    keys.touch(mode=0o600)
    return tmp_path


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    speak(Language.ENGLISH)


def written(folder: Path, text: str) -> Path:
    path = folder / "edge.toml"
    path.write_text(text)
    return path


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(written(folder, text))
    return [str(problem) for problem in caught.value.problems]


def test_the_sample_for_a_gateway(folder: Path) -> None:
    config = load(written(folder, GATEWAY))
    gun = config.guns[0]
    assert (gun.max_voltage, gun.max_current, gun.max_power) == (750_000, 250_000, 120_000_000)
    assert [item.id for item in config.socket_sites[0].sockets] == ["socket-1", "socket-2"]
    assert (config.guns[1].mode, config.guns[1].max_power) == ("monitor", 0)
    assert config.site.data == Path("/var/lib/chargelink")


def test_the_sample_for_the_simulators(folder: Path) -> None:
    config = load(written(folder, SIMULATED))
    assert config.site.data == folder / "data"
    assert config.guard is not None
    assert config.guard.lines == f"unix:{folder}/lines"
    assert config.prices.periods[0].energy_price == 32_000
    assert [period.name for period in config.prices.periods][-2:] == ["sharp", "flat"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            'mode = "charge"',
            'mode = "charge"\nmax_voltage = 3',
            "gun[0].max_voltage: unknown key; did you mean max_voltage_V?",
        ),
        ('data = "data"', "data = 3", "site.data: not a path; mend the value"),
        ('data = "data"', 'data = "a\\u0000b"', "site.data: not a path; mend the value"),
        ("[hub]", "[moon]\n[hub]", "moon: unknown key; remove it; there are site, tariff, hub"),
        ('id = "demo"', "", "site.id: missing; add it to [site]"),
        ('id = "demo"', "id = 5", "site.id: is of type int; write 1 to 64 letters"),
        ('id = "demo"', 'id = "a b"', "site.id: Expected `str` matching regex"),
        ('mode = "charge"', 'mode = "both"', 'gun[0].mode: Invalid enum value \'both\'; write "charge" or "monitor"'),
        ('address = "000000000161"', 'address = "161"', "meter[0].address: Expected `str` matching regex"),
        ('can = "socketcand://', 'can = "serial://', "gun[0].can: serial: cannot be used here; write an address with"),
        ("127.0.0.1:5020", "127.0.0.1:99999", "io[0].port: 'modbus-tcp://127.0.0.1:99999?unit=1': Port out of range"),
        ("?unit=1", "?unit", "io[0].port: 'modbus-tcp://127.0.0.1:5020?unit'"),
        ("max_voltage_V = 500", "max_voltage_V = 5000", "gun[0].max_voltage_V: 5000 is impossible; write more than 0"),
        ("max_voltage_V = 500", "max_voltage_V = 0.0", "gun[0].max_voltage_V: 0.0 is impossible; write more than 0"),
        ("max_current_A = 250", "max_current_A = 500", "gun[0].max_current_A: 500 is impossible; write more than 0"),
        ("max_voltage_V = 500", "max_voltage_V = 1200", "gun[0].max_voltage_V: 1200 is impossible; write more than 0"),
        ("max_voltage_V = 500", "max_voltage_V = 150", "gun[0].min_voltage_V: modules from 200 V up reach nothing"),
        ("max_power_kW = 60", "max_power_kW = 60\nmin_voltage_V = 500", "gun[0].min_voltage_V: modules from 500 V up"),
        ("max_power_kW = 60", "max_power_kW = 60\nmin_voltage_V = -1", "gun[0].min_voltage_V: -1 is impossible; write"),
        (
            "max_power_kW = 60",
            "max_power_kW = 60\nmin_voltage_V = nan",
            "gun[0].min_voltage_V: NaN is impossible; write",
        ),
        ("max_voltage_V = 500", "max_voltage_V = inf", "gun[0].max_voltage_V: Infinity is impossible"),
        ("max_voltage_V = 500", "max_voltage_V = nan", "gun[0].max_voltage_V: NaN is impossible"),
        ("max_power_kW = 60", "", "gun[0].max_power_kW: missing for a gun that charges; add it"),
        (
            'meter = "meter-1"',
            'meter = "meter-7"',
            "gun[0].meter: there is no [[meter]] 'meter-7'; use one of: meter-1",
        ),
        ('id = "io-1"', 'id = "meter-1"', "meter[0].id: 'meter-1' is used 2 times; give each its own"),
        ('mode = "charge"', 'mode = "monitor"', "gun[0].meter: a gun that only listens has none; remove it"),
        ('[guard]\nlines = "unix:lines"', "", "guard: a gun that charges has no guard; add [guard]"),
        ("unix:lines", "gpio:lines", "guard.lines: gpio: cannot be used here; write an address with unix:"),
        (
            "[[meter]]",
            '[metering]\nsupervisor_key = "5A"\n[[meter]]',
            "metering.supervisor_key: Expected `str` matching regex '^[0-9a-f]{64}$'; write the 64 lower-case",
        ),
        (
            "[[meter]]",
            f'[metering]\nsupervisor_key = "{bytes(32).hex()}"\n[[meter]]',
            "metering.supervisor_key: nothing can be sealed to this key; ask the supervisor",
        ),
        ("ws://127.0.0.1:8600", "http://127.0.0.1:8600", "hub.url: 'http://127.0.0.1:8600' is no address of a hub"),
        ("ws://127.0.0.1:8600", "ws://127.0.0.1:x", "hub.url: 'ws://127.0.0.1:x' is no address of a hub"),
        ("ws://127.0.0.1:8600", "ws://10.0.0.1:8600", "hub.url: ws:// to another machine"),
        ('file = "tariff.toml"', 'file = "none.toml"', "(file): cannot be read: No such file"),
    ],
)
def test_what_is_wrong_is_named(folder: Path, old: str, new: str, expected: str) -> None:
    assert old in SIMULATED
    assert problems(folder, SIMULATED.replace(old, new))[0].startswith(expected)


def test_everything_is_told_at_once(folder: Path) -> None:
    text = SIMULATED.replace("max_voltage_V = 500", "max_voltage_V = 0").replace('io = "io-1"', 'io = "io-2"')
    assert [line.partition(":")[0] for line in problems(folder, text)] == ["gun[0].max_voltage_V", "gun[0].io"]


def test_a_second_gun_on_a_bus(folder: Path) -> None:
    text = GATEWAY.replace("socketcan:can1", "socketcan:can0")
    assert [line.partition(":")[0] for line in problems(folder, text)] == ["gun[0].can", "gun[1].can"]


def test_one_device_on_a_line(folder: Path) -> None:
    text = GATEWAY.replace("modbus-rtu:/dev/ttyS2", "modbus-rtu:/dev/ttyS1")
    assert [line.partition(" is")[0] for line in problems(folder, text)] == [
        "meter[0].port: '/dev/ttyS1'",
        "io[0].port: '/dev/ttyS1'",
    ]
    second = GATEWAY[GATEWAY.index("[[socket_site]]") :].replace("shed-1", "shed-2").replace("socket-", "outlet-")
    second = second.replace("outlet-keys", "socket-keys")
    assert [line.partition(":")[0] for line in problems(folder, GATEWAY + second)] == [
        "socket_site[0].radio",
        "socket_site[1].radio",
    ]


def another_meter(port: str, address: str = "000000000999") -> str:
    return f'\n[[meter]]\nid = "ac"\nport = "{port}"\naddress = "{address}"\n'


def test_meters_share_a_line(folder: Path) -> None:
    config = load(written(folder, GATEWAY + another_meter("serial:/dev/ttyS1?parity=E&baud=9600&stop=1")))
    assert [meter.id for meter in config.meters] == ["meter-1", "ac"]
    (line,) = problems(folder, GATEWAY + another_meter("serial:/dev/ttyS1?baud=2400"))
    assert line.startswith("meter[1].port: 'serial:/dev/ttyS1?baud=2400' and ")
    assert "write the same baud, parity and stop" in line
    ours = GATEWAY.partition('address = "')[2][:12]
    lines = problems(folder, GATEWAY + another_meter("serial:/dev/ttyS1", ours))
    assert [line.partition(":")[0] for line in lines] == ["meter[0].address", "meter[1].address"]


def test_two_guns_do_not_share_a_line_of_meters(folder: Path) -> None:
    second = SIMULATED[SIMULATED.index("[[meter]]") :].replace("-1", "-2").replace("/can0", "/can1")
    second = second.replace('address = "0', 'address = "1').replace(":5020", ":5021")
    assert "meter[1].port" in [line.partition(":")[0] for line in problems(folder, SIMULATED + second)]


def test_a_second_gun_on_the_lines_of_a_guard(folder: Path) -> None:
    second = SIMULATED[SIMULATED.index("[[meter]]") :].replace("-1", "-2").replace("/can0", "/can1")
    (line,) = problems(folder, SIMULATED + second.replace("/dev/pts/7", "/dev/pts/8").replace(":5020", ":5021"))
    assert line.startswith("guard.lines: one set of lines cannot guard 2 guns; run an edge for each gun")


def test_keys_are_for_us_alone(folder: Path) -> None:
    (folder / "socket-keys.toml").chmod(0o640)
    (line,) = problems(folder, GATEWAY)
    assert line.startswith("socket_site[0].keys")
    assert "chmod 600" in line
    (folder / "socket-keys.toml").unlink()
    assert "put the key file there" in problems(folder, GATEWAY)[0]


TIERS = """
id = "t"
version = 1
[tiers]
rule = "highest"
[[tiers.tier]]
up_to_W = 200
per_hour_yuan = 0.10
[[tiers.tier]]
per_hour_yuan = 0.30
"""


@pytest.mark.parametrize(
    ("own", "bounds", "expected"),
    [
        (
            'id = "t"\nversion = 1\n' + WHOLE_DAY,
            "",
            "socket_site[0].tariff: sockets calculate their energy",
        ),
        (None, "", "socket_site[0].tariff: sockets calculate their energy"),  # that of the guns
        (TIERS, "", None),
        (TIERS, "tier_bounds_W = [100, 200, 300, 400]", None),
        (TIERS, "tier_bounds_W = [100, 250, 300, 400]", "socket_site[0].tariff: its sockets count no tier up to 200 W"),
        (TIERS, "tier_bounds_W = [300, 200, 400, 500]", "socket_site[0].tier_bounds_W: the bounds of power tiers rise"),
        (TIERS, "tier_bounds_W = [200]", "socket_site[0].tier_bounds_W"),
    ],
)
def test_what_sockets_may_be_sold_by(folder: Path, own: str | None, bounds: str, expected: str | None) -> None:
    line = 'tariff = "tariff-sockets.toml"'
    text = GATEWAY.replace(line, f"{line if own else ''}\n{bounds}\n#", 1)
    (folder / "tariff-sockets.toml").write_text(own or "")
    if expected is None:
        assert load(written(folder, text)).socket_prices["shed-1"].tiers is not None
    else:
        assert problems(folder, text)[0].startswith(expected)


def test_in_chinese(folder: Path) -> None:
    speak(Language.CHINESE)
    assert problems(folder, SIMULATED.replace("[hub]", "[hubs]"))[0] == "hubs: 未知的键; 是否应为 hub？"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "id: missing"),
        ('id = "t"\nversion = 1\n', "(tariff): a tariff sells by exactly one of"),
        (
            'id = "t"\nversion = 1\nper_use_yuan = 0.001\n',
            "per_use_yuan: 0.001 yuan is no price; write a multiple of 0.01",
        ),
        ('id = "t"\nversion = 1\nper_use_yuan = -1\n', "per_use_yuan: -1 yuan is no price"),
        ('id = "t"\nversion = 1\nper_use_yuan = 1e999\n', "per_use_yuan: 1E+999 yuan is no price"),
        ('id = "t"\nversion = 1\nper_use_yuan = nan\n', "per_use_yuan: NaN yuan is no price"),
        ('id = "t"\nversion = 1\n' + WHOLE_DAY.replace("00:00", "01:00"), "(tariff): the periods of a tariff cover"),
        ('id = "t"\nversion = 1\n' + WHOLE_DAY.replace("24:00", "25:00"), "period[0].end: Expected `str` matching"),
        ('id = "t"\nversion = 0\n' + WHOLE_DAY, "version: Expected `int` >= 1; write a whole number"),
        ("id = ", "(file): is not TOML"),
        (f'id = "t"\nversion = 1\nper_use_yuan = 1e{20 * "9"}\n', "(file): is not TOML"),
        (f'id = "t"\nversion = {5_000 * "9"}\n', "(file): is not TOML"),
    ],
)
def test_a_tariff_that_cannot_be(folder: Path, text: str, expected: str) -> None:
    (folder / "tariff.toml").write_text(text)
    assert problems(folder, SIMULATED)[0].startswith(expected)


def test_a_price_per_use(folder: Path) -> None:
    (folder / "tariff.toml").write_text('id = "t"\nversion = 3\nper_use_yuan = 1.50\n')
    assert load(written(folder, SIMULATED)).prices == Tariff(id="t", version=3, per_use=150)


def test_a_file_that_is_no_text(folder: Path) -> None:
    path = folder / "edge.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(SIMULATED)), st.text(max_size=6), st.integers(0, 20))
def test_any_text_loads_or_says_why(folder: Path, at: int, put: str, cut: int) -> None:
    path = folder / "edge.toml"
    path.write_text(SIMULATED[:at] + put + SIMULATED[at + cut :], encoding="utf-8", errors="surrogatepass")
    with contextlib.suppress(ConfigError):
        load(path)


def test_a_folder_in_which_no_socket_fits(folder: Path) -> None:
    deep = folder / ("d" * 100)
    deep.mkdir()
    shutil.copy(SAMPLES / "tariff.toml", deep)
    found = problems(deep, SIMULATED)
    assert [problem.split(":")[0] for problem in found] == ["site.data", "guard.lines"]
    assert "at most 88 bytes" in found[0]


OWN_PROFILE = '[profile]\nenglish = "ours"\nchinese = "自用"\n[poll]\nenergy = ["00010000"]\n'


def with_meter(line: str) -> str:
    return SIMULATED.replace("[[meter]]", f"[[meter]]\n{line}")


def test_a_meter_is_the_standards_if_nothing_is_said(folder: Path) -> None:
    assert load(written(folder, SIMULATED)).profiles["meter-1"].name == "standard"


def test_a_shipped_profile(folder: Path) -> None:
    profile = load(written(folder, with_meter('profile = "yada_dc"'))).profiles["meter-1"]
    assert (profile.name, profile.poll.voltage, profile.poll.power) == ("yada_dc", "02000200", "")


def test_a_profile_of_ones_own_counts_from_the_file(folder: Path) -> None:
    (folder / "ours.toml").write_text(OWN_PROFILE, "utf-8")
    profile = load(written(folder, with_meter('profile_file = "ours.toml"'))).profiles["meter-1"]
    assert (profile.name, profile.words.chinese, profile.poll.energy) == ("ours", "自用", ("00010000",))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            'profile = "yada"',
            "meter[0].profile: no profile 'yada'; choose one of standard, energy_status, wide, yada_dc",
        ),
        ('profile = "wide"\nprofile_file = "ours.toml"', "meter[0].profile: there is a profile_file too; keep one"),
        ('profile_file = "none.toml"', "(file): cannot be read: No such file"),
        ('profile_file = "tariff.toml"', "id: unknown key; there are profile, poll, item"),
        ("profile_file = 3", "meter[0].profile_file: not a path"),
    ],
)
def test_what_is_wrong_with_a_profile_is_named(folder: Path, line: str, expected: str) -> None:
    assert problems(folder, with_meter(line))[0].startswith(expected)


def test_the_file_with_the_problem_is_named(folder: Path) -> None:
    (folder / "ours.toml").write_text(OWN_PROFILE.replace("00010000", "02010100"), "utf-8")
    with pytest.raises(ConfigError, match=r"ours\.toml: poll\.energy\[0\]: .*name one in kWh"):
        load(written(folder, with_meter('profile_file = "ours.toml"')))
