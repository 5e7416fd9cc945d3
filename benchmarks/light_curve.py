"""The light curve of the multi-start benchmarks: two harmonics, a slope and two eclipse dips, 12 parameters."""

import numpy as np

NAMES = ("level", "a1", "b1", "a2", "b2", "depth1", "phase1", "width1", "depth2", "phase2", "width2", "slope")
TRUTH = np.array([1.0, 0.02, -0.01, -0.03, 0.015, 0.25, 0.21, 0.025, 0.12, 0.71, 0.03, 0.01])
LOWER = np.array([0.5, -0.2, -0.2, -0.2, -0.2, 0.0, 0.0, 0.005, 0.0, 0.0, 0.005, -0.1])
UPPER = np.array([1.5, 0.2, 0.2, 0.2, 0.2, 0.8, 1.0, 0.15, 0.8, 1.0, 0.15, 0.1])
SIGMA = 0.01
SOLVED = 1e-5
"""A start has reached the best basin when its cost is within this share of the best cost known."""


def model(t, level, a1, b1, a2, b2, depth1, phase1, width1, depth2, phase2, width2, slope):
    u1 = t - phase1
    u2 = t - phase2
    u1 = u1 - np.round(u1)
    u2 = u2 - np.round(u2)
    w = 2 * np.pi * t
    harmonics = a1 * np.cos(w) + b1 * np.sin(w) + a2 * np.cos(2 * w) + b2 * np.sin(2 * w)
    dips = depth1 * np.exp(-0.5 * (u1 / width1) ** 2) + depth2 * np.exp(-0.5 * (u2 / width2) ** 2)
    return level + slope * t + harmonics - dips


def data(seed, n=1000):
    """Phases and brightness, with normal scatter of SIGMA."""
    r = np.random.default_rng(seed)
    t = np.sort(r.uniform(0, 1, n))
    return t, model(t, *TRUTH) + SIGMA * r.normal(size=n)


def starts(count, seed):
    """Uniform in the bounds."""
    return LOWER + (UPPER - LOWER) * np.random.default_rng(seed).uniform(size=(count, 12))


def success(cost, best):
    """Share of starts that reached the best basin, and its standard error."""
    share = float(np.mean(np.asarray(cost) <= best * (1 + SOLVED)))
    return share, float(np.sqrt(share * (1 - share) / len(cost)))
