"""A cluster of PostgreSQL of our own: Debian's programs, a folder, a Unix socket, and nobody else's business."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

CLUSTER = "CHARGELINK_TEST_POSTGRES"  # the folder of the socket of a cluster that runs
USER = "postgres"
FAST = ("-c", "fsync=off", "-c", "full_page_writes=off")  # these tests cut no power


def found() -> Path | None:
    """Where initdb and postgres are; None where they are not."""
    of_debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4]))
    if of_debian:
        return of_debian[-1].parent
    on_path = shutil.which("postgres")
    return Path(on_path).resolve().parent if on_path else None


def programs() -> Path:
    """Where initdb and postgres are. Skips the test without them; with CI=true it fails."""
    if folder := found():
        return folder
    if os.environ.get("CI") == "true":
        pytest.fail("no PostgreSQL; tools/prepare installs it")
    pytest.skip("no PostgreSQL")


@contextmanager
def cluster() -> Iterator[str]:
    """A cluster with its socket in the folder that is given. Never run as root."""
    bin_folder = programs()
    with tempfile.TemporaryDirectory(prefix="chargelink-postgres-") as name:
        folder = Path(name)
        owner: dict[str, int] = {}
        if os.getuid() == 0:
            nobody = pwd.getpwnam("postgres")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            owner = {"user": nobody.pw_uid, "group": nobody.pw_gid}
        data = folder / "data"
        initdb: list[str | Path] = [
            bin_folder / "initdb",
            "-D",
            data,
            "-U",
            USER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ]
        options: dict[str, Any] = {"cwd": folder, "extra_groups": [] if owner else None, **owner}
        subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, **options)
        server: list[str | Path] = [bin_folder / "postgres", "-D", data, "-k", folder, "-h", "", *FAST]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(server, stdout=log, stderr=log, **options)
            try:
                ready: list[str | Path] = [bin_folder / "pg_isready", "-q", "-h", folder, "-t", "30"]
                while subprocess.run(ready, check=False).returncode != 0:
                    if process.poll() is not None:
                        raise RuntimeError((folder / "log").read_text())
                yield str(folder)
            finally:
                process.terminate()
                process.wait(30)


def url(socket: str, database: str) -> str:
    """Where a database of a cluster is, as `hub serve --database` takes it."""
    return f"postgres://{USER}@/{database}?host={socket}"


async def create(socket: str, name: str) -> None:
    """A new database without any table."""
    connection = await asyncpg.connect(url(socket, "postgres"))
    await connection.execute(f'CREATE DATABASE "{name}"')
    await connection.close()


async def empty(socket: str, name: str) -> None:
    """Take everything out of the tables of a database; a tenth of the time that a new one takes."""
    connection = await asyncpg.connect(url(socket, name))
    tables = await connection.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'tortoise_migrations'"
    )
    await connection.execute("; ".join(f'DELETE FROM "{row[0]}"' for row in tables))
    await connection.close()
