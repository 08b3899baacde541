"""A lane as an edge makes it and a hub exports it, in lines that a test can change."""

from collections.abc import Sequence

from chargelink.link.chain import chain_next, chain_start, record_hash
from chargelink.link.messages import METERING_LANE
from chargelink.model import JournalEpoch, LaneEnd, Metering, MeteringSealed, Reading, body_of
from chargelink.model.metering import plain_of
from chargelink.trust.checkpoints import JournalKey
from chargelink.trust.exported import Entry, Epoch, Lane, Line, Signed
from chargelink.trust.metering import SupervisorKey, recipient, seal

EDGE = "site-0001"
SUPERVISOR = SupervisorKey(bytes(range(1, 33)))
SIGNER = JournalKey(bytes(range(32)))
HOUR = 3_600_000


def metering(number: int, edge: str = EDGE) -> Metering:
    """The `number`th session of a meter that counts on."""
    begin = Reading(at=number * HOUR, register=number * 10_000_000)
    end = Reading(at=(number + 1) * HOUR, register=(number + 1) * 10_000_000)
    return Metering(
        session_id=f"017f22e2-79b0-7cc3-98c4-{number:012}",
        edge_id=edge,
        device="gun-1",
        started_at=begin.at,
        ended_at=end.at,
        begin=begin,
        end=end,
        energy=10_000_000,
        total=1_000,
        tariff_id="t",
        tariff_hash="0" * 64,
        measured_by="meter",
        meter="000000000161",
    )


def body(number: int, edge: str = EDGE, key: SupervisorKey = SUPERVISOR) -> bytes:
    box = seal(plain_of(metering(number, edge)), key.public, edge)
    return body_of(MeteringSealed(recipient=recipient(key.public), box=box))


class Written:
    """Writes a lane line by line."""

    def __init__(self, edge: str = EDGE, signer: JournalKey = SIGNER) -> None:
        self.edge, self.signer = edge, signer
        self.lines: list[Line] = [Lane(edge=edge, lane=METERING_LANE, signing_keys=(signer.public.hex(),))]
        self.begin("e1")

    def begin(self, epoch: str) -> None:
        self.epoch, self.seq = epoch, 0
        self.chain = chain_start(self.edge, epoch, METERING_LANE)
        self.lines.append(Epoch(epoch=epoch))

    def add(self, kind: str, content: bytes) -> Entry:
        self.seq += 1
        at = self.seq * 1_000
        entry = Entry(seq=self.seq, kind=kind, at=at, body=content, hash=record_hash(content))
        self.chain = chain_next(self.chain, self.seq, at, kind, entry.hash)
        self.lines.append(entry)
        return entry

    def measure(self, *numbers: int, edge: str | None = None, key: SupervisorKey = SUPERVISOR) -> "Written":
        for number in numbers:
            self.add("metering.sealed", body(number, edge or self.edge, key))
        return self

    def sign(self) -> "Written":
        signed = self.signer.checkpoint(self.seq, self.chain, at=self.seq * 1_000 + 500)
        self.lines.append(Signed(seq=self.seq, at=signed.at, chain=self.chain, signature=signed.signature))
        return self

    def follow(self, epoch: str, carried: Sequence[Entry] = ()) -> "Written":
        """A new epoch, which repeats what the hub did not have of the last one."""
        begun = JournalEpoch(
            previous=self.epoch, reason="hub-ahead", at=9, lanes={METERING_LANE: LaneEnd(self.seq, self.chain)}
        )
        self.begin(epoch)
        self.add("journal.epoch", body_of(begun))
        for entry in carried:
            self._carry(entry)
        return self

    def _carry(self, old: Entry) -> None:
        self.seq += 1
        entry = Entry(seq=self.seq, kind=old.kind, at=old.at, body=old.body, hash=old.hash)
        self.chain = chain_next(self.chain, self.seq, entry.at, entry.kind, entry.hash)
        self.lines.append(entry)
