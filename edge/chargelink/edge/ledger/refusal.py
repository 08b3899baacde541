"""Why somebody may not charge, in the words of OCPP for machines and in two languages for people."""

from typing import Literal

from chargelink.cli.language import Text
from chargelink.wire import ChargelinkError

Status = Literal["Blocked", "Expired", "Invalid", "NoCredit", "WrongPin"]  # as in `AuthorizeResponse`


class NotAuthorisedError(ChargelinkError):
    """Nothing begins. `text` is for whoever stands there; `str` of it is English."""

    def __init__(self, status: Status, text: Text) -> None:
        super().__init__(text.english)
        self.status = status
        self.text = text
