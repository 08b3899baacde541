"""The hub on PostgreSQL: the same tests again, over a cluster of their own; see `tests.hub.again`."""

import os

import pytest
from tests.hub import again, postgres


@pytest.mark.skipif(postgres.CLUSTER in os.environ, reason="these are the tests on PostgreSQL")
def test_the_same_stories_on_postgresql(on_postgresql: again.Run | None) -> None:
    """They began with the first of these tests, and take about as long."""
    postgres.programs()
    assert on_postgresql is not None
    code, printed = on_postgresql.ended()
    assert code == 0, printed
