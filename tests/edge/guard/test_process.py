"""The real process over its real datagrams, with a simulated charger and one-shot."""

import os
import signal
import socket
from contextlib import suppress
from pathlib import Path

import pytest
from tests.edge.guard.rig import PATIENCE, Rig, tell
from tests.edge.guard.told import KNOWN, MS, WANTED, facts, inputs

from chargelink.edge.guard import mark

MOST_RESIDENT = 14 * 1024  # KiB


def test_it_permits_and_is_small() -> None:
    def story(rig: Rig) -> None:
        rig.charge()
        said = dict(word.split("=") for word in rig.ready[1:])
        assert rig.ready[0] == "ready"
        assert said["scheduling"] in ("fifo", "other")
        assert said["memory"] in ("locked", "pageable")
        lines = Path(f"/proc/{rig.process.pid}/status").read_text().splitlines()
        status = dict(line.split(":", 1) for line in lines)
        resident = int(status["VmRSS"].split()[0])
        print(f"guard: {resident} KiB resident, {said}")
        assert resident <= MOST_RESIDENT
        assert mark.read(str(rig.mark)) == mark.Mark(mark.ARMED)
        assert (rig.folder / "inputs").stat().st_mode & 0o077 == 0
        assert (rig.folder / "facts").stat().st_mode & 0o077 == 0

    tell(story)


def test_a_pressed_button_opens_and_stays_open_until_the_reset() -> None:
    def story(rig: Rig) -> None:
        rig.charge()
        rig.pressed = True
        pressed = rig.now
        rig.feed(pressed)
        rig.until(lambda: not rig.closed, "open")
        assert rig.words(pressed).strip(b"P")[:1] == b"O"
        rig.until(lambda: rig.state == "tripped", "tripped")
        assert rig.report["rule"] == "estop"
        rig.until(lambda: mark.read(str(rig.mark)) == mark.Mark(mark.TRIPPED, "estop", 1), "mark")
        rig.say("facts", b"RESET")
        rig.until(lambda: "estop" in rig.report["refused"], "refused")
        rig.reset()
        rig.until(lambda: mark.read(str(rig.mark)) == mark.Mark(mark.CLEAR, sequence=1), "mark")
        rig.charge()

    tell(story)


def test_a_daemon_that_dies_stops_the_modules_then_the_contactor() -> None:
    def story(rig: Rig) -> None:
        rig.charge()
        rig.telling = False
        since = rig.now
        rig.until(lambda: rig.state == "tripped", "tripped")
        rig.until(lambda: not rig.closed, "open")
        assert rig.report["rule"] == "stale-daemon"
        words = rig.words(since).replace(b"P", b"")
        assert words[:1] == b"M"
        assert b"O" in words

    tell(story)


def test_inputs_that_stop_open_at_once() -> None:
    def story(rig: Rig) -> None:
        rig.charge()
        rig.feeding = False
        since = rig.now
        rig.until(lambda: not rig.closed and rig.state == "tripped", "open")
        assert rig.report["rule"] == "stale-input"
        assert b"M" not in rig.words(since)

    tell(story)


def test_a_guard_that_hangs_lets_the_one_shot_drop_and_does_not_close_it_again() -> None:
    def story(rig: Rig) -> None:
        rig.charge()
        rig.process.send_signal(signal.SIGSTOP)
        rig.until(lambda: not rig.closed, "open")
        rig.report = {}
        resumed = rig.now
        rig.process.send_signal(signal.SIGCONT)
        rig.until(lambda: rig.state == "tripped", "tripped")
        assert rig.report["rule"] == "overrun"
        rig.until(lambda: rig.now - resumed > 200 * MS, "a while")
        assert set(rig.words(resumed)) == set(b"O")

    tell(story)


def test_a_guard_that_is_killed_starts_latched() -> None:
    def story(rig: Rig) -> None:
        rig.charge()
        rig.process.kill()
        rig.until(lambda: not rig.closed, "open")
        rig.restart()
        rig.until(lambda: rig.state == "tripped", "latched")
        assert rig.report["rule"] == "unclean-start"
        assert rig.report["values"] == {"mark": "armed", "rule": "-"}
        rig.reset()
        rig.charge()

    tell(story)


@pytest.mark.parametrize("found", [None, b"", b"clear\n", mark.Mark(mark.CLEAR).encode()[:-4]])
def test_a_mark_that_is_missing_or_torn_is_latched(found: bytes | None) -> None:
    def story(rig: Rig) -> None:
        rig.stop()
        if found is None:
            rig.mark.unlink()
        else:
            rig.mark.write_bytes(found)
        rig.restart()
        rig.until(lambda: rig.state == "tripped", "latched")
        assert rig.report["rule"] == "unclean-start"

    tell(story)


def test_hostile_datagrams_are_ignored_and_counted() -> None:
    def story(rig: Rig) -> None:
        rig.charge()
        before = dict(rig.report["ignored"])
        repeated, replayed = inputs(rig.counter), facts(rig.counter - 1, rig.now - 5 * MS, WANTED | KNOWN)
        for attack in (b"", b"\0" * 16, b"\xff" * 26, os.urandom(4096), repeated, inputs(0)[:15], b"RESET" * 2):
            rig.say("inputs", attack)
            rig.say("facts", attack)
            rig.turn()
        rig.say("facts", replayed)
        wanted = {name: count + 7 for name, count in before.items()}
        rig.until(lambda: all(rig.report["ignored"][name] >= wanted[name] for name in wanted), "counted")
        assert rig.state == "permit"
        assert rig.closed

    tell(story)


def test_a_flood_does_not_keep_it_from_its_work() -> None:
    def story(rig: Rig) -> None:
        rig.charge()
        began = rig.now
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as flood:
            while rig.now - began < 300 * MS:
                with suppress(BlockingIOError):
                    for _ in range(200):
                        flood.sendto(b"flood", str(rig.folder / "facts"))
                rig.turn()
        assert rig.closed
        assert rig.state == "permit"
        rig.pressed = True
        rig.until(lambda: not rig.closed and rig.state == "tripped", "open")
        assert rig.report["rule"] == "estop"

    tell(story)


def test_an_orderly_end_in_the_middle_of_a_charge() -> None:
    def story(rig: Rig) -> None:
        rig.charge()
        since = rig.now
        rig.process.send_signal(signal.SIGTERM)
        rig.until(lambda: rig.process.poll() is not None, "ended")
        assert rig.process.returncode == 0
        words = rig.words(since).replace(b"P", b"")
        assert words[:1] == b"M"
        assert words[-1:] == b"O"
        assert mark.read(str(rig.mark)) == mark.Mark(mark.CLEAR)
        assert not (rig.folder / "inputs").exists()
        assert not (rig.folder / "facts").exists()

    tell(story)


def test_two_guards_do_not_share_lines() -> None:
    with Rig() as rig:
        second = rig.start()
        _, error = second.communicate(timeout=PATIENCE)
        assert second.returncode == 3
        assert "guarded by another process" in error


def test_a_mark_that_cannot_be_written_permits_nothing() -> None:
    def story(rig: Rig) -> None:
        rig.until(lambda: rig.state == "armed", "armed")
        (rig.folder / "mark.new").mkdir()
        rig.wanted = True
        rig.until(lambda: rig.report["mark"] is None, "failure told")
        assert not rig.closed
        (rig.folder / "mark.new").rmdir()
        rig.until(lambda: rig.closed, "tried again")

    tell(story)
