"""What is wanted of a charger's board and what becomes of it, in time that is an argument."""

import pytest

from chargelink.edge.drivers.board_state import (
    AGREES_WITHIN,
    FEEDBACKS,
    LOCKS_WITHIN,
    OFF,
    BoardFacts,
    BoardFault,
    BoardState,
    Wanted,
)
from chargelink.io_board.registers import (
    CC1,
    CURRENT_LIMIT,
    DOOR_OPEN,
    E_STOP,
    INPUTS,
    K1K2,
    MEASURED,
    OUTPUTS,
    PERMIT,
    POINTS,
    VOLTAGE_SET,
    Point,
)
from chargelink.wire import EncodeError

ALL_ON = Wanted(True, True, True, True, True, True, 400_000, 50_000)


class FakeBoard:
    """The points of a board: outputs follow what is written, feedback follows outputs."""

    def __init__(self) -> None:
        self.values: dict[Point, int] = {point: 0 for points in POINTS.values() for point in points}
        self.values[PERMIT] = 1

    def obey(self, state: BoardState) -> None:
        wanted = state.to_write()
        if wanted is not None:
            self.values |= dict(zip((*OUTPUTS, VOLTAGE_SET, CURRENT_LIMIT), map(int, wanted), strict=True))
            for feedback in FEEDBACKS:
                self.values[feedback.shown] = self.values[feedback.output]
            state.written(wanted)


@pytest.fixture
def board() -> FakeBoard:
    return FakeBoard()


@pytest.fixture
def state(board: FakeBoard) -> BoardState:
    state = BoardState("io1")
    board.obey(state)
    return state


def facts_of(events: list[BoardFacts | BoardFault]) -> BoardFacts:
    assert len(events) == 1
    assert isinstance(events[0], BoardFacts)
    return events[0]


def test_the_first_thing_that_is_written_is_all_off() -> None:
    assert BoardState("io1").to_write() == OFF


def test_what_is_wanted_is_written_once(board: FakeBoard, state: BoardState) -> None:
    state.want(ALL_ON)
    assert state.to_write() == ALL_ON
    board.obey(state)
    assert state.to_write() is None
    facts = facts_of(state.observe(board.values, 1.0))
    assert facts.read_back == ALL_ON
    assert facts.k1k2_feedback
    assert facts.age(1.5) == 0.5


def test_facts_bear_the_names_of_the_map() -> None:
    names = [point.name for point in (*INPUTS, *MEASURED)]
    assert BoardFacts._fields == ("at", *names, "read_back", "disagreeing", "implausible")
    assert Wanted._fields == tuple(point.name for point in (*OUTPUTS, VOLTAGE_SET, CURRENT_LIMIT))


@pytest.mark.parametrize("point", [*OUTPUTS, VOLTAGE_SET, CURRENT_LIMIT], ids=lambda point: point.name)
def test_what_is_not_read_back_in_time_is_a_fault(board: FakeBoard, state: BoardState, point: Point) -> None:
    state.want(ALL_ON)
    board.obey(state)
    board.values[point] = 0  # it dropped it by itself
    facts_of(state.observe(board.values, 1.0))
    assert state.to_write() is None  # and is not told again
    facts_of(state.observe(board.values, 1.0 + AGREES_WITHIN))
    fault, facts = state.observe(board.values, 1.0 + AGREES_WITHIN + 0.01)
    assert isinstance(fault, BoardFault)
    assert isinstance(facts, BoardFacts)
    assert fault.points == (point.name,)
    assert state.wanted == OFF
    assert state.to_write() == OFF


def test_a_moment_of_disagreement_is_forgiven(board: FakeBoard, state: BoardState) -> None:
    state.want(ALL_ON)
    facts_of(state.observe(board.values, 1.0))
    facts_of(state.observe(board.values, 1.15))
    board.obey(state)
    facts_of(state.observe(board.values, 1.19))
    board.values[K1K2] = 0
    facts_of(state.observe(board.values, 1.3))
    facts_of(state.observe(board.values, 1.49))


