"""What CAN does not show, told by instruments at the device: a command that prints `locked yes`, `output-off no`."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Callable

from chargelink.cli.language import Text
from chargelink.sim.conformance.bench import Fact
from chargelink.sim.conformance.live.attendants import end

CHUNK = 4096
LONGEST_LINE = 200  # bytes
HOLDS = {"yes": True, "no": False}
FACTS = {fact.value.replace("_", "-"): fact for fact in Fact}


class Observer:
    """Runs the command and passes on its facts; says once if it prints something else, and when it ends."""

    def __init__(self, command: str, observe: Callable[[Fact, bool], None], say: Callable[[str], None]) -> None:
        self._command = command
        self._observe = observe
        self._say = say
        self._complained = False

    async def watch(self) -> None:
        """Until it ends, or for ever."""
        process = await asyncio.create_subprocess_exec(
            "/bin/sh", "-c", self._command, stdin=DEVNULL, stdout=PIPE, start_new_session=True
        )
        assert process.stdout
        rest = b""
        try:
            while data := await process.stdout.read(CHUNK):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    self._heard(line[:LONGEST_LINE].decode(errors="replace"))
                rest = rest[:LONGEST_LINE]
            code = await process.wait()
        finally:
            if process.returncode is None:
                await end(process)
        self._say(ENDED.format(code))

    def _heard(self, line: str) -> None:
        name, _, holds = line.strip().partition(" ")
        fact = FACTS.get(name)
        if fact is None or holds not in HOLDS:
            if not self._complained:
                self._say(NO_FACT.format(ascii(line), ", ".join(FACTS)))
            self._complained = True
            return
        self._observe(fact, HOLDS[holds])


NO_FACT = Text(
    "the observer says {}, which is no fact; facts are NAME yes or NAME no, of {}",
    "观测命令输出了 {}，无法识别；应为 “名称 yes” 或 “名称 no”，名称可为 {}",
)
ENDED = Text("the observer has ended (exit code {})", "观测命令已结束 (退出码 {})")
