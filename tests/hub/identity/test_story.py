"""The whole story with the commands that people type: hub and edge are processes, between them TLS 1.3."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.hub.hub_process import PATIENCE, running

CONFIG = """
[site]
id = "garage-1"
data = "data"

[tariff]
file = "tariff.toml"
"""
TARIFF = """
id = "t"
version = 1
name = "t"
per_use_yuan = 2.00
"""


async def command(*line: str, language: str = "en") -> tuple[int, str]:
    """Exit code and everything that is printed."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chargelink.cli", "--lang", language, *line),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), PATIENCE)
    assert process.returncode is not None
    return process.returncode, out.decode()


@asynccontextmanager
async def edge(config: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """`chargelink edge run`, ready."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "chargelink.cli", "edge", "run", str(config)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), PATIENCE)
        assert line.startswith(b"ready ")
        yield process
        process.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(process.wait(), PATIENCE) == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def token(hub: Path, how: str) -> str:
    code, out = await command("hub", "edge", how, "garage-1", "--data", str(hub))
    assert code == 0, out
    return next(line for line in out.splitlines() if line.startswith("clk1."))


async def status(data: Path, good: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """What the edge says, as soon as it is as awaited."""
    async with asyncio.timeout(PATIENCE):
        while True:
            code, out = await command("edge", "status", "--json", "--data", str(data))
            assert code == 0, out
            said: dict[str, Any] = json.loads(out)
            if good(said["hub"]):
                return said


async def test_added_enrolled_connected_revoked_replaced(tmp_path: Path) -> None:
    hub_data, data, config = tmp_path / "hub", tmp_path / "data", tmp_path / "edge.toml"
    config.write_text(CONFIG)
    (tmp_path / "tariff.toml").write_text(TARIFF)
    async with running(hub_data, plain=False) as hub:
        code, out = await command("edge", "enroll", "clk1.mistyped", "--data", str(data))
        assert (code, "mistyped or cut" in out) == (2, True)
        first = await token(hub_data, "add")
        code, out = await command("edge", "enroll", first, "--data", str(data))
        assert code == 0, out
        assert 'now: [site] id = "garage-1" in the configuration' in out
        code, out = await command("edge", "enroll", first, "--data", str(data))
        assert (code, "this edge is enrolled" in out) == (2, True)
        code, out = await command("edge", "enroll", first, "--data", str(tmp_path / "thief"))
        assert (code, "this token was used" in out) == (2, True)
        async with edge(config):
            await status(data, lambda hub: bool(hub["online"]))
            [known] = await hub.get("/api/edges")
            assert (known["id"], known["connected"]) == ("garage-1", True)
            code, out = await command("edge", "identity", "--data", str(data))
            assert f"hub: {hub.link}" in out
            assert "edge: garage-1" in out
            code, out = await command("hub", "edge", "revoke", "garage-1", "--data", str(hub_data))
            assert code == 0, out
            await status(data, lambda hub: "revoked by an operator" in (hub["trouble"] or ""))
            _, chinese = await command("edge", "status", "--data", str(data), language="zh")
            assert "该证书已被运营人员吊销" in chinese
            second = await token(hub_data, "replace")
            code, out = await command("edge", "enroll", second, "--data", str(data), "--force")
            assert code == 0, out
            await status(data, lambda hub: bool(hub["online"]))
            counted = await hub.get("/api/refusals")
            assert counted["used-token"] == 1
            assert counted["revoked"] >= 1
            code, out = await command("edge", "clock", "--data", str(data))
            assert (code, "0 s ahead of the system's" in out) == (0, True)
    assert (data / "link" / "identity.pem").stat().st_mode & 0o777 == 0o600
