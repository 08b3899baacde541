"""1,000 histories: whatever is lost, told twice, killed or set back, each session is billed once, to the fen."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from tests.money.histories import TOGETHER, Tally, run, template_in

COUNT = 1_000


def test_each_session_is_billed_once(tmp_path: Path) -> None:
    template = template_in(tmp_path)
    groups = [[*range(low, low + TOGETHER)] for low in range(0, COUNT, TOGETHER)]
    tally = Tally()
    with ProcessPoolExecutor(os.cpu_count(), get_context("spawn")) as processes:
        for part in processes.map(run, groups, [template] * len(groups)):
            tally.add(part)
    assert tally.findings == []
    assert tally.histories == COUNT


def test_a_history_comes_again_by_its_seed() -> None:
    seeds = [6, 7, 8]
    together = run(seeds).counts
    for seed in seeds:
        together.subtract(run([seed]).counts)
    assert not any(together.values())
    assert run(seeds).counts["sessions"]
