"""Who may charge, and for how much: authorisations, local lists, allowances; asked online, or held by the edge.

    edge -> hub   Authorize
    hub -> edge   SendLocalList  GetLocalListVersion  GrantAllowance  WithdrawAllowance

Cards, VINs and codes stand in a local list as digests under a key of that edge alone: see `trust.tokens`. Money is fen.
"""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from chargelink.link.quantities import Count, Digest, Energy, HexDigest, Money, Name, Sentence, Time, Word
from chargelink.link.shape import Document, Shape

MOST_ENTRIES = 2000  # of a local list in one message
MOST_LEASES = 64


class StartMode(StrEnum):
    """How somebody asked to charge. A newer edge may send more: `Authorisation.mode` keeps the word."""

    LOCAL = "local"  # an operator on site: `chargelink edge start`
    SCAN = "scan"  # a code was scanned: page, mini-program, app
    CARD = "card"
    PIN = "pin"  # a card or an account, and its PIN
    VIN = "vin"
    VOUCHER = "voucher"
    REMOTE = "remote"  # from the back office
    TIMED = "timed"  # planned for a time
    CHEAP_HOURS = "cheap-hours"  # planned for the cheapest hours


class TokenKind(StrEnum):
    """What somebody identifies by."""

    CARD = "card"
    ACCOUNT = "account"
    VIN = "vin"
    VOUCHER = "voucher"


class Authorisation(Document, frozen=True):
    """Who pays, how they asked, and what was agreed with them; it holds to the end of the session.

    `prepaid` is what the bill never exceeds. `minimum` is the least that is due, as shown at the start. `confirmed`
    says how a person agreed: "now" on site or on a phone, or by "consent" given when the VIN was bound.
    """

    mode: Word = StartMode.LOCAL
    account: Name | None = None
    group: Name | None = None
    order: Name | None = None
    lease: Name | None = None
    pass_id: Name | None = None
    voucher: Name | None = None
    prepaid: Money | None = None
    minimum: Money = 0
    confirmed: Literal["now", "consent"] = "now"
    planned: Time | None = None


class Pass(Document, frozen=True):
    """A monthly pass as one edge may honour it: how often, and what one use may hold.

    `uses` are all uses that this edge may ever honour of this `id`, used ones included: the edge counts them itself,
    from the first, and a list that is sent again gives none anew. `uses_per_day` is per day of UTC+8.
    """

    id: Name
    until: Time
    uses: Count
    uses_per_day: Count | None = None
    minutes_per_use: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None
    energy_per_use: Energy | None = None


class ListEntry(Document, frozen=True):
    """One card, account, VIN or voucher. `pin` only counts together with it. `amount` is what a voucher is worth.

    `voucher` is how the hub calls one in records; null: by the `token` in hex.
    """

    token: Digest
    kind: Word
    account: Name
    status: Literal["Accepted", "Blocked"] = "Accepted"
    group: Name | None = None
    until: Time | None = None
    pin: Digest | None = None
    honours: Pass | None = None
    amount: Money | None = None
    consent: bool = False
    voucher: Name | None = None


class SendLocalList(Shape, frozen=True):
    """A list in full, or what changed since `base`; after it the edge holds `version`. `removed` names tokens.

    With `more` the list is not complete yet: the edge uses it when the last part has come. Parts are numbered from 0
    and sent one after the other; part 0 begins anew, and one that does not follow what has come is "Failed". A token
    that is removed and stands in the same part among the entries, is there.
    """

    version: Annotated[int, msgspec.Meta(ge=1, le=2**53 - 1)]
    update_type: Literal["Full", "Differential"]
    entries: Annotated[tuple[ListEntry, ...], msgspec.Meta(max_length=MOST_ENTRIES)] = ()
    removed: Annotated[tuple[Digest, ...], msgspec.Meta(max_length=MOST_ENTRIES)] = ()
    base: Count = 0
    part: Count = 0
    more: bool = False
    key: Digest | None = None


class SendLocalListResponse(Shape, frozen=True):
    """`version` is what the edge holds now; 0 for none."""

    status: Literal["Accepted", "Failed", "VersionMismatch"]
    version: Count
    reason: Sentence | None = None


class GetLocalListVersion(Shape, frozen=True):
    """Which list do you hold?"""


class GetLocalListVersionResponse(Shape, frozen=True):
    """0 for none."""

    version: Count


class Lease(Shape, frozen=True):
    """An allowance (额度): money of an account that one edge may spend without asking, until a time."""

    id: Name
    account: Name
    amount: Money
    until: Time
    group: Name | None = None


class GrantAllowance(Shape, frozen=True):
    """Leases for this edge. One that it knows already changes nothing."""

    leases: Annotated[tuple[Lease, ...], msgspec.Meta(max_length=MOST_LEASES)]


class WithdrawAllowance(Shape, frozen=True):
    """No new session on this lease; what is left is free when the edge's record `lease.closed` says so."""

    lease: Name


class AllowanceResponse(Shape, frozen=True):
    """Whether it is done, and durable."""

    status: Literal["Accepted", "Rejected"]
    reason: Sentence | None = None


class Authorize(Shape, frozen=True):
    """May this card, account or VIN charge here? `token` is what was read, `pin` what was entered beside it.

    `id` is the same when the question is asked again: the answer, and what is frozen for it, is too. If nothing begins
    with the answer, the edge says so by a record `start.refused` with this id as `request`, whether or not the answer
    came: then what is frozen for it is free, and the question, if it comes only now, is answered with no.
    """

    id: Name
    kind: Word
    token: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    device: Name
    outlet: Name | None = None
    pin: Annotated[str, msgspec.Meta(min_length=4, max_length=8, pattern=r"^[0-9]*$")] | None = None
    tariff_hash: HexDigest | None = None


class AuthorizeResponse(Shape, frozen=True):
    """With "Accepted" the money is frozen and `authorisation` is what to begin with. `reason` is for people."""

    status: Literal["Accepted", "Blocked", "Expired", "Invalid", "NoCredit", "WrongPin"]
    authorisation: Authorisation | None = None
    reason: Sentence | None = None
