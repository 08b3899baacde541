"""The tree keeps its promises: four source roots, one namespace, pure protocols, rooms of a readable size."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE_ROOTS = ("src", "protocols", "edge", "firmware_sim")
SOURCES = sorted(path for root in SOURCE_ROOTS for path in (ROOT / root).rglob("*.py"))
IMPURE = {
    "asyncio",
    "logging",
    "os",
    "selectors",
    "socket",
    "sqlite3",
    "subprocess",
    "threading",
    "time",
}
PROTOCOL_IMPORTS = {"chargelink", "construct", "cryptography", "msgspec"}
LONGEST_FILE = 400


def imported_packages(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text())))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    froms = {node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module and not node.level}
    return {name.partition(".")[0] for name in plain | froms}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("root", SOURCE_ROOTS)
def test_chargelink_is_a_namespace(root: str) -> None:
    """A `chargelink/__init__.py` in one root would hide the other three."""
    assert (ROOT / root / "chargelink").is_dir()
    assert not (ROOT / root / "chargelink" / "__init__.py").exists()


@pytest.mark.parametrize("path", [path for path in SOURCES if path.is_relative_to(ROOT / "protocols")], ids=named)
def test_protocols_are_pure(path: Path) -> None:
    packages = imported_packages(path)
    assert not packages & IMPURE
    assert packages <= PROTOCOL_IMPORTS | set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", sorted((ROOT / "edge/chargelink/edge/guard").rglob("*.py")), ids=named)
def test_the_guard_is_standard_library_only(path: Path) -> None:
    assert imported_packages(path) <= set(sys.stdlib_module_names) | {"chargelink"}


@pytest.mark.parametrize("path", [*SOURCES, *sorted((ROOT / "tests").rglob("*.py"))], ids=named)
def test_a_file_is_a_room_not_a_warehouse(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= LONGEST_FILE


@pytest.mark.parametrize("package", [path for path in SOURCES if path.name == "__init__.py"], ids=named)
def test_every_package_says_what_it_is(package: Path) -> None:
    assert ast.get_docstring(ast.parse(package.read_text()))
