"""What people asked for and cannot be done."""

from chargelink.cli.language import Text
from chargelink.wire import ChargelinkError


class RefusedError(ChargelinkError):
    """Nothing was done; `text` says why and what to do instead, in both languages."""

    def __init__(self, english: str, chinese: str) -> None:
        super().__init__(english)
        self.text = Text(english, chinese)
