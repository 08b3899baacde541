"""What people read of a running edge: states in words, quantities with their units, in both languages."""

from collections.abc import Iterator
from typing import Any

import pytest

from chargelink.cli.language import Language, speak
from chargelink.edge.status import lines

GUN = {
    "phase": "charging",
    "session": "s-1",
    "voltage": 382_000,
    "current": 98_040,
    "soc": 621,
    "energy": 10_344,
    "demandedVoltage": 410_000,
    "guard": "permit",
}
OUTLETS = {
    "A": {"state": "charging", "power": 214_500, "energy": 1_000, "elapsed": 60, "session": "s-2"},
    "B": {"state": "idle", "power": 0, "energy": 0, "elapsed": 0},
}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    yield
    speak(Language.ENGLISH)


def device(name: str, kind: str, state: str, detail: dict[str, Any]) -> dict[str, Any]:
    return {"id": name, "kind": kind, "state": state, "at": 0, "detail": detail}


STOPPED = {"cause": "e-stop", "causeText": "the e-stop was pressed", "causeChinese": "按下急停"}
STATUS: dict[str, Any] = {
    "edge": "site-1",
    "hub": {"online": True, "trouble": None},
    "pending": 0,
    "journal": {"records": 0, "bytes": 0, "maxRecords": 100, "maxBytes": 1000, "full": False, "aside": []},
    "devices": [
        device("gun-1", "gun", "charging", GUN),
        device("gun-2", "gun", "available", {"mode": "monitor"}),
        device("gun-3", "gun", "finishing", {"guard": "tripped", **STOPPED}),
        device("socket-1", "socket", "charging", {"address": "0011", "outlets": OUTLETS}),
        device("socket-2", "socket", "offline", {"address": "0012", "outlets": {}}),
        device("thing-1", "thing", "odd", {}),
    ],
    "sessions": [{"id": "s-2", "device": "socket-1", "outlet": "A", "energy": 1_000}],
}


def test_what_the_link_took_and_what_was_lost() -> None:
    usage = [{"month": "2026-11", "sent": 81_000_000, "received": 4_040_000, "around": 60_000_000}]
    status = STATUS | {"usage": usage, "telemetry": {"missing": 7, "trouble": "database or disk is full"}}
    assert list(lines(status))[2:5] == [
        "curves cannot be stored: database or disk is full; charging goes on",
        "7 samples of curves were lost before the hub had them",
        "link in 2026-11: about 145.0 MB (81.0 MB sent and 4.0 MB received in messages, the rest estimated)",
    ]
    speak(Language.CHINESE)
    assert list(lines(status))[4] == "2026-11 流量：约 145.0 MB（报文上行 81.0 MB、下行 4.0 MB；其余开销为估算）"


def test_in_english() -> None:
    assert list(lines(STATUS)) == [
        "edge site-1   hub connected",
        "no record waits",
        "",
        "gun-1         gun       charging     382.0 V, 98.0 A, SOC 62.1 %, 0.010 kWh, guard permit",
        "gun-2         gun       available    only listens",
        "gun-3         gun       finishing    guard tripped, the e-stop was pressed",
        "socket-1      socket    charging     A charging 214.5 W, B idle",
        "socket-2      socket    offline",
        "thing-1       thing     odd",
        "session s-2  socket-1 A  0.001 kWh",
    ]


TOLD = {
    "battery": {
        "chemistry": "lifepo4",
        "manufacturer": "DEMO",
        "capacity": 152_000,
        "highestCell": 3_450,
        "highestCellNumber": 53,
        "lowestCell": 3_310,
        "highestTemperature": 310,
        "highestSensor": 7,
        "lowestTemperature": -50,
    },
    "notTold": ["nominalEnergy", "lowestCellNumber", "cells", "vin"],
    "notOffered": ["heating", "cooling", "internalResistance", "vehicleModel"],
}


