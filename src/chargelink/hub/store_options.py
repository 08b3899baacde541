"""The options of commands that say where the hub's data is, and for how long what is kept."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from chargelink.cli.language import Text
from chargelink.hub.store.address import DATABASE, require_driver, require_url

if TYPE_CHECKING:
    from chargelink.hub.services.retention import Retention

MOST_YEARS, MOST_DAYS = 100, 36_600
RECORDS_YEARS, TELEMETRY_DAYS, CURVES_DAYS = 5, 92, 92


def add_hub(parser: argparse.ArgumentParser) -> None:
    """The options of commands beside a hub: its folder and its database."""
    add_data(parser)
    add_database(parser)


def add_data(parser: argparse.ArgumentParser) -> None:
    """The option `--data` of commands beside a hub."""
    parser.add_argument(
        "--data",
        type=Path,
        required=True,
        metavar=str(Text("DIR", "目录")),
        help=str(Text("the hub's folder, as in `hub serve`", "平台数据目录，与 hub serve 相同")),
    )


def add_database(parser: argparse.ArgumentParser) -> None:
    """The option `--database`."""
    parser.add_argument(
        "--database",
        type=require_url,
        default=os.environ.get(DATABASE),
        metavar="URL",
        help=Text(
            "postgres://USER:PASSWORD@HOST:PORT/NAME instead of a file in the folder; the variable {} says the same and"
            " shows no password in the list of processes",
            "改用 PostgreSQL: postgres://用户:密码@主机:端口/库名；也可用环境变量 {} 给出，密码不会出现在进程列表中",
        ).format(DATABASE),
    )


def add_store_options(parser: argparse.ArgumentParser) -> None:
    """Which database, and for how long what is kept."""
    add_database(parser)
    parser.add_argument(
        "--keep-records-years",
        type=years,
        default=RECORDS_YEARS,
        metavar=str(Text("YEARS", "年")),
        help=Text(
            "how long records stay; sessions and bills stay for ever (default: {})",
            "记录保留年数；充电过程与账单永久保留 (默认: {})",
        ).format(RECORDS_YEARS),
    )
    parser.add_argument(
        "--keep-telemetry-days",
        type=days,
        default=TELEMETRY_DAYS,
        metavar=str(Text("DAYS", "天")),
        help=Text(
            "how long every sample stays in full resolution (default: {})", "全分辨率采样保留天数 (默认: {})"
        ).format(TELEMETRY_DAYS),
    )
    parser.add_argument(
        "--keep-curves-days",
        type=days,
        default=CURVES_DAYS,
        metavar=str(Text("DAYS", "天")),
        help=Text("how long the curves of the page stay (default: {})", "网页曲线保留天数 (默认: {})").format(
            CURVES_DAYS
        ),
    )


def years(text: str) -> int:
    """1 to `MOST_YEARS`. Raises ValueError."""
    return _within(text, MOST_YEARS)


def days(text: str) -> int:
    """1 to `MOST_DAYS`. Raises ValueError."""
    return _within(text, MOST_DAYS)


def database_of(arguments: argparse.Namespace) -> str | None:
    """The URL of PostgreSQL, None for SQLite. Raises CommandError where its driver is missing."""
    url: str | None = arguments.database
    if url is not None:
        require_driver()
    return url


def retention_of(arguments: argparse.Namespace) -> "Retention":
    """For how long what is kept."""
    from chargelink.hub.services.retention import DAY, YEAR, Retention

    return Retention(
        records=arguments.keep_records_years * YEAR,
        telemetry=arguments.keep_telemetry_days * DAY,
        curves=arguments.keep_curves_days * DAY,
    )


def _within(text: str, most: int) -> int:
    number = int(text)
    if not 1 <= number <= most:
        raise ValueError(number)
    return number
