"""The pages about tariffs name every key of a file, and no other, in both languages."""

import re
from pathlib import Path

import msgspec
import pytest

from chargelink.cli.strict import Section
from chargelink.model import Tariff
from chargelink.tariff import read_text, tables

DOCS = Path(__file__).parents[2] / "docs"
PAGES = {"en": (DOCS / "tariffs.md").read_text("utf-8"), "zh": (DOCS / "tariffs.zh.md").read_text("utf-8")}
SECTIONS: dict[str, tuple[type[Section], ...]] = {
    "[[period]]": (tables.PeriodTable,),
    "[[plan]]": (tables.PlanTable,),
    "[per_time]": (tables.PerTimeTable,),
    "[tiers]": (tables.TiersTable, tables.TierTable),
    "[occupancy]": (tables.OccupancyTable,),
    "[[discount]]": (tables.DiscountTable,),
    "[monthly_pass]": (tables.PassTable,),
}
CHAPTER = {"en": "## A file\n", "zh": "## 资费文件\n"}


def keys(*sections: type[Section]) -> set[str]:
    return {field.encode_name for section in sections for field in msgspec.structs.fields(section)}


def told(text: str) -> set[str]:
    rows = re.findall(r"^\| (`.*?`) \|", text, re.MULTILINE)
    return {key for row in rows for key in re.findall(r"`(\w+)`", row)}


@pytest.mark.parametrize("language", PAGES)
def test_every_key_stands_there(language: str) -> None:
    chapter = PAGES[language].partition(CHAPTER[language])[2].partition("\n## ")[0]
    tables_of_keys = [part for part in re.split(r"\n\n(?=\|)", chapter) if part.startswith("|")]
    assert [told(table) for table in tables_of_keys] == [
        keys(tables.TariffTable),
        *(keys(*sections) for sections in SECTIONS.values()),
    ]


@pytest.mark.parametrize("language", PAGES)
def test_the_file_that_is_shown_is_one(language: str) -> None:
    chapter = PAGES[language].partition(CHAPTER[language])[2]
    [text] = re.findall(r"```toml\n(.*?)```", chapter.partition("\n## ")[0], re.DOTALL)
    assert isinstance(read_text(text), Tariff)
