"""An exported lane of metering data: every line checked, every record opened with the supervisor's key."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from chargelink.model import Metering, MeteringSealed, content_of
from chargelink.model.metering import metering_in
from chargelink.trust.audit import EPOCH_KIND, Audit, Finding
from chargelink.trust.exported import Entry, Epoch, read_line
from chargelink.trust.metering import SupervisorKey, recipient
from chargelink.wire import DecodeError


class Opened(NamedTuple):
    """A record that could be read, and where it stands."""

    epoch: str
    seq: int
    metering: Metering


class Reading(NamedTuple):
    """A whole file: what was measured, and all that is wrong with it."""

    audit: Audit
    opened: list[Opened]
    findings: list[Finding]


def read(lines: Iterable[bytes], key: SupervisorKey, trusted: Collection[bytes] = ()) -> Reading:
    """Check and open a file, line by line; `trusted` as in `Audit`.

    Raises DecodeError, which names the line, for a file that is none.
    """
    audit = Audit(trusted)
    opened: list[Opened] = []
    closed: list[Finding] = []
    epoch = ""
    for number, data in enumerate(lines, 1):
        try:
            line = read_line(data)
            audit.take(line)
        except DecodeError as error:
            raise DecodeError(f"line {number}: {error}") from None
        if isinstance(line, Epoch):
            epoch = line.epoch
        elif isinstance(line, Entry) and line.kind != EPOCH_KIND:
            assert audit.lane is not None
            try:
                opened.append(Opened(epoch, line.seq, _open(line, key, audit.lane.edge)))
            except DecodeError as error:
                closed.append(Finding("cannot-be-read", epoch, line.seq, line.seq, str(error)))
    audit.end()
    return Reading(audit, opened, [*audit.findings, *closed])


def _open(entry: Entry, key: SupervisorKey, edge: str) -> Metering:
    """Raises DecodeError."""
    content = content_of(entry.kind, entry.body)
    if not isinstance(content, MeteringSealed):
        raise DecodeError(f"a {entry.kind} in a lane of metering data")
    if content.recipient != recipient(key.public):
        raise DecodeError(f"sealed to another key: {content.recipient}, this one is {recipient(key.public)}")
    metering = metering_in(key.open(content.box, edge))
    if metering.edge_id != edge:
        raise DecodeError(f"speaks for the edge {metering.edge_id}")
    return metering
