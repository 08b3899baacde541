"""What the edge lays down for the supervisor of metering: one record at each session's end that only they can read."""

from collections.abc import Mapping

from chargelink.model import MeteringSealed, SessionEnded
from chargelink.model.metering import metering_of, plain_of


class Supervision:
    """`public` is the supervisor's key (X25519, 32 bytes); `meters` has the address of each device's meter."""

    def __init__(self, edge_id: str, public: bytes, meters: Mapping[str, str]) -> None:
        """Raises ValueError for a key that is none."""
        from chargelink.trust import metering  # most edges have none to seal for

        self._seal = metering.seal
        metering.require_public(public)
        self._edge_id = edge_id
        self._public = public
        self._recipient = metering.recipient(public)
        self._meters = dict(meters)

    def sealed(self, ended: SessionEnded) -> MeteringSealed:
        """The record of a session."""
        plain = plain_of(metering_of(ended, self._meters.get(ended.device)))
        return MeteringSealed(recipient=self._recipient, box=self._seal(plain, self._public, self._edge_id))
