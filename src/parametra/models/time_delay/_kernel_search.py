"""An evolutionary search over settings of mixed types: real delays and penalties, whole numbers of neighbours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

PENALTIES = (-6.0, 2.0)
"""Between which the logarithm of the penalty, of base 10, is looked for."""
_SHRINKS = 0.85
_MUTATES = 0.7


class Setting(NamedTuple):
    """One setting.

    Arguments:
        delay: real.
        neighbours: a whole number.
        penalty: log10, real.
    """

    delay: float
    neighbours: int
    penalty: float


@dataclass(frozen=True)
class Limits:
    """Between which settings are looked for.

    Arguments:
        delays, neighbours: lowest and highest.
        least_step: by which delays still move when the steps have shrunk.
    """

    delays: tuple[float, float]
    neighbours: tuple[int, int]
    least_step: float


@dataclass(frozen=True)
class Evolved:
    """The last generation.

    Arguments:
        settings, losses: best first.
        evaluations: how many settings were tried, each once.
    """

    settings: tuple[Setting, ...]
    losses: tuple[float, ...]
    evaluations: int


def evolved(
    loss: Callable[[Setting], float], limits: Limits, *, population: int, first: int, generations: int, seed: int
) -> Evolved:
    """The settings of least loss.

    Arguments:
        loss: of a setting; the less the better.
        limits: of the settings.
        population: how many survive each generation, and how many are born in it.
        first: how many settings are tried before the first generation, their delays spread evenly.
        generations: how many.
        seed: of the random numbers.
    """
    generator = np.random.default_rng(seed)
    known: dict[Setting, float] = {}

    def ranked(settings: list[Setting], kept: int) -> list[Setting]:
        for each in settings:
            if each not in known:
                known[each] = loss(each)
        return sorted(dict.fromkeys(settings), key=known.__getitem__)[:kept]

    # nothing but an even spread of delays is sure to come near the right valley
    low, high = limits.neighbours
    start = [
        Setting(float(delay), int(generator.integers(low, high + 1)), float(generator.uniform(*PENALTIES)))
        for delay in np.linspace(*limits.delays, first)
    ]
    alive = ranked(start, population)
    for generation in range(generations):
        width = _SHRINKS**generation
        children = [_child(alive, limits, width, generator) for _ in range(population)]
        alive = ranked([*alive, *children], population)
    return Evolved(tuple(alive), tuple(known[each] for each in alive), len(known))


def _child(alive: list[Setting], limits: Limits, width: float, generator: np.random.Generator) -> Setting:
    """Of two parents that each won a tournament of two; the best come first in `alive`."""
    one, other = (alive[int(generator.integers(0, len(alive), 2).min())] for _ in range(2))
    # a whole number comes from either parent, a real one from between both or from either
    between = generator.choice([0.0, 1.0, generator.uniform()], 2)
    delay = one.delay + between[0] * (other.delay - one.delay)
    penalty = one.penalty + between[1] * (other.penalty - one.penalty)
    neighbours = one.neighbours if generator.uniform() < 0.5 else other.neighbours
    moves = generator.uniform(size=3) < _MUTATES
    if moves[0]:
        step = 0.1 * width * (limits.delays[1] - limits.delays[0]) + limits.least_step
        delay += step * float(generator.standard_normal())
    if moves[1]:
        neighbours += int(generator.choice([-1, 1])) * int(generator.geometric(1 / (1 + 2 * width)))
    if moves[2]:
        penalty += (1.5 * width + 0.1) * float(generator.standard_normal())
    return Setting(
        float(np.clip(delay, *limits.delays)),
        int(np.clip(neighbours, *limits.neighbours)),
        float(np.clip(penalty, *PENALTIES)),
    )