def test_what_the_vehicle_tells_of_its_battery_and_what_it_does_not() -> None:
    status = STATUS | {"devices": [device("gun-1", "gun", "charging", GUN | TOLD)]}
    assert [line.strip() for line in lines(status)][4:7] == [
        "battery: LiFePO4, made by DEMO, 152.0 Ah, highest cell 3.45 V (no. 53), lowest cell 3.31 V, "
        "hottest 31 °C (no. 7), coldest -5 °C",
        "not told by this vehicle so far: VIN, energy, number of the lowest cell",
        "not available, GB/T 27930-2015 has no field for it: heating, cooling, internal resistance, vehicle model",
    ]
    speak(Language.CHINESE)
    assert [line.strip() for line in lines(status)][4:7] == [
        "电池: 磷酸铁锂, 厂商 DEMO, 额定容量 152.0 Ah, 最高单体 3.45 V（53 号）, 最低单体 3.31 V, "
        "最高温度 31 °C（7 号）, 最低温度 -5 °C",
        "该车辆尚未提供：VIN, 标称能量, 最低单体编号",
        "不可用，GB/T 27930-2015 无此字段：电池加热状态, 电池冷却状态, 内阻, 车型",
    ]


def test_in_chinese() -> None:
    speak(Language.CHINESE)
    assert list(lines(STATUS))[3:7] == [
        "gun-1         充电枪    充电中       382.0 V, 98.0 A, SOC 62.1 %, 0.010 kWh, 安全进程 许可",
        "gun-2         充电枪    空闲         仅监听",
        "gun-3         充电枪    结束中       安全进程 已跳闸, 按下急停",
        "socket-1      智能插座  充电中       A 充电中 214.5 W, B 空闲",
    ]


@pytest.mark.parametrize(
    ("hub", "pending", "expected"),
    [
        (None, 0, ["edge site-1   hub works without a hub", "no record waits"]),
        ({"online": False, "trouble": None}, 3, ["edge site-1   hub away: connecting", "3 records wait for the hub"]),
        ({"online": False, "trouble": "refused"}, 0, ["edge site-1   hub away: refused", "no record waits"]),
    ],
)
def test_without_the_hub(hub: dict[str, Any] | None, pending: int, expected: list[str]) -> None:
    assert list(lines(STATUS | {"hub": hub, "pending": pending}))[:2] == expected


@pytest.mark.parametrize(
    ("records", "size", "full", "english", "chinese"),
    [
        (49, 499, False, None, None),
        (50, 0, False, "50% full", "已用 50%"),
        (0, 900, False, "90% full", "已用 90%"),
        (100, 500, True, "THE JOURNAL IS FULL", "日志已满"),
    ],
)
def test_a_journal_that_fills_up_is_said(
    records: int, size: int, full: bool, english: str | None, chinese: str | None
) -> None:
    status = STATUS | {"journal": STATUS["journal"] | {"records": records, "bytes": size, "full": full}}
    for language, words in ((Language.ENGLISH, english), (Language.CHINESE, chinese)):
        speak(language)
        said = "\n".join(lines(status))
        assert (words or "full") in said if words else ("full" not in said and "已满" not in said)


@pytest.mark.parametrize(
    ("language", "words"), [(Language.ENGLISH, "was set aside: /d/l.aside"), (Language.CHINESE, "搁置")]
)
def test_a_ledger_that_was_set_aside_is_said(language: Language, words: str) -> None:
    speak(language)
    assert words in "\n".join(lines(STATUS | {"journal": STATUS["journal"] | {"aside": ["/d/l.aside-1"]}}))


