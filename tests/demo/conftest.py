"""A short folder, for the path of a socket has 107 bytes at most, and a look at what is left when a test is over."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.demo.processes import Traces


@pytest.fixture
def traces() -> Iterator[Traces]:
    folder = Path(tempfile.mkdtemp(prefix="demo-"))
    traces = Traces(folder)
    try:
        yield traces
    finally:
        traces.end()
        shutil.rmtree(folder)
