"""The command as a process: exit codes, pipes that go away, Ctrl-C, live input."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

SPELLING = [sys.executable, "-m", "tests.trace.spelling", "spelling", "--lang", "en"]
ROOT = Path(__file__).parents[2]
PATIENCE = 30  # s; generous, nothing is measured


def run(line: list[str], sent: bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        line, input=sent, capture_output=True, cwd=ROOT, env=os.environ | environment, timeout=PATIENCE, check=False
    )


@contextmanager
def running(line: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """A process with pipes to all of its ends and the ordinary answer to Ctrl-C."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        line,
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
        cwd=ROOT,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for end in (process.stdin, process.stdout, process.stderr):
            assert end
            with suppress(BrokenPipeError):
                end.close()


@pytest.mark.parametrize(
    ("sent", "code", "summary"),
    [
        (b"one\ntwo\n", 0, b"2 messages, 0 defects\n"),
        (b"one\ntw0\n", 1, b"2 messages, 1 defect\n"),
        (b"", 0, b"0 messages, 0 defects\n"),
    ],
)
def test_exit_codes(sent: bytes, code: int, summary: bytes) -> None:
    done = run(SPELLING, sent)
    assert (done.returncode, done.stderr) == (code, summary)
    assert done.stdout.count(b"\n") == sent.count(b"\n")


def test_json_says_nothing_else() -> None:
    done = run([*SPELLING, "--json"], b"one\ntw0\n")
    assert done.stdout == b'{"word": "one", "conforming": true}\n{"word": "tw0", "conforming": false}\n'
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize("path", ["/nonexistent/log", str(ROOT)])
def test_what_cannot_be_opened(path: str) -> None:
    done = run([*SPELLING, path])
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"chargelink: cannot open ")
    assert done.stderr.count(b"\n") == 1


def test_errors_are_chinese_where_the_locale_is() -> None:
    done = run([*SPELLING[:-2], "/nonexistent/log"], LC_ALL="zh_CN.UTF-8")
    assert "无法打开 /nonexistent/log" in done.stderr.decode()


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["listing", "json"])
def test_a_live_input_is_shown_as_it_comes(form: list[str]) -> None:
    with running([*SPELLING, *form]) as process:
        assert process.stdin
        assert process.stdout
        for word in (b"one", b"two"):
            process.stdin.write(word + b"\n")
            process.stdin.flush()
            assert word in process.stdout.readline()  # before the input ends


@pytest.mark.parametrize("form", [[], ["--json"]], ids=["listing", "json"])
def test_a_reader_that_goes_away(form: list[str]) -> None:
    """As `| head -1` does."""
    with running([*SPELLING, *form]) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(b"one\n")
        process.stdin.flush()
        process.stdout.readline()
        process.stdout.close()
        process.stdin.write(b"two\n")
        process.stdin.close()
        assert process.wait(PATIENCE) == 141
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    ("form", "said"), [([], b"1 message, 0 defects\n"), (["--json"], b"")], ids=["listing", "json"]
)
def test_ctrl_c(form: list[str], said: bytes) -> None:
    with running([*SPELLING, *form]) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(b"one\n")
        process.stdin.flush()
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 130
        assert process.stderr.read() == said


HEAVY = {"msgspec", "construct", "cryptography", "can", "tqdm", "asyncio", "chargelink.trace.report"}


@pytest.mark.parametrize("line", [["--version"], ["--help"], ["decode", "--help"]], ids=" ".join)
def test_the_start_is_light(line: list[str]) -> None:
    code = (
        "import sys; from chargelink.cli.main import main\n"
        f"try: main({line!r})\n"
        "except SystemExit: pass\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = run([sys.executable, "-c", code])
    assert done.stdout.startswith((b"chargelink 0.", b"usage: ", "用法: ".encode()))
    assert not HEAVY & {*done.stderr.decode().split()}


def test_the_script_is_installed() -> None:
    done = run([sys.executable, "-m", "chargelink.cli", "--version"])
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(b"chargelink ")
