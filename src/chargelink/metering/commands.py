"""The command `chargelink metering`: for the supervisor of metering, who trusts neither hub nor file."""

import argparse
import json
import re
import stat
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chargelink.cli.china import CHINA
from chargelink.cli.command import Command, CommandError, Example, Exit, Offer
from chargelink.cli.language import Text
from chargelink.cli.layout import padded
from chargelink.cli.parser import Parser

if TYPE_CHECKING:
    from chargelink.metering.reading import Opened, Reading
    from chargelink.trust.audit import Finding
    from chargelink.trust.metering import SupervisorKey

READ = Text("check and open the metering data of an edge", "校验并解密网关的计量数据")
KEYGEN = Text("make the key that metering data is sealed to", "生成用于加密计量数据的密钥")
OTHERS = stat.S_IRWXG | stat.S_IRWXO
WORDS = {
    "altered": Text("altered", "被改动"),
    "cannot-be-read": Text("cannot be read", "无法解密"),
    "foreign-edge": Text("another edge", "不是该网关"),
    "foreign-signature": Text("not this edge's signature", "签名不是该网关的"),
    "missing": Text("missing", "缺失"),
    "not-checked": Text("cannot be checked", "无法校验"),
    "not-signed": Text("not signed yet", "尚未签名"),
    "out-of-order": Text("moved or put in twice", "被移动或重复"),
    "unreadable": Text("unreadable", "无法读取"),
}


def configure_read(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        type=Path,
        metavar=str(Text("FILE", "文件")),
        help=str(Text("as `chargelink hub export-metering` writes it", "由 chargelink hub export-metering 导出")),
    )
    parser.add_argument(
        "--key",
        type=Path,
        required=True,
        metavar=str(Text("KEYFILE", "密钥文件")),
        help=str(Text("the supervisor's private key, of `keygen`", "监督部门的私钥，由 keygen 生成")),
    )
    parser.add_argument(
        "--edge-key",
        action="append",
        default=[],
        metavar="HEX",
        help=str(
            Text(
                "the key that the edge signs with, as seen on site; without it the file is believed",
                "在现场核对过的网关签名公钥；不给则采信文件中的公钥",
            )
        ),
    )
    parser.add_argument(
        "--json", action="store_true", help=str(Text("one JSON object, for programs", "输出一个 JSON 对象，供程序使用"))
    )


def run_read(arguments: argparse.Namespace) -> int:
    """Print what was measured, then what is wrong; DEFECTS if anything is. Raises CommandError."""
    from chargelink.metering.reading import read
    from chargelink.wire import DecodeError

    key = load_key(arguments.key)
    trusted = [signing_key(text) for text in arguments.edge_key]
    try:
        reading = read(_lines(arguments.file), key, trusted)
    except DecodeError as error:
        raise CommandError(
            Text("{} is no exported lane: {}", "{} 不是导出的计量数据：{}").format(arguments.file, error)
        ) from None
    if arguments.json:
        print(json.dumps(as_json(reading), ensure_ascii=False))
    else:
        print("\n".join(as_text(reading, bool(trusted))))
    return Exit.DEFECTS if reading.findings else Exit.CLEAN


def _lines(path: Path) -> Iterator[bytes]:
    from chargelink.trust.exported import LONGEST_LINE

    try:
        with path.open("rb") as file:
            while line := file.readline(LONGEST_LINE + 1):
                yield line
    except OSError as error:
        raise CommandError(Text("{}: {}", "{}：{}").format(path, error.strerror)) from None


def load_key(path: Path) -> "SupervisorKey":
    """The private key of a file. Raises CommandError; what the file holds is never shown."""
    from chargelink.trust.metering import KEY_BYTES, SupervisorKey

    try:
        if stat.S_IMODE(path.stat().st_mode) & OTHERS:
            raise CommandError(
                Text("{}: others may read it; chmod 600 {}", "{}：其他用户可读取；请执行 chmod 600 {}").format(
                    path, path
                )
            )
        digits = path.read_text("ascii").strip()
    except UnicodeDecodeError:
        digits = ""
    except OSError as error:
        raise CommandError(Text("{}: {}", "{}：{}").format(path, error.strerror)) from None
    if not re.fullmatch(rf"[0-9a-f]{{{2 * KEY_BYTES}}}", digits):
        raise CommandError(
            Text(
                "{}: no key; `chargelink metering keygen` makes one",
                "{}：不是密钥；请用 chargelink metering keygen 生成",
            ).format(path)
        )
    return SupervisorKey(bytes.fromhex(digits))


def signing_key(text: str) -> bytes:
    """A public key as an edge shows it. Raises CommandError."""
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise CommandError(Text("{}: no key of 64 hexadecimal digits", "{}：不是 64 位十六进制公钥").format(text))
    return bytes.fromhex(text)


