"""The documentation of the catalogue has every row of it."""

from chargelink.dlt645.catalogue import PAGES
from chargelink.dlt645.catalogue.axis import AXES
from chargelink.dlt645.catalogue.table import identifier_table, profile_table
from chargelink.dlt645.profiles import PROFILES


def test_every_row_is_documented() -> None:
    table = identifier_table() + "\n\n" + profile_table()
    rows = [row for rows in (*PAGES.values(), *(profile.rows for profile in PROFILES.values())) for row in rows]
    for row in rows:
        assert f"| `{row.pattern}` | `{row.name}` | {row.chinese} |" in table
    for profile in PROFILES.values():
        assert f"### Profile `{profile.name}`\n\n{profile.words.english}. {profile.words.chinese}。" in table
    assert all(f"| `{{{name}}}` |" in table for name in AXES)
    assert len({line.count("|") for line in table.splitlines() if line.startswith("| `{")}) == 1


def test_an_entry_reads_as_the_standard_writes_it() -> None:
    table = identifier_table()
    assert "| `0202{phase}00` | `current{phase}` | {phase}电流 | 3 | ±XXX.XXX | A | 1 mA | R |" in table
    assert "| `04000C01` | `password_0` | 0级密码 | 4 | NNNNNNNN |  |  | W |" in table
    assert "| `04010000` | `zone_table_1` | 第1套时区表 | any | MMDDNN x n |  |  | R/W |" in table
