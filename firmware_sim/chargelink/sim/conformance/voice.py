"""What the tester says now, again and again: short words at once, long ones by the transport protocol or not."""

from collections.abc import Mapping

from chargelink.gbt27930.transport import Endpoint, Frame, Received, Sent
from chargelink.gbt27930.transport import Event as TransportEvent
from chargelink.sim.conformance.case import Hearing, Utterance
from chargelink.sim.conformance.figures import BY_FORMAT, TRANSPORT_CONTROL, TRANSPORT_DATA, Side
from chargelink.sim.conformance.words import Speech

RTS, ABORT_RESOURCES = 0x10, 2


class Voice:
    """The tester's mouth and ears on the transport, for one trial against `side`."""

    def __init__(self, side: Side, words: Mapping[str, Speech]) -> None:
        self._words = words
        self._own, self._peer = side.opposite.value, side.value
        self._endpoint = Endpoint(self._own, self._peer)
        self._hearing = Hearing.WELL
        self._periods: dict[str, float] = {}  # s
        self._due: dict[str, float] = {}
        self._frames: list[Frame] = []

    @property
    def deadline(self) -> float | None:
        due = [*self._due.values()]
        if self._endpoint.deadline is not None:
            due.append(self._endpoint.deadline)
        return min(due, default=None)

    def say(self, utterances: tuple[Utterance, ...], hearing: Hearing, now: float) -> None:
        """From now on this and nothing else; what went on before keeps its beat."""
        self._hearing = hearing
        self._periods = {
            utterance.word: (utterance.period or self._words[utterance.word].period) / 1000 for utterance in utterances
        }
        self._due = {word: self._due.get(word, now) for word in self._periods}
        self.tick(now)

    def tick(self, now: float) -> None:
        """Say what is due."""
        self._endpoint.tick(now)
        for word, due in self._due.items():
            if due > now:
                continue
            period = self._periods[word]
            self._due[word] = max(due, now - period / 2) + period  # late is late: beats do not catch up
            speech = self._words[word]
            if speech.long:
                self._endpoint.send(speech.pgn, speech.payload, now)
            else:
                self._frames.append(Frame(speech.identifier, speech.payload))

    def frames(self) -> list[Frame]:
        """Take what is to be sent."""
        frames, self._frames = self._frames, []
        return frames + self._endpoint.data_to_send()

    def hear(self, identifier: int, data: bytes, now: float) -> list[tuple[str, bool, bytes]]:
        """Take a frame. Gives the long messages that ended by it: name, whether it was the tester's, payload."""
        if self._hearing is not Hearing.WELL and self._ignored(identifier, data):
            return []
        return [end for event in self._endpoint.receive(identifier, data, now) for end in self._ended(event)]

    def _ignored(self, identifier: int, data: bytes) -> bool:
        """A request to send, or its packets, that the tester is to mistreat."""
        pdu_format = identifier >> 16 & 0xFF
        if pdu_format == TRANSPORT_DATA:
            return True
        if pdu_format != TRANSPORT_CONTROL or len(data) < 8 or data[0] != RTS:
            return False
        pgn = data[5:8]
        answer = 7 << 26 | TRANSPORT_CONTROL << 16 | self._peer << 8 | self._own
        if self._hearing is Hearing.ABORTING:
            self._frames.append(Frame(answer, bytes((0xFF, ABORT_RESOURCES, 0xFF, 0xFF, 0xFF)) + pgn))
        elif self._hearing is Hearing.STALLING:
            self._frames.append(Frame(answer, bytes((0x11, data[3], 1, 0xFF, 0xFF)) + pgn))
        return True

    def _ended(self, event: TransportEvent) -> list[tuple[str, bool, bytes]]:
        match event:
            case Received(pgn, payload) if pgn >> 8 in BY_FORMAT:
                return [(BY_FORMAT[pgn >> 8], False, payload)]
            case Sent(pgn) if pgn >> 8 in BY_FORMAT:
                return [(BY_FORMAT[pgn >> 8], True, b"")]
        return []
