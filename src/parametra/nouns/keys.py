"""Random generators that depend on what they are for, never on a worker, an order or a clock."""

from __future__ import annotations

import zlib

import numpy as np


def generator(seed: int, verb: str, candidate: int) -> np.random.Generator:
    """A generator for one candidate of one verb: the same triple gives the same numbers everywhere.

    Arguments:
        seed: the person's seed, 0 or larger.
        verb: what the numbers are for, e.g. "fit".
        candidate: which start, point or replicate, 0 or larger.
    """
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, zlib.crc32(verb.encode()), candidate])))