def test_the_time_counts_from_what_was_wanted_last(board: FakeBoard, state: BoardState) -> None:
    for turn in range(10):
        state.want(ALL_ON._replace(current_limit=turn * 1_000))
        facts_of(state.observe(board.values, turn * 0.15))  # read before it could be written
        board.obey(state)


def test_after_a_fault_it_can_be_asked_anew(board: FakeBoard, state: BoardState) -> None:
    state.want(ALL_ON)
    state.observe(board.values, 1.0)
    state.observe(board.values, 2.0)
    board.obey(state)
    facts_of(state.observe(board.values, 2.1))
    state.want(ALL_ON)
    board.obey(state)
    assert facts_of(state.observe(board.values, 2.2)).read_back == ALL_ON


def test_a_board_that_was_lost_is_not_energised_when_it_is_back(state: BoardState) -> None:
    state.want(ALL_ON)
    state.lost()
    assert state.wanted == OFF
    assert state.to_write() == OFF
    assert state.facts is None


@pytest.mark.parametrize("feedback", FEEDBACKS, ids=lambda feedback: feedback.shown.name)
@pytest.mark.parametrize("commanded", [True, False])
def test_a_feedback_that_does_not_follow(commanded: bool, feedback: tuple[Point, ...]) -> None:
    """Refusing to close, and welded."""
    output, shown, within = feedback[0], feedback[1], feedback[2]
    assert isinstance(within, float)
    board, state = FakeBoard(), BoardState("io1")
    board.obey(state)
    state.want(OFF._replace(**{output.name: commanded}))
    board.obey(state)
    board.values[shown] = not commanded
    assert facts_of(state.observe(board.values, 1.0)).disagreeing == frozenset()
    assert facts_of(state.observe(board.values, 1.0 + within)).disagreeing == frozenset()
    assert facts_of(state.observe(board.values, 1.01 + within)).disagreeing == {shown.name}
    board.values[shown] = commanded
    assert facts_of(state.observe(board.values, 5.0)).disagreeing == frozenset()


@pytest.mark.parametrize(
    ("point", "value", "shown"),
    [(E_STOP, 1, "ac_feedback"), (DOOR_OPEN, 1, "ac_feedback"), (PERMIT, 0, "k1k2_feedback")],
)
def test_what_opens_by_its_wiring_disagrees_only_if_it_stays(
    board: FakeBoard, state: BoardState, point: Point, value: int, shown: str
) -> None:
    state.want(ALL_ON)
    board.obey(state)
    board.values[point] = value
    closed = facts_of(state.observe(board.values, 1.0))
    assert getattr(closed, shown)
    assert facts_of(state.observe(board.values, 1.3)).disagreeing == {shown}  # it should be open by now
    board.values |= {point: 0 for point in INPUTS if point.name == shown}
    assert facts_of(state.observe(board.values, 1.4)).disagreeing == frozenset()
    assert facts_of(state.observe(board.values, 9.0)).disagreeing == frozenset()


def test_the_lock_has_more_time() -> None:
    assert [feedback.within for feedback in FEEDBACKS].count(LOCKS_WITHIN) == 1


def test_implausible_values_are_kept_and_named(board: FakeBoard, state: BoardState) -> None:
    board.values[CC1] = 65_535
    facts = facts_of(state.observe(board.values, 1.0))
    assert facts.cc1 == 65_535
    assert facts.implausible == {"cc1"}


@pytest.mark.parametrize(("voltage", "current"), [(-1, 0), (1_000_001, 0), (400_000, 600_001)])
def test_what_the_board_cannot_be_told_is_refused(state: BoardState, voltage: int, current: int) -> None:
    state.want(ALL_ON)
    with pytest.raises(EncodeError):
        state.want(ALL_ON._replace(voltage_set=voltage, current_limit=current))
    assert state.wanted == ALL_ON
