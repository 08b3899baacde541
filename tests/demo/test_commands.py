"""The edge's commands at a running site, in both languages; then every process ends in order within five seconds."""

import asyncio
import shutil
import time
from functools import partial
from pathlib import Path

import pytest
from tests.demo.place import Place
from tests.demo.processes import Traces, start

from chargelink.demo.audit import edge_sessions
from chargelink.demo.crew import DemoError
from chargelink.demo.site import GUN

END_WITHIN = 5.0  # s, of any process
SAMPLES = Path(__file__).parents[2] / "edge" / "config"
KEYS = """
master = "000102030405060708090a0b0c0d0e0f"

[[site]]
net = 0x2A51
group_key = "101112131415161718191a1b1c1d1e1f"

[[socket]]
eui = "a84041f4b1c2d3e4"
address = 0x11

[[socket]]
eui = "a84041f4b1c2d3e5"
address = 0x12
"""
EVERYBODY = ("edge", "site", "vehicle", "charger-io", "meter", "can-bus", "hub")


async def checked(traces: Traces, config: Path, language: str) -> tuple[int | None, str]:
    """What `edge check` says of a configuration."""
    check = await start(traces, "edge", "check", str(config), "--lang", language)
    printed, errors = await check.communicate()
    return check.returncode, printed.decode() + errors.decode()


@pytest.mark.parametrize(("language", "says"), [("en", "can be run"), ("zh", "可以运行")])
async def test_the_sample_configurations(traces: Traces, language: str, says: str) -> None:
    folder = traces.folder / "config"
    shutil.copytree(SAMPLES, folder)
    code, said = await checked(traces, folder / "simulated.toml", language)
    assert (code, said.count("\n"), says in said) == (0, 1, True)
    code, said = await checked(traces, folder / "gateway.toml", language)
    assert (code, said.count("\n"), "socket-keys.toml" in said) == (2, 1, True)  # secrets are nobody's sample
    keys = folder / "socket-keys.toml"
    keys.touch(mode=0o600)
    keys.write_text(KEYS)
    code, said = await checked(traces, folder / "gateway.toml", language)
    assert (code, said.count("\n"), says in said) == (0, 1, True)


async def test_at_a_running_site(place: Place) -> None:
    english, chinese = await place.edge("status", "--lang", "en"), await place.edge("status", "--lang", "zh")
    assert "hub connected" in english
    assert "平台 已连接" in chinese
    for shown in (english, chinese):
        assert [line.split()[0] for line in shown.splitlines() if line.startswith(("gun-", "socket-"))] == [
            "gun-1", "socket-1", "socket-2",
        ]  # fmt: skip
    await refused(place, "start", "gun-7", says="there is gun-1, socket-1, socket-2")
    await refused(place, "start", "socket-1", "C", says="has the outlets A and B")
    for nothing in ("0", "-1", "nan", "inf", "x"):
        await refused(place, "start", "socket-1", "A", "--energy", nothing, says="--energy")
    await refused(place, "reset", "socket-1", says="only a gun")
    await refused(place, "stop", "01a2b3c4-d5e6-7f00-8111-222233334444", says="no session")

    session = await charging(place)
    await refused(place, "start", GUN, says="chargelink: a charge is under way")
    assert session in await place.edge("status", "--lang", "en")
    await place.edge("stop", session)

    async def ended() -> bool:
        return (await place.session(session)).get("ended") is not None

    await place.until(ended, "the session was stopped at the edge")
    assert (await place.session(session))["stopReason"] == "Local"
    await place.story.plug_again()  # with a reset that nothing needs
    await ends_in_order(place, await charging(place))


async def refused(place: Place, *arguments: str, says: str) -> None:
    with pytest.raises(DemoError, match=says) as error:
        await place.edge(*arguments)
    assert "Traceback" not in str(error.value)


async def charging(place: Place) -> str:
    """Start the gun from the command line until current flows; once more when the guard of a busy machine cuts off."""
    while True:
        session = await place.edge("start", GUN, "--minutes", "30")
        await place.until(partial(flows_or_ended, place, session), "current flows")
        if (await place.charger()).current > 0:
            return session
        await place.story.plug_again()


async def flows_or_ended(place: Place, session: str) -> bool:
    return (await place.charger()).current > 0 or (await place.session(session)).get("ended") is not None


async def ends_in_order(place: Place, session: str) -> None:
    """Each process alone, the edge while it charges; nothing is left in the end."""
    assert place.guard
    took = {}
    for name in EVERYBODY:
        asked = time.monotonic()
        assert (name, await place.crew.end(name)) == (name, 0)
        took[name] = time.monotonic() - asked
        if name == "edge":
            assert place.guard is None
            assert (await place.charger()).is_open
            assert session in {one.session_id for one in edge_sessions(place.site.ledger)}  # ended and billed
    assert max(took.values()) < END_WITHIN, took
    assert place.traces.processes == []
    await asyncio.to_thread(nothing_lies_about, place.site.folder)


def nothing_lies_about(folder: Path) -> None:
    """Sockets and locks of the processes that ended."""
    left = [path.relative_to(folder) for path in folder.rglob("*") if path.is_socket()]
    assert left == []
