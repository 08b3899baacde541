"""The terms of a tariff in words, a sentence each: for who reads the price before a start, and for who wrote it."""

from collections.abc import Iterator

from chargelink.cli.language import Text
from chargelink.model import Discount, Occupancy, PassTerms, PowerTiers, Tariff
from chargelink.tariff.agreed import named
from chargelink.tariff.calendar import Rate
from chargelink.tariff.words import PERIODS, kilowatt_hours, portion, price, yuan


def each_kilowatt_hour(rate: Rate) -> Text:
    """A rate, electricity fee and service fee apart."""
    energy, service, both = price(rate.energy_price), price(rate.service_price), price(rate.price)
    return Text(
        f"{PERIODS[rate.name].english}: {both} yuan/kWh = electricity {energy} + service {service}",
        f"{PERIODS[rate.name].chinese}：{both} 元/kWh = 电费 {energy} + 服务费 {service}",
    )


def agreed_price(tariff: Tariff) -> Iterator[Text]:
    """The price of a tariff that does not sell by energy, and how much of it is electricity."""
    if tariff.per_use is not None:
        yield Text(f"{yuan(tariff.per_use)} yuan per use", f"每次 {yuan(tariff.per_use)} 元")
    elif tariff.per_time is not None:
        each, step = price(tariff.per_time.price), tariff.per_time.step
        yield Text(
            f"{each} yuan per hour, each {step} min begun", f"每小时 {each} 元，不足 {step} 分钟按 {step} 分钟计"
        )
    elif tariff.tiers is not None:
        yield from _by_power(tariff.tiers)
    if tariff.inside:
        each = price(tariff.inside)
        yield Text(
            f"within it electricity at {each} yuan/kWh, the rest is service fee",
            f"其中电费 {each} 元/kWh，其余为服务费",
        )
    else:
        yield Text("all of it is service fee, electricity is within it", "全部为服务费，含电费")


def limits(tariff: Tariff, minimum: int) -> Iterator[Text]:
    """The least and the most that a session costs."""
    if minimum:
        told = yuan(minimum)
        yield Text(f"at least {told} yuan if any energy is delivered", f"有电量输出时最低 {told} 元")
    if tariff.most is not None:
        yield Text(f"at most {yuan(tariff.most)} yuan for a session", f"单次最高 {yuan(tariff.most)} 元")


def reduction(discount: Discount) -> Text:
    """What a discount takes off."""
    off = Text(f"{yuan(discount.amount or 0)} yuan", f"{yuan(discount.amount or 0)} 元")
    if discount.portion is not None:
        off = Text(f"{portion(discount.portion)} %", f"{portion(discount.portion)}%")
    of = Text("the service fee", "服务费") if discount.of == "service" else Text("everything", "全部费用")
    name = Text(f" ({discount.name})", f"（{discount.name}）") if discount.name else Text("", "")
    return Text(f"{off.english} off {of.english}{name.english}", f"{of.chinese}减 {off.chinese}{name.chinese}")


def occupied(terms: Occupancy) -> Text:
    """The fee for staying plugged in."""
    each = price(terms.price)
    most = Text("", "")
    if terms.most is not None:
        most = Text(f", at most {yuan(terms.most)} yuan", f"，最高 {yuan(terms.most)} 元")
    return Text(
        f"occupancy fee {each} yuan per hour, each {terms.step} min begun, from {terms.grace} min after the end"
        f"{most.english}; you are told {terms.warning} min before",
        f"占位费：充电结束 {terms.grace} 分钟后每小时 {each} 元，不足 {terms.step} 分钟按 {terms.step} 分钟计"
        f"{most.chinese}；提前 {terms.warning} 分钟提醒",
    )


def monthly_pass(terms: PassTerms) -> Text:
    """What a pass costs and holds."""
    holds: list[Text] = []
    if terms.uses_per_month is not None:
        holds.append(Text(f"{terms.uses_per_month} uses a month", f"每月 {terms.uses_per_month} 次"))
    if terms.uses_per_day is not None:
        holds.append(Text(f"{terms.uses_per_day} a day", f"每日 {terms.uses_per_day} 次"))
    if terms.minutes_per_use is not None:
        holds.append(Text(f"{terms.minutes_per_use} min each", f"每次 {terms.minutes_per_use} 分钟"))
    if terms.energy_per_use is not None:
        energy = kilowatt_hours(terms.energy_per_use).rstrip("0").rstrip(".")
        holds.append(Text(f"{energy} kWh each", f"每次 {energy} kWh"))
    holds = holds or [Text("any number of uses", "不限次数")]
    return Text(
        f"monthly pass {yuan(terms.price)} yuan: {', '.join(one.english for one in holds)}",
        f"包月 {yuan(terms.price)} 元：{'，'.join(one.chinese for one in holds)}",
    )


def _by_power(tiers: PowerTiers) -> Iterator[Text]:
    if tiers.rule == "highest":
        yield Text(
            f"by power, the whole time at the highest tier held for 2 min or more, each {tiers.step} min begun",
            f"按功率计时：全程按持续 2 分钟以上的最高档，不足 {tiers.step} 分钟按 {tiers.step} 分钟计",
        )
    else:
        yield Text("by power, each minute at the tier that it is in", "按功率计时：每分钟按所在档计")
    for index, tier in enumerate(tiers.tiers):
        name = named(tiers.tiers, index)
        yield Text(
            f"{name.english}: {price(tier.price)} yuan per hour", f"{name.chinese}：每小时 {price(tier.price)} 元"
        )


def hotline(number: str) -> Text:
    """Whom to call."""
    return Text(f"hotline {number}", f"服务热线 {number}")
