"""Two curves of a source that is known: what the models of this shelf are tried on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from parametra.maths.markov_process import correlation
from parametra.models.time_delay._two_curves import two_curves
from parametra.nouns.data import Data


def process_seen_twice(
    seed: int, truth: Mapping[str, float], *, error: float, span: float, epochs: int, season: float = 0.0
) -> Data:
    """A process of kernel matern32 at random times, and the same later with an offset.

    Arguments:
        seed: of the random numbers.
        truth: delay, offset, amplitude and timescale, as in `time_delay.gaussian_process`.
        error: standard error of each value.
        span: of the times; both curves are seen at the same ones.
        epochs: how many.
        season: the part of each year in which nothing is seen.
    """
    generator = np.random.default_rng(seed)
    time = np.sort(generator.uniform(0, span, 20 * epochs + 200))
    time = time[(time / 365.25) % 1 >= season]
    time = np.sort(generator.choice(time, epochs, replace=False))
    places = np.concatenate([time, time - truth["delay"]])
    apart = np.abs(places[:, None] - places) / truth["timescale"]
    covariance = correlation("matern32", apart) + 1e-10 * np.eye(places.size)
    curve = truth["amplitude"] * np.linalg.cholesky(covariance) @ generator.standard_normal(places.size)
    seen = curve + error * generator.standard_normal(places.size)
    errors = np.full(epochs, error)
    return two_curves(
        time, 17.0 + seen[:epochs], time, 17.0 + truth["offset"] + seen[epochs:], error_a=errors, error_b=errors
    )
