"""What a line of a bill says of how it was reckoned, in both languages. The English stands in the bill."""

from collections.abc import Sequence
from datetime import date

from chargelink.cli.language import Text
from chargelink.model.bill import What
from chargelink.model.tariff import Discount, PeriodName, Tier
from chargelink.tariff.amounts import MINUTE
from chargelink.tariff.calendar import CHINA, DAY, EPOCH, Rate
from chargelink.tariff.energy import Piece

PERIODS: dict[PeriodName, Text] = {
    "sharp": Text("sharp", "尖"),
    "peak": Text("peak", "峰"),
    "flat": Text("flat", "平"),
    "valley": Text("valley", "谷"),
    "deep-valley": Text("deep valley", "深谷"),
}
FEES: dict[What, Text] = {
    "energy": Text("electricity fee", "电费"),
    "service": Text("service fee", "服务费"),
    "occupancy": Text("occupancy fee", "占位费"),
    "use": Text("price per use", "按次费"),
}
TIMES_SHOWN = 3  # of the times at which energy flowed at one price


def kilowatt_hours(energy: int) -> str:
    """mWh as kWh with every digit."""
    return f"{energy // 1_000_000}.{energy % 1_000_000:06d}"


def price(rate: int) -> str:
    """1/100 000 yuan as yuan, with as many digits as it needs, at least two."""
    return f"{rate // 100_000}.{rate // 1000 % 100:02d}{f'{rate % 1000:03d}'.rstrip('0')}"


def yuan(amount: int) -> str:
    """Fen as yuan."""
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02d}"


def portion(part: int) -> str:
    """1/100 % as per cent."""
    return f"{part // 100}.{part % 100:02d}".rstrip("0").rstrip(".")


def minutes(duration: int) -> str:
    """ms as minutes, rounded down to a tenth where they are not whole."""
    whole, rest = divmod(duration, MINUTE)
    return f"{whole}.{rest // 6000}" if rest else str(whole)


def times(start: int, end: int) -> str:
    """ "02-22 08:00-09:30" or "02-22 23:00 - 02-23 01:00", in UTC+8."""
    first, last = day_of_year(start), day_of_year(end)
    if first == last:
        return f"{first} {clock(start)}-{clock(end)}"
    return f"{first} {clock(start)} - {last} {clock(end)}"


def clock(time: int) -> str:
    """The time of day in UTC+8."""
    minute = (time + CHINA) % DAY // MINUTE
    return f"{minute // 60:02d}:{minute % 60:02d}"


def day_of_year(time: int) -> str:
    """ "02-22", in UTC+8."""
    return iso_day(time)[-5:]


def iso_day(time: int) -> str:
    """ "2026-02-22", in UTC+8; after the year 9999 only how many days after 1970."""
    days = (time + CHINA) // DAY
    if EPOCH + days > date.max.toordinal():
        return f"+{days} d"
    return date.fromordinal(EPOCH + days).isoformat()


def by_rate(rate: Rate, fee: What, energy: int, pieces: Sequence[Piece]) -> Text:
    """Energy at a price, and when it flowed."""
    each = price(rate.energy_price if fee == "energy" else rate.service_price)
    known = [times(one.stretch.start, one.stretch.end) for one in pieces if not one.cheapest]
    more = len(known) - TIMES_SHOWN
    shown = ", ".join(known[:TIMES_SHOWN])
    english = f"{kilowatt_hours(energy)} kWh x {each} yuan/kWh, {PERIODS[rate.name].english}"
    chinese = f"{kilowatt_hours(energy)} kWh × {each} 元/kWh，{PERIODS[rate.name].chinese}"
    if known:
        english += f", {shown}" + (f" and {more} more times" if more > 0 else "")
        chinese += f"，{shown}" + (f" 等 {len(known)} 段" if more > 0 else "")
    if gap := sum(one.energy for one in pieces if one.cheapest):
        some = gap < energy
        english += f"; {kilowatt_hours(gap) + ' kWh' if some else 'all'} of it where no reading says when: the cheapest"
        chinese += f"；{f'其中 {kilowatt_hours(gap)} kWh ' if some else ''}缺少读数，按最低价计"
    return Text(english, chinese)


def inside(energy: int, rate: int, *, limited: bool, first: bool) -> Text:
    """The electricity within an agreed price."""
    if not first:
        return Text("what the lines above could not hold of it", "上列各行未能容纳的部分")
    if not rate:
        told = f"{kilowatt_hours(energy)} kWh"
        return Text(
            f"{told} for information; electricity is within the service fee", f"{told} 仅供参考，电费含于服务费中"
        )
    english = f"{kilowatt_hours(energy)} kWh x {price(rate)} yuan/kWh within the agreed price"
    chinese = f"约定价格内 {kilowatt_hours(energy)} kWh × {price(rate)} 元/kWh"
    return Text(english + ", at most that price", chinese + "，以约定价格为限") if limited else Text(english, chinese)


