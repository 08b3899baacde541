"""A short folder, for the path of a socket has 107 bytes at most; a site in it; and nothing is left afterwards."""

import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.demo.place import Place
from tests.demo.processes import Traces

from chargelink.demo.crew import Crew
from chargelink.demo.site import Site

LOG = 8_000  # last characters
CAR = 20_000  # Wh: it charges for as long as a test takes


@pytest.fixture
def traces() -> Iterator[Traces]:
    folder = Path(tempfile.mkdtemp(prefix="demo-"))
    traces = Traces(folder)
    try:
        yield traces
    finally:
        traces.end()
        shutil.rmtree(folder)


@pytest.fixture
async def place(traces: Traces, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Place]:
    """The site of the demo with everybody there and nothing charging."""
    for name, value in traces.environment.items():
        monkeypatch.setenv(name, value)
    async with Crew(traces.folder) as crew:
        place = Place(crew, Site(crew, traces.folder, CAR), traces)
        await place.site.open()
        await place.story.devices_there()
        yield place
    print((traces.folder / "edge.log").read_text()[-LOG:])  # shown when a test has failed
