"""A bill as a person reads it: every line with its reason, what it comes to, and what it rests on."""

from collections.abc import Iterator, Sequence

from chargelink.cli.language import Text
from chargelink.cli.layout import padded, width
from chargelink.model import Bill, Boundary, Measured
from chargelink.tariff.words import FEES, PERIODS, clock, day_of_year, kilowatt_hours, minutes, yuan

MEASURED: dict[Measured, Text] = {
    "verified": Text("by a meter that is verified and in date", "电能表检定有效"),
    "overdue": Text("by a meter whose verification is out of date", "电能表检定已过期"),
    "unverified": Text("by a meter of which nobody says that it is verified", "电能表检定情况不明"),
    "calculated": Text("calculated by the device, for information", "由设备计算，仅供参考"),
}


def told(bill: Bill, reasons: Sequence[Text]) -> Iterator[str]:
    """The lines of a bill, then its sums, in the language that is spoken."""
    fees = [str(FEES[line.what]) + (f" {PERIODS[line.period]}" if line.period else "") for line in bill.lines]
    first = max(map(width, fees), default=0)
    second = max((len(yuan(line.amount)) for line in bill.lines), default=0)
    for fee, line, why in zip(fees, bill.lines, reasons, strict=True):
        yield f"{padded(fee, first)}  {yuan(line.amount):>{second}}  {why}"
    yield _total(bill)
    yield from _energy(bill)
    if bill.given_away_amount:
        yield Text("given away: {} yuan, {} kWh", "赠送：{} 元，{} kWh").format(
            yuan(bill.given_away_amount), kilowatt_hours(bill.given_away)
        )
    yield from map(_boundary, bill.boundaries)
    if bill.times == "corrected":
        yield str(Text("by the times of a clock that was put right later", "按事后校正的时间计价"))


def _total(bill: Bill) -> str:
    if bill.energy_fee is None:
        return Text("total {} yuan", "合计 {} 元").format(yuan(bill.total))
    if bill.measured is None:
        return Text("occupancy fee {} yuan", "占位费 {} 元").format(yuan(bill.total))
    return Text("total {} yuan: electricity fee {}, service fee {}", "合计 {} 元：电费 {}，服务费 {}").format(
        yuan(bill.total), yuan(bill.energy_fee or 0), yuan(bill.service_fee or 0)
    )


def _energy(bill: Bill) -> Iterator[str]:
    if bill.measured is None:
        return
    yield Text("{} kWh, {}", "{} kWh，{}").format(kilowatt_hours(bill.energy), MEASURED[bill.measured])
    if bill.duration is not None:
        yield Text("{} min of charging", "充电 {} 分钟").format(minutes(bill.duration))


def _boundary(boundary: Boundary) -> str:
    """A change of price, and the readings around it."""
    known = Text(
        "the price changed at {} {}, between the registers {} and {} kWh", "{} {} 价格变化，前后示数 {} 和 {} kWh"
    )
    unknown = Text(": no reading was near, the cheapest price counts", "：附近无读数，按最低价计")
    registers = map(kilowatt_hours, (boundary.before.register, boundary.after.register))
    told = known.format(day_of_year(boundary.at), clock(boundary.at), *registers)
    return told + str(unknown) * boundary.cheapest
