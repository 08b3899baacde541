"""Vendors' profiles as data: those shipped, and what is refused, with path and remedy."""

import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargelink.dlt645 import readings
from chargelink.dlt645.catalogue import STANDARD
from chargelink.dlt645.forms.number import Binary
from chargelink.dlt645.forms.unit import AMPERE, KWH
from chargelink.dlt645.profiles import PROFILES, STANDARD_PROFILE, Profile, ProfileError, read_profile
from chargelink.dlt645.profiles.reader import LARGEST_FILE, fine_enough, value_form

ITEM = """
[[item]]
identifier = "02000100"
name = "current_a"
chinese = "直流电流"
form = "bcd"
bytes = 4
decimals = 4
unit = "A"
"""
ABOUT = '[profile]\nenglish = "a meter"\nchinese = "电能表"\n'
POLL = '[poll]\nenergy = ["00010000"]\ncurrent = "02000100"\n'


def test_every_file_is_a_profile_and_the_standard_is_one() -> None:
    shipped = {file.name.removesuffix(".toml") for file in files("chargelink.dlt645.profiles").iterdir()}
    assert {"standard", "yada_dc", "yada_dc_1997", "wide", "energy_status"} == set(PROFILES)
    assert set(PROFILES) - {"standard"} <= shipped
    assert all(profile.name == name for name, profile in PROFILES.items())
    assert STANDARD_PROFILE.catalogue is STANDARD


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
def test_what_is_polled_is_in_its_unit(profile: Profile) -> None:
    poll = profile.poll
    asked = [(identifier, "kWh") for identifier in poll.energy]
    asked += [(poll.voltage, "V"), (poll.current, "A"), (poll.power, "kW")]
    for identifier, unit in asked:
        item = profile.catalogue.find(identifier)
        form = value_form(item.form) if item else None
        assert (form.unit if form else "") == (unit if identifier else "")


@pytest.mark.parametrize(
    ("profile", "identifier", "data", "value", "unit"),
    [
        ("yada_dc", "02000100", "34 12 00 80", "-0.1234", "A"),
        ("yada_dc", "02000200", "56 34 75 00", "753.456", "V"),
        ("yada_dc", "00D10000", "40 E2 01 00", "123.456", "kWh"),
        ("yada_dc", "00010000", "56 34 12 00", "1234.56", "kWh"),
        ("yada_dc_1997", "B691", "56 34 75", "753.456", "V"),
        ("yada_dc_1997", "B6A1", "34 12 00 80", "-0.1234", "A"),
        ("yada_dc_1997", "9010", "56 34 12 00", "1234.56", "kWh"),
        ("wide", "02030000", "56 34 12 80", "-12.3456", "kW"),
        ("wide", "02020300", "56 34 12 00", "123.456", "A"),
        ("standard", "00600000", "56 34 12 00 00", "12.3456", "kWh"),
        ("standard", "02020100", "56 34 92", "-123.456", "A"),
    ],
)
def test_a_vendors_value(profile: str, identifier: str, data: str, value: str, unit: str) -> None:
    (found,) = readings(identifier, bytes.fromhex(data), PROFILES[profile].catalogue).readings
    assert found.presented == {"value": value, "unit": unit}


def test_a_status_byte_behind_the_energy() -> None:
    catalogue = PROFILES["energy_status"].catalogue
    found = readings("00010000", bytes.fromhex("56 34 12 00 01"), catalogue)
    assert found.presented == {"forward_active_energy": {"value": "1234.56", "unit": "kWh", "status": "01"}}
    assert found.flaws == []


def test_what_a_profile_says() -> None:
    profile = read_profile("mine", ABOUT + POLL + ITEM.replace('"bcd"', '"binary"') + "signed = true\n")
    assert (profile.name, profile.words) == ("mine", ("a meter", "电能表"))
    assert profile.poll == (("00010000",), "", "02000100", "")
    (row,) = profile.rows
    assert row.form == Binary(4, 4, fine_enough(AMPERE, 4), signed=True)


def test_a_unit_is_as_fine_as_the_decimals_ask() -> None:
    assert fine_enough(AMPERE, 3) is AMPERE
    assert fine_enough(AMPERE, 4) == ("A", "0.1 mA", 10_000)
    assert fine_enough(KWH, 8) == ("kWh", "0.01 mWh", 100_000_000)


def without(line: str) -> str:
    return "\n".join(kept for kept in (ABOUT + POLL + ITEM).splitlines() if not kept.startswith(line))


