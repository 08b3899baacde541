"""Checks an exported lane: every number there, every byte as the edge signed it. No I/O, no clock.

    audit = Audit(trusted=[public])
    for line in lines: audit.take(line)
    audit.end()
    audit.findings                        what is wrong, in the order of the file
    audit.records, audit.signed           how many records there are, and how many of them are signed for

Whoever may write the file can cut its end off; nothing in a file can show that. `signed_at` says how far it is signed
for: ask for a newer file when that is longer ago than the edge was away.
"""

from collections.abc import Collection
from typing import NamedTuple

from chargelink.link.chain import chain_next, chain_start, record_hash
from chargelink.link.messages import Checkpoint
from chargelink.model import JournalEpoch, LaneEnd, content_of
from chargelink.trust.checkpoints import is_signed
from chargelink.trust.exported import Entry, Epoch, Lane, Line, Signed
from chargelink.wire import DecodeError

EPOCH_KIND = "journal.epoch"
MORE = "the edge had more records than the file"


class Finding(NamedTuple):
    """What is wrong: `code` for machines, which records of which epoch (`first` to `last`), and words."""

    code: str
    epoch: str
    first: int
    last: int
    text: str


class _Carries:
    """An epoch repeats, under new numbers, what the hub had not taken of the one before, `first` to `end.seq`."""

    def __init__(self, epoch: str, first: int, chain: bytes, end: LaneEnd) -> None:
        self.epoch, self.first, self.end = epoch, first, end
        self._seq, self._chain = first, chain

    def take(self, entry: Entry) -> bool | None:
        """The next record of the new epoch; whether they were all there, None before that is known."""
        self._chain = chain_next(self._chain, self._seq, entry.at, entry.kind, entry.hash)
        self._seq += 1
        return None if self._seq <= self.end.seq else self._chain == self.end.chain


class _Life:
    """One epoch as far as the file told it."""

    def __init__(self, name: str, chain: bytes) -> None:
        self.name = name
        self.last = 0
        self.signed = 0
        self.chain: bytes | None = chain  # None behind a gap, until a checkpoint says it again
        self.chains = {0: chain}  # where the next epoch may say that this one ended
        self.carries: _Carries | None = None