def rest(agreed: Text, amount: int, taken: int) -> Text:
    """The service fee within an agreed price."""
    if not taken:
        return agreed
    english, chinese = f"less {yuan(taken)} yuan electricity fee", f"减去电费 {yuan(taken)} 元"
    if agreed == use(amount):
        return Text(f"{agreed.english}, {english}", f"{agreed.chinese}，{chinese}")
    told = yuan(amount)
    return Text(f"{agreed.english} = {told} yuan, {english}", f"{agreed.chinese} = {told} 元，{chinese}")


BROKEN = Text("the session broke down: only energy is due", "充电异常中断，仅收取电费")


def use(amount: int) -> Text:
    """A price per use."""
    return Text(f"price per use {yuan(amount)} yuan", f"每次 {yuan(amount)} 元")


def hourly(duration: int, steps: int, step: int, rate: int) -> Text:
    """A price per hour, in steps."""
    time, chinese = f"{minutes(duration)} min", f"{minutes(duration)} 分钟"
    if duration != steps * step * MINUTE:
        time += f", begun steps count in full: {steps} x {step} min"
        chinese += f"，不足一段按一段计：{steps} × {step} 分钟"
    return Text(f"{time} x {price(rate)} yuan/h", f"{chinese} × {price(rate)} 元/小时")


def tier(low: int, tier: Tier) -> Text:
    """A power tier."""
    if tier.up_to is None:
        return Text(f"above {_watts(low)} W", f"{_watts(low)} W 以上") if low else Text("any power", "不限功率")
    if not low:
        return Text(f"up to {_watts(tier.up_to)} W", f"{_watts(tier.up_to)} W 及以下")
    return Text(f"above {_watts(low)} W up to {_watts(tier.up_to)} W", f"{_watts(low)} W 以上至 {_watts(tier.up_to)} W")


def _watts(power: int) -> str:
    return f"{power // 1000}" + (f".{power % 1000:03d}".rstrip("0") if power % 1000 else "")


def tier_minutes(at: Text, count: int, rate: int) -> Text:
    """The minutes in a tier."""
    return Text(
        f"{count} min {at.english} x {price(rate)} yuan/h", f"{at.chinese} {count} 分钟 × {price(rate)} 元/小时"
    )


def highest(at: Text, held: bool, time: Text) -> Text:
    """The whole time at the price of one tier."""
    english = "the highest tier held for 2 min or more" if held else "the lowest tier in use, none was held for 2 min"
    chinese = "持续 2 分钟以上的最高档" if held else "无一档持续 2 分钟，按最低档"
    return Text(f"{english}, {at.english}: {time.english}", f"{chinese}，{at.chinese}：{time.chinese}")


def covered(pass_id: str) -> Text:
    """What a pass covers."""
    return Text(f"covered by the pass {pass_id}", f"由包月 {pass_id} 抵扣")


def discounted(discount: Discount, group: str | None) -> Text:
    """A discount, and why this customer has it."""
    if discount.portion is not None:
        how = Text(f"{portion(discount.portion)} % off", f"减 {portion(discount.portion)}%")
    else:
        how = Text(f"{yuan(discount.amount or 0)} yuan off", f"减 {yuan(discount.amount or 0)} 元")
    of = Text("the service fee", "服务费") if discount.of == "service" else Text("everything", "全部费用")
    who = Text(f"for the group {group}", f"客户组 {group}") if discount.groups else Text("for everybody", "所有客户")
    name = Text(f" ({discount.name})", f"（{discount.name}）") if discount.name else Text("", "")
    return Text(
        f"{how.english} {of.english}{name.english}, {who.english}",
        f"{of.chinese}{how.chinese}{name.chinese}，{who.chinese}",
    )


def least(amount: int) -> Text:
    """The minimum that was shown."""
    return Text(
        f"raised to the minimum of {yuan(amount)} yuan that was shown at the start",
        f"补足至启动前已展示的最低消费 {yuan(amount)} 元",
    )


def most(amount: int) -> Text:
    """The cap of a session."""
    return Text(f"a session costs at most {yuan(amount)} yuan", f"单次最高 {yuan(amount)} 元")


def prepaid(amount: int) -> Text:
    """What a bill must not exceed."""
    return Text(
        f"prepaid, or set by the customer: at most {yuan(amount)} yuan; the rest is given away",
        f"预付或客户设定的上限 {yuan(amount)} 元，超出部分赠送",
    )


def occupied(duration: int, grace: int, time: Text, limit: int | None) -> Text:
    """The fee for staying plugged in."""
    english = f"plugged in {minutes(duration)} min after the charge, {grace} min free: {time.english}"
    chinese = f"充电结束后占位 {minutes(duration)} 分钟，免费 {grace} 分钟：{time.chinese}"
    if limit is not None:
        english, chinese = f"{english}, at most {yuan(limit)} yuan", f"{chinese}，最高 {yuan(limit)} 元"
    return Text(english, chinese)