def as_text(reading: "Reading", known: bool) -> Iterator[str]:
    """For people: a table, what is wrong, and what all of it rests on."""
    lane = reading.audit.lane
    assert lane is not None
    for one in reading.opened:
        yield _row(one)
    for finding in reading.findings:
        yield f"! {_place(finding)}: {WORDS.get(finding.code, finding.code)} ({finding.text})"
    total = sum(one.metering.energy for one in reading.opened)
    yield Text(
        "{}: {} records, {} signed, {} opened, {} kWh", "{}：{} 条记录，{} 条已签名，{} 条已解密，{} kWh"
    ).format(lane.edge, reading.audit.records, reading.audit.signed, len(reading.opened), _kwh(total))
    if reading.audit.signed_at is not None:
        yield Text("signed up to {}", "签名截至 {}").format(_time(reading.audit.signed_at))
    if not known:
        yield Text(
            "signed with {}: compare it with what `chargelink edge status` shows on site, or give it with --edge-key",
            "签名公钥 {}：请与现场 chargelink edge status 显示的核对，或用 --edge-key 给出",
        ).format(", ".join(lane.signing_keys) or "-")


def _row(one: "Opened") -> str:
    data = one.metering
    place = data.device + (f" {data.outlet}" if data.outlet else "")
    registers = f"{_kwh(data.begin.register)} -> {_kwh(data.end.register)}" if data.begin and data.end else "-"
    by = {
        "meter": Text(f"meter {data.meter or '?'}", f"电能表 {data.meter or '?'}"),
        "socket": Text("by the socket itself", "插座自身计量"),
        "calculated": Text("calculated, not metered", "计算值，非计量"),
    }[data.measured_by]
    verified = Text(f"verification {data.meter_verified}", f"检定状态 {data.meter_verified}")
    cells = (
        padded(str(one.seq), 6),
        padded(_time(data.started_at), 20),
        padded(_time(data.ended_at), 20),
        padded(place, 14),
        padded(registers, 26),
        padded(f"{_kwh(data.energy)} kWh", 16),
        padded(f"{data.total / 100:.2f} {Text('yuan', '元')}", 12),
        f"{by}, {verified}",
    )
    return " ".join(cells)


def _place(finding: "Finding") -> str:
    if not finding.first:
        return str(Text("the file", "文件"))
    numbers = str(finding.first) if finding.first == finding.last else f"{finding.first}-{finding.last}"
    return Text("record {} of epoch {}", "记录 {}，纪元 {}").format(numbers, finding.epoch)


def _kwh(energy: int) -> str:
    return f"{energy / 1_000_000:.3f}"


def _time(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, CHINA):%Y-%m-%d %H:%M:%S}"


def as_json(reading: "Reading") -> dict[str, Any]:
    """For programs: integers with the units of the records, mWh and fen and UTC milliseconds."""
    import msgspec

    lane = reading.audit.lane
    assert lane is not None
    return {
        "edge": lane.edge,
        "signingKeys": list(lane.signing_keys),
        "records": reading.audit.records,
        "signed": reading.audit.signed,
        "signedAt": reading.audit.signed_at,
        "opened": [{"epoch": one.epoch, "seq": one.seq} | msgspec.to_builtins(one.metering) for one in reading.opened],
        "findings": [finding._asdict() for finding in reading.findings],
    }


def configure_keygen(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file",
        type=Path,
        metavar=str(Text("KEYFILE", "密钥文件")),
        help=str(Text("where the private key is written; never over another file", "私钥写入此文件，不覆盖已有文件")),
    )


def run_keygen(arguments: argparse.Namespace) -> int:
    """Write the private key for its owner alone, print the public one. Raises CommandError."""
    import os

    from chargelink.trust.metering import SupervisorKey

    key = SupervisorKey.generate()
    try:
        descriptor = os.open(arguments.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w") as file:
            file.write(f"{key.private.hex()}\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise CommandError(Text("{}: {}", "{}：{}").format(arguments.file, error.strerror)) from None
    print(key.public.hex())
    return Exit.CLEAN


COMMANDS = {
    "keygen": Command(
        "keygen",
        KEYGEN,
        configure_keygen,
        run_keygen,
        (
            Example(
                "chargelink metering keygen supervisor.key",
                Text(
                    "prints the public key, for [metering] supervisor_key of the edges",
                    "输出公钥，填入网关的 [metering] supervisor_key",
                ),
            ),
        ),
    ),
    "read": Command(
        "read",
        READ,
        configure_read,
        run_read,
        (
            Example(
                "chargelink metering read site-0001.jsonl --key supervisor.key",
                Text("a table, and whatever is wrong", "列表，并指出一切问题"),
            ),
        ),
    ),
}


def configure(parser: argparse.ArgumentParser) -> None:
    assert isinstance(parser, Parser)
    parser.offer(Offer(name, one.summary, partial(COMMANDS.__getitem__, name)) for name, one in COMMANDS.items())


COMMAND = Command(
    name="metering",
    summary=Text("for the supervisor: check and open sealed metering data", "供计量监督: 校验并解密计量数据"),
    configure=configure,
    run=None,
    examples=(
        Example("chargelink metering keygen supervisor.key", Text("once", "执行一次")),
        Example("chargelink metering read site-0001.jsonl --key supervisor.key", Text("what was measured", "查看计量")),
    ),
)
