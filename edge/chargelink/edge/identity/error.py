"""What went wrong with who is who, in both languages and with a remedy."""

from chargelink.cli.language import Text
from chargelink.wire import ChargelinkError


class IdentityError(ChargelinkError):
    """There is no link, or no enrolment, for this reason. `refused`: the hub said so, and would say it again."""

    def __init__(self, english: str, chinese: str, refused: bool = False) -> None:
        super().__init__(english)
        self.refused = refused
        self.text = Text(english, chinese)

    def __str__(self) -> str:
        return self.text.english
