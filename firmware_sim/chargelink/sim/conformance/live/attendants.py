"""Who does at the device what a case asks for: a person, a shell command, a simulator, or nobody but time.

An attendant says beforehand what it can do, and is asked for one thing after the other.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, STDOUT, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, NamedTuple, Protocol

from chargelink.cli.language import Text
from chargelink.cli.reasons import reason
from chargelink.sim.conformance.bench import Prompt
from chargelink.sim.conformance.case import Case
from chargelink.sim.conformance.figures import MESSAGES, Side
from chargelink.sim.conformance.wording import filled

CANNOT = 77  # exit code of a hook whose device cannot do it; elsewhere, too, it means that a test is skipped
LONGEST_WORDS = 500  # bytes of what a hook printed last
TYPED_AT_ONCE = 4096  # bytes
ORDER_PATIENCE = 10.0  # s for a simulator's answer
ORDERS: Mapping[Side, Mapping[Prompt, tuple[str, ...]]] = {  # what a simulator takes
    Side.CHARGER: {
        Prompt.CONNECT: ("plug",),
        Prompt.STOP: ("stop",),
        Prompt.RESTART: ("restart",),
        Prompt.HOLD_BATTERY: ("hold-battery",),
    },
    Side.VEHICLE: {
        Prompt.CONNECT: ("unplug", "plug"),
        Prompt.STOP: ("stop",),
        Prompt.AUXILIARY_OFF: ("aux-off",),
    },
}


class Answer(NamedTuple):
    """Whether it was done; if not, why, and whether the device is `unable` to."""

    done: bool
    why: Text | None = None
    unable: bool = False


DONE = Answer(True)


class Attendant(Protocol):
    """Does what is asked for. `do` may be cancelled when it is no longer needed."""

    def can(self, prompt: Prompt) -> bool: ...
    async def do(self, prompt: Prompt, case: Case) -> Answer: ...


class Awakening:
    """Hears a device begin again: a charger by CHM, when it had not said that for a while.

    A vehicle says nothing before a charger does, and the tester says nothing meanwhile: it was silent for a while.
    """

    PAUSE = 1.0  # s without CHM; four periods
    SILENCE = 3.0  # s of a vehicle, longer than any period but those of BMV, BMT and BSP

    def __init__(self, side: Side) -> None:
        self._side = side
        self._addresses = side.opposite.value << 8 | side.value
        self._last = float("-inf")
        self._event = asyncio.Event()

    def hear(self, identifier: int, now: float) -> None:
        """Take any frame of the bus."""
        chm = identifier >> 16 & 0xFF == MESSAGES["CHM"].pdu_format
        if identifier & 0xFFFF != self._addresses or (self._side is Side.CHARGER and not chm):
            return
        if now - self._last > self.PAUSE:
            self._event.set()
        self._last = now

    async def happens(self) -> None:
        """The next one from now on."""
        if self._side is Side.CHARGER:
            self._event.clear()
            await self._event.wait()
            return
        clock = asyncio.get_running_loop().time
        while (wait := self._last + self.SILENCE - clock()) > 0:  # noqa: ASYNC110 - silence is no event
            await asyncio.sleep(wait)


class Automatic:
    """The device begins again by itself after a while; for anything else there is `other`, or nobody."""

    def __init__(self, awakening: Awakening, other: Attendant | None) -> None:
        self._awakening = awakening
        self._other = other

    def can(self, prompt: Prompt) -> bool:
        return prompt is Prompt.CONNECT or (self._other is not None and self._other.can(prompt))

    async def do(self, prompt: Prompt, case: Case) -> Answer:
        if prompt is not Prompt.CONNECT and self._other is not None:
            return await self._other.do(prompt, case)
        await self._awakening.happens()
        return DONE


class Person:
    """Somebody at a terminal. A charger that begins need not be confirmed: the tester hears it."""

    def __init__(self, side: Side, awakening: Awakening, ask: Callable[..., None]) -> None:
        self._side = side
        self._awakening = awakening
        self._ask = ask
        self._pressed = asyncio.Event()
        self._words = b""  # typed since the last question
        self._left = False  # standard input is closed
        asyncio.get_running_loop().add_reader(sys.stdin.fileno(), self._read)

    def _read(self) -> None:
        typed = os.read(sys.stdin.fileno(), TYPED_AT_ONCE)
        self._left = self._left or not typed
        self._words = (self._words + typed)[-TYPED_AT_ONCE:]
        if self._left:
            asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        if self._left or b"\n" in typed:
            self._pressed.set()

    def can(self, prompt: Prompt) -> bool:
        return True

    async def do(self, prompt: Prompt, case: Case) -> Answer:
        heard = prompt is Prompt.CONNECT and self._side is Side.CHARGER
        self._ask(f"  >> {case.id}: {prompt.text(self._side is Side.VEHICLE)}", f"     {HEARD if heard else CONFIRM}")
        self._words = b""  # what was pressed before anything was asked
        if not self._left:
            self._pressed.clear()
        moments = [self._pressed.wait(), *([self._awakening.happens()] if heard else [])]
        tasks = [asyncio.ensure_future(moment) for moment in moments]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        if tasks[0].done() and (self._left or self._words.strip()):
            return Answer(False, SKIPPED, unable=True)
        return DONE


class Hook:
    """A shell command, called with the action and the id of the case; 0 done, 77 cannot be done here, else failed."""

    def __init__(self, command: str, side: Side, patience: float) -> None:
        self._command = command
        self._side = side
        self._patience = patience

    def can(self, prompt: Prompt) -> bool:
        return True

    async def do(self, prompt: Prompt, case: Case) -> Answer:
        action = prompt.value.replace("_", "-")
        told = {
            "CHARGELINK_ACTION": action,
            "CHARGELINK_CASE": case.id,
            "CHARGELINK_SIDE": self._side.name.lower(),
        }
        with TemporaryFile() as printed:  # no pipe: what the hook leaves running may keep it open
            process = await asyncio.create_subprocess_exec(
                "/bin/sh", "-c", f'{self._command} "$@"', "hook", action, case.id,
                stdin=DEVNULL, stdout=printed, stderr=STDOUT, env=os.environ | told, start_new_session=True,
            )  # fmt: skip
            try:
                async with asyncio.timeout(self._patience):
                    code = await process.wait()
            except TimeoutError:
                return Answer(False, filled(HOOK_HANGS, action, f"{self._patience:g}"))
            finally:
                if process.returncode is None:
                    await end(process)
            if code == 0:
                return DONE
            words = _last_words(printed)
        return Answer(False, filled(HOOK_FAILED, action, code, words or "-"), unable=code == CANNOT)


def _last_words(printed: IO[bytes]) -> str:
    """The last line of what was printed, however much that is."""
    printed.seek(max(printed.seek(0, os.SEEK_END) - LONGEST_WORDS, 0))
    lines = printed.read(LONGEST_WORDS).decode(errors="replace").split("\n")
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


async def end(process: Process) -> None:
    """End a process that leads a session, with all that it started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


