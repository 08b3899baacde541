"""The hub as a process: it says where it listens, ends in order, and loses nothing acknowledged when it is killed."""

import asyncio
import resource
import socket
import time
from pathlib import Path

import pytest
from tests.hub.fake_edge import TARIFF, FakeEdge, ended, identifier, record, sample, started
from tests.hub.hub_process import PATIENCE, running, start

SESSION = identifier(1)
STOPPED_WITHIN = 5  # s, the promise to whoever stops it


async def test_killed_in_mid_session_it_loses_nothing_acknowledged(tmp_path: Path) -> None:
    """Records stream in while the hub is killed; a new one holds every one that was acknowledged, and goes on."""
    acknowledged = 0
    async with running(tmp_path) as hub:
        edge = await FakeEdge.join(hub.link)
        await edge.boot()
        opening = [record(1, "tariff", TARIFF), record(2, "session.started", started("edge-1", SESSION))]
        acknowledged = await edge.send(*opening)

        async def stream() -> None:
            nonlocal acknowledged
            while True:
                first = acknowledged + 1
                acknowledged = await edge.send(*(record(first + n, "alarm", b"?") for n in range(20)))

        streaming = asyncio.create_task(stream())
        while acknowledged < 200 and not streaming.done():  # noqa: ASYNC110 - the condition is another task's progress
            await asyncio.sleep(0)
        await hub.kill()
        with pytest.raises((ConnectionError, OSError)):
            await streaming
        await edge.close()
    async with running(tmp_path) as hub:
        edge = await FakeEdge.join(hub.link)
        have = (await edge.boot())["have"]["record"]
        assert have >= acknowledged
        [session] = await hub.get("/api/sessions?running=true")
        assert session["id"] == SESSION
        again = [*opening, record(have + 1, "session.ended", ended("edge-1", SESSION))]
        assert await edge.send(*again) == have + 1
        async with asyncio.timeout(PATIENCE):
            while not (bills := await hub.get("/api/bills")):  # noqa: ASYNC110 - asking again is the condition
                await asyncio.sleep(0.01)
        assert [(bill["session"], bill["total"]) for bill in bills] == [(SESSION, 700)]
        assert all(alarm["kind"] == "quarantined" for alarm in await hub.get("/api/alarms"))
        await edge.close()


async def test_stopped_with_links_and_pages_open_it_ends_in_order(tmp_path: Path) -> None:
    async with running(tmp_path) as hub:
        edge = await FakeEdge.join(hub.link)
        await edge.boot()
        await edge.call("MeterValues", {"samples": [sample(SESSION, 1)]})
        async with hub.http.stream("GET", "/api/events") as page:
            lines = page.aiter_lines()
            await anext(lines)
            before = time.monotonic()
            assert await hub.stop() == 0
            assert time.monotonic() - before < STOPPED_WITHIN
            async for _ in lines:
                pass  # the stream ends and is not torn
        await edge.websocket.wait_closed()
        assert edge.websocket.close_code == 1001
        await edge.close()
    async with running(tmp_path) as hub:
        curve = await hub.get(f"/api/sessions/{SESSION}") if await hub.get("/api/sessions") else None
        assert curve is None  # a sample without a record makes no session
        [known] = await hub.get("/api/edges")
        assert not known["connected"]


async def test_it_takes_as_many_files_as_it_may_have(tmp_path: Path) -> None:
    """A link is one; a crowd of strangers in their handshakes must leave some for the others."""
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most // 2, most))
    try:
        async with running(tmp_path) as hub:
            limits = await asyncio.to_thread(Path(f"/proc/{hub.process.pid}/limits").read_text)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))
    [files] = [line.split() for line in limits.splitlines() if line.startswith("Max open files")]
    assert files[3] == files[4] == str(most)


async def test_an_edge_that_does_not_answer_does_not_delay_the_end(tmp_path: Path) -> None:
    async with running(tmp_path) as hub:
        port = int(hub.link.rpartition(":")[2])
        _, deaf = await asyncio.open_connection("127.0.0.1", port)  # never speaks, never closes
        before = time.monotonic()
        assert await hub.stop() == 0
        assert time.monotonic() - before < STOPPED_WITHIN
        deaf.close()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org"])
async def test_it_refuses_to_listen_where_others_are(tmp_path: Path, host: str) -> None:
    process = await start(tmp_path / "data", "--host", host)
    out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 2
    assert out == b""
    assert b"127.0.0.1 only" in err
    assert not (tmp_path / "data").exists()


async def test_a_port_that_is_taken_is_said_in_a_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for option in ("--port", "--web-port"):
            process = await start(tmp_path, option, port)
            out, err = await asyncio.wait_for(process.communicate(), PATIENCE)
            assert process.returncode == 2
            assert out == b""
            assert b"cannot start" in err
            assert b"Traceback" not in err


async def test_two_hubs_do_not_share_a_folder(tmp_path: Path) -> None:
    async with running(tmp_path):
        process = await start(tmp_path)
        _, err = await asyncio.wait_for(process.communicate(), PATIENCE)
        assert process.returncode == 2
        assert b"another hub is using" in err


async def test_a_folder_that_cannot_be_made_is_said_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    process = await start(tmp_path / "file" / "data")
    _, err = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode == 2
    assert b"Traceback" not in err
