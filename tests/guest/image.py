"""The kernel and the first file system of a virtual machine, made from Debian's kernel and this Python.

Everything lies in a folder that may be removed at any time; the kernel's package is fetched once and not installed.
"""

import compileall
import importlib.metadata
import os
import py_compile
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec
from tests.guest.cpio import Archive

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "guest"
SOURCES = ("src", "protocols", "edge", "firmware_sim")
UNUSED = {
    *(
        "test",
        "idlelib",
        "lib2to3",
        "ensurepip",
        "turtledemo",
        "tkinter",
        "pydoc_data",
        "distutils",
        "unittest",
        "venv",
    ),
    *("site-packages", "__pycache__", "lib-dynload"),
}
APP = "/app"
INIT = """#!{python} -IB
import sys
sys.path.insert(0, "{app}")
from {module} import main
main()
"""


class Guest(NamedTuple):
    """What runs in a machine: `main` of a module, as its first process, with drivers loaded from a list, in order."""

    module: str
    drivers: tuple[str, ...]  # by their names; those that they need come by themselves
    tests: tuple[str, ...]  # folders of `tests` that it needs


class CannotError(Exception):
    """This machine cannot run another; the message says what is missing."""


def kernel(folder: Path) -> Path:
    """Where Debian's kernel is unpacked, with its modules. Raises CannotError."""
    place = folder / "kernel"
    if not place.exists():
        need("apt-cache", "dpkg-deb")
        depends = output("apt-cache", "depends", "linux-image-amd64")
        names = re.findall(r"Depends: (linux-image-\S+-amd64)$", depends, re.MULTILINE)
        if not names:
            raise CannotError("apt knows no kernel: apt-get update")
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as download:
            os.chmod(download, 0o755)
            output("apt-get", "download", names[0], folder=Path(download))
            [package] = Path(download).glob("*.deb")
            output("dpkg-deb", "-x", str(package), str(place.with_name("unpacking")))
        place.with_name("unpacking").rename(place)
    return place


def vmlinuz(unpacked: Path) -> Path:
    """The kernel itself."""
    return next((unpacked / "boot").glob("vmlinuz-*"))


def initial(folder: Path, unpacked: Path, guest: Guest) -> Path:
    """The first file system, made anew: drivers, Python, what it needs, and our code as it is now."""
    path = folder / f"{guest.module}.cpio"
    archive = Archive(path)
    python = os.path.realpath(sys.executable)
    archive.file("/init", INIT.format(python=python, app=APP, module=guest.module).encode())
    archive.device("/dev/console", 5, 1)
    for name in ("/proc", "/sys", "/data", "/tmp"):
        archive.folder(name)
    drivers = [*modules(unpacked, guest.drivers)]
    archive.file("/modules/order", "\n".join(driver.name for driver in drivers).encode())
    for driver in drivers:
        archive.file(f"/modules/{driver.name}", driver.read_bytes())
    with tempfile.TemporaryDirectory() as temporary:
        tree = gather(Path(temporary), guest)
        compileall.compile_dir(
            tree, quiet=2, workers=0, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
        )
        files = [(str(file).removeprefix(str(tree)), file) for file in sorted(tree.rglob("*")) if file.is_file()]
        for name, file in files:
            archive.file(name, stripped(file) if ".so" in file.suffixes else file.read_bytes())
        for library in libraries([Path(python), *(file for _, file in files if ".so" in file.suffixes)]):
            archive.file(str(library), stripped(library))
        archive.file(python, Path(python).read_bytes())
    archive.close()
    return path


def gather(tree: Path, guest: Guest) -> Path:
    """What Python needs: its own library without what nobody uses here, and the packages that the guest imports."""
    library = Path(sysconfig.get_path("stdlib"))
    unused = lambda _, names: [name for name in names if name in UNUSED or name.startswith("config-")]  # noqa: E731
    shutil.copytree(library, tree / library.relative_to("/"), ignore=unused)
    used = imported(guest.module)
    for file in used:
        if file.suffix == ".so" and file.is_relative_to(library):
            copied = tree / file.relative_to("/")
            copied.parent.mkdir(exist_ok=True)
            shutil.copy(file, copied)
    app = tree / APP.lstrip("/")
    caches = shutil.ignore_patterns("__pycache__")
    for source in SOURCES:
        shutil.copytree(ROOT / source / "chargelink", app / "chargelink", ignore=caches, dirs_exist_ok=True)
    for name in ("guest", *guest.tests):
        shutil.copytree(ROOT / "tests" / name, app / "tests" / name, ignore=caches)
    ours = importlib.metadata.distribution("chargelink")
    about = app / f"chargelink-{ours.version}.dist-info"
    about.mkdir()
    for name in ("METADATA", "entry_points.txt"):  # by which the command finds its commands
        (about / name).write_text(ours.read_text(name) or "")
    packages = Path(msgspec.__file__).parents[1]
    for name in {file.relative_to(packages).parts[0] for file in used if file.is_relative_to(packages)}:
        if (packages / name).is_dir():
            shutil.copytree(packages / name, app / name, ignore=caches)
        else:
            shutil.copy(packages / name, app / name)
    return tree


def imported(module: str) -> list[Path]:
    """The files that the guest's imports reach, also those that happen late."""
    names = f"import sys, concurrent.futures.thread, {module}"
    ask = f"{names}; print(*(getattr(one, '__file__', None) for one in [*sys.modules.values()]))"
    return [Path(file) for file in output(sys.executable, "-c", ask, folder=ROOT).split() if file != "None"]


def modules(unpacked: Path, wanted: Iterable[str]) -> Iterator[Path]:
    """Drivers after those that they need; what is built in is left out."""
    files = {file.stem.replace("-", "_"): file for file in (unpacked / "lib" / "modules").rglob("*.ko")}
    seen: set[str] = set()

    def of(name: str) -> Iterator[Path]:
        file = files.get(name.replace("-", "_"))
        if file is None or file.name in seen:
            return
        seen.add(file.name)
        needs = re.search(rb"\0depends=([^\0]*)\0", b"\0" + file.read_bytes())
        for need in needs[1].decode().split(",") if needs else []:
            yield from of(need)
        yield file

    for name in wanted:
        yield from of(name)


def libraries(binaries: Iterable[Path]) -> set[Path]:
    """The shared libraries that they load, where they look for them, the loader among them."""
    found: set[Path] = set()
    for binary in binaries:
        listed = subprocess.run(["ldd", binary], capture_output=True, text=True, check=False).stdout
        found |= {Path(path) for path in re.findall(r"(/\S+) \(0x", listed)}
    return found


def stripped(binary: Path) -> bytes:
    """It without what only a debugger reads."""
    if shutil.which("strip") is None:
        return binary.read_bytes()
    with tempfile.NamedTemporaryFile() as copy:
        subprocess.run(["strip", "--strip-unneeded", "-o", copy.name, binary], capture_output=True, check=False)
        return Path(copy.name).read_bytes() or binary.read_bytes()


def need(*programs: str) -> None:
    """Raises CannotError if one of them is not there."""
    if missing := [program for program in programs if shutil.which(program) is None]:
        raise CannotError(f"not installed: {', '.join(missing)}")


def output(*line: str, folder: Path | None = None) -> str:
    """Run something; what it printed. Raises CannotError."""
    ran = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise CannotError(f"{' '.join(line)}: {ran.stderr.strip()[-500:]}")
    return ran.stdout
