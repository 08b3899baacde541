"""What an abnormal reply says: an error word, whose bits depend on the edition and on what was asked. And what a
relay command was accepted as."""

from dataclasses import dataclass

from chargelink.dlt645.control import (
    ERROR_WORDS,
    ERROR_WORDS_1997,
    RELAY_ACCEPTED,
    RELAY_ERRORS,
    SECURITY_ERRORS,
    AnyError,
    Edition,
    ErrorWord,
    ErrorWord1997,
    Function,
    RelayAccepted,
    RelayError,
    SecurityError,
    Words,
)
from chargelink.dlt645.forms import Presented
from chargelink.wire import DecodeError

WORDS: dict[type[AnyError], dict[int, Words]] = {
    ErrorWord: ERROR_WORDS,
    ErrorWord1997: ERROR_WORDS_1997,
    SecurityError: SECURITY_ERRORS,
    RelayError: RELAY_ERRORS,
}
OF_TWO_BYTES: dict[int, type[SecurityError | RelayError]] = {
    Function.SECURITY: SecurityError,
    Function.RELAY: RelayError,
}


def error_words(error: AnyError) -> list[Words]:
    """The bits in words, lowest first; those without a meaning are left out."""
    return [words for bit, words in WORDS[type(error)].items() if error & bit]


def error_bytes(error: AnyError) -> bytes:
    """An error word as it travels."""
    return int(error).to_bytes(2 if isinstance(error, SecurityError | RelayError) else 1, "little")


@dataclass(frozen=True)
class Refusal:
    """An abnormal reply.

    `error` of one byte, or of the two that meters with an ESAM send to functions 03 and 1C; `raw` all the data, of
    which vendors send more.
    """

    error: AnyError
    raw: bytes

    @classmethod
    def decode(cls, data: bytes, function: int = Function.READ, edition: Edition = Edition.DLT645_2007) -> "Refusal":
        """Raises DecodeError for no data."""
        if not data:
            raise DecodeError("no error word")
        if edition is not Edition.DLT645_2007:
            return cls(ErrorWord1997(data[0]), data)
        if function in OF_TWO_BYTES and len(data) == 2:
            return cls(OF_TWO_BYTES[function](int.from_bytes(data, "little")), data)
        return cls(ErrorWord(data[0]), data)

    @property
    def words(self) -> list[Words]:
        """The bits in words, lowest first."""
        return error_words(self.error)

    @property
    def presented(self) -> Presented:
        shown: Presented = {"error_word": f"{self.error:0{2 * len(error_bytes(self.error))}X}"}
        if len(self.raw) == len(error_bytes(self.error)):
            shown["errors"] = [words.english for words in self.words]
        else:
            shown["raw"] = self.raw.hex(" ").upper()
        return shown


@dataclass(frozen=True)
class Acceptance:
    """The two bytes of a 9C reply by meters with an ESAM: what they will do."""

    accepted: RelayAccepted

    @classmethod
    def decode(cls, data: bytes) -> "Acceptance":
        """Raises DecodeError."""
        if len(data) != 2:
            raise DecodeError(f"{len(data)} data bytes, not 2")
        return cls(RelayAccepted(int.from_bytes(data, "little")))

    @property
    def words(self) -> list[Words]:
        """The bits in words, lowest first."""
        return [words for bit, words in RELAY_ACCEPTED.items() if self.accepted & bit]

    @property
    def presented(self) -> Presented:
        return {"accepted": [words.english for words in self.words]}
