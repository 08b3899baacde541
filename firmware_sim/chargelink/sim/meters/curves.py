"""The load profile: a record each interval, with the classes of quantities that the mode word chooses (table A.7)."""

from collections import deque
from datetime import datetime
from typing import NamedTuple

from chargelink.dlt645.forms import Moment, Stamp
from chargelink.dlt645.frame import LONGEST_DATA
from chargelink.sim.meters.clock import written

HEAD = b"\xa0\xa0"
END = b"\xe5"
SEPARATOR = b"\xaa"
CLASSES = 6
KEPT = 1000
EARLIEST, FROM_TIME, LATEST = "00", "01", "02"
TIME = Moment("YYMMDDhhmm")


class Record(NamedTuple):
    """`classes` are the bytes of each of the six, b"" for one that is not kept."""

    when: datetime
    classes: tuple[bytes, ...]

    def encode(self, only: int) -> bytes:
        """A0 A0, length, time, the classes each ended by AA, checksum, E5; of class `only`, or 0 for all."""
        kept = (data if only in (0, number) else b"" for number, data in enumerate(self.classes, 1))
        body = TIME.encode(Stamp(written(self.when)[:-3])) + b"".join(data + SEPARATOR for data in kept)
        framed = HEAD + bytes((len(body),)) + body
        return framed + bytes((sum(framed) & 0xFF,)) + END


class Curves:
    def __init__(self) -> None:
        self._records: deque[Record] = deque(maxlen=KEPT)

    def keep(self, record: Record) -> None:
        self._records.append(record)

    def clear(self) -> None:
        self._records.clear()

    def value(self, identifier: str, besides: bytes) -> bytes | None:
        """What 06 class 00 which holds; `besides` are the number of records and the time to begin at, which only
        "from a time" needs. None if nothing is kept there, or that is not how it is asked."""
        only, which = int(identifier[2:4], 16), identifier[6:]
        if identifier[4:6] != "00" or only > CLASSES or len(besides) not in (0, 1, 6):
            return None
        chosen = self._chosen(which, besides[0] if besides else 1, besides[1:])
        return b"".join(record.encode(only) for record in chosen)[: 0xFF * LONGEST_DATA] or None

    def _chosen(self, which: str, count: int, time: bytes) -> list[Record]:
        records = list(self._records)
        if which == EARLIEST:
            return records[:count]
        if which == LATEST:
            return records[-1:]
        if which != FROM_TIME or not time:
            return []
        since = time[::-1]  # BCD, the year first: in the order of time
        return [record for record in records if TIME.encode(Stamp(written(record.when)[:-3]))[::-1] >= since][:count]
