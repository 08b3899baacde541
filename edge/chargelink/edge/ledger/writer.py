"""One thread that owns the database and commits for all who wait, many at a time.

A commit costs a flush of the storage (0.1 ms on a disk, 2 to 20 ms on eMMC and SD cards), whether it holds one piece
of work or a hundred: so what came in during one commit goes together into the next. Whoever waits is told after the
commit, never before.
"""

import asyncio
import contextlib
import fcntl
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any, NamedTuple, TypeVar

from chargelink.edge.ledger.database import Database, Entry
from chargelink.wire import ChargelinkError

LARGEST_GROUP = 256

Result = TypeVar("Result")
Work = Callable[[Database], Any]


class LedgerError(ChargelinkError):
    """The ledger cannot be read or written: a full or failing disk, a damaged file, another edge that uses it."""


class _Job(NamedTuple):
    work: Work | Entry
    done: "asyncio.Future[Any]"


class Writer:
    """Runs work on the database for one event loop, in order; each piece wholly or not at all."""

    def __init__(self, database: Database, lock: IO[bytes]) -> None:
        """`lock` is held for as long as the database is open."""
        self._database = database
        self._lock = lock
        self._queue: SimpleQueue[_Job | None] = SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="ledger", daemon=True)
        self._thread.start()
        self.commits = 0
        self.on_change: Callable[[], None] | None = None
        """Called in the loop after each commit that changed something."""

    async def run(self, work: Callable[[Database], Result]) -> Result:
        """Have the work done and committed. If cancelled it may still be done.

        Raises LedgerError if it could not be stored, and whatever the work itself raises; then nothing of it is kept.
        """
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._put(_Job(work, done))
        return await done

    async def append(self, entry: Entry) -> int:
        """Record something; its seq. As `run`, and many times as fast."""
        done: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._put(_Job(entry, done))
        return await done

    def _put(self, job: _Job) -> None:
        if self._closed:
            raise LedgerError("the ledger is closed")
        self._queue.put(job)

    async def close(self) -> None:
        """Finish what was asked for and close the file."""
        self._closed = True
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)
        self._lock.close()

    def _work(self) -> None:
        while (group := self._next_group())[0] is not None:
            jobs = [job for job in group if job is not None]
            before = self._database.total_changes
            outcomes = self._commit(jobs)
            changed = self._database.total_changes != before
            with contextlib.suppress(RuntimeError):  # nobody waits in a loop that is closed
                jobs[0].done.get_loop().call_soon_threadsafe(self._tell, jobs, outcomes, changed)
            if group[-1] is None:
                break
        self._database.close()

    def _tell(self, jobs: list[_Job], outcomes: list[Any], changed: bool) -> None:
        """In the loop: give all who waited their outcome at once."""
        for job, outcome in zip(jobs, outcomes, strict=True):
            if job.done.done():
                continue  # cancelled meanwhile
            if isinstance(outcome, _Failed):
                job.done.set_exception(outcome.error)
            else:
                job.done.set_result(outcome)
        if changed and self.on_change is not None:
            self.on_change()

    def _next_group(self) -> list[_Job | None]:
        """Wait for one job, take what else is there; None ends it."""
        group = [self._queue.get()]
        while group[-1] is not None and len(group) < LARGEST_GROUP:
            try:
                group.append(self._queue.get_nowait())
            except Empty:
                break
        return group

    def _commit(self, jobs: list[_Job]) -> list[Any]:
        """The outcome of each job: its result, or the exception that it ends with."""
        database = self._database
        mark = database.mark()
        try:
            database.execute("BEGIN IMMEDIATE")
            outcomes = [
                database.add(job.work) if isinstance(job.work, Entry) else _attempt(database, job.work) for job in jobs
            ]
            database.settle()
            database.execute("COMMIT")
        except sqlite3.Error as error:
            if database.in_transaction:
                database.execute("ROLLBACK")
            database.back_to(mark)
            return [_Failed(LedgerError(f"not stored: {error}")) for _ in jobs]
        self.commits += 1
        return outcomes


class _Failed(NamedTuple):
    error: Exception


def _attempt(database: Database, work: Work) -> Any:
    """Do one piece of work inside the common transaction; leave nothing of it if it fails."""
    mark = database.mark()
    database.execute("SAVEPOINT work")
    try:
        outcome = work(database)
    except Exception as error:
        if isinstance(error, sqlite3.Error) and not isinstance(error, sqlite3.IntegrityError):
            raise  # the disk, not the work: nothing of this group can be trusted
        database.execute("ROLLBACK TO work")
        database.back_to(mark)
        outcome = _Failed(error)
    database.execute("RELEASE work")
    return outcome


def only_one(path: Path) -> IO[bytes]:
    """Hold the file's lock for as long as we live: two daemons with one ledger would bill twice. Raises LedgerError."""
    lock = path.with_name(f"{path.name}.lock")
    try:
        held = lock.open("ab")
    except OSError as error:
        raise LedgerError(f"{lock}: {error.strerror}") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.close()
        raise LedgerError(f"{path}: in use by another edge") from error
    return held