@pytest.mark.parametrize(
    ("text", "path", "remedy"),
    [
        ("[profile", "file", "mend the TOML"),
        ("#" * (LARGEST_FILE + 1), "file", "mend the TOML"),
        (ABOUT + POLL + "[power]\n" + ITEM, "power", "there are profile, poll, item"),
        (ABOUT + POLL + ITEM + 'uint = "A"\n', "item[0].uint", "there are identifier, name"),
        (ABOUT + 'polish = "x"\n' + POLL + ITEM, "profile.polish", "there are english, chinese"),
        (ABOUT + POLL + "frequency = 1\n" + ITEM, "poll.frequency", "there are energy, voltage"),
        (without("unit"), "item[0]", "see a shipped profile"),
        (without("english"), "profile", "see a shipped profile"),
        ((ABOUT + POLL + ITEM).replace("bytes = 4", 'bytes = "4"'), "item[0].bytes", "see a shipped profile"),
        ((ABOUT + POLL + ITEM).replace('"bcd"', '"float"'), "item[0].form", "see a shipped profile"),
        ((ABOUT + POLL + ITEM).replace("bytes = 4", "bytes = 9"), "item[0].bytes", "write 1..8"),
        ((ABOUT + POLL + ITEM).replace("decimals = 4", "decimals = 9"), "item[0].decimals", "than there are digits"),
        ((ABOUT + POLL + ITEM).replace('unit = "A"', 'unit = "mA"'), "item[0].unit", "write one of kWh"),
        (ABOUT + POLL + ITEM + "status_bytes = -1\n", "item[0].status_bytes", "write 0..8"),
        ((ABOUT + POLL + ITEM).replace('"current_a"', '"Current A"'), "item[0].name", "lower-case"),
        ((ABOUT + POLL + ITEM).replace('"current_a"', '"current{phase}"'), "item[0].name", "only the axes"),
        ((ABOUT + POLL + ITEM).replace('"current_a"', '"current{0}"'), "item[0].name", "only the axes"),
        ((ABOUT + POLL + ITEM).replace('"直流电流"', '"{"'), "item[0].chinese", "only the axes"),
        ((ABOUT + POLL + ITEM).replace('"直流电流"', '" "'), "item[0].chinese", "name it in Chinese"),
        ((ABOUT + POLL + ITEM).replace('"02000100"\nname', '"0200{fase}00"\nname'), "item[0].identifier", "4 or 8"),
        ((ABOUT + POLL + ITEM).replace('"02000100"\nname', '"020001"\nname'), "item[0].identifier", "4 or 8"),
        (
            (ABOUT + POLL + ITEM).replace('"02000100"\nname', '"02{phase}{phase}00"\nname'),
            "item[0].identifier",
            "each axis once",
        ),
        (ABOUT + POLL + ITEM + ITEM, "item[1].identifier", "give it once"),
        (ABOUT + POLL.replace('["00010000"]', "[]") + ITEM, "poll.energy", "at least one"),
        (ABOUT + POLL.replace("00010000", "02010100") + ITEM, "poll.energy[0]", "name one in kWh"),
        (ABOUT + POLL.replace("00010000", "") + ITEM, "poll.energy[0]", "name one in kWh"),
        (ABOUT + POLL.replace("00010000", "0001FF00") + ITEM, "poll.energy[0]", "name one in kWh"),
        (ABOUT + POLL, "poll.current", "name one in A"),
        (ABOUT + POLL.replace("current", "power") + ITEM, "poll.power", "name one in kW"),
    ],
)
def test_what_is_refused(text: str, path: str, remedy: str) -> None:
    with pytest.raises(ProfileError) as refused:
        read_profile("mine", text)
    problem = refused.value.problems[0]
    assert problem.path == path
    assert remedy in problem.remedy.english
    assert problem.problem.english
    assert problem.problem.chinese
    assert problem.remedy.chinese
    assert str(refused.value).startswith(f"mine: {path}: ")


def test_everything_wrong_is_told_at_once() -> None:
    text = (ABOUT + POLL + ITEM).replace("bytes = 4", "bytes = 0").replace('unit = "A"', 'unit = "?"')
    with pytest.raises(ProfileError) as refused:
        read_profile("mine", text)
    assert [problem.path for problem in refused.value.problems] == ["item[0].bytes", "item[0].unit"]


def scalars() -> st.SearchStrategy[object]:
    return st.one_of(st.integers(-3, 20), st.text(max_size=8), st.booleans(), st.lists(st.text(max_size=8), max_size=2))


@given(
    st.sampled_from(["identifier", "name", "chinese", "form", "bytes", "decimals", "unit", "status_bytes"]), scalars()
)
def test_any_value_is_a_profile_or_refused(key: str, value: object) -> None:
    table = tomllib.loads(ABOUT + POLL + ITEM)
    table["item"][0][key] = value
    lines = [f"{name} = {toml(item)}" for name, item in table["item"][0].items()]
    try:
        profile = read_profile("mine", ABOUT + POLL + "[[item]]\n" + "\n".join(lines))
    except ProfileError:
        return
    for row in profile.rows:
        assert value_form(row.form) is not None


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, str):
        return '"' + "".join(f"\\U{ord(letter):08X}" for letter in value) + '"'
    return str(value)
