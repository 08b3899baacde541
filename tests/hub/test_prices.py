"""A tariff in words over REST, and a start at the price that was shown."""

from typing import Any

import pytest
from tests.hub.conftest import Hub
from tests.hub.fake_edge import NIGHT, TARIFF, TARIFF_HASH, device, record


async def told(hub: Hub) -> Any:
    edge = await hub.edge()
    await edge.boot(devices=(device("gun-1", tariff=TARIFF_HASH),))
    await edge.send(record(1, "tariff", TARIFF), record(2, "alarm", {"code": "x", "text": "read", "at": 1}))
    await hub.until("/api/alarms", len)  # records are read in order
    return edge


async def test_a_tariff_in_words_at_a_time(hub: Hub) -> None:
    await told(hub)
    night = await hub.get(f"/api/tariffs/{TARIFF_HASH}?at={NIGHT}")
    day = await hub.get(f"/api/tariffs/{TARIFF_HASH}?at={NIGHT + 12 * 3_600_000}")
    assert (night["tariff"], night["version"], night["name"]) == ("site-1", 1, "night and day")
    assert night["lines"]["en"][0] != day["lines"]["en"][0]
    assert len(night["lines"]["en"]) == len(night["lines"]["zh"]) > 1
    assert (await hub.get(f"/api/tariffs/{TARIFF_HASH}"))["at"] > NIGHT


@pytest.mark.parametrize("name", ["0" * 64, "x", "A" * 64, "a" * 10_000, "%00"])
async def test_a_tariff_that_is_not_there(hub: Hub, name: str) -> None:
    answer = await hub.http.get(f"/api/tariffs/{name}")
    assert (answer.status_code, set(answer.json()["error"])) == (404, {"en", "zh"})


@pytest.mark.parametrize("at", ["", "x", "-1", "1.5", str(2**53), "9" * 400])
async def test_what_is_no_time(hub: Hub, at: str) -> None:
    answer = await hub.http.get(f"/api/tariffs/{TARIFF_HASH}", params={"at": at})
    assert (answer.status_code, set(answer.json()["error"])) == (400, {"en", "zh"})


@pytest.mark.parametrize("at", [0, 2**53 - 1])
async def test_any_time_has_a_price(hub: Hub, at: int) -> None:
    await told(hub)
    assert (await hub.get(f"/api/tariffs/{TARIFF_HASH}?at={at}"))["lines"]["en"]


async def test_what_was_shown_goes_to_the_edge(hub: Hub) -> None:
    edge = await told(hub)
    edge.answers["RequestStartTransaction"] = {"status": "Accepted", "transactionId": None}
    wanted = {"tariffHash": TARIFF_HASH, "cheapUntil": NIGHT, "caps": {"minutes": 60}}
    answer = await hub.http.post("/api/devices/edge-1/gun-1/start", json=wanted)
    assert (answer.status_code, answer.json()["session"]) == (200, None)
    _, request = await edge.asked.get()
    told_edge = (request["tariffHash"], request["cheapUntil"], request["at"])
    assert told_edge == (TARIFF_HASH, NIGHT, None)
