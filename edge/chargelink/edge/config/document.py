"""A file becomes a Config, or a ConfigError that names everything that was found."""

import tomllib
from decimal import Decimal, DecimalException
from pathlib import Path
from typing import Any, NoReturn

import msgspec

from chargelink.cli.language import Text
from chargelink.cli.strict import Problem
from chargelink.dlt645.profiles import PROFILES, STANDARD_PROFILE, Profile, ProfileError, read_profile
from chargelink.edge.config.checks import impossible
from chargelink.edge.config.error import ConfigError
from chargelink.edge.config.sections import Config, Document, Meter
from chargelink.edge.config.sold import unfit
from chargelink.edge.config.strict import read
from chargelink.model import Tariff
from chargelink.tariff import read_document

LONGEST_SOCKET = 107  # bytes of a path, as the kernel has it
UNIX = "unix:"


def load(path: Path) -> Config:
    """Read and check a configuration and its tariff. Paths in it count from the folder of the file.

    Raises ConfigError.
    """
    document = read(_toml(path), Document)
    if isinstance(document, list):
        raise ConfigError(path, document)
    document = _rooted(document, path.absolute().parent)
    if problems := [*impossible(document), *_missing_keys(document), *_long_paths(document)]:
        raise ConfigError(path, problems)
    prices = tariff_of(document.tariff.file)
    socket_prices = {site.id: tariff_of(site.tariff) for site in document.socket_sites if site.tariff}
    if problems := [*unfit(document, prices, socket_prices)]:
        raise ConfigError(path, problems)
    fields = {name: getattr(document, name) for name in Document.__struct_fields__}
    profiles = {meter.id: profile_of(meter) for meter in document.meters}
    return Config(**fields, prices=prices, socket_prices=socket_prices, profiles=profiles)


def tariff_of(file: Path) -> Tariff:
    """The tariff of a file. Raises ConfigError."""
    prices = read_document(_toml(file))
    if isinstance(prices, list):
        raise ConfigError(file, prices)
    return prices


def profile_of(meter: Meter) -> Profile:
    """The profile of a meter whose section was checked. Raises ConfigError for a file that is none."""
    if meter.profile_file is None:
        return PROFILES[meter.profile or STANDARD_PROFILE.name]
    try:
        return read_profile(meter.profile_file.stem, _text(meter.profile_file))
    except ProfileError as error:
        problems = [Problem(path, Text(*problem), Text(*remedy)) for path, problem, remedy in error.problems]
        raise ConfigError(meter.profile_file, problems) from None


def _toml(path: Path) -> dict[str, Any]:
    text = _text(path)
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError, DecimalException) as error:  # also numbers that no computer holds
        _refuse(path, Text(f"is not TOML: {error}", f"不是 TOML：{error}"), Text("mend that line", "请改正该行"))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        remedy = Text("check its name and who may read it", "请检查文件名和读取权限")
        _refuse(path, Text(f"cannot be read: {error.strerror}", f"无法读取：{error.strerror}"), remedy)
    except UnicodeDecodeError:
        _refuse(path, Text("is not UTF-8", "不是 UTF-8"), Text("save it as UTF-8", "请以 UTF-8 保存"))


def _refuse(path: Path, problem: Text, remedy: Text) -> NoReturn:
    raise ConfigError(path, [Problem("(file)", problem, remedy)]) from None


def _rooted(document: Document, folder: Path) -> Document:
    """The document with every path absolute."""
    replace = msgspec.structs.replace
    guard = document.guard
    if guard is not None and guard.lines.startswith(UNIX):
        guard = replace(guard, lines=f"{UNIX}{folder / guard.lines.removeprefix(UNIX)}")
    return replace(
        document,
        guard=guard,
        site=replace(document.site, data=folder / document.site.data),
        tariff=replace(document.tariff, file=folder / document.tariff.file),
        meters=tuple(
            replace(meter, profile_file=meter.profile_file and folder / meter.profile_file) for meter in document.meters
        ),
        socket_sites=tuple(
            replace(site, keys=folder / site.keys, tariff=site.tariff and folder / site.tariff)
            for site in document.socket_sites
        ),
    )


def _long_paths(document: Document) -> list[Problem]:
    """Folders in which a socket's name would be longer than the kernel takes (unix(7))."""
    folders = [
        (
            "site.data",
            str(document.site.data),
            max((len(f"guard-{gun.id}/events") for gun in document.guns), default=12),
        )
    ]
    if document.guard is not None and document.guard.lines.startswith(UNIX):
        folders.append(("guard.lines", document.guard.lines.removeprefix(UNIX), len("permit")))
    return [
        Problem(
            path,
            Text(f"{folder} is too long for the sockets in it", f"{folder} 过长，无法在其中创建套接字"),
            Text(
                f"choose a path of at most {LONGEST_SOCKET - 1 - name} bytes",
                f"路径请不超过 {LONGEST_SOCKET - 1 - name} 字节",
            ),
        )
        for path, folder, name in folders
        if len(folder.encode()) + 1 + name > LONGEST_SOCKET
    ]


def _missing_keys(document: Document) -> list[Problem]:
    """Key files that are not there, or that others can read."""
    problems = []
    for index, site in enumerate(document.socket_sites):
        path = f"socket_site[{index}].keys"
        try:
            mode = site.keys.stat().st_mode
        except OSError as error:
            problem = Text(f"{site.keys}: {error.strerror}", f"{site.keys}：{error.strerror}")
            problems.append(Problem(path, problem, Text("put the key file there", "请放置密钥文件")))
            continue
        if mode & 0o077:
            problem = Text(f"{site.keys} can be read by others", f"{site.keys} 可被其他用户读取")
            problems.append(Problem(path, problem, Text(f"chmod 600 {site.keys}", f"chmod 600 {site.keys}")))
    return problems
