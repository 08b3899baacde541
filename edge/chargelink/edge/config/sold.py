"""What sockets may be sold by: their energy is calculated, so it is told for information and never what is sold."""

from collections.abc import Iterator, Mapping

from chargelink.cli.language import Text
from chargelink.cli.strict import Problem
from chargelink.edge.config.sections import Document, SocketSite
from chargelink.model import Tariff

BY_ENERGY = Text(
    "sockets calculate their energy, so it cannot be sold by the kWh",
    "插座的电量为计算值，不得按电量（kWh）计价销售",
)
REMEDY = Text(
    "give them a tariff of their own, per use, per time or by power tiers: tariff = ...",
    "请为该站点单独指定资费文件（按次、按时或按功率档）：tariff = ...",
)


def unfit(document: Document, prices: Tariff, own: Mapping[str, Tariff]) -> Iterator[Problem]:
    """Sites of sockets whose tariff cannot be that of sockets, or does not fit what theirs count."""
    for index, site in enumerate(document.socket_sites):
        tariff = own.get(site.id, prices)
        path = f"socket_site[{index}].tariff"
        if list(site.tier_bounds) != sorted(set(site.tier_bounds)):
            problem = Text("the bounds of power tiers rise", "功率档上限必须递增")
            yield Problem(
                f"socket_site[{index}].tier_bounds_W", problem, Text("mend their order", "请按从小到大的顺序填写")
            )
        if tariff.periods:
            yield Problem(path, BY_ENERGY, REMEDY)
        elif other := _other_bounds(site, tariff):
            told, known = (", ".join(f"{bound / 1000:g}" for bound in bounds) for bounds in (other, site.tier_bounds))
            problem = Text(f"its sockets count no tier up to {told} W", f"插座没有上限为 {told} W 的功率档")
            yield Problem(path, problem, Text(f"use bounds among {known} W", f"请使用以下上限：{known} W"))


def _other_bounds(site: SocketSite, tariff: Tariff) -> list[int]:
    """Bounds of the tariff's tiers, mW, that are none of the sockets'."""
    tiers = tariff.tiers.tiers if tariff.tiers is not None else ()
    return [tier.up_to for tier in tiers if tier.up_to is not None and tier.up_to not in site.tier_bounds]
