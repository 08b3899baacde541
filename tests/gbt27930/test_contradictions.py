"""What messages of one session say against each other: each conflict from both sides of its limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from tests.gbt27930.bus import VECTORS

from chargelink.gbt27930.catalogue import BY_NAME, Edition, by_class
from chargelink.gbt27930.charging import BCL, BCS, BCS2011, BSM, CCS
from chargelink.gbt27930.codes import ChargeMode, ChargePermission, Excess, Health, Level, Permission, Recognition
from chargelink.gbt27930.contradictions import (
    ADVISORY,
    JUDGES,
    NEVER_OBEYED,
    TAKEN,
    Conflict,
    Contradiction,
    Session,
)
from chargelink.gbt27930.ending import BSD, CSD, CSD2011
from chargelink.gbt27930.handshake import BRM, CRM, CRM2011, VERSION_2015
from chargelink.gbt27930.parameters import BCP, CML
from chargelink.wire import Message
from chargelink.wire.layout import layout

BATTERY = BCP(3650, -250_000, 60_000_000, 400_000, 550, 500, 360_000)
LIMITS = CML(500_000, 200_000, -300_000)


def bcp(**said: int) -> BCP:
    return replace(BATTERY, **said)


def cml(**said: int) -> CML:
    return replace(LIMITS, **said)


def bcl(voltage: int = 390_000, current: int = 100_000) -> BCL:
    return BCL(voltage, -current, ChargeMode.CONSTANT_CURRENT)


def bcs(voltage: int = 370_000, soc: int = 500, cell: int = 3400) -> BCS:
    return BCS(voltage, -100_000, cell, 0, soc, 30)


def ccs(voltage: int = 371_000, current: int = 100_000, permitted: Permission | None = Permission.PERMITTED) -> CCS:
    return CCS(voltage, -current, 1, permitted)


def bsm(temperature: int) -> BSM:
    return BSM(
        1, temperature, 1, 200, 2, Level.NORMAL, Level.NORMAL, Excess.NORMAL, Excess.NORMAL, Health.NORMAL,
        Health.NORMAL, ChargePermission.PERMITTED,
    )  # fmt: skip


def bsd(soc: int = 500, cell: int = 3400) -> BSD:
    return BSD(soc, 3300, cell, 200, 300)


def brm(voltage: int = 358_000, capacity: int = 168_000) -> BRM:
    return BRM(VERSION_2015, 3, capacity, voltage)


def crm(number: int | None) -> CRM:
    return CRM(Recognition.NOT_RECOGNISED, number)


C = Conflict

# What was said before, the message, and what contradicts with its two numbers.
CASES: list[tuple[list[Message], Message, list[tuple[Conflict, int, int]]]] = [
    ([bcp()], bcl(400_000, 250_000), []),
    ([bcp()], bcl(400_100), [(C.DEMAND_ABOVE_BATTERY_VOLTAGE, 400_100, 400_000)]),
    ([bcp()], bcl(current=250_100), [(C.DEMAND_ABOVE_BATTERY_CURRENT, 250_100, 250_000)]),
    ([bcp()], bcl(current=400_000), [(C.DEMAND_ABOVE_BATTERY_CURRENT, 400_000, 250_000)]),  # raw 0
    ([bcp(max_charge_current=0)], bcl(current=100), [(C.DEMAND_ABOVE_BATTERY_CURRENT, 100, 0)]),
    ([bcp(), bcp(max_total_voltage=380_000)], bcl(), [(C.DEMAND_ABOVE_BATTERY_VOLTAGE, 390_000, 380_000)]),
    ([], bcl(1_500_000, 400_000), []),
    ([cml()], bcl(500_000, 300_000), []),
    ([cml()], bcl(500_100), [(C.DEMAND_ABOVE_CHARGER_VOLTAGE, 500_100, 500_000)]),
    ([cml()], bcl(current=300_100), [(C.DEMAND_ABOVE_CHARGER_CURRENT, 300_100, 300_000)]),
    ([cml(max_output_voltage=0, min_output_voltage=0, max_output_current=0)], bcl(), []),  # a simulator
    (
        [bcp(), cml()],
        bcl(600_000, 350_000),
        [
            (C.DEMAND_ABOVE_BATTERY_VOLTAGE, 600_000, 400_000),
            (C.DEMAND_ABOVE_BATTERY_CURRENT, 350_000, 250_000),
            (C.DEMAND_ABOVE_CHARGER_VOLTAGE, 600_000, 500_000),
            (C.DEMAND_ABOVE_CHARGER_CURRENT, 350_000, 300_000),
        ],
    ),
    ([bcp(soc=84)], bcs(soc=840), [(C.WHOLE_PERCENTS, 84, 840)]),
    ([bcp(soc=84)], bcs(soc=850), [(C.WHOLE_PERCENTS, 84, 850)]),  # it has charged a little
    ([bcp(soc=100)], bcs(soc=1000), [(C.WHOLE_PERCENTS, 100, 1000)]),
    ([bcp(soc=2)], bcs(soc=20), []),  # 0.2 % or 2 %: nobody can tell
    ([bcp(soc=3)], bcs(soc=30), [(C.WHOLE_PERCENTS, 3, 30)]),
    ([bcp(soc=3)], bcs(soc=23), []),
    ([bcp(soc=84)], bcs(soc=80), []),
    ([bcp(soc=84)], bcs(soc=500), [(C.SOC_APART, 84, 500)]),
    ([bcp(soc=500)], bcs(soc=400), []),
    ([bcp(soc=501)], bcs(soc=400), [(C.SOC_APART, 501, 400)]),
    ([bcp(soc=84), bcs(soc=840)], bcs(soc=840), []),  # said once
    ([bcs(soc=500)], bcs(soc=450), []),
    ([bcs(soc=500)], bcs(soc=440), [(C.SOC_FELL, 440, 500)]),
    ([bcs(soc=1000)], bcs(soc=940), [(C.SOC_FELL, 940, 1000)]),
    ([bcs(soc=1010)], bcs(soc=940), []),  # none of the two is a SOC that fell
    ([bcs(soc=2550)], bcs(soc=440), []),  # not available before
    ([bcs(soc=440)], bcs(soc=990), []),
    ([bcs(soc=500)], bsd(soc=520), []),
    ([bcs(soc=500)], bsd(soc=530), [(C.END_SOC_APART, 530, 500)]),
    ([bcs(soc=500)], bsd(soc=0), [(C.END_SOC_APART, 0, 500)]),
    ([], bsd(soc=0), []),
    ([bcp()], bcs(404_000), []),  # within what measuring may overshoot
    ([bcp()], bcs(404_100), [(C.MEASURED_ABOVE_BATTERY, 404_100, 400_000)]),
    ([bcp()], ccs(404_000), []),
    ([bcp()], ccs(404_100), [(C.OUTPUT_ABOVE_BATTERY, 404_100, 400_000)]),
    ([bcp()], bcs(cell=3650), []),
    ([bcp()], bcs(cell=3660), [(C.CELL_ABOVE_BATTERY, 3660, 3650)]),
    ([bcp()], bsd(cell=3650), []),
    ([bcp()], bsd(cell=3660), [(C.CELL_ABOVE_BATTERY, 3660, 3650)]),
    ([bcp(max_cell_voltage=0)], bcs(), []),  # not told
    ([ccs()], bcs(371_000 - 37_100), []),
    ([ccs()], bcs(371_000 - 37_200), [(C.VOLTAGES_APART, 333_800, 371_000)]),
    ([ccs(60_000)], bcs(80_000), []),  # a small pack: 20 V are allowed
    ([ccs(60_000)], bcs(80_100), [(C.VOLTAGES_APART, 80_100, 60_000)]),
    ([ccs(4_200, 0)], bcs(), []),  # the contactors are still open
    ([ccs(4_200, 4_900)], bcs(), []),
    ([ccs(4_200, 100_000, Permission.PAUSED)], bcs(), []),
    ([ccs(4_200, 5_000, None)], bcs(), [(C.VOLTAGES_APART, 370_000, 4_200)]),  # 2011 does not say "permitted"
    ([ccs(4_200), ccs()], bcs(), []),
    ([bcp()], bsm(550), []),
    ([bcp()], bsm(560), [(C.TOO_HOT, 560, 550)]),
    ([], bsm(2000), []),
    ([bcp()], cml(max_output_voltage=360_000), []),
    ([bcp()], cml(max_output_voltage=359_900), [(C.BATTERY_ABOVE_CHARGER, 360_000, 359_900)]),
    ([bcp()], cml(min_output_voltage=360_000), []),
    ([bcp()], cml(min_output_voltage=360_100), [(C.BATTERY_BELOW_CHARGER, 360_000, 360_100)]),
    ([bcp()], cml(min_output_voltage=500_000), [(C.BATTERY_BELOW_CHARGER, 360_000, 500_000)]),
    ([bcp()], cml(min_output_voltage=600_000), []),  # crossed: that message is not to be believed
    ([bcp()], cml(max_output_voltage=0), []),
    ([cml(min_output_voltage=360_100)], bcp(), [(C.BATTERY_BELOW_CHARGER, 360_000, 360_100)]),
    ([brm()], bcp(), []),
    ([brm(voltage=400_000)], bcp(), []),
    ([brm(voltage=400_100)], bcp(), [(C.RATED_ABOVE_MAXIMUM, 400_100, 400_000)]),
    ([brm(voltage=400_000, capacity=300_000)], bcp(), []),  # exactly twice
    ([brm(voltage=400_000, capacity=75_000)], bcp(), []),  # exactly half
    ([brm(capacity=335_195)], bcp(), []),
    ([brm(capacity=335_196)], bcp(), [(C.ENERGY_NOT_RATED, 60_000_000, 120_000_168)]),
    ([brm(capacity=83_700)], bcp(), [(C.ENERGY_NOT_RATED, 60_000_000, 29_964_600)]),
    ([brm(capacity=0)], bcp(), []),
    ([brm()], bcp(nominal_energy=0), []),
    ([crm(1200)], CSD(10, 0, 1200), []),
    ([crm(1200)], CSD(10, 0, 1201), []),  # the offset of 1, or none
    ([crm(1200)], CSD(10, 0, 1202), [(C.OTHER_CHARGER, 1202, 1200)]),
    ([crm(1200)], CSD(10, 0, None), []),
    ([crm(None)], CSD(10, 0, 7), []),
    ([CRM2011(Recognition.RECOGNISED, 4)], CSD2011(10, 0, 9), [(C.OTHER_CHARGER, 9, 4)]),
    ([CRM2011(Recognition.RECOGNISED, 0xFF)], CSD2011(10, 0, 9), []),
]


@pytest.mark.parametrize(("before", "message", "found"), CASES)
def test_what_contradicts(before: list[Message], message: Message, found: list[tuple[Conflict, int, int]]) -> None:
    session = Session()
    for earlier in before:
        session.take(earlier)
    assert session.judge(message) == tuple(Contradiction(*one) for one in found)
    assert session.judge(message) == tuple(Contradiction(*one) for one in found)  # judging takes nothing over


STEP = 2.0  # s between two CCS
# 400 V and 90 A for an hour are 36 kWh: what CCS said in between, and what is told in the end, kWh.
ENERGY = [
    ([3600.0], 36.0, False),
    ([3600.0], 39.6, False),
    ([3600.0], 39.7, True),
    ([3600.0], 32.3, True),
    ([10.0], 0.3, False),  # 0.1 kWh: 0.2 kWh more may be rounding and cables
    ([10.0], 0.4, True),
    ([1800.0, 6.0, 1800.0], 60.0, False),  # nobody heard what went out in the gap
    ([1800.0, -1.0, 1800.0], 60.0, False),  # nor what a clock means that goes backwards
]


@pytest.mark.parametrize(("spans", "kwh", "odd"), ENERGY)
def test_the_energy_is_that_of_voltage_and_current_over_time(spans: list[float], kwh: float, odd: bool) -> None:
    session, output, now = Session(), ccs(400_000, 90_000), 100.0
    session.take(cml(), now)
    session.take(output, now)
    for span in spans:
        if span < 10:
            now += span
            session.take(output, now)
        for _ in range(int(span / STEP) if span >= 10 else 0):
            now += STEP
            session.take(output, now)
            session.take(output, now)  # of one time stamp: nothing flows meanwhile
    found = session.judge(CSD(60, round(kwh * 10) * 100_000, None))
    assert [one.conflict for one in found] == ([C.ENERGY_APART] if odd else [])


def test_without_times_or_without_a_beginning_nobody_knows_the_energy() -> None:
    session = Session()
    for message in (cml(), ccs(), ccs()):
        session.take(message)
    assert session.judge(CSD(60, 900_000_000, None)) == ()
    session = Session()
    session.take(ccs(), 0.0)
    session.take(ccs(), 1.0)
    assert session.judge(CSD(60, 900_000_000, None)) == ()


def test_after_a_reconnection_nobody_knows_what_the_energy_counts() -> None:
    session = Session()
    for now, message in enumerate((cml(), ccs(), cml(), ccs())):
        session.take(message, float(now))
    assert session.judge(CSD(60, 900_000_000, None)) == ()


def test_what_was_told_with_a_flaw_contradicts_nothing() -> None:
    session = Session()
    session.take(BCP.decode(bytes.fromhex("FFFF") + bytes(2) + bytes.fromhex("FFFFFFFFFFFFFFFFFF")))
    session.take(CCS.decode(bytes.fromhex("FFFF00000000FD")), 0.0)
    assert session.judge(bcs(1_000_000, cell=20_000)) == session.judge(bsm(1990)) == ()
    assert [one.conflict for one in session.judge(bcl(1_000_000, 400_000))] == []  # raw 0 is 400 A, and in range


def test_the_recorded_bus_counts_whole_percents() -> None:
    """The BCP is a public recording; that its session says 84 % in BCS is told with it."""
    (row,) = [row for row in VECTORS if row["id"] == "gbt27930-209"]
    session = Session()
    session.take(BCP.decode(bytes.fromhex(row["payload"])))
    (found,) = session.judge(bcs(560_000, soc=840))
    assert found.conflict is Conflict.WHOLE_PERCENTS
    assert found.conflict not in ADVISORY
    assert found.text == "BCP says SOC 8.4 %, BCS says 84.0 %: BCP counts whole percents instead of 0.1 %"


@pytest.mark.parametrize("old", [False, True])
def test_soc_may_fall_by_five_percent_and_no_more(old: bool) -> None:
    """In both editions; and what BCS of 2011 says counts as well."""

    def status(soc: int) -> Message:
        said = bcs(soc=soc)
        values = [getattr(said, name) for name in BCS2011.__struct_fields__ if name != "flaws"]
        return replace(BCS2011(*values), max_cell_group=1) if old else said

    session = Session()
    session.take(status(500))
    assert not session.judge(status(450))
    assert session.judge(status(440)) == (Contradiction(Conflict.SOC_FELL, 440, 500),)


def test_every_conflict_is_found_and_says_so_in_both_languages() -> None:
    assert {conflict for _, _, found in CASES for conflict, _, _ in found} == {*Conflict} - {C.ENERGY_APART}
    for conflict in Conflict:
        found = Contradiction(conflict, 1_234_500, 500)
        assert found.text.isascii() or "°" in found.text
        assert not found.chinese.isascii()
        assert found.text != Contradiction(conflict, 500, 1_234_500).text
        assert "{" not in found.text + found.chinese
    assert Contradiction(C.TOO_HOT, 560, 550).chinese == "最高温度 56.0 °C，超过 BCP 最高允许温度 55.0 °C"
    assert Contradiction(C.OTHER_CHARGER, 9, 4).text == "CSD is of charger 9, CRM was of 4"


def test_what_the_standard_allows_is_still_obeyed() -> None:
    assert not NEVER_OBEYED & ADVISORY
    assert {C.DEMAND_ABOVE_BATTERY_VOLTAGE, C.DEMAND_ABOVE_BATTERY_CURRENT} == NEVER_OBEYED
    assert JUDGES.keys() | TAKEN.keys() <= by_class().keys()


def payloads() -> st.SearchStrategy[Message]:
    classes = sorted({entry.layout(edition) for entry in BY_NAME.values() for edition in Edition}, key=str)
    return st.sampled_from(classes).flatmap(
        lambda cls: st.binary(min_size=layout(cls).shortest, max_size=60).map(lambda data: cls.decode(data))
    )


@given(st.lists(st.tuples(payloads(), st.none() | st.floats(0, 1e6)), max_size=30))
def test_whatever_comes_nothing_raises(messages: list[tuple[Message, float | None]]) -> None:
    session = Session()
    for message, now in messages:
        for found in session.judge(message):
            assert found.text
            assert found.chinese
        session.take(message, now)


def test_what_conforms_in_recordings_is_never_refused() -> None:
    """Messages of one public recording after another."""
    rows = [row for row in VECTORS if row["message"] in BY_NAME]
    for source in {row["source"].rsplit(" ", 2)[0] for row in rows}:
        session = Session()
        for row in (row for row in rows if row["source"].startswith(source)):
            message = BY_NAME[row["message"]].layout(Edition(row["edition"])).decode(bytes.fromhex(row["payload"]))
            found = {one.conflict for one in session.judge(message)}
            assert found <= ADVISORY or not row["conforming"]
            session.take(message)
