"""What a person should look at in a tariff: it can be priced, but may be a slip of the pen, or against the rules."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from chargelink.cli.language import Text
from chargelink.model import Period, Tariff
from chargelink.model.tariff import PeriodName
from chargelink.tariff.amounts import WHOLE
from chargelink.tariff.calendar import calendar_of
from chargelink.tariff.words import PERIODS, price, yuan

YUAN = 100_000  # a price per kWh or hour
USUAL_ENERGY = (YUAN // 20, 3 * YUAN)  # electricity of a kWh: between, in any province and period
USUAL_SERVICE = 2 * YUAN
USUAL_USE = 50_00  # fen
USUAL_HOUR = 20 * YUAN
USUAL_OCCUPANCY = 60 * YUAN
DEAR_TO_CHEAP: tuple[PeriodName, ...] = ("sharp", "peak", "flat", "valley", "deep-valley")


def doubts(tariff: Tariff) -> Iterator[Text]:
    """What to look at, a sentence each."""
    if tariff.periods:
        yield from _energy(tariff)
    else:
        yield from _agreed(tariff)
    yield from _terms(tariff)
    yield from _plans(tariff)


def _energy(tariff: Tariff) -> Iterator[Text]:
    rates = calendar_of(tariff).rates
    least, most = USUAL_ENERGY
    for rate in rates:
        name, energy, service = PERIODS[rate.name], price(rate.energy_price), price(rate.service_price)
        if not rate.energy_price:
            yield Text(
                f"{name.english}: the electricity fee is 0, so that bills show none",
                f"{name.chinese}：电费为 0，账单上将没有电费",
            )
        elif not least <= rate.energy_price <= most:
            yield Text(
                f"{name.english}: {energy} yuan for the electricity of a kWh is unusual",
                f"{name.chinese}：每 kWh 电费 {energy} 元，异常",
            )
        if rate.service_price > USUAL_SERVICE:
            yield Text(
                f"{name.english}: {service} yuan of service fee for a kWh is unusual",
                f"{name.chinese}：每 kWh 服务费 {service} 元，异常",
            )
    for periods in (tariff.periods, *(plan.periods for plan in tariff.plans)):
        yield from _order(periods)
    if any(rate.energy_price for rate in rates):
        yield Text(
            "whether electricity is sold for no more than it costs the site is for a person to check",
            "电费是否未高于站点购电成本，须由人核对",
        )


def _order(periods: Sequence[Period]) -> Iterator[Text]:
    """A period whose electricity costs more than that of one with a dearer name."""
    known = [
        (name, max(one.energy_price for one in periods if one.name == name))
        for name in DEAR_TO_CHEAP
        if any(one.name == name for one in periods)
    ]
    for (dear, above), (cheap, below) in pairwise(known):
        if below > above:
            yield Text(
                f"{PERIODS[cheap].english} is dearer than {PERIODS[dear].english}: {price(below)} and {price(above)}",
                f"{PERIODS[cheap].chinese}高于{PERIODS[dear].chinese}：{price(below)} 和 {price(above)}",
            )


def _agreed(tariff: Tariff) -> Iterator[Text]:
    if not tariff.inside:
        yield Text(
            "inside_yuan_per_kWh is 0: bills show no electricity fee, and kWh for information",
            "inside_yuan_per_kWh 为 0：账单不单列电费，电量仅供参考",
        )
    if tariff.per_use == 0:
        yield Text("a use costs nothing", "每次 0 元")
    if tariff.per_use is not None and tariff.per_use > USUAL_USE:
        told = yuan(tariff.per_use)
        yield Text(f"{told} yuan for a use is unusual", f"每次 {told} 元，异常")
    hours = [] if tariff.tiers is None else [tier.price for tier in tariff.tiers.tiers]
    if tariff.per_time is not None:
        hours = [tariff.per_time.price]
    for each in hours:
        if each > USUAL_HOUR:
            yield Text(f"{price(each)} yuan for an hour is unusual", f"每小时 {price(each)} 元，异常")
    if hours != sorted(hours):
        yield Text("a tier of higher power is cheaper than one of lower power", "高功率档的价格低于低功率档")


def _terms(tariff: Tariff) -> Iterator[Text]:
    if tariff.minimum:
        told = yuan(tariff.minimum)
        yield Text(
            f"the minimum of {told} yuan is due only where it was shown before the start",
            f"最低消费 {told} 元仅在启动前已展示时收取",
        )
    if tariff.most == 0:
        yield Text("a session costs at most 0 yuan", "单次最高 0 元")
    if tariff.occupancy is not None:
        if tariff.occupancy.price > USUAL_OCCUPANCY:
            told = price(tariff.occupancy.price)
            yield Text(f"{told} yuan for an hour of occupancy is unusual", f"占位费每小时 {told} 元，异常")
        if tariff.occupancy.most is None:
            yield Text("the occupancy fee has no limit", "占位费没有上限")
        if tariff.occupancy.warning > tariff.occupancy.grace:
            yield Text("drivers are told of the fee before the charge ends", "占位提醒早于充电结束")
    for index, discount in enumerate(tariff.discounts):
        if discount.portion == WHOLE:
            yield Text("a discount takes off all of it", "优惠减免全部")
        if discount.portion == 0 or discount.amount == 0:
            yield Text("a discount takes off nothing", "优惠减免为 0")
        if not discount.groups and index + 1 < len(tariff.discounts):
            yield Text(
                "a discount for everybody stands before others, which nobody gets",
                "面向所有客户的优惠排在前面，其后的优惠无人可得",
            )
    if not tariff.hotline:
        yield Text("there is no hotline: it must stand with the price", "未写服务热线：须与价格一同展示")


def _plans(tariff: Tariff) -> Iterator[Text]:
    """Plans that never hold, because one before them fits every day."""
    for plan in tariff.plans[:-1]:
        if not (plan.dates or plan.weekdays or plan.first):
            name = plan.name or "?"
            yield Text(
                f'the plan "{name}" fits every day: those after it never hold',
                f"plan“{name}”适用于每一天，其后的 plan 永远不会生效",
            )
            return
