"""What a session comes with when it is priced, whichever rules price it."""

from dataclasses import dataclass
from typing import Self

from chargelink.link.authorisation import Authorisation
from chargelink.model import AuthorisedBy, Measured, Reading, SessionEnded, SessionKind, Usage
from chargelink.wire import ChargelinkError


class TariffError(ChargelinkError, ValueError):
    """A session that cannot be priced: a register or a clock that runs backwards, a tariff that does not fit it."""


@dataclass(frozen=True, slots=True)
class Consumption:
    """What a session took, and what was agreed: `readings` oldest first, `most` fen that the bill must not exceed.

    `fault` says that it broke down. What is missing (None) was not measured or not agreed.
    """

    session_id: str
    kind: SessionKind
    authorised_by: AuthorisedBy
    readings: tuple[Reading, ...] = ()
    usage: Usage | None = None
    measured: Measured | None = None
    authorisation: Authorisation | None = None
    most: int | None = None
    fault: bool = False

    @classmethod
    def of(cls, ended: SessionEnded) -> Self:
        """That of an ended session, as its record has it."""
        return cls(
            session_id=ended.session_id,
            kind=ended.kind,
            authorised_by=ended.authorised_by,
            readings=ended.readings,
            usage=ended.usage,
            measured=ended.measured,
            authorisation=ended.authorisation,
            most=ended.most,
            fault=ended.bill.fault,
        )
