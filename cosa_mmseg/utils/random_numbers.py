"""Random numbers that follow from a place, not from what was drawn before."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch


def derive_seeds(seed: int, *place: int, count: int = 1) -> list[int]:
    """Seeds of one of the many places that share a seed.

    Args:
        seed (int): Seed of the run, not negative.
        *place (int): What tells the place from others, not negative: an epoch,
            or a process and an iteration.
        count (int): How many. Defaults to 1.

    Returns:
        list[int]: Of 32 bits each.
    """
    sequence = np.random.SeedSequence(seed, spawn_key=place)
    return sequence.generate_state(count).tolist()


@contextmanager
def seeded(seed: int, *place: int) -> Iterator[None]:
    """Seed Python, numpy and torch (CPU); restore their states at the end.

    Args:
        seed (int): Seed of the run, not negative.
        *place (int): As of :func:`derive_seeds`.
    """
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    # other numbers for each: numpy and torch have the same generator
    seeds = derive_seeds(seed, *place, count=3)
    random.seed(seeds[0])
    np.random.seed(seeds[1])
    torch.default_generator.manual_seed(seeds[2])  # leaves a GPU's alone
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
