"""The live page in a real browser: Debian's Chromium, driven by Playwright."""

import hashlib
import os
import shutil
import time
import uuid
from collections.abc import AsyncIterator

import msgpack
import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect
from tests.hub.conftest import Hub
from tests.hub.fake_edge import TARIFF, FakeEdge, device, ended, identifier, record, sample, started

CHROMIUM = shutil.which("chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE = 30_000  # ms
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1200, "height": 900}

ALL_DAY = {
    "id": "night",
    "version": 1,
    "periods": [{"start": "00:00", "end": "24:00", "name": "valley", "energyPrice": 30_000, "servicePrice": 40_000}],
    "hotline": "95598",
}
ALL_DAY_HASH = hashlib.sha256(msgpack.packb(ALL_DAY)).hexdigest()

pytestmark = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("CI") != "true", reason="needs Debian's package chromium"
)


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


async def looked_at(browser: Browser, hub: Hub, language: str = "en", size: dict[str, int] = DESK) -> Page:
    """The page, with everything that goes wrong in it kept in `page.problems`."""
    context = await browser.new_context(viewport=size, locale="en-GB")  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE)
    expect.set_options(timeout=PATIENCE)
    page = await context.new_page()
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda message: problems.append(message.text) if is_problem(message) else None)
    page.problems = problems  # type: ignore[attr-defined]
    await page.goto(f"{hub.web}/?lang={language}")
    await expect(page.locator("#link")).to_have_class("pill good")
    return page


def is_problem(message: ConsoleMessage) -> bool:
    """Errors in the console; that an edge refused (409) is none of the page's."""
    return message.type == "error" and "409" not in message.text


def no_problems(page: Page) -> None:
    assert page.problems == []  # type: ignore[attr-defined]


