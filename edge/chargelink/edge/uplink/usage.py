"""What the link takes of a SIM card's month: bytes of messages, counted, and what lies around them, estimated.

Around a message are the headers of websocket, TLS 1.3, TCP and IP, and the acknowledgement of TCP; then there are pings
and handshakes. `make bench ONLY=link_bytes` measures both and says how good the estimate is.
"""

from datetime import datetime

import msgspec

from chargelink.cli.china import CHINA  # where months of the card end

AROUND_MESSAGE = 120  # bytes
PINGS = 12  # bytes a second while the link is up
HANDSHAKE = 4_600  # bytes: TCP, TLS 1.3 with certificates of both ends, websocket


class Month(msgspec.Struct):
    """`name` as 2026-11. Bytes of messages sent and received, how many messages, links opened, seconds with a link."""

    name: str
    sent: int = 0
    received: int = 0
    messages: int = 0
    links: int = 0
    seconds: int = 0

    @property
    def around(self) -> int:
        """Bytes around the messages, estimated."""
        return self.messages * AROUND_MESSAGE + self.links * HANDSHAKE + self.seconds * PINGS


class Usage:
    """This month and the one before. Times are UTC milliseconds."""

    def __init__(self) -> None:
        self.month = Month("")
        self.before: Month | None = None

    def load(self, data: bytes | None) -> None:
        """Go on from what was kept, beside what has been counted already; from nothing if it cannot be read."""
        try:
            kept, self.before = msgspec.msgpack.decode(data or b"", type=tuple[Month, Month | None])
        except msgspec.DecodeError:
            return
        for name in ("sent", "received", "messages", "links", "seconds"):
            setattr(kept, name, getattr(kept, name) + getattr(self.month, name))
        self.month = kept

    def dump(self) -> bytes:
        """To be kept."""
        return msgspec.msgpack.encode((self.month, self.before))

    def turn(self, now: int) -> None:
        """Begin a new month if it is time; one that lies in the past is a clock that was set back."""
        name = f"{datetime.fromtimestamp(now / 1000, CHINA):%Y-%m}"
        if not self.month.name:
            self.month.name = name
        elif name > self.month.name:
            self.before, self.month = self.month, Month(name)

    def sent(self, size: int) -> None:
        """A message of so many bytes went out."""
        self.month.sent += size
        self.month.messages += 1

    def received(self, size: int) -> None:
        """A message of so many bytes came in."""
        self.month.received += size
        self.month.messages += 1

    def opened(self) -> None:
        """A link was opened."""
        self.month.links += 1

    def was_up(self, seconds: int) -> None:
        """The link was up for so long."""
        self.month.seconds += seconds

    def shown(self) -> list[dict[str, int | str]]:
        """This month and the one before, for people: bytes."""
        months = [self.month, *([self.before] if self.before else [])]
        return [
            {"month": one.name, "sent": one.sent, "received": one.received, "around": one.around}
            for one in months
            if one.name
        ]
