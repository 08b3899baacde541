"""What a driver needs of the edge around it."""

from collections.abc import Callable
from dataclasses import dataclass

from chargelink.edge.board import Board
from chargelink.edge.ledger import Journal, People, Sessions
from chargelink.model import SessionEnded, SessionStarted

AGAIN_AFTER = 1.0  # s that a ledger is left alone after it could not store something

SessionNews = SessionStarted | SessionEnded


def nobody(_: SessionNews) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True)
class Surroundings:
    """`clock` gives UTC milliseconds. `news` hears of a session that began or ended, when that is stored.

    Without `people` nothing is kept of whose car it was.
    """

    journal: Journal
    sessions: Sessions
    board: Board
    clock: Callable[[], int]
    news: Callable[[SessionNews], None] = nobody
    people: People | None = None
