"""`chargelink demo` from outside: it does what it says, and leaves nothing running and nothing lying about."""

import asyncio
import signal
import time

import pytest
from tests.demo.processes import PATIENCE, Traces, start, until_said

END_WITHIN = 5.0  # s


STORIES = {
    "--once": (
        "the e-stop",
        "cut short",
        "the hub is killed for",
        "by card",
        "the hub is back",
        "price per use",
        "meters agree",
    ),
    "--chaos": ("before it hears of a start", "while the car charges", "only the edge has the bill", "socket settles"),
}


@pytest.mark.parametrize("story", STORIES)
async def test_the_whole_story(traces: Traces, story: str) -> None:
    demo = await start(traces, "demo", "--once", story, "--lang", "en")
    printed, errors = await asyncio.wait_for(demo.communicate(), 2 * PATIENCE)
    assert (demo.returncode, errors.decode()) == (0, ""), printed.decode()
    lines = printed.decode().splitlines()
    assert lines[-1] == "4 sessions: edge, hub and meter agree"
    for word in STORIES[story]:
        assert any(word in line for line in lines), word
    assert traces.processes == []
    assert [*traces.folder.iterdir()] == []


@pytest.mark.parametrize(
    ("number", "when"),
    [(signal.SIGTERM, None), (signal.SIGINT, "the page is at"), (signal.SIGTERM, "gun-1 charges the car")],
)
async def test_ended_in_the_middle_it_leaves_nothing(traces: Traces, number: int, when: str | None) -> None:
    demo = await start(traces, "demo", "--once", "--lang", "en")
    if when:
        await until_said(demo, when)
        assert traces.find("chargelink.edge.guard")  # what would be left is seen
    else:
        async with asyncio.timeout(PATIENCE):
            while not traces.find("hub serve"):  # noqa: ASYNC110 - the condition is outside
                await asyncio.sleep(0.01)
    asked = time.monotonic()
    demo.send_signal(number)
    demo.send_signal(signal.SIGINT)  # somebody who cannot wait
    _, errors = await asyncio.wait_for(demo.communicate(), PATIENCE)
    assert time.monotonic() - asked < END_WITHIN
    assert (demo.returncode, errors.decode()) == (130, "")
    assert traces.processes == []
    assert [*traces.folder.iterdir()] == []
