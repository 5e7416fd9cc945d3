"""Steady states by LSODA: integrated until nothing moves any more, each round ten times as long as the one before."""

from __future__ import annotations

from collections import Counter

import numpy as np

from parametra.nouns._ode_slopes import Slopes
from parametra.nouns._ode_solver import (
    NO_STEADY,
    NOT_A_NUMBER,
    OK,
    STEPS_EXHAUSTED,
    Integrated,
    Segment,
    Solver,
    Tolerances,
)

_ROUNDS = 16
"""From a thousandth of the fastest scale of time at the beginning to 1e12 times it."""

_RESTS = 2


def steady_state(solver: Solver, slopes: Slopes, segment: Segment, tolerances: Tolerances) -> Integrated:
    """The steady states that the states of a segment run into, as its end.

    A lane is there when two rounds have changed nothing beyond the tolerances, neither states nor derivatives.
    Integrating, and not solving for a root, finds the steady state that belongs to the first values where there are
    several, and where quantities are conserved.
    """
    y, p, dy, dp = segment.y, segment.p, segment.dy, segment.dp
    n, lanes = y.shape
    now, moved = y.copy(), None if dy is None else dy.copy()
    fates, raised = np.zeros(lanes, dtype=int), Counter[str]()
    floor = np.broadcast_to(tolerances.floor(segment), y.shape)
    left, rested = np.ones(lanes, dtype=bool), np.zeros(lanes, dtype=int)
    slope = slopes.values(segment.begin, now, p)
    size = np.abs(now).max(axis=0)
    size = np.where(size > 0.0, size, 1.0)
    speed = np.abs(slope).max(axis=0)
    span = 1e-3 * np.where(speed > 0.0, size / np.where(speed > 0.0, speed, 1.0), 1.0)
    for _ in range(_ROUNDS):
        go = np.flatnonzero(left)
        if not go.size:
            break
        start = segment.begin[go]
        asked = np.full((1, go.size), np.inf)
        tangents = (None, None) if moved is None or dp is None else (moved[:, :, go], dp[:, :, go])
        size = None if segment.size is None else segment.size[:, go]
        found = solver.integrate(Segment(start, start + span[go], now[:, go], p[:, go], asked, *tangents, size))
        fates[go] = found.fates
        raised += found.raised
        still = _same(now[:, go], found.end, floor[:, go], tolerances)
        now[:, go] = found.end
        if moved is not None and found.end_tangents is not None:
            still &= _same_derivatives(moved[:, :, go], found.end_tangents, floor[:, go], tolerances)
            moved[:, :, go] = found.end_tangents
        rested[go] = np.where(still, rested[go] + 1, 0)
        left[go] = (rested[go] < _RESTS) & (found.fates == OK)
        span[go] *= 10.0
    # what oscillates takes steps for ever, and what grows ends beyond all numbers
    fates[left | (fates == STEPS_EXHAUSTED) | (fates == NOT_A_NUMBER)] = NO_STEADY
    return Integrated(np.zeros((0, n, lanes)), now, None, moved, fates, raised)


def _same(before: np.ndarray, after: np.ndarray, floor: np.ndarray, tolerances: Tolerances) -> np.ndarray:
    allowed = 10.0 * (floor + tolerances.relative * np.abs(after))
    return np.all(np.abs(after - before) <= allowed, axis=0)


def _same_derivatives(before: np.ndarray, after: np.ndarray, floor: np.ndarray, tolerances: Tolerances) -> np.ndarray:
    """A derivative is as exact as the largest one in its direction."""
    largest = np.abs(after).max(axis=0, keepdims=True)
    allowed = 10.0 * tolerances.relative * (np.abs(after) + largest) + 10.0 * floor[:, None]
    return np.all(np.abs(after - before) <= allowed, axis=(0, 1))