class Simulator:
    """A simulator of ours by its `--control` socket."""

    def __init__(self, path: Path, side: Side) -> None:
        self._path = path
        self._orders = ORDERS[side]

    def can(self, prompt: Prompt) -> bool:
        return prompt in self._orders

    async def do(self, prompt: Prompt, case: Case) -> Answer:
        try:
            async with asyncio.timeout(ORDER_PATIENCE):
                return await self._order(*self._orders[prompt])
        except (OSError, ValueError) as error:  # ValueError: a line without end. A timeout is an OSError
            return Answer(False, filled(NO_CONTROL, self._path, reason(error)))

    async def _order(self, *orders: str) -> Answer:
        """One after the other; the first that is refused ends it."""
        reader, writer = await asyncio.open_unix_connection(self._path)
        try:
            for order in orders:
                writer.write(f"{order}\n".encode())
                answer = (await reader.readline()).decode(errors="replace").strip()
                if answer != "ok":
                    return Answer(False, filled(REFUSED, order, answer))
        finally:
            writer.close()
        return DONE


HEARD = Text(
    "The tester goes on when it hears CHM; or press Enter. s and Enter: leave this case out.",
    "测试系统收到 CHM 后自动继续，也可按回车；输入 s 并回车则跳过本用例。",
)
CONFIRM = Text("Then press Enter. s and Enter: leave this case out.", "完成后按回车；输入 s 并回车则跳过本用例。")
SKIPPED = Text("left out by the person at the device", "由现场人员跳过")
HOOK_FAILED = Text("the hook could not do '{}' (exit code {}): {}", "钩子命令无法执行 “{}” (退出码 {}): {}")
HOOK_HANGS = Text("the hook did not finish '{}' within {} s", "钩子命令未能在 {1} s 内完成 “{0}”")
NO_CONTROL = Text("no simulator takes orders at {}: {}", "{} 处没有可控制的仿真设备: {}")
REFUSED = Text("the simulator did not do '{}': {}", "仿真设备未执行 “{}”: {}")
