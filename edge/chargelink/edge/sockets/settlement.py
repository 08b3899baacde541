"""What a settlement says of time, power and energy, as far as it can be true. No I/O.

A socket is believed within what its outlet can give and what time can have passed; nothing beyond that is billed.
"""

from chargelink.edge.ledger.open_session import REGISTER_STEPS, most_energy
from chargelink.lora_socket.codes import StopReason
from chargelink.lora_socket.commands import RATED_OUTLET, Start
from chargelink.lora_socket.messages import Settle
from chargelink.model import Usage

MINUTE = 60_000  # ms
SLACK = 60_000  # ms by which a socket's clock and ours may differ over a charge


def usage_of(settle: Settle, tier_bounds: tuple[int, ...], granted: Start | None, most: int | None) -> Usage:
    """Time and power of a charge by the socket's own account.

    It is not charged for time beyond what its START `granted`, nor for more than `most` ms, which have passed since.
    The minutes in all tiers are not more than its duration: those of the highest are left out first.
    """
    duration = settle.duration * 1000
    if granted is not None and settle.reason == StopReason.TIME:
        duration = min(duration, granted.most_minutes * MINUTE)
    if most is not None:
        duration = min(duration, most + SLACK)
    left = -(-duration // MINUTE)
    minutes = []
    for told in (settle.tier_1, settle.tier_2, settle.tier_3, settle.tier_4, settle.tier_5):
        minutes.append(min(told, left))
        left -= minutes[-1]
    return Usage(duration=duration, peak_power=settle.peak_power, tier_bounds=tier_bounds, tier_minutes=tuple(minutes))


def is_possible(settle: Settle, usage: Usage) -> bool:
    """Whether an outlet can have given so much energy in that time."""
    return settle.energy <= most_energy(RATED_OUTLET, usage.duration) + REGISTER_STEPS
