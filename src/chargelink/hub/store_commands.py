"""The commands `chargelink hub backup`, `restore` and `verify`: what the hub keeps, in one file, put back, checked."""

import argparse
import asyncio
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from chargelink.cli.command import Command, CommandError, Example, Exit, Offer
from chargelink.cli.language import Text
from chargelink.hub.store_options import add_hub, database_of

if TYPE_CHECKING:
    from chargelink.hub.store.sources import Source

Result = TypeVar("Result")

BACKUP = Text(
    "everything that the hub keeps, in one file; the hub may be running", "将平台全部数据存为一个文件，可在运行中进行"
)
RESTORE = Text("a hub from a backup, after checking every chain in it", "由备份恢复平台，恢复前逐链校验")
VERIFY = Text("check every record, chain and signature that the hub keeps", "校验平台保存的每条记录、链与签名")


def configure_backup(parser: argparse.ArgumentParser) -> None:
    add_hub(parser)
    parser.add_argument(
        "file",
        type=Path,
        metavar=str(Text("FILE", "文件")),
        help=str(Text("where the backup goes; replaced in one step", "备份文件，一次性替换")),
    )


def configure_restore(parser: argparse.ArgumentParser) -> None:
    add_hub(parser)
    parser.add_argument("file", type=Path, metavar=str(Text("FILE", "文件")), help=str(Text("a backup", "备份文件")))
    parser.add_argument(
        "--force",
        action="store_true",
        help=str(
            Text(
                "put it over a database that is there, and also when checks fail",
                "覆盖已有数据库；校验未通过时也恢复",
            )
        ),
    )


def configure_verify(parser: argparse.ArgumentParser) -> None:
    add_hub(parser)


def run_backup(arguments: argparse.Namespace) -> int:
    """Write a backup and say what it holds."""
    from chargelink.hub.store import backup

    _done(backup.save(arguments.data, database_of(arguments), arguments.file))
    size = arguments.file.stat().st_size
    print(Text("{}: {:.1f} MB", "{}: {:.1f} MB").format(arguments.file, size / 1e6))
    return Exit.CLEAN


def run_restore(arguments: argparse.Namespace) -> int:
    """Check a backup, say what it holds, and put it back."""
    return _done(_restore(arguments.file, arguments.data, database_of(arguments), arguments.force))


def run_verify(arguments: argparse.Namespace) -> int:
    """Check the database of a hub, which may be running."""
    return _done(_verify(arguments.data, database_of(arguments)))


async def _restore(file: Path, data: Path, url: str | None, force: bool) -> int:
    from chargelink.hub.store import backup
    from chargelink.hub.store.address import FILE
    from chargelink.hub.store.sources import sqlite_source

    async with backup.unpacked(file, data) as (folder, _):
        code = await _told(sqlite_source(folder / FILE))
        if code != Exit.CLEAN and not force:
            problem = Text(
                "not restored: the backup is not right; --force restores it all the same",
                "未恢复: 备份内容校验未通过；如仍要恢复请加 --force",
            )
            raise CommandError(problem)
        await backup.put_back(folder, data, url, replace=force)
    print(
        Text(
            "restored; start it: chargelink hub serve --data {}", "已恢复；启动: chargelink hub serve --data {}"
        ).format(data)
    )
    return code


async def _verify(data: Path, url: str | None) -> int:
    from chargelink.hub.store.address import FILE
    from chargelink.hub.store.sources import postgres_source, sqlite_source

    if url is not None:
        return await _told(postgres_source(url))
    if not (data / FILE).exists():
        raise FileNotFoundError(f"no hub has run in {data}")
    return await _told(sqlite_source(data / FILE))


async def _told(opening: "AbstractAsyncContextManager[Source]") -> int:
    """Check every lane, say what is wrong and what there is."""
    from chargelink.hub.store import verify

    lanes = records = signed = faults = 0
    async with opening as source:
        async for lane in verify.lanes(source):
            lanes, records, signed = lanes + 1, records + lane.records, signed + lane.signed
            faults += len(lane.faults)
            for fault in lane.faults:
                print(fault)
            for note in lane.notes:
                print(Text("(told when it came) {}", "（到达时已告警）{}").format(note))
    summary = Text("{} lanes, {} records, {} signatures: {}", "{} 条链，{} 条记录，{} 个签名: {}").format(
        lanes,
        records,
        signed,
        Text("{} wrong", "{} 处错误").format(faults) if faults else Text("all right", "全部正确"),
    )
    print(summary)
    return Exit.DEFECTS if faults else Exit.CLEAN


def _done(work: Coroutine[Any, Any, Result]) -> Result:
    """Run it. Raises CommandError for what the user can mend."""
    import sqlite3

    from tortoise.exceptions import BaseORMException

    from chargelink.hub.store.archive import BackupError
    from chargelink.hub.store.transfer import NotEmptyError
    from chargelink.hub.store.trouble import is_trouble

    try:
        return asyncio.run(work)
    except NotEmptyError:
        problem = Text(
            "there is a hub's database already; --force puts the backup in its place",
            "目标位置已有平台数据库；加 --force 可替换",
        )
        raise CommandError(problem) from None
    except BackupError as error:
        raise CommandError(Text("not a whole backup: {}", "备份不完整: {}").format(error)) from None
    except (OSError, sqlite3.Error, BaseORMException) as error:
        raise CommandError(Text("the hub's database: {}", "平台数据库: {}").format(error)) from None
    except Exception as error:
        if not is_trouble(error):
            raise
        raise CommandError(Text("the hub's database: {}", "平台数据库: {}").format(error)) from None


OFFERS = (
    Offer(
        "backup",
        BACKUP,
        lambda: Command(
            name="backup",
            summary=BACKUP,
            configure=configure_backup,
            run=run_backup,
            examples=(
                Example(
                    "chargelink hub backup --data ./hub hub.backup",
                    Text("with the hub's keys: keep it as safe as the hub", "含平台密钥，须与平台同等保管"),
                ),
            ),
        ),
    ),
    Offer(
        "restore",
        RESTORE,
        lambda: Command(
            name="restore",
            summary=RESTORE,
            configure=configure_restore,
            run=run_restore,
            examples=(
                Example(
                    "chargelink hub restore --data ./hub hub.backup",
                    Text("edges send again what came after it", "备份之后的记录由边缘网关重新上送"),
                ),
            ),
        ),
    ),
    Offer(
        "verify",
        VERIFY,
        lambda: Command(
            name="verify",
            summary=VERIFY,
            configure=configure_verify,
            run=run_verify,
            examples=(
                Example(
                    "chargelink hub verify --data ./hub", Text("names the first wrong record", "指出最早出错的记录")
                ),
            ),
        ),
    ),
)
