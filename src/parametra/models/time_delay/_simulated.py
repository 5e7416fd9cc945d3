"""Two curves of a source that is known: what the models of this shelf are tried on."""

from __future__ import annotations

import numpy as np

from parametra.maths.markov_process import correlation
from parametra.models.time_delay._two_curves import two_curves
from parametra.nouns.data import Data


def process_seen_twice(
    seed: int,
    *,
    delay: float,
    offset: float,
    amplitude: float,
    timescale: float,
    error: float,
    span: float,
    epochs: int,
    kernel: str = "matern32",
    season: float = 0.0,
) -> Data:
    """A random process at random times, and the same later with an offset.

    Arguments:
        seed: of the random numbers.
        delay, offset, amplitude, timescale: as in `time_delay.gaussian_process`.
        error: standard error of each value.
        span: of the times; both curves are seen at the same ones.
        epochs: how many.
        kernel: of the process.
        season: the part of each 365 days in which nothing is seen.
    """
    generator = np.random.default_rng(seed)
    time = np.sort(generator.uniform(0, span, 20 * epochs + 200))
    time = time[(time / 365.25) % 1 >= season]
    time = np.sort(generator.choice(time, epochs, replace=False))
    places = np.concatenate([time, time - delay])
    apart = np.abs(places[:, None] - places) / timescale
    covariance = amplitude**2 * correlation(kernel, apart) + 1e-10 * amplitude**2 * np.eye(places.size)
    curve = np.linalg.cholesky(covariance) @ generator.standard_normal(places.size)
    seen = curve + error * generator.standard_normal(places.size)
    errors = np.full(epochs, error)
    return two_curves(
        time, 17.0 + seen[:epochs], time, 17.0 + offset + seen[epochs:], error_a=errors, error_b=errors
    )