class Audit:
    """`trusted` are the public keys that the reader knows to be the edge's; without any the file is believed."""

    def __init__(self, trusted: Collection[bytes] = ()) -> None:
        self.lane: Lane | None = None
        self.findings: list[Finding] = []
        self.records = 0
        self.signed = 0
        self.signed_at: int | None = None
        """When the edge last signed, by its clock: UTC milliseconds."""
        self._trusted = frozenset(trusted)
        self._keys: frozenset[bytes] = frozenset()
        self._lives: dict[str, _Life] = {}
        self._life: _Life | None = None

    def take(self, line: Line) -> None:
        """The next line. Raises DecodeError for one that cannot stand there."""
        if isinstance(line, Lane):
            self._begin(line)
        elif self.lane is None:
            raise DecodeError("the first line does not say whose lane this is")
        elif isinstance(line, Epoch):
            self._enter(line)
        elif self._life is None:
            raise DecodeError("a record before the first epoch")
        elif isinstance(line, Entry):
            self._record(line, self._life)
        else:
            self._checkpoint(line, self._life)

    def end(self) -> None:
        """The file is over. Raises DecodeError for one without a beginning."""
        if self.lane is None:
            raise DecodeError("the file is empty")
        self._leave()

    def _begin(self, lane: Lane) -> None:
        if self.lane is not None:
            raise DecodeError("a second lane in one file")
        self.lane = lane
        told = frozenset(bytes.fromhex(key) for key in lane.signing_keys)
        self._keys = self._trusted or told
        if self._trusted and not told & self._trusted:
            self._find("foreign-edge", "", 0, 0, f"the keys that the file names for {lane.edge} are not the ones known")

    def _enter(self, epoch: Epoch) -> None:
        assert self.lane is not None
        self._leave()
        if epoch.epoch in self._lives:
            raise DecodeError(f"epoch {epoch.epoch} a second time")
        self._life = _Life(epoch.epoch, chain_start(self.lane.edge, epoch.epoch, self.lane.lane))
        self._lives[epoch.epoch] = self._life

    def _leave(self) -> None:
        life = self._life
        if life is None:
            return
        if life.carries is not None:
            self._lost(life.carries)
        if life.signed < life.last:
            text = "no signature of the edge covers them; the next file may bring it"
            self._find("not-signed", life.name, life.signed + 1, life.last, text)

    def _record(self, entry: Entry, life: _Life) -> None:
        self.records += 1
        if entry.seq <= life.last:
            text = f"record {entry.seq} stands behind record {life.last}: moved, or put in twice"
            self._find("out-of-order", life.name, entry.seq, entry.seq, text)
            life.chain = None
            return
        if entry.seq > life.last + 1:
            count = entry.seq - life.last - 1
            self._find("missing", life.name, life.last + 1, entry.seq - 1, f"{count} records are missing")
            life.chain = None
        life.last = entry.seq
        if record_hash(entry.body) != entry.hash:
            self._find("altered", life.name, entry.seq, entry.seq, "its bytes are not the ones that were hashed")
        if life.chain is not None:
            life.chain = chain_next(life.chain, entry.seq, entry.at, entry.kind, entry.hash)
            life.chains[entry.seq] = life.chain
        if entry.kind == EPOCH_KIND and entry.seq == 1:
            self._follow(entry, life)
        elif life.carries is not None and (complete := life.carries.take(entry)) is not None:
            if not complete:
                self._lost(life.carries)
            life.carries = None

    def _follow(self, entry: Entry, life: _Life) -> None:
        """The first record of an epoch says which one it follows, and where that ended."""
        assert self.lane is not None
        try:
            content = content_of(entry.kind, entry.body)
        except DecodeError as error:
            self._find("unreadable", life.name, entry.seq, entry.seq, str(error))
            return
        assert isinstance(content, JournalEpoch)
        end = content.lanes.get(self.lane.lane)
        if content.previous is None or end is None or not end.seq:
            return
        before = self._lives.get(content.previous)
        if before is None:
            self._find("missing", content.previous, 1, end.seq, "the whole epoch is missing")
        elif end.seq > before.last and before.chain is None:
            self._find("missing", before.name, before.last + 1, end.seq, MORE)
        elif end.seq > before.last:
            assert before.chain is not None
            life.carries = _Carries(before.name, before.last + 1, before.chain, end)
        elif end.seq <= before.last and before.chains.get(end.seq, end.chain) != end.chain:
            self._find("altered", before.name, 1, end.seq, f"epoch {life.name} says that it ended otherwise")

    def _lost(self, carries: _Carries) -> None:
        self._find("missing", carries.epoch, carries.first, carries.end.seq, MORE)

    def _checkpoint(self, signed: Signed, life: _Life) -> None:
        """The signature, then whether what it stands under is what the records make."""
        if signed.seq > life.last:
            text = f"the edge signed up to {signed.seq}, the file ends before"
            self._find("missing", life.name, life.last + 1, signed.seq, text)
            return
        checkpoint = Checkpoint(seq=signed.seq, at=signed.at, signature=signed.signature)
        if not any(is_signed(checkpoint, signed.chain, key) for key in self._keys):
            self._find("foreign-signature", life.name, signed.seq, signed.seq, "not signed by a key of this edge")
            return
        ours = life.chains.get(signed.seq)
        if ours is None:
            if life.chain is None and signed.seq == life.last:
                life.chain, life.chains[signed.seq] = signed.chain, signed.chain
            text = "what is missing or moved before them keeps them from being checked"
            self._find("not-checked", life.name, life.signed + 1, signed.seq, text)
        elif ours != signed.chain:
            text = "these are not the records that the edge signed: one was changed, moved or put in"
            self._find("altered", life.name, life.signed + 1, signed.seq, text)
            if signed.seq == life.last:
                life.chain = signed.chain
        else:
            self.signed += max(0, signed.seq - life.signed)
        life.signed = max(life.signed, signed.seq)
        self.signed_at = max(self.signed_at or 0, signed.at)

    def _find(self, code: str, epoch: str, first: int, last: int, text: str) -> None:
        self.findings.append(Finding(code, epoch, first, last, text))