async def fits(page: Page) -> bool:
    """Nothing sticks out at the side."""
    return bool(await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize(("language", "empty"), [("en", "Nobody is charging"), ("zh", "当前无人充电")])
async def test_empty_it_says_what_to_do(browser: Browser, hub: Hub, language: str, empty: str) -> None:
    page = await looked_at(browser, hub, language, PHONE)
    await expect(page.get_by_text(empty)).to_be_visible()
    await expect(page.locator("code")).to_have_text(hub.link)
    assert await page.locator("html").get_attribute("lang") == {"en": "en", "zh": "zh-CN"}[language]
    assert await fits(page)
    no_problems(page)


async def site(hub: Hub) -> tuple[FakeEdge, str]:
    """An edge with a gun that charges, a socket with two outlets, and one bill of each settlement."""
    edge = await hub.edge("edge-longhua-03")
    outlets: dict[str, object] = {"1": {}, "2": {}}
    await edge.boot(devices=(device(state="charging"), device("socket-1", "socket", outlets=outlets)))
    now = int(time.time() * 1000)
    born = now - 600_000
    session = str(uuid.UUID(int=(born << 80) | (0x7 << 76) | (0b10 << 62) | 1))
    unknown = {**ended(edge.edge, identifier(13)), "tariffHash": "0" * 64}
    await edge.send(
        record(1, "tariff", TARIFF),
        record(2, "session.started", started(edge.edge, session, at=born)),
        record(3, "session.ended", ended(edge.edge, identifier(11))),
        record(4, "session.ended", ended(edge.edge, identifier(12), total=900)),
        record(5, "session.ended", unknown),
        record(6, "trip", {"device": "gun-1", "rule": "estop", "at": now, "values": {}}),
    )
    points = [sample(session, born + n * 1_000, soc=200 + n, energy=n * 10_000) for n in range(500)]
    await edge.call("MeterValues", {"samples": points})
    await hub.until("/api/alarms", lambda alarms: len(alarms) == 3)
    return edge, session


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("language", ["en", "zh"])
async def test_everything_is_there_and_fits(browser: Browser, hub: Hub, language: str, size: dict[str, int]) -> None:
    await site(hub)
    page = await looked_at(browser, hub, language, size)
    card = page.locator("#sessions .card")
    await expect(card.locator("canvas")).to_have_count(2)
    await expect(card).to_contain_text("38.0 kW")
    await expect(card).to_contain_text("69.9 %")
    await expect(page.locator("#devices .device")).to_have_count(2)
    await expect(page.locator("#alarms li")).to_have_count(3)
    bills = page.locator(".bill")
    await expect(bills).to_have_count(3)
    for words in {"en": ["agree", "lower", "not settled"], "zh": ["一致", "较低者", "未结算"]}[language]:
        await expect(page.locator(".bill summary", has_text=words).first).to_be_visible()
    await bills.filter(has_text={"en": "agree", "zh": "两端计价一致"}[language]).first.locator("summary").click()
    lines = page.locator(".bill[open] tbody tr")
    await expect(lines).to_have_count(2)
    await expect(lines.first).to_contain_text("¥3.00")
    await expect(lines.first).to_contain_text({"en": "0.30 yuan/kWh", "zh": "0.30 元/kWh"}[language])
    await expect(page.locator(".bill[open] tfoot")).to_contain_text("¥7.00")
    assert await fits(page)
    no_problems(page)


async def test_the_price_of_a_line_is_for_energy_for_time_or_none(browser: Browser, hub: Hub) -> None:
    page = await looked_at(browser, hub)
    told = "async (line) => (await import('/static/format.js')).price(line)"
    assert await page.evaluate(told, {"price": 31_234}) == "0.31234 yuan/kWh"
    assert await page.evaluate(told, {"price": 80_000, "duration": 12_600_000}) == "0.80 yuan/h"
    assert await page.evaluate(told, {}) == "–"


async def test_it_follows_what_happens(browser: Browser, hub: Hub) -> None:
    page = await looked_at(browser, hub)
    edge, session = await site(hub)
    await expect(page.locator("#sessions .card")).to_contain_text("gun-1")
    await edge.call("MeterValues", {"samples": [sample(session, int(time.time() * 1000), power=12_300_000)]})
    await expect(page.locator("#sessions .card")).to_contain_text("12.3 kW")
    await expect(page.locator("#summary")).to_contain_text("12.3 kW")
    await edge.call("StatusNotification", {"devices": [device(state="fault")]})
    await expect(page.locator('[data-device="gun-1"]')).to_contain_text("fault")
    await edge.send(record(7, "session.ended", ended(edge.edge, session)))
    await expect(page.locator("#sessions .card")).to_have_count(0)
    await expect(page.locator(f'.bill[data-session="{session}"]')).to_contain_text("¥7.00")
    await edge.close()
    await expect(page.locator(".edge h3")).to_contain_text("away since")
    no_problems(page)


async def test_start_and_stop_are_buttons(browser: Browser, hub: Hub) -> None:
    edge, session = await site(hub)
    edge.answers["RequestStartTransaction"] = {"status": "Accepted", "transactionId": identifier(20)}
    edge.answers["RequestStopTransaction"] = {"status": "Rejected", "reason": "<b>not now</b>"}
    page = await looked_at(browser, hub)
    await page.locator('[data-device="socket-1"] .place', has_text="outlet 2").get_by_text("Start").click()
    await expect(page.locator("#said-last")).to_have_text("The edge accepted.")
    action, request = await edge.asked.get()
    assert (action, request["device"], request["outlet"]) == ("RequestStartTransaction", "socket-1", "2")
    await page.locator("#sessions .stop").click()
    await expect(page.locator("#said-last")).to_have_text("The edge refused: <b>not now</b>")
    action, request = await edge.asked.get()
    assert (action, request["transactionId"]) == ("RequestStopTransaction", session)
    no_problems(page)


@pytest.mark.parametrize(
    ("language", "now", "start"),
    [
        ("en", "now valley: 0.70 yuan/kWh = electricity 0.30 + service 0.40", "Start"),
        ("zh", "当前谷：0.70 元/kWh", "启动"),
    ],
)
async def test_the_price_is_shown_before_a_start_and_goes_with_it(
    browser: Browser, hub: Hub, language: str, now: str, start: str
) -> None:
    edge = await hub.edge()
    outlets: dict[str, object] = {"A": {}}
    await edge.boot(devices=(device("socket-1", "socket", outlets=outlets, tariff=ALL_DAY_HASH),))
    page = await looked_at(browser, hub, language, PHONE)
    card = page.locator('[data-device="socket-1"]')
    await expect(card.locator(".price")).to_have_text(
        {"en": "The price is on its way; then one can start.", "zh": "价格加载中，显示后即可启动。"}[language]
    )
    await expect(card.get_by_text(start, exact=True)).to_be_hidden()
    await edge.send(record(1, "tariff", ALL_DAY))
    await expect(card.locator(".price summary")).to_contain_text(now)
    await card.locator(".price summary").click()
    await expect(card.locator(".price li").last).to_contain_text("95598")
    assert await fits(page)
    edge.answers["RequestStartTransaction"] = {"status": "Accepted", "transactionId": identifier(20)}
    await card.get_by_text(start, exact=True).click()
    _, request = await edge.asked.get()
    assert (request["outlet"], request["tariffHash"]) == ("A", ALL_DAY_HASH)
    assert [text for text in page.problems if "404" not in text] == []  # type: ignore[attr-defined]


async def test_what_a_device_says_is_never_markup(browser: Browser, hub: Hub) -> None:
    edge = await hub.edge()
    evil = "<img src=x onerror=alert(1)>"
    await edge.boot(devices=(device(state=evil, outlets={evil: {}}, text="</script><script>alert(1)</script>"),))
    await edge.send(record(1, "alarm", {"code": "x", "text": evil, "at": 1}), record(2, evil, b""))
    page = await looked_at(browser, hub)
    await expect(page.locator("#alarms li")).to_have_count(2)
    await expect(page.locator('[data-device="gun-1"] header .pill')).to_have_text(evil)
    assert await page.locator("main img").count() == 0
    no_problems(page)


async def test_it_comes_back_when_the_hub_does(browser: Browser, hub: Hub) -> None:
    """The stream is cut; the browser asks again and begins with everything as it is then."""
    page = await looked_at(browser, hub)
    await page.route("**/api/events", lambda route: route.abort())
    await page.reload()
    await expect(page.locator("#link")).to_have_class("pill bad")
    await site(hub)
    await page.unroute("**/api/events")
    await expect(page.locator("#link")).to_have_class("pill good")
    await expect(page.locator("#sessions .card")).to_have_count(1)


async def test_the_language_is_a_link_away(browser: Browser, hub: Hub) -> None:
    page = await looked_at(browser, hub)
    await page.locator("#language").click()
    await expect(page.locator("#devices-title")).to_have_text("设备")
    await page.locator("#language").click()
    await expect(page.locator("#devices-title")).to_have_text("Devices")
    no_problems(page)
