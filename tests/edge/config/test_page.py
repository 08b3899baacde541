"""The page about the configuration names every key, and no other."""

import re
from pathlib import Path

import msgspec
import pytest

from chargelink.cli.strict import Section
from chargelink.edge.config import sections

PAGE = (Path(__file__).parents[3] / "docs" / "configuration.md").read_text()
TABLES = [
    ("`[site]`", sections.Site),
    ("`[hub]`", sections.Hub),
    ("`[journal]`", sections.Journal),
    ("`[telemetry]`", sections.Telemetry),
    ("`[tariff]`", sections.TariffFile),
    ("`[guard]`", sections.Guard),
    ("`[metering]`", sections.Metering),
    ("`[[meter]]`", sections.Meter),
    ("`[[io]]`", sections.IoBoard),
    ("`[[gun]]`", sections.Gun),
    ("`[[socket_site]]`", sections.SocketSite),
]


def keys(shape: type[Section]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(shape)}


def told(text: str) -> set[str]:
    rows = re.findall(r"^\| (`.*?`) \|", text, re.MULTILINE)
    return {key for row in rows for key in re.findall(r"`(\w+)`", row)}


def chapter(heading: str) -> str:
    return PAGE.partition(f"## {heading}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize(("heading", "shape"), TABLES)
def test_every_key_stands_there(heading: str, shape: type[Section]) -> None:
    assert told(chapter(heading)) == keys(shape)


def test_every_section_stands_there() -> None:
    headings = {heading.strip("`[]") for heading, _ in TABLES}
    assert headings == keys(sections.Document)
    assert re.findall(r"^## (`.*`)$", PAGE, re.MULTILINE) == [heading for heading, _ in TABLES]
