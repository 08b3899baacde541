"""The fuzzer's own targets: whatever it begins with, and what lies near to it, passes."""

import random

import pytest
from tests.fuzz.targets import TARGETS

NEARBY = 60


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_pass(name: str) -> None:
    target = TARGETS[name]
    seeds = target.seeds()
    assert seeds
    for seed in seeds:
        target.run(seed[: target.longest])


@pytest.mark.parametrize("name", TARGETS)
def test_what_lies_near_the_seeds_passes(name: str) -> None:
    target = TARGETS[name]
    dice = random.Random(name)
    seeds = target.seeds()
    for _ in range(NEARBY):
        data = bytearray(dice.choice(seeds)[: target.longest])
        for _ in range(dice.randrange(4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        target.run(bytes(data[: dice.randrange(len(data)) + 1]))


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_passes(name: str) -> None:
    TARGETS[name].run(b"")
