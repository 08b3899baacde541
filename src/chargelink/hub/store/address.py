"""Where the database is: a file in the hub's folder, or a URL of PostgreSQL."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from chargelink.cli.command import CommandError
from chargelink.cli.language import Text

FILE = "hub.db"
DATABASE = "CHARGELINK_DATABASE"  # the environment's word for `--database`: the URL may hold a password
SCHEMES = ("postgres", "postgresql")
POOL = 4  # connections for what people look at and edit


def require_url(text: str) -> str:
    """A URL of PostgreSQL. Raises ValueError for anything else."""
    parts = urlsplit(text)
    if parts.scheme not in SCHEMES or not parts.path.strip("/"):
        raise ValueError("postgres://USER:PASSWORD@HOST:PORT/DATABASE")
    return text


def require_driver() -> None:
    """Raises CommandError where the driver of PostgreSQL is not installed."""
    try:
        import asyncpg  # noqa: F401
    except ImportError:
        raise CommandError(
            Text(
                "PostgreSQL needs a driver: pip install 'chargelink[hub-postgres]'",
                "使用 PostgreSQL 需安装驱动: pip install 'chargelink[hub-postgres]'",
            )
        ) from None


def credentials(url: str) -> dict[str, Any]:
    """A URL as Tortoise's asyncpg backend wants it. `?host=/folder` names a Unix socket."""
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    return {
        "host": query.pop("host", None) or parts.hostname or "localhost",
        "port": int(query.pop("port", 0)) or parts.port or 5432,
        "user": unquote(parts.username or "") or query.pop("user", "postgres"),
        "password": unquote(parts.password or "") or query.pop("password", None),
        "database": parts.path.strip("/"),
        "minsize": 1,
        "maxsize": POOL,
        **query,
    }


def connection(directory: Path, url: str | None) -> dict[str, Any]:
    """What Tortoise is told about its connection."""
    if url is not None:
        return {"engine": "tortoise.backends.asyncpg", "credentials": credentials(url)}
    return {
        "engine": "chargelink.hub.store.sqlite",
        "credentials": {"file_path": str(directory / FILE), "synchronous": "FULL", "busy_timeout": 5000},
    }