@pytest.mark.parametrize(
    ("clock", "said"),
    [
        (
            {"trusted": True, "source": "ntp", "off": {"ntp": 0, "hub": -300}},
            ["the clock is trusted: ntp agrees"],
        ),
        (
            {"trusted": False, "source": None, "off": {"hub": 3_600_000}},
            [
                "THE CLOCK IS NOT TRUSTED: nobody is given credit on an allowance; see to NTP, GPS or the hub",
                "the clock is +3600 s off from hub",
            ],
        ),
    ],
)
def test_whether_the_clock_is_trusted_and_by_whose_word(clock: dict[str, Any], said: list[str]) -> None:
    told = [line for line in lines(STATUS | {"clock": clock}) if "clock" in line.lower()]
    assert told == said
    speak(Language.CHINESE)
    assert any("NTP" in line for line in lines(STATUS | {"clock": clock}))


def test_what_was_given_away() -> None:
    given = {"energy": 12_345, "amount": 250, "sessions": 3}
    assert "given away beyond what was prepaid: 0.012 kWh worth 2.50 yuan in 3 sessions" in [
        *lines(STATUS | {"givenAway": given})
    ]
    assert not any("given away" in line for line in lines(STATUS | {"givenAway": {"sessions": 0}}))


def test_a_charge_that_begins_anew_says_so() -> None:
    detail = {"notice": "the vehicle did not answer; connecting again", "noticeChinese": "车辆通信中断，正在重新连接"}
    status = STATUS | {"devices": [device("gun-1", "gun", "preparing", detail | STOPPED)]}
    assert any(line.endswith("the vehicle did not answer; connecting again") for line in lines(status))
    speak(Language.CHINESE)
    assert any(line.endswith("车辆通信中断，正在重新连接") for line in lines(status))


def test_whoever_was_stopped_reads_whose_doing_it_was_and_what_now() -> None:
    detail = {
        "causeText": "the meter does not answer",
        "causeChinese": "电能表无应答",
        "whose": "the charger",
        "whoseChinese": "充电桩侧",
        "advice": "use another gun",
        "adviceChinese": "请使用其他充电枪",
        "stayText": "done; the fee for staying begins in 5 min",
        "stayChinese": "充电已结束，5 分钟后开始收取占位费",
    }
    status = STATUS | {"devices": [device("gun-9", "gun", "finished", detail)]}
    (line,) = [line for line in lines(status) if line.startswith("gun-9")]
    assert line.endswith(
        "the meter does not answer, the charger; use another gun, done; the fee for staying begins in 5 min"
    )
    speak(Language.CHINESE)
    (line,) = [line for line in lines(status) if line.startswith("gun-9")]
    assert "电能表无应答, 充电桩侧; 请使用其他充电枪, 充电已结束" in line


def test_what_pays_without_the_hub() -> None:
    held = {"list": {"version": 7, "entries": 3, "whole": True}, "leases": {"open": 2, "left": 4_250}}
    line = "without the hub: 3 cards and the like in list 7, 2 allowances with 42.50 yuan left"
    assert line in [*lines(STATUS | held)]
    nothing = {"list": {"version": 0, "entries": 0, "whole": False}, "leases": {"open": 0, "left": 0}}
    assert [*lines(STATUS | nothing)] == [*lines(STATUS)]
    speak(Language.CHINESE)
    assert "离线可用：名单 7 共 3 条，额度 2 笔、剩余 42.50 元" in [*lines(STATUS | held)]


def test_the_radio_says_how_long_it_talked_and_what_it_was_not_allowed_to_send() -> None:
    calm = {"id": "shed-1", "packets": 900, "airtime": 82_400, "within": 600_000, "forbidden": 0, "gateways": 1}
    told = list(lines(STATUS | {"radios": [calm, calm | {"forbidden": 3, "gateways": 0, "within": 0, "airtime": 0}]}))
    assert "radio shed-1: 900 packets, on the air 13.7% of the last 10 min; gateways reached: 1" in told
    assert any(line.endswith("gateways reached: 0; 3 PACKETS NOT SENT: THE BAND FORBIDS THEM") for line in told)
    speak(Language.CHINESE)
    assert "射频 shed-1：最近 10 分钟发送 900 包，占用空口 13.7%；可达网关 1 个" in list(
        lines(STATUS | {"radios": [calm]})
    )
