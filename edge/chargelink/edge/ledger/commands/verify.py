"""The command `chargelink edge verify`."""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chargelink.cli.command import Command, CommandError, Example, Exit
from chargelink.cli.language import Text
from chargelink.edge.arguments import data_argument
from chargelink.edge.ledger.verify import Verdict, VerifyError, verify
from chargelink.edge.paths import ledger


def public_key(text: str) -> bytes:
    """64 hexadecimal digits. Raises ValueError."""
    key = bytes.fromhex(text)
    if len(key) != 32:
        raise ValueError(text)
    return key


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        type=Path,
        nargs="?",
        metavar=str(Text("FILE", "文件")),
        help=str(Text("a backup, or a ledger that lies elsewhere", "备份文件，或位于他处的账本")),
    )
    data_argument(parser)
    parser.add_argument(
        "--key",
        type=public_key,
        action="append",
        default=[],
        metavar=str(Text("HEX", "十六进制")),
        help=str(
            Text(
                "the public key that must have signed, as the hub knows it; may be given again for older ones",
                "必须由该公钥签名 (以平台登记为准)；可重复给出旧公钥",
            )
        ),
    )
    parser.add_argument(
        "--json", action="store_true", help=str(Text("one JSON object, for programs", "输出一个 JSON 对象，供程序使用"))
    )


def run(arguments: argparse.Namespace) -> int:
    """Verify and say so. Raises CommandError for what cannot be read."""
    path: Path = arguments.file or ledger(arguments.data)
    try:
        verdict = verify(path, arguments.key)
    except VerifyError as error:
        raise CommandError(str(error)) from None
    if arguments.json:
        import json

        print(json.dumps(_json(path, verdict), ensure_ascii=False))
    else:
        print("\n".join(_lines(path, verdict, bool(arguments.key))))
    return Exit.CLEAN if verdict.fault is None else Exit.DEFECTS


def _json(path: Path, verdict: Verdict) -> dict[str, Any]:
    fault = verdict.fault
    return {
        "file": str(path),
        "edge": verdict.edge,
        "whole": fault is None,
        "fault": fault and {"key": fault.key, "en": fault.text.english, "zh": fault.text.chinese},
        "records": verdict.records,
        "epochs": verdict.epochs,
        "checkpoints": verdict.checkpoints,
        "pruned": verdict.pruned,
        "signedAt": verdict.signed_at,
        "unsigned": verdict.unsigned,
        "signers": verdict.signers,
    }


def _lines(path: Path, verdict: Verdict, compared: bool) -> Iterator[str]:
    if verdict.fault is not None:
        yield Text("{}: NOT as it was written", "{}：与写入时不符").format(path)
        yield f"  {verdict.fault.key}: {verdict.fault.text}"
        yield Text("{} records before it are whole", "此前 {} 条记录完好").format(verdict.records)
        return
    yield Text("{}: whole, edge {}", "{}：完好，网关 {}").format(path, verdict.edge)
    yield Text("{} records in {} epochs, {} checkpoints", "{} 条记录，{} 个纪元，{} 个签名点").format(
        verdict.records, verdict.epochs, verdict.checkpoints
    )
    if verdict.pruned:
        yield Text("{} older ones were pruned behind a signature", "更早的 {} 条已在签名后清理").format(verdict.pruned)
    if verdict.signed_at is None:
        yield str(Text("nothing is signed yet", "尚无签名"))
    else:
        at = datetime.fromtimestamp(verdict.signed_at / 1000, UTC).isoformat(timespec="seconds")
        yield Text("signed until {}", "已签名至 {}").format(at)
    if verdict.unsigned:
        yield Text("{} records since are not signed yet", "此后 {} 条记录尚未签名").format(verdict.unsigned)
    if verdict.signers and not compared:
        keys = ", ".join(verdict.signers)
        yield Text(
            "signed with {}; compare it with the hub's, or give --key", "签名公钥 {}；请与平台登记核对，或使用 --key"
        ).format(keys)


COMMAND = Command(
    name="verify",
    summary=Text("whether the ledger is as it was written", "核验账本是否与写入时一致"),
    configure=configure,
    run=run,
    examples=(
        Example("chargelink edge verify", Text("also while the edge runs", "网关运行时也可执行")),
        Example("chargelink edge verify ledger.backup", Text("a backup", "核验备份")),
    ),
)
