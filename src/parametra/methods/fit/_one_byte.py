"""Simultaneous perturbation by workers that share their random directions and exchange one byte a gradient.

    u_r        +-1 in every coordinate, from (seed, start, replica r, step): everybody can make everybody's
    p_r        (f(x + c unit u_r) - f(x - c unit u_r)) / (2 c), all that worker r finds out
    message    p_r in one byte: its sign, and |p_r| / scale in steps of a factor 2^(1/8); or in 8 bytes as it is
    scale      4 times the largest message of the last steps: from the messages alone, so nobody has to send it
    x          <- P(x - gain unit mean_r p_r u_r), the same bits everywhere

Who joins takes a `Shared` that somebody kept and the messages since then, and replays them. Zelikman, Huang, Liang,
Haber and Goodman 2023, arXiv:2306.10015, after Spall 1992, doi:10.1109/9.119632.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from parametra.nouns.keys import generator

_STRETCH = 64
"""Steps whose directions are drawn at once."""

_STEPS_PER_OCTAVE = 8
_LEVELS = 127
_ROOM = 4.0
_FORGETTING = 0.9


@dataclass(frozen=True)
class Shared:
    """What every worker holds, bit for bit the same.

    Arguments:
        x: (d,) in the box.
        lower, upper: the box.
        unit: the scale of each coordinate; zero for one that is held where it is.
        gain: length of a step.
        reach: c, half the distance between the two points of a worker, in units.
        scale: the largest projected gradient that a byte can tell.
        seed, start, replicas: of the directions.
        step: steps taken.
        bytes: 1 or 8, of a message.
    """

    x: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    unit: np.ndarray
    gain: float
    reach: float
    scale: float
    seed: int
    start: int
    replicas: int
    step: int
    bytes: int


@lru_cache(maxsize=512)
def _signs(seed: int, start: int, replica: int, stretch: int, d: int) -> np.ndarray:
    """Directions (64, d) of one worker for a stretch of steps."""
    draw = generator(seed, f"fit.simultaneous_perturbation.{start}.{replica}", stretch)
    return draw.choice(np.array([-1.0, 1.0]), (_STRETCH, d))


def directions(s: Shared) -> np.ndarray:
    """The directions (R, d) of all workers at this step."""
    stretch, row = divmod(s.step, _STRETCH)
    return np.stack([_signs(s.seed, s.start, r, stretch, s.x.size)[row] for r in range(s.replicas)])


def pairs(s: Shared) -> np.ndarray:
    """The points (2 R, d) to evaluate: x + c unit u of every worker, then x - c unit u, all inside the box."""
    length = s.reach * s.unit
    centre = np.clip(s.x, s.lower + length, s.upper - length)
    moves = length * directions(s)
    return np.clip(np.concatenate([centre + moves, centre - moves]), s.lower, s.upper)


def projected(s: Shared, costs: np.ndarray) -> np.ndarray:
    """The projected gradients (R,) from the costs (2 R,) of `pairs`; zero where one of the two points failed."""
    half = s.replicas
    with np.errstate(invalid="ignore"):  # both failed: infinity less infinity
        found = (costs[:half] - costs[half:]) / (2 * s.reach)
    return np.where(np.isfinite(found), found, 0.0)


def messages(s: Shared, gradients: np.ndarray) -> np.ndarray:
    """What the workers send: signed bytes (R,), or the numbers themselves."""
    if s.bytes == 8:
        return gradients
    with np.errstate(divide="ignore"):
        octaves = np.log2(np.abs(gradients) / s.scale)
    level = np.clip(np.rint(_LEVELS + _STEPS_PER_OCTAVE * octaves), 0, _LEVELS)
    return (np.sign(gradients) * level).astype(np.int8)


def read(s: Shared, sent: np.ndarray) -> np.ndarray:
    """The projected gradients that messages tell."""
    if s.bytes == 8:
        return sent
    level = np.abs(sent.astype(np.float64))
    size = s.scale * np.exp2((level - _LEVELS) / _STEPS_PER_OCTAVE)
    return np.where(level > 0, np.sign(sent) * size, 0.0)


def advance(s: Shared, sent: np.ndarray) -> Shared:
    """The state after one step's messages: the same for all who hold the same state."""
    gradients = read(s, sent)
    move = (gradients[:, None] * directions(s)).sum(axis=0) / s.replicas
    x = np.clip(s.x - s.gain * s.unit * move, s.lower, s.upper)
    largest = _ROOM * float(np.abs(gradients).max(initial=0.0))
    return replace(s, x=x, scale=max(largest, _FORGETTING * s.scale, 1e-300), step=s.step + 1)


def replay(start: Shared, log: np.ndarray) -> Shared:
    """The state that a joining worker rebuilds from a kept one and the messages (T, R) since then."""
    for sent in log:
        start = advance(start, sent)
    return start
