"""Who works the device: hooks, simulators, people and time, and what goes wrong with them."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from chargelink.sim.conformance.bench import Fact, Prompt
from chargelink.sim.conformance.figures import Side
from chargelink.sim.conformance.live.attendants import (
    DONE,
    LONGEST_WORDS,
    Answer,
    Attendant,
    Automatic,
    Awakening,
    Hook,
    Person,
    Simulator,
)
from chargelink.sim.conformance.live.observer import Observer
from chargelink.sim.conformance.suite import CASES
from chargelink.sim.orders import taking_orders

CASE = CASES["DN.1001"]
PATIENCE = 20.0  # s
CHM, SIDE = 0x1826F456, Side.CHARGER


def hooked(command: str, patience: float = PATIENCE) -> Answer:
    return asyncio.run(Hook(command, Side.CHARGER, patience).do(Prompt.HOLD_BATTERY, CASE))


def test_a_hook_is_told_what_to_do(tmp_path: Path) -> None:
    script = tmp_path / "hook"
    script.write_text(
        '#!/bin/sh\necho "$@" $CHARGELINK_ACTION $CHARGELINK_CASE $CHARGELINK_SIDE >"$(dirname $0)/told"\n'
    )
    script.chmod(0o700)
    assert hooked(f"{script} relay-3") == DONE
    assert (tmp_path / "told").read_text().split() == [
        "relay-3", "hold-battery", "DN.1001", "hold-battery", "DN.1001", "charger",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("command", "unable", "words"),
    [
        ("echo no such relay; exit 1", False, "(exit code 1): no such relay"),
        ("echo no battery here >&2; exit 77", True, "(exit code 77): no battery here"),
        ("no-such-program-anywhere", False, "(exit code 127)"),
        ("exit 3", False, "(exit code 3): -"),
    ],
)
def test_a_hook_that_fails_says_why(command: str, unable: bool, words: str) -> None:
    done, why, cannot = hooked(f"sh -c '{command}' sh")
    assert (done, cannot) == (False, unable)
    assert why
    assert words in why.english


def test_of_what_a_hook_prints_little_is_kept() -> None:
    answer = hooked("sh -c 'head -c 3000000 /dev/zero | tr \"\\0\" x; exit 1' sh")
    assert answer.why
    assert len(answer.why.english) < LONGEST_WORDS + 100


def test_a_hook_that_hangs() -> None:
    answer = hooked("sleep 1000 #", patience=0.1)
    assert answer.why
    assert "within 0.1 s" in answer.why.english


def test_what_is_no_longer_needed_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    async def cancelled() -> None:
        hook = Hook(
            f"sh -c 'sleep 1000 & echo $! >{tmp_path}/new; mv {tmp_path}/new {tmp_path}/pid; wait'", SIDE, PATIENCE
        )
        asked = asyncio.ensure_future(hook.do(Prompt.CONNECT, CASE))
        async with asyncio.timeout(PATIENCE):
            while not (tmp_path / "pid").exists():  # noqa: ASYNC110 - a file tells nobody
                await asyncio.sleep(0.01)
        asked.cancel()
        await asyncio.wait([asked])

    asyncio.run(cancelled())
    killed = int((tmp_path / "pid").read_text())
    until = time.monotonic() + PATIENCE
    while not ended(killed) and time.monotonic() < until:
        time.sleep(0.01)  # the kernel takes its time
    assert ended(killed)


def test_what_a_hook_leaves_running_goes_on(tmp_path: Path) -> None:
    assert hooked(f"sh -c 'sleep 1000 & echo $! >{tmp_path}/pid'") == DONE
    pid = int((tmp_path / "pid").read_text())
    assert not ended(pid)
    os.kill(pid, signal.SIGKILL)


def ended(pid: int) -> bool:
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] in "ZX"


@pytest.mark.parametrize(
    ("answer", "done"), [("ok", True), ("error plug or stop", False), ("", False), ("x" * 200_000, False)]
)
def test_a_simulator_takes_orders_in_turn(tmp_path: Path, answer: str, done: bool) -> None:
    ordered: list[str] = []

    def obey(line: str) -> str:
        ordered.append(line)
        return answer

    async def order() -> Answer:
        async with taking_orders(tmp_path / "control", obey):
            return await Simulator(tmp_path / "control", Side.VEHICLE).do(Prompt.CONNECT, CASE)

    assert asyncio.run(order()).done is done
    assert ordered == (["unplug", "plug"] if done else ["unplug"])


def test_a_simulator_that_is_not_there(tmp_path: Path) -> None:
    simulator = Simulator(tmp_path / "nobody", Side.CHARGER)
    answer = asyncio.run(simulator.do(Prompt.CONNECT, CASE))
    assert answer.why
    assert "nobody" in answer.why.english
    assert simulator.can(Prompt.RESTART)
    assert not simulator.can(Prompt.AUXILIARY_OFF)


def asking(make: Callable[[Awakening], Attendant], happens: Callable[[Awakening], None]) -> Answer:
    """Ask for the plug; something happens meanwhile."""

    async def ask() -> Answer:
        awakening = Awakening(Side.CHARGER)
        awakening.hear(CHM, 10.0)
        asked = asyncio.ensure_future(make(awakening).do(Prompt.CONNECT, CASE))
        await asyncio.sleep(0)  # it waits now
        await asyncio.sleep(0)
        happens(awakening)
        return await asyncio.wait_for(asked, PATIENCE)

    return asyncio.run(ask())


def test_a_device_that_begins_by_itself() -> None:
    assert asking(lambda awakening: Automatic(awakening, None), lambda awakening: awakening.hear(CHM, 15.0)) == DONE


@pytest.mark.parametrize("frame", [(CHM, 10.5), (0x182756F4, 15.0), (0x1801F456, 15.0), (0x1826F457, 15.0)])
def test_what_is_no_beginning(frame: tuple[int, float]) -> None:
    """The charge goes on, or it is somebody else, or another message."""

    def happens(awakening: Awakening) -> None:
        awakening.hear(*frame)
        asyncio.get_running_loop().call_soon(raise_too_soon, awakening)

    def raise_too_soon(awakening: Awakening) -> None:
        heard.append(awakening._event.is_set())
        awakening.hear(CHM, 20.0)

    heard: list[bool] = []
    assert asking(lambda awakening: Automatic(awakening, None), happens) == DONE
    assert heard == [False]


def test_a_vehicle_that_has_fallen_silent_waits_for_a_charger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Awakening, "SILENCE", 0.05)

    async def wait() -> float:
        awakening, clock = Awakening(Side.VEHICLE), asyncio.get_running_loop().time
        said = clock()
        for identifier, at in ((0x182756F4, said), (0x1826F456, said + 100.0), (0x182756F5, said + 100.0)):
            awakening.hear(identifier, at)
        assert await Automatic(awakening, None).do(Prompt.CONNECT, CASE) == DONE
        return clock() - said

    assert asyncio.run(wait()) >= 0.05


def test_what_a_device_does_not_do_by_itself() -> None:
    automatic = Automatic(Awakening(Side.CHARGER), None)
    assert automatic.can(Prompt.CONNECT)
    assert not automatic.can(Prompt.STOP)
    assert Automatic(Awakening(Side.CHARGER), Hook("true", Side.CHARGER, 1)).can(Prompt.STOP)


@pytest.mark.parametrize(
    ("typed", "done"), [(b"\n", True), (b"s\n", False), (b"", False), (b"CHM", True)], ids=["enter", "s", "gone", "CHM"]
)
def test_a_person_presses_enter_or_is_not_needed(typed: bytes, done: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    there, here = os.pipe()
    said: list[str] = []
    os.write(here, b"\n\n")  # before anything was asked

    def happens(awakening: Awakening) -> None:
        if typed == b"CHM":
            awakening.hear(CHM, 15.0)
        elif typed:
            os.write(here, typed)
        else:
            os.close(here)

    with os.fdopen(there) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        answer = asking(lambda awakening: Person(Side.CHARGER, awakening, lambda *lines: said.extend(lines)), happens)
    if typed:
        os.close(here)
    assert answer.done is done
    assert answer.unable is not done
    assert "start the charge" in said[0]
    assert "CHM" in said[1]


def test_an_observer_tells_facts_and_is_not_believed_otherwise() -> None:
    told: list[tuple[Fact, bool]] = []
    said: list[str] = []
    words = "locked yes|locked no|lockd yes|output-off perhaps||unlocked yes"
    flood = "head -c 3000000 /dev/zero"
    observer = Observer(
        f"printf '{words}' | tr '|' '\\n'; echo; {flood}; echo; echo auxiliary-on yes; exit 3",
        lambda fact, holds: told.append((fact, holds)),
        said.append,
    )
    asyncio.run(observer.watch())
    assert told == [(Fact.LOCKED, True), (Fact.LOCKED, False), (Fact.UNLOCKED, True), (Fact.AUXILIARY_ON, True)]
    assert [line.split(",")[0] for line in said] == [
        "the observer says 'lockd yes'",
        "the observer has ended (exit code 3)",
    ]
